//! What opening a journal found out of order and mended.

use std::fmt;

use writ_run::RunId;

/// One thing that was mended, as a plain sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair(String);

impl Repair {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        let repair = Self(sentence.into());
        tracing::warn!(repair = %repair, "journal.repaired");
        repair
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What was found when a journal was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What was mended.
    pub repairs: Vec<Repair>,
    /// Runs that have not ended, in the order of their ids.
    pub unfinished: Vec<RunId>,
}
