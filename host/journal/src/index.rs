//! What is known of a run without reading its events. Asks events what they change; never matches on them.

use serde::{Deserialize, Serialize};
use writ_run::{Problem, RunChange, RunId, Status};

use crate::entry::Tail;

const ERROR_BYTES_MAX: usize = 1024;

/// A run at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunSummary {
    /// The run.
    pub run: RunId,
    /// Namespace of its workflow.
    pub namespace: String,
    /// Name of its workflow.
    pub name: String,
    /// Version of its workflow.
    pub version: String,
    /// Where it stands.
    pub status: Status,
    /// When it was accepted, in milliseconds since 1970.
    pub started_ms: u64,
    /// When its last event was appended, in milliseconds since 1970.
    pub changed_ms: u64,
    /// How many events it has.
    pub events: u64,
    /// Why it faulted or was cancelled, in at most 1 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The part of it that few events change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stored {
    namespace: String,
    name: String,
    version: String,
    status: Status,
    started_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Stored {
    /// What the index says after a change.
    pub(crate) fn after(before: Option<&Self>, change: RunChange, at_ms: u64) -> Self {
        let mut after = before.cloned().unwrap_or_else(|| Self::unknown(at_ms));
        if let Some(workflow) = change.workflow {
            after.namespace = workflow.namespace;
            after.name = workflow.name;
            after.version = workflow.version;
        }
        after.status = change.status;
        after.error = change.error.map(describe).or(change.reason).map(shorten);
        after
    }

    /// A run whose first event is not its start.
    const fn unknown(at_ms: u64) -> Self {
        Self {
            namespace: String::new(),
            name: String::new(),
            version: String::new(),
            status: Status::Pending,
            started_ms: at_ms,
            error: None,
        }
    }

    pub(crate) const fn is_finished(&self) -> bool {
        self.status.is_final()
    }

    pub(crate) fn with(&self, run: RunId, tail: &Tail) -> RunSummary {
        RunSummary {
            run,
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            version: self.version.clone(),
            status: self.status,
            started_ms: self.started_ms,
            changed_ms: tail.changed_ms,
            events: tail.events,
            error: self.error.clone(),
        }
    }
}

fn describe(problem: Problem) -> String {
    let name = problem.title.unwrap_or(problem.r#type);
    match problem.detail {
        Some(detail) => format!("{name}: {detail}"),
        None => name,
    }
}

fn shorten(mut text: String) -> String {
    if text.len() > ERROR_BYTES_MAX {
        let mut end = ERROR_BYTES_MAX;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}

/// The smallest run id whose text begins with `prefix`, hyphens aside; `None` if no id can.
pub(crate) fn lowest_with_prefix(prefix: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    for (index, digit) in prefix.chars().filter(|c| *c != '-').enumerate() {
        let value = u8::try_from(digit.to_digit(16)?).ok()?;
        *bytes.get_mut(index / 2)? |= if index % 2 == 0 { value << 4 } else { value };
    }
    Some(bytes)
}

/// Whether a run's id begins with `prefix`, hyphens and case aside.
pub(crate) fn has_prefix(run: RunId, prefix: &str) -> bool {
    let plain = |text: &str| text.replace('-', "").to_ascii_lowercase();
    plain(&run.to_string()).starts_with(&plain(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_cut_at_a_character() {
        let text = shorten("é".repeat(1000));
        assert!(text.len() <= ERROR_BYTES_MAX && text.chars().all(|c| c == 'é'));
    }

    #[test]
    fn prefixes_of_ids() {
        let run = RunId::from_bytes([
            0x01, 0x9a, 0xbc, 0xde, 0xf0, 1, 0x70, 3, 4, 5, 6, 7, 8, 9, 10, 11,
        ]);
        for prefix in ["", "0", "019", "019ABCDE", "019abcde-f0", "019abcdef001"] {
            assert!(has_prefix(run, prefix), "{prefix}");
            assert!(lowest_with_prefix(prefix).unwrap() <= *run.as_bytes());
        }
        assert!(!has_prefix(run, "1"));
        assert_eq!(lowest_with_prefix("xyz"), None);
        assert_eq!(lowest_with_prefix(&"0".repeat(33)), None);
    }
}
