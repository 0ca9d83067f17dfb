//! What may be a key of an object, and so a name of anything.
//!
//! Knows nothing of where the key stands.

use saphyr_parser::ScalarStyle;
use writ_grant::is_unsafe;

use crate::{diagnostic::Report, model::Span};

/// The longest key of an object, and so the longest name of anything.
pub const KEY_BYTES_MAX: usize = 256;

/// Reports what is wrong with a key.
pub(super) fn judge(text: &str, style: ScalarStyle, span: Span, report: &mut Report) {
    if style == ScalarStyle::Plain {
        match text {
            "<<" => {
                let message = "merge keys (`<<`) are not part of YAML 1.2";
                report.error_help(span, "key", message, "write the members out");
            }
            "" | "~" => report.error_help(
                span,
                "key",
                "a key is missing",
                "write a name before the colon",
            ),
            _ => {}
        }
    }
    if text.len() > KEY_BYTES_MAX {
        let message = format!(
            "a key of {} bytes; at most {KEY_BYTES_MAX} are allowed",
            text.len()
        );
        report.error_help(span, "limit", message, "choose a shorter name");
    }
    if let Some(bad) = text.chars().find(|c| is_unsafe(*c)) {
        let message = format!(
            "a key holds the unprintable character U+{:04X}",
            u32::from(bad)
        );
        report.error_help(span, "key", message, "use visible characters in names");
    }
}
