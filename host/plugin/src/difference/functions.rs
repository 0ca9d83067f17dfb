//! What can be called now and could not, and what a caller would notice: types, declared effects, replay class, description.

use super::accepts::accepts;
use super::{FunctionChange, Pair, Step};
use crate::inspection::replay;
use crate::{Effects, Function, Plugin, Type, wit_text};

pub(super) fn changes(old: &Plugin, new: &Plugin) -> Vec<FunctionChange> {
    let mut changes = Vec::new();
    for function in new.functions.values() {
        match old.function(&function.name) {
            Some(before) => changes.extend(changed(old, before, new, function)),
            None => changes.push(FunctionChange {
                is: Some(wit_text(function)),
                ..unchanged(Step::Added, function)
            }),
        }
    }
    let gone = old
        .functions
        .values()
        .filter(|function| new.function(&function.name).is_none());
    changes.extend(gone.map(|function| FunctionChange {
        breaking: true,
        was: Some(wit_text(function)),
        because: vec!["it can be called no more".to_owned()],
        ..unchanged(Step::Removed, function)
    }));
    changes.sort_by_key(|change| change.step);
    changes
}

fn unchanged(step: Step, function: &Function) -> FunctionChange {
    FunctionChange {
        step,
        function: function.name.clone(),
        breaking: false,
        was: None,
        is: None,
        because: Vec::new(),
        effects: None,
        replay: None,
        description_changed: false,
    }
}

/// What changed about a function that both builds have; none if nothing did.
fn changed(old: &Plugin, was: &Function, new: &Plugin, is: &Function) -> Option<FunctionChange> {
    let breaks = breaks(was, is);
    let mut because = breaks.clone();
    if because.is_empty() && !same_types(was, is) {
        because.push(
            "it takes more, or promises more, than it did: callers need not change".to_owned(),
        );
    }
    let effects = Pair::changed(was.effects, is.effects);
    let change = FunctionChange {
        breaking: !breaks.is_empty(),
        was: (!because.is_empty()).then(|| wit_text(was)),
        is: (!because.is_empty()).then(|| wit_text(is)),
        because,
        effects,
        replay: Pair::changed(replay(old, was).0, replay(new, is).0),
        description_changed: was.docs != is.docs,
        ..unchanged(effects_step(effects), is)
    };
    let says_something = !change.because.is_empty()
        || change.effects.is_some()
        || change.replay.is_some()
        || change.description_changed;
    says_something.then_some(change)
}

/// A function that is declared to have no effects is given nothing that changes the world; to drop that declaration widens.
fn effects_step(effects: Option<Pair<Option<Effects>>>) -> Step {
    match effects {
        Some(Pair {
            was: Some(Effects::None),
            ..
        }) => Step::Widened,
        Some(Pair {
            is: Some(Effects::None),
            ..
        }) => Step::Narrowed,
        Some(_) | None => Step::Changed,
    }
}

/// Why a caller of the old function would have to change.
fn breaks(was: &Function, is: &Function) -> Vec<String> {
    let mut breaks = Vec::new();
    for param in &was.params {
        match is.params.iter().find(|now| now.name == param.name) {
            None => breaks.push(format!("there is no parameter `{}` any more", param.name)),
            Some(now) if !accepts(&now.ty, &param.ty) => breaks.push(format!(
                "parameter `{}` takes less, or something else, than it did",
                param.name
            )),
            Some(_) => {}
        }
    }
    for param in &is.params {
        let is_new = !was.params.iter().any(|old| old.name == param.name);
        if is_new && !param.ty.is_option() {
            breaks.push(format!(
                "parameter `{}` is new, and not optional",
                param.name
            ));
        }
    }
    if !gives(was.result.as_ref(), is.result.as_ref()) {
        breaks.push("its result may be something that it could not be".to_owned());
    }
    breaks
}

/// Whether what is given now would have been understood before.
fn gives(was: Option<&Type>, is: Option<&Type>) -> bool {
    match (was, is) {
        (None, None) => true,
        (Some(was), Some(is)) => accepts(was, is),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn same_types(was: &Function, is: &Function) -> bool {
    let both = |a: &Type, b: &Type| accepts(a, b) && accepts(b, a);
    was.params.len() == is.params.len()
        && was.params.iter().all(|param| {
            is.params
                .iter()
                .any(|now| now.name == param.name && both(&param.ty, &now.ty))
        })
        && match (&was.result, &is.result) {
            (None, None) => true,
            (Some(a), Some(b)) => both(a, b),
            (None, Some(_)) | (Some(_), None) => false,
        }
}
