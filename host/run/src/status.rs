//! The phases that the DSL gives a run. Nothing here knows how a run passes from one to the next.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Status phase of a run, in the DSL's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not started yet.
    Pending,
    /// In progress.
    Running,
    /// Waiting for a time to come.
    Waiting,
    /// Paused by a person.
    Suspended,
    /// Ended before completion, by a person.
    Cancelled,
    /// Ended with an error.
    Faulted,
    /// Ended well.
    Completed,
}

impl Status {
    /// Whether nothing can follow.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Cancelled | Self::Faulted | Self::Completed)
    }

    /// The DSL's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Suspended => "suspended",
            Self::Cancelled => "cancelled",
            Self::Faulted => "faulted",
            Self::Completed => "completed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
