//! How diagnostics and results look to a person, and the one JSON object that `--json` ends with.

use std::io::IsTerminal;

use miette::{LabeledSpan, NamedSource, Severity as MietteSeverity};
use serde_json::{Value as Json, json};
use writ_run::RunId;
use writ_scheduler::Ended;
use writ_workflow::{Diagnostic, Severity};

use crate::out::{self, errln};

/// The code of the diagnostics that a reviewer can settle.
pub(crate) const NOT_GRANTED: &str = "not-granted";

/// Longest lines that are shown with a diagnostic, together.
const SHOWN_BYTES_MAX: usize = 2_000;

/// Prints diagnostics with the lines they are about; returns how many are errors.
pub(crate) fn diagnostics(diagnostics: &[Diagnostic], text: &str) -> usize {
    if diagnostics.is_empty() {
        return 0;
    }
    // Places are told in bytes, so the text keeps their number.
    let text = out::harmless(text);
    for diagnostic in diagnostics {
        let severity = match diagnostic.severity {
            Severity::Error => MietteSeverity::Error,
            Severity::Warning => MietteSeverity::Warning,
        };
        let span = diagnostic.span;
        let length = span.end.saturating_sub(span.start).max(1);
        let mut report = miette::MietteDiagnostic::new(out::harmless(&diagnostic.message))
            .with_code(diagnostic.code)
            .with_severity(severity);
        if let Some(help) = &diagnostic.help {
            report = report.with_help(out::harmless(help));
        }
        errln!("{}:{}:{}", diagnostic.file, span.line, span.column);
        if !is_readable(&text, span.start) {
            draw(&miette::Report::new(report));
            continue;
        }
        let place = span.start.min(text.len())..(span.start + length).min(text.len());
        let report = report.with_label(LabeledSpan::at(place, "here"));
        let source = NamedSource::new(out::harmless(&diagnostic.file), text.clone());
        draw(&miette::Report::new(report).with_source_code(source));
    }
    errors(diagnostics)
}

fn draw(report: &miette::Report) {
    out::drawn(&format!("{report:?}"));
}

/// Whether the lines around a place are short enough to be shown: a document may be one line of megabytes.
fn is_readable(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let (before, after) = bytes.split_at(at.min(bytes.len()));
    let before = before
        .rsplit(|byte| *byte == b'\n')
        .take(2)
        .map(<[u8]>::len)
        .sum::<usize>();
    let after = after
        .split(|byte| *byte == b'\n')
        .take(2)
        .map(<[u8]>::len)
        .sum::<usize>();
    before + after <= SHOWN_BYTES_MAX
}

/// How many of them are errors.
pub(crate) fn errors(diagnostics: &[Diagnostic]) -> usize {
    diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .count()
}

/// Whether grants are all that is missing.
pub(crate) fn only_grants_missing(diagnostics: &[Diagnostic]) -> bool {
    has_errors(diagnostics)
        && diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.is_error())
            .all(|diagnostic| diagnostic.code == NOT_GRANTED)
}

/// Whether any is.
pub(crate) fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    errors(diagnostics) > 0
}

/// The diagnostics as JSON.
pub(crate) fn diagnostics_json(diagnostics: &[Diagnostic]) -> Json {
    diagnostics
        .iter()
        .map(|diagnostic| {
            json!({
                "severity": match diagnostic.severity { Severity::Error => "error", Severity::Warning => "warning" },
                "code": diagnostic.code,
                "message": diagnostic.message,
                "help": diagnostic.help,
                "file": diagnostic.file,
                "line": diagnostic.span.line,
                "column": diagnostic.span.column,
            })
        })
        .collect()
}

/// The object that `writ run --json` ends with.
pub(crate) fn run_json(ended: &Ended) -> Json {
    json!({
        "run": ended.run.to_string(),
        "status": ended.status.to_string(),
        "output": ended.output,
        "error": ended.error,
    })
}

/// The same for a run that goes on elsewhere.
pub(crate) fn accepted_json(run: RunId) -> Json {
    json!({ "run": run.to_string(), "status": "waiting", "output": null, "error": null })
}

/// A time as people and RFC 3339 write it, in UTC.
pub(crate) fn time(ms: u64) -> String {
    writ_grant::rfc3339(ms)
}

/// Whether a person is watching standard error.
pub(crate) fn watched() -> bool {
    std::io::stderr().is_terminal()
}
