//! What is wrong with a document, said so that a person can mend it: message, place, remedy.
//!
//! Knows nothing of YAML or of workflows; only how problems are collected, bounded and shown.

use std::fmt;

use writ_grant::printable;

use crate::model::Span;

/// At most so many diagnostics are reported for one document; more would help nobody.
pub const DIAGNOSTICS_MAX: usize = 100;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The document is refused.
    Error,
    /// The document runs, but probably not as its author meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One problem at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What would mend it.
    pub help: Option<String>,
    /// The file, as the caller named it.
    pub file: String,
    /// Where in the file.
    pub span: Span,
    /// A short stable name of the kind of problem, for instance `unknown-key`.
    pub code: &'static str,
}

impl Diagnostic {
    /// An error without help.
    pub fn error(file: &str, span: Span, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            help: None,
            file: file.to_owned(),
            span,
            code,
        }
    }

    /// A warning without help.
    pub fn warning(file: &str, span: Span, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(file, span, code, message)
        }
    }

    /// The same with help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether it refuses the document.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    /// `file:line:column: severity: message (help)`, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span { line, column, .. } = self.span;
        write!(
            f,
            "{}:{line}:{column}: {}: {}",
            self.file, self.severity, self.message
        )?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// Diagnostics as they are found, bounded.
#[derive(Debug)]
pub(crate) struct Report {
    file: String,
    found: Vec<Diagnostic>,
    errors: usize,
}

impl Report {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            found: Vec::new(),
            errors: 0,
        }
    }

    pub(crate) fn error(&mut self, span: Span, code: &'static str, message: impl Into<String>) {
        self.push(Diagnostic::error(&self.file, span, code, message));
    }

    pub(crate) fn error_help(
        &mut self,
        span: Span,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Diagnostic::error(&self.file, span, code, message).help(help));
    }

    pub(crate) fn warning_help(
        &mut self,
        span: Span,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Diagnostic::warning(&self.file, span, code, message).help(help));
    }

    pub(crate) fn failed(&self) -> bool {
        self.errors > 0
    }

    /// Whether so much was found that looking further is no use.
    pub(crate) fn is_full(&self) -> bool {
        self.errors >= DIAGNOSTICS_MAX
    }

    /// All of it, in the order of the document.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.found
            .sort_by_key(|found| (found.span.start, found.severity));
        self.found
    }

    /// Errors push warnings out when there is room for one only.
    pub(crate) fn push(&mut self, mut diagnostic: Diagnostic) {
        diagnostic.message = printable(&diagnostic.message);
        diagnostic.help = diagnostic.help.as_deref().map(printable);
        if self.found.len() >= DIAGNOSTICS_MAX {
            let warning = self.found.iter().rposition(|found| !found.is_error());
            match warning {
                Some(position) if diagnostic.is_error() => {
                    self.found.remove(position);
                }
                Some(_) | None => return,
            }
        }
        self.errors += usize::from(diagnostic.is_error());
        self.found.push(diagnostic);
    }
}
