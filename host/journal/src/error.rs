//! Everything that can go wrong with a journal, each with its place, its cause and what mends it.

use std::{io, path::PathBuf, sync::Arc};

use crate::BlobDigest;

const RESTORE: &str = "restore the named file from a backup, or move the whole data folder aside to begin a new journal";

/// What went wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process holds the folder.
    #[error("{}: in use by {}; stop it first, or choose another data folder", dir.display(), holder(*pid))]
    InUse {
        /// The journal's folder.
        dir: PathBuf,
        /// The process that holds it, where it said so.
        pid: Option<u32>,
    },
    /// The operating system refused something.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The log is not what was written. Nothing was changed.
    #[error("{}, byte {offset}, event {position} of the log: {cause}; {RESTORE}", segment.display())]
    Corrupt {
        /// The segment file.
        segment: PathBuf,
        /// Where in it, in bytes.
        offset: u64,
        /// The first event of the log that cannot be trusted.
        position: u64,
        /// What is wrong with it.
        cause: String,
    },
    /// A blob is not there.
    #[error("{}: the blob {digest} is missing; {RESTORE}", path.display())]
    BlobMissing {
        /// Which blob.
        digest: BlobDigest,
        /// Where it belongs.
        path: PathBuf,
    },
    /// A blob's content does not have the digest that names it.
    #[error("{}: the blob {digest} was altered; {RESTORE}", path.display())]
    BlobAltered {
        /// Which blob.
        digest: BlobDigest,
        /// Where it is.
        path: PathBuf,
    },
    /// A checkpoint, or the key that signs them, is not what it must be; or the log is not what a checkpoint signed.
    #[error(
        "{}: {cause}; restore `log`, `blobs` and `checkpoints` together, or, if the log is older on purpose, move `checkpoints` aside; `writ audit verify` says more",
        path.display()
    )]
    Checkpoint {
        /// The checkpoint or key file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// The log was written by a newer Writ.
    #[error("{}: written in format {version}, and this Writ reads up to {newest}; use a newer Writ", path.display())]
    Newer {
        /// The segment file.
        path: PathBuf,
        /// Its format.
        version: u32,
        /// The newest format that this program reads.
        newest: u32,
    },
    /// Writing or syncing failed earlier. Nothing is accepted since, so that nothing is acknowledged falsely.
    #[error(
        "the journal stopped when it could not write: {cause}; mend that and start the host again"
    )]
    Failed {
        /// The first failure.
        cause: Arc<str>,
    },
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
    /// The state folded from the log cannot be read or written.
    #[error(
        "the state folded from the log: {source}; start the host again, or remove the folder `state` to have it rebuilt"
    )]
    State {
        /// What sled said.
        #[from]
        source: sled::Error,
    },
    /// A record of the state makes no sense.
    #[error("the state folded from the log: {cause}; remove the folder `state` to have it rebuilt")]
    StateRecord {
        /// What was found.
        cause: String,
    },
    /// Something is larger than a journal takes.
    #[error(
        "{what} of {bytes} bytes: a journal takes at most {bytes_max}; keep large data in files"
    )]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// Its size.
        bytes: u64,
        /// The largest that is taken.
        bytes_max: u64,
    },
    /// An event that no journal can hold.
    #[error("an event that cannot be kept: {cause}")]
    Invalid {
        /// What is wrong with it.
        cause: String,
    },
    /// More than one run fits.
    #[error(
        "`{prefix}` fits more than one run ({first} and {second} among them); give more of its id"
    )]
    Ambiguous {
        /// What was asked for.
        prefix: String,
        /// One that fits.
        first: writ_run::RunId,
        /// Another.
        second: writ_run::RunId,
    },
}

impl JournalError {
    /// Whether this is the fault of what was to be appended, and the journal itself is well: whoever wanted to append it is told, and
    /// everybody else goes on.
    #[must_use]
    pub fn is_of_event(&self) -> bool {
        match self {
            Self::TooLarge { .. } | Self::Invalid { .. } => true,
            Self::InUse { .. }
            | Self::Io { .. }
            | Self::Corrupt { .. }
            | Self::BlobMissing { .. }
            | Self::BlobAltered { .. }
            | Self::Checkpoint { .. }
            | Self::Newer { .. }
            | Self::Failed { .. }
            | Self::Closed
            | Self::State { .. }
            | Self::StateRecord { .. }
            | Self::Ambiguous { .. } => false,
        }
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(
        || "another process".to_owned(),
        |pid| format!("process {pid}"),
    )
}

/// Names what was attempted on which path.
pub(crate) trait At<T> {
    fn at(self, action: &'static str, path: impl Into<PathBuf>) -> Result<T, JournalError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, path: impl Into<PathBuf>) -> Result<T, JournalError> {
        self.map_err(|source| JournalError::Io {
            action,
            path: path.into(),
            source,
        })
    }
}
