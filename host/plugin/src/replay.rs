//! How far a call can be re-lived, decided beforehand from the capabilities it may use. Pure; knows nothing of journals.

use serde::{Deserialize, Serialize};
use writ_grant::Capability;

/// How far a function can be re-lived. Ordered from the strongest promise to the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replay {
    /// Pure: it is executed again from its input, to the same bits.
    Exact,
    /// Its calls go through interfaces that the journal records: it is executed again with the recorded answers.
    Recorded,
    /// It touches raw files: what it opened and how much moved is recorded and its answer is kept, but it is not executed again.
    ResultOnly,
}

impl Replay {
    /// One plain sentence for a reviewer.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Replay::Exact => "exact: executed again from its input, to the same bits",
            Replay::Recorded => {
                "recorded: executed again with the recorded answers of its host calls"
            }
            Replay::ResultOnly => {
                "result only: its answer is kept; raw file access is not executed again"
            }
        }
    }
}

/// The replay class of a call that may use these capabilities.
pub fn replay_class<'a>(capabilities: impl IntoIterator<Item = &'a Capability>) -> Replay {
    capabilities
        .into_iter()
        .map(|capability| {
            if capability.recorded() {
                Replay::Recorded
            } else {
                Replay::ResultOnly
            }
        })
        .max()
        .unwrap_or(Replay::Exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(capabilities: &[&str]) -> Replay {
        let parsed: Vec<Capability> = capabilities
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        replay_class(&parsed)
    }

    #[test]
    fn weakest_capability_decides() {
        assert_eq!(class(&[]), Replay::Exact);
        assert_eq!(
            class(&["kv:read:seen", "config:read:currency"]),
            Replay::Recorded
        );
        assert_eq!(
            class(&["kv:read:seen", "fs:read:/orders"]),
            Replay::ResultOnly
        );
    }
}
