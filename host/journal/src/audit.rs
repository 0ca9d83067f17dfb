//! What an audit of a journal's folder is asked, and what it answers: types. How it is found out is in `audit/`.
//!
//! An audit reads the log, the blobs and the checkpoints, and nothing else; it writes nothing, and takes no lock. It
//! ends at the first thing that is not what was written.

pub(crate) mod blobs;
pub(crate) mod claims;
pub(crate) mod export;
pub(crate) mod walk;

use std::{fmt, path::PathBuf};

use writ_run::RunId;

use crate::{Checkpoint, JournalError};

pub use claims::{Claim, Claims};
pub use export::{Exported, Scope, export};
pub use walk::audit;

/// What a log that holds is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Its events.
    pub events: u64,
    /// Runs among which they are shared.
    pub runs: u64,
    /// Files of which it consists.
    pub segments: u64,
    /// Hash of its last event, which stands for all before; zeros if there is none.
    pub head: [u8; 32],
}

/// A log that holds, and how far that is proved by more than itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// What was found.
    pub verified: Verified,
    /// Root of the Merkle tree over all events.
    pub root: [u8; 32],
    /// Blobs that were compared with their digests.
    pub blobs: u64,
    /// Checkpoints that fit, the smallest first.
    pub claims: Vec<Claim>,
    /// A host is writing the log meanwhile: what it appends from now on was not looked at.
    pub is_held: bool,
}

impl Audited {
    /// How many events, from the first on, a checkpoint vouches for.
    pub fn signed(&self) -> u64 {
        self.claims.last().map_or(0, |claim| claim.checkpoint.size)
    }
}

/// The first thing that does not hold, and what holds before it.
#[derive(Debug)]
pub struct AuditFault {
    /// What is wrong.
    pub error: JournalError,
    /// Where the first event is that cannot be trusted; `None` if no event is concerned.
    pub at: Option<BadEvent>,
    /// What was expected, where that can be said.
    pub expected: Option<String>,
    /// What was found instead.
    pub found: Option<String>,
    /// How many events before are whole, and follow each other.
    pub whole: u64,
    /// The largest checkpoint that was reached, and fits.
    pub signed: Option<(String, Checkpoint)>,
}

/// An event that cannot be trusted: what is said of it is as it reads now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BadEvent {
    /// The segment file.
    pub segment: PathBuf,
    /// Where in it, in bytes.
    pub offset: u64,
    /// Which event of the log, from 0.
    pub position: u64,
    /// Its run.
    pub run: Option<RunId>,
    /// Which event of its run, from 0.
    pub number: Option<u64>,
    /// Its kind.
    pub kind: Option<String>,
    /// Its task, as a JSON Pointer into the workflow.
    pub task: Option<String>,
}

impl AuditFault {
    pub(crate) fn of(error: JournalError) -> Self {
        Self {
            error,
            at: None,
            expected: None,
            found: None,
            whole: 0,
            signed: None,
        }
    }

    pub(crate) fn expecting(
        mut self,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        self.expected = Some(expected.to_string());
        self.found = Some(found.to_string());
        self
    }
}

impl From<JournalError> for Box<AuditFault> {
    fn from(error: JournalError) -> Self {
        Self::new(AuditFault::of(error))
    }
}

impl fmt::Display for AuditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for AuditFault {}

/// Checksums, chains, events and their blobs only, as tests of other things want it.
#[cfg(test)]
pub(crate) fn verify(dir: &std::path::Path) -> Result<Verified, JournalError> {
    walk::audit_with(dir, &Claims::default(), false, &mut |_, _, _| ())
        .map(|audited| audited.verified)
        .map_err(|fault| fault.error)
}
