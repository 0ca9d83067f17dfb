//! What is asked for now and was not, or the other way round. A request stands for all that it covers.

use writ_grant::{Capability, Request};

use super::{RequestChange, Step};
use crate::Plugin;

pub(super) fn changes(old: &Plugin, new: &Plugin) -> Vec<RequestChange> {
    let mut changes: Vec<RequestChange> = new
        .requests
        .iter()
        .filter_map(|request| arrived(&old.requests, request))
        .collect();
    let gone = old.requests.iter().filter(|request| {
        let lives_on = |now: &Request| related(&request.capability, &now.capability);
        !new.requests.iter().any(lives_on)
    });
    changes.extend(gone.map(|request| change(Step::Removed, request, None, Vec::new())));
    changes.sort_by_key(|change| change.step);
    changes
}

fn related(a: &Capability, b: &Capability) -> bool {
    a.covers(b) || b.covers(a)
}

/// What is new about a request of the new build; none if the old one had the very same.
fn arrived(before: &[Request], request: &Request) -> Option<RequestChange> {
    let asked = &request.capability;
    if let Some(same) = before.iter().find(|old| old.capability == *asked) {
        let notes = notes(same, request);
        return (!notes.is_empty()).then(|| change(Step::Changed, request, None, notes));
    }
    let (step, was) = if let Some(wider) = before.iter().find(|old| old.capability.covers(asked)) {
        (Step::Narrowed, Some(wider))
    } else if let Some(narrower) = before.iter().find(|old| asked.covers(&old.capability)) {
        (Step::Widened, Some(narrower))
    } else {
        (Step::Added, None)
    };
    let notes = was.map(|was| notes(was, request)).unwrap_or_default();
    Some(change(step, request, was, notes))
}

fn notes(old: &Request, new: &Request) -> Vec<String> {
    let mut notes = Vec::new();
    match (old.optional, new.optional) {
        (true, false) => notes.push("it is required now, and was optional".to_owned()),
        (false, true) => notes.push("it is optional now, and was required".to_owned()),
        (true, true) | (false, false) => {}
    }
    if old.reason != new.reason {
        notes.push(format!("the reason was: {}", old.reason));
    }
    notes
}

fn change(
    step: Step,
    request: &Request,
    was: Option<&Request>,
    notes: Vec<String>,
) -> RequestChange {
    RequestChange {
        step,
        capability: request.capability.to_string(),
        means: request.capability.describe(),
        reason: request.reason.clone(),
        optional: request.optional,
        was: was.map(|was| was.capability.to_string()),
        notes,
    }
}
