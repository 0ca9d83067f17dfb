//! What changed between two builds of a plugin, as a reviewer asks it: what does the new one ask for, import, or say of itself
//! that the old one did not? Plain data, computed from both; knows nothing of what was granted or of how it is shown.

mod accepts;
mod functions;
mod imports;
mod requests;
#[cfg(test)]
mod tests;

use serde::Serialize;
use writ_grant::Digest;

use crate::{Effects, ImportKind, Offer, Plugin, Replay, Risk};

/// The version of the JSON form.
pub const DIFFERENCE_FORMAT: u32 = 1;

/// What changed from one build to another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The version of this form.
    pub format: u32,
    /// The build before.
    pub old: Side,
    /// The build after.
    pub new: Side,
    /// Whether the new one could do something that the old one could not: anything below is added or widened.
    pub widens: bool,
    /// Whether callers of the old one would have to change.
    pub breaks: bool,
    /// Changes of what is asked for.
    pub requests: Vec<RequestChange>,
    /// Changes of what is imported.
    pub imports: Vec<ImportChange>,
    /// Changes of what is exported.
    pub functions: Vec<FunctionChange>,
    /// Changes of the limits that the author sets.
    pub limits: Vec<LimitChange>,
}

/// One of the two builds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The plugin's name.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// The sha256 of its bytes.
    pub digest: Digest,
}

/// How a part of a plugin changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// It was not there.
    Added,
    /// It allows what it did and more.
    Widened,
    /// It allows less than it did.
    Narrowed,
    /// It is there no more.
    Removed,
    /// It is otherwise, and allows neither more nor less.
    Changed,
}

impl Step {
    /// Whether it gives the new build something that the old one had not.
    #[must_use]
    pub fn widens(self) -> bool {
        match self {
            Step::Added | Step::Widened => true,
            Step::Narrowed | Step::Removed | Step::Changed => false,
        }
    }

    /// A word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Added => "added",
            Step::Widened => "widened",
            Step::Narrowed => "narrowed",
            Step::Removed => "removed",
            Step::Changed => "changed",
        }
    }
}

/// A change of what is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestChange {
    /// How it changed.
    pub step: Step,
    /// The request: the new one, or the one that is gone.
    pub capability: String,
    /// What it means.
    pub means: String,
    /// The author's reason for it.
    pub reason: String,
    /// Whether the plugin can do without.
    pub optional: bool,
    /// The request that it came from, if it is another.
    pub was: Option<String>,
    /// What else is otherwise, in words; empty if nothing.
    pub notes: Vec<String>,
}

/// A change of what is imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportChange {
    /// How it changed. An import that is harmless or always refused is never more than `changed`.
    pub step: Step,
    /// The interface: the new one, or the one that is gone.
    pub interface: String,
    /// What kind of thing it is for.
    pub kind: ImportKind,
    /// What it could do at most, under what the build requests that has it.
    pub risk: Risk,
    /// What happened, in words.
    pub text: String,
    /// Functions of it that are imported now and were not.
    pub functions_added: Vec<String>,
}

/// A change of what is exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FunctionChange {
    /// How its authority changed; `changed` when only its type, its words or its promises did.
    pub step: Step,
    /// Its name.
    pub function: String,
    /// Whether a caller of the old one would have to change.
    pub breaking: bool,
    /// Its signature before.
    pub was: Option<String>,
    /// Its signature now.
    pub is: Option<String>,
    /// What a caller notices, in words; empty if nothing.
    pub because: Vec<String>,
    /// What it is declared to do to the world, before and now, if that changed.
    pub effects: Option<Pair<Option<Effects>>>,
    /// How far it can be re-lived, before and now, if that changed.
    pub replay: Option<Pair<Replay>>,
    /// Whether its description is another: models choose tools by it.
    pub description_changed: bool,
}

/// Something before and now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pair<T> {
    /// Before.
    pub was: T,
    /// Now.
    pub is: T,
}

impl<T: PartialEq> Pair<T> {
    fn changed(was: T, is: T) -> Option<Self> {
        (was != is).then_some(Self { was, is })
    }
}

/// A change of a limit that the author sets; where none is set the host's own holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LimitChange {
    /// How it changed.
    pub step: Step,
    /// Its key in `[limits]`.
    pub key: &'static str,
    /// Its value before.
    pub was: Option<u64>,
    /// Its value now.
    pub is: Option<u64>,
}

impl Difference {
    /// Compares two builds, for a host that offers these interfaces.
    #[must_use]
    pub fn between(old: &Plugin, new: &Plugin, offer: &dyn Fn(&str) -> Offer) -> Difference {
        let requests = requests::changes(old, new);
        let imports = imports::changes(old, new, offer);
        let functions = functions::changes(old, new);
        let limits = limits(old, new);
        let steps = requests.iter().map(|change| change.step);
        let steps = steps.chain(imports.iter().map(|change| change.step));
        let steps = steps.chain(limits.iter().map(|change| change.step));
        // A function more gives a plugin no authority, but it is something new that callers and models can reach.
        let mut steps = steps.chain(functions.iter().map(|change| change.step));
        Difference {
            format: DIFFERENCE_FORMAT,
            old: side(old),
            new: side(new),
            widens: steps.any(Step::widens),
            breaks: functions.iter().any(|change| change.breaking),
            requests,
            imports,
            functions,
            limits,
        }
    }

    /// Whether nothing that matters changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
            && self.imports.is_empty()
            && self.functions.is_empty()
            && self.limits.is_empty()
    }
}

fn side(plugin: &Plugin) -> Side {
    Side {
        plugin: plugin.name.clone(),
        version: plugin.version.to_string(),
        digest: plugin.digest,
    }
}

fn limits(old: &Plugin, new: &Plugin) -> Vec<LimitChange> {
    let (mut old, mut new) = (old.limits, new.limits);
    let pairs = old.by_key().into_iter().zip(new.by_key());
    pairs
        .filter_map(|((key, was), (_, is))| {
            let (was, is) = (*was, *is);
            // An author's limit can only be tighter than the host's: to have none is to have the host's.
            let step = match (was, is) {
                _ if was == is => return None,
                (None, Some(_)) => Step::Narrowed,
                (Some(was), Some(is)) if is < was => Step::Narrowed,
                (Some(_), Some(_) | None) | (None, None) => Step::Widened,
            };
            Some(LimitChange { step, key, was, is })
        })
        .collect()
}
