//! What a workflow's calls lead to: the plugins that they reach, also through each other, and what a call can do to the world with
//! all that it reaches. Decides; reads and loads nothing.
//!
//! Along a chain of calls every tool has to be granted to everybody before it, so what a call can reach is what its plugin's own
//! grants name: there is nothing further on to be followed.

use std::collections::{BTreeMap, BTreeSet};

use writ_grant::{Authority, Capability, Effect};
use writ_plugin::Effects;
use writ_workflow::{
    Known,
    model::{CallTarget, TaskKind, Workflow},
};

/// The plugins that a workflow calls, and those that these may call.
pub(crate) fn plugins(workflow: &Workflow, known: &BTreeMap<String, Known>) -> BTreeSet<String> {
    let called = called(workflow);
    let authorities = called
        .iter()
        .filter_map(|name| known.get(name)?.authority.as_ref());
    let tools = authorities.flat_map(tools);
    let reached: BTreeSet<String> = tools
        .map(|(plugin, _)| plugin.to_owned())
        .filter(|plugin| known.contains_key(plugin))
        .collect();
    &called | &reached
}

/// The plugins that a workflow calls itself.
fn called(workflow: &Workflow) -> BTreeSet<String> {
    let calls = workflow.tasks.iter().filter_map(|task| match &task.kind {
        TaskKind::Call(call) => match &call.target {
            CallTarget::Plugin { plugin, .. } => Some(plugin.clone()),
            CallTarget::Defined(_) | CallTarget::Http(_) | CallTarget::Protocol(_) => None,
        },
        TaskKind::Do(_)
        | TaskKind::Emit
        | TaskKind::For(_)
        | TaskKind::Fork(_)
        | TaskKind::Listen
        | TaskKind::Raise(_)
        | TaskKind::Run(_)
        | TaskKind::Set(_)
        | TaskKind::Switch(_)
        | TaskKind::Try(_)
        | TaskKind::Wait(_) => None,
    });
    calls.collect()
}

/// The functions of other plugins that may be called.
pub(crate) fn tools(authority: &Authority) -> impl Iterator<Item = (&str, &str)> {
    authority.capabilities().filter_map(|capability| {
        if let Capability::ToolCall { plugin, function } = capability {
            Some((plugin.as_str(), function.as_str()))
        } else {
            None
        }
    })
}

/// How a function's calls are made durable: as the most harmful needs of itself and of all that it may call.
pub(crate) fn effects(
    authority: &Authority,
    declared: Option<Effects>,
    known: &BTreeMap<String, Known>,
) -> writ_run::Effects {
    let own = own_effects(authority, declared);
    // Without a permit to change anything it can't give one to what it calls.
    if own == writ_run::Effects::None {
        return own;
    }
    let reached = tools(authority).filter_map(|(plugin, function)| {
        let callee = known.get(plugin)?;
        let declared = callee.plugin.function(function)?.effects;
        Some(own_effects(
            &callee.authority.as_ref()?.within(authority),
            declared,
        ))
    });
    reached.max().map_or(own, |most| most.max(own))
}

/// The same for the function alone. Without a permit that can change the outside world there is nothing to protect; where all that can
/// change it goes through host calls in the journal, those are protected one by one.
fn own_effects(authority: &Authority, declared: Option<Effects>) -> writ_run::Effects {
    let mut changing = authority
        .capabilities()
        .filter(|capability| capability.effect() == Effect::Changes);
    let recorded = changing.all(Capability::recorded);
    match (authority.effect(), declared) {
        (Effect::None | Effect::Reads, _) | (Effect::Changes, Some(Effects::None)) => {
            writ_run::Effects::None
        }
        (Effect::Changes, Some(Effects::Idempotent | Effects::Once) | None) if recorded => {
            writ_run::Effects::Recorded
        }
        (Effect::Changes, Some(Effects::Idempotent)) => writ_run::Effects::Idempotent,
        (Effect::Changes, Some(Effects::Once) | None) => writ_run::Effects::Once,
    }
}
