//! What is imported now and was not. An interface in another version is the same interface.

use std::collections::BTreeSet;

use super::{ImportChange, Step};
use crate::inspection::import_notes;
use crate::{ImportNote, Link, Offer, Plugin, Risk};

pub(super) fn changes(
    old: &Plugin,
    new: &Plugin,
    offer: &dyn Fn(&str) -> Offer,
) -> Vec<ImportChange> {
    let (before, now) = (import_notes(old, offer), import_notes(new, offer));
    let mut changes: Vec<ImportChange> = now
        .iter()
        .filter_map(|import| arrived(before.iter().find(|old| path(old) == path(import)), import))
        .collect();
    let gone = before
        .iter()
        .filter(|old| !now.iter().any(|import| path(import) == path(old)));
    changes.extend(
        gone.map(|import| change(Step::Removed, import, "it is imported no more", Vec::new())),
    );
    changes.sort_by_key(|change| (change.step, std::cmp::Reverse(change.risk)));
    changes
}

/// The interface without its version.
fn path(import: &ImportNote) -> &str {
    import.interface.split('@').next().unwrap_or_default()
}

fn arrived(old: Option<&ImportNote>, new: &ImportNote) -> Option<ImportChange> {
    let Some(old) = old else {
        return Some(change(
            added(new),
            new,
            "it was not imported",
            new.functions.clone(),
        ));
    };
    let known: BTreeSet<&String> = old.functions.iter().collect();
    let more: Vec<String> = new
        .functions
        .iter()
        .filter(|function| !known.contains(function))
        .cloned()
        .collect();
    if old.interface != new.interface {
        let text = format!("it was imported as {}", old.interface);
        return Some(change(Step::Changed, new, &text, more));
    }
    if more.is_empty() {
        return None;
    }
    Some(change(
        Step::Changed,
        new,
        "more of its functions are imported",
        more,
    ))
}

/// What is linked and harmless adds nothing. What is refused here may be offered by the next host, so it counts.
fn added(import: &ImportNote) -> Step {
    match (import.risk, import.link) {
        (Risk::None, Link::Linked) => Step::Changed,
        (Risk::None | Risk::Never | Risk::Reads | Risk::Changes, _) => Step::Added,
    }
}

fn change(
    step: Step,
    import: &ImportNote,
    text: &str,
    functions_added: Vec<String>,
) -> ImportChange {
    ImportChange {
        step,
        interface: import.interface.clone(),
        kind: import.kind,
        risk: import.risk,
        text: text.to_owned(),
        functions_added,
    }
}
