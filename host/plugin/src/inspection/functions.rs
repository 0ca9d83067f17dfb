//! What calling each function could do, and how far a call can be re-lived. Knows nothing of what was granted: a reviewer may
//! grant less than is requested, and then both can only become better.

use writ_grant::{Capability, Effect};

use super::FunctionNote;
use crate::{
    Effects, Function, Plugin, Replay, input_schema, output_schema, replay_class, wit_text,
};

/// Most capabilities that a sentence names.
const NAMED_MAX: usize = 3;

pub(super) fn notes(plugin: &Plugin) -> Vec<FunctionNote> {
    plugin
        .functions
        .values()
        .map(|function| note(plugin, function))
        .collect()
}

fn note(plugin: &Plugin, function: &Function) -> FunctionNote {
    let (replay, replay_because) = replay(plugin, function);
    FunctionNote {
        name: function.name.clone(),
        interface: function.interface.clone(),
        wit: wit_text(function),
        description: function.docs.clone(),
        input: input_schema(function),
        output: output_schema(function),
        effects: function.effects,
        effects_mean: effects_mean(plugin, function),
        replay,
        replay_because,
    }
}

fn effects_mean(plugin: &Plugin, function: &Function) -> &'static str {
    let changes = plugin
        .requests
        .iter()
        .any(|request| request.capability.effect() == Effect::Changes);
    match function.effects {
        Some(Effects::None) => {
            "declared to change nothing: it is given no capability that could change anything outside"
        }
        Some(Effects::Idempotent) => {
            "declared repeatable: after a crash it is called again with the same idempotency key"
        }
        Some(Effects::Once) => {
            "declared to happen at most once: a call that a crash interrupts is put before a person, never guessed"
        }
        None if changes => {
            "not declared, so treated as once: a call that a crash interrupts is put before a person, never guessed"
        }
        None => "not declared; nothing is requested that could change anything outside",
    }
}

/// The capabilities that a function could use if everything that is requested were granted.
pub(crate) fn possible<'p>(plugin: &'p Plugin, function: &Function) -> Vec<&'p Capability> {
    let withheld = |capability: &Capability| {
        function.effects == Some(Effects::None) && capability.effect() == Effect::Changes
    };
    plugin
        .requests
        .iter()
        .map(|request| &request.capability)
        .filter(|capability| !withheld(capability))
        .collect()
}

/// The replay class of a function at worst, and why it is that.
pub(crate) fn replay(plugin: &Plugin, function: &Function) -> (Replay, String) {
    let possible = possible(plugin, function);
    let class = replay_class(possible.iter().copied());
    let because = match class {
        Replay::Exact if plugin.requests.is_empty() => {
            "nothing is requested, so it can only compute: the same input gives the same bits".to_owned()
        }
        Replay::Exact => {
            "it is declared without effects, and all that is requested could change something, so it is given none of it".to_owned()
        }
        Replay::Recorded => format!(
            "what it may use ({}) goes through interfaces whose calls are in the journal with their answers",
            named(possible.iter().copied())
        ),
        Replay::ResultOnly => format!(
            "it may use {}, and the contents of files are not recorded",
            named(possible.iter().copied().filter(|capability| !capability.recorded()))
        ),
    };
    (class, because)
}

fn named<'c>(capabilities: impl Iterator<Item = &'c Capability>) -> String {
    let all: Vec<String> = capabilities.map(ToString::to_string).collect();
    match all.len().checked_sub(NAMED_MAX) {
        None | Some(0) => all.join(", "),
        Some(more) => format!("{} and {more} more", all[..NAMED_MAX].join(", ")),
    }
}
