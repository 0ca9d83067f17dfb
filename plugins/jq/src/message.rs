//! What an expression's author is told. Messages are bounded: a value that did not fit may be the whole input.

use jaq_json::{Error, Val};

use crate::bindings::exports::writ::jq::filters::SyntaxError;
use crate::definition;

/// Longest message; the rest is cut, which an ellipsis shows.
const MESSAGE_BYTES_MAX: usize = 500;
/// Longest piece of source text that a message repeats.
const FOUND_CHARACTERS_MAX: usize = 20;

/// The message of an error at evaluation: what jq's `catch` would see.
pub(crate) fn of_error(error: Error) -> String {
    let text = match error.into_val() {
        Val::TStr(text) => String::from_utf8_lossy(&text).into_owned(),
        other => other.to_string(),
    };
    bounded(text)
}

fn bounded(mut text: String) -> String {
    if text.len() > MESSAGE_BYTES_MAX {
        text.truncate(text.floor_char_boundary(MESSAGE_BYTES_MAX));
        text.push('…');
    }
    text
}

/// Something else was expected at this part of the source.
pub(crate) fn expected(source: &str, expected: &str, found: &str) -> SyntaxError {
    let expected = if expected == "nothing" {
        "the end of the expression"
    } else {
        expected
    };
    let message = if found.is_empty() {
        format!("expected {expected}, but the expression ends")
    } else {
        let short: String = found.chars().take(FOUND_CHARACTERS_MAX).collect();
        let more = if short.len() < found.len() { "…" } else { "" };
        format!("expected {expected}, found `{short}{more}`")
    };
    syntax(source, found, &message)
}

/// A filter that is not defined, or is left out on purpose.
pub(crate) fn unknown_filter(source: &str, name: &str, arity: usize) -> SyntaxError {
    match definition::refusal(name) {
        Some(_) => unknown(source, "filter", name),
        None => {
            let arguments = match arity {
                0 => "no argument".to_owned(),
                1 => "1 argument".to_owned(),
                more => format!("{more} arguments"),
            };
            syntax(
                source,
                name,
                &format!("there is no filter `{name}` with {arguments}"),
            )
        }
    }
}

/// Any other name that is not defined, or is left out on purpose.
pub(crate) fn unknown(source: &str, kind: &str, name: &str) -> SyntaxError {
    let message = match definition::refusal(name) {
        Some(reason) => format!("`{name}` is not available: {reason}"),
        None => format!("there is no {kind} `{name}`"),
    };
    syntax(source, name, &message)
}

/// A message with the place of a part of the source.
pub(crate) fn syntax(source: &str, part: &str, message: &str) -> SyntaxError {
    let start = (part.as_ptr() as usize).checked_sub(source.as_ptr() as usize);
    let offset = start.filter(|start| *start <= source.len()).unwrap_or(0);
    SyntaxError {
        message: bounded(message.to_owned()),
        offset: offset as u32,
    }
}
