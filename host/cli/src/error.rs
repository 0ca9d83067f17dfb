//! How commands fail: every error is mapped to an exit code and a remedy here, and printed in one form.

use std::{fmt, io, path::Path};

use crate::out::{errln, outln};

/// The documented exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All went well.
    Done = 0,
    /// The run faulted or was cancelled; or a comparison found something.
    Faulted = 1,
    /// Wrong usage, or a file that can't be read.
    Usage = 2,
    /// `check` found errors.
    Check = 3,
    /// A grant is missing, expired or revoked.
    Refused = 4,
    /// The data folder or the journal has a problem.
    Journal = 5,
    /// The run is not finished yet.
    Unfinished = 6,
    /// A bug in writ.
    Internal = 70,
}

impl Exit {
    /// What `grant diff` and `grant dry-run` say when there is something to look at.
    pub(crate) const DIFFERS: Self = Self::Faulted;
}

/// What a command failed with: what happened and where, and how to mend it.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// The documented code.
    pub(crate) exit: Exit,
    /// What happened, and where.
    pub(crate) message: String,
    /// The command or the edit that mends it.
    pub(crate) help: Option<String>,
}

/// What commands return.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self {
            exit,
            message: message.to_string(),
            help: None,
        }
    }

    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(crate) fn refused(message: impl fmt::Display) -> Self {
        Self::new(Exit::Refused, message)
    }

    pub(crate) fn journal(message: impl fmt::Display) -> Self {
        Self::new(Exit::Journal, message)
    }

    pub(crate) fn internal(message: impl fmt::Display) -> Self {
        Self::new(Exit::Internal, message)
    }

    /// A file or folder that can't be read or written.
    pub(crate) fn file(path: &Path, doing: &str, error: &io::Error) -> Self {
        let failure = Self::usage(format!("cannot {doing} {}: {error}", path.display()));
        match remedy(error.kind()) {
            Some(help) => failure.help(help),
            None => failure,
        }
    }

    /// Where it was, before what it was.
    #[must_use]
    pub(crate) fn within(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// To standard error; with `--json` the same as one object on standard output.
    pub(crate) fn print(&self, json: bool) {
        errln!("error: {}", self.message);
        if let Some(help) = &self.help {
            errln!("  help: {help}");
        }
        if json {
            outln!(
                "{}",
                serde_json::json!({ "error": self.message, "help": self.help, "code": self.exit as u8 })
            );
        }
    }
}

/// What mends the usual troubles with files.
fn remedy(kind: io::ErrorKind) -> Option<&'static str> {
    use io::ErrorKind as Kind;
    let text = [
        (Kind::NotFound, "look at the path: nothing is there"),
        (
            Kind::PermissionDenied,
            "give this user the right to it, or name another place",
        ),
        (Kind::IsADirectory, "name a file, not a folder"),
        (
            Kind::NotADirectory,
            "a part of the path is a file, not a folder",
        ),
        (Kind::InvalidData, "the file has to be UTF-8 text"),
        (
            Kind::ReadOnlyFilesystem,
            "name a folder on a disk that can be written",
        ),
        (Kind::StorageFull, "make room on this disk"),
    ];
    text.into_iter()
        .find(|(known, _)| *known == kind)
        .map(|(_, text)| text)
}

/// `1 error`, `2 errors`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
