//! The doors by which words reach whoever started this program: standard output, which may be closed early (`writ runs events … |
//! head` is no error), and standard error. What guests, components, documents and servers wrote goes through them with the rest,
//! so what would steer a terminal or deceive its reader is escaped here, and no command has to remember it.

use std::{
    borrow::Cow,
    fmt::{Arguments, Write as _},
    io::{self, ErrorKind, Write},
};

use crate::paper::Page;

/// Like `println!`, but escapes what is unsafe to show, and says nothing more when nobody reads any more.
macro_rules! outln {
    () => {
        $crate::out::line(format_args!(""))
    };
    ($($part:tt)*) => {
        $crate::out::line(format_args!($($part)*))
    };
}

/// Like `eprintln!`, but escapes what is unsafe to show, and doesn't mind when nobody reads.
macro_rules! errln {
    ($($part:tt)*) => {
        $crate::out::error_line(format_args!($($part)*))
    };
}

pub(crate) use {errln, outln};

/// Writes one line to standard output; if the text has line ends of its own, several.
pub(crate) fn line(text: Arguments<'_>) {
    write(&shown(&text.to_string()));
}

/// The same on standard error.
pub(crate) fn error_line(text: Arguments<'_>) {
    // Nothing can be done about a closed terminal.
    let _ = writeln!(io::stderr().lock(), "{}", shown(&text.to_string()));
}

/// Writes a page to standard output, with the colours that its paper has.
pub(crate) fn page(page: &Page) {
    write(page.text());
}

/// Writes to standard error what a library has drawn and coloured from text that is [`harmless`] already.
pub(crate) fn drawn(picture: &str) {
    let _ = writeln!(io::stderr().lock(), "{picture}");
}

/// If the reader is gone, the command goes on in silence: how it ends is still told by its exit code, which `set -o pipefail` looks at.
fn write(text: &str) {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            errln!("error: cannot write to standard output: {error}");
            std::process::exit(crate::error::Exit::Usage as i32);
        }
    }
}

/// The text with all that is unsafe but line ends escaped. Escaped as JSON does it, whose text stays the same JSON: outside of its
/// strings there is nothing to escape.
fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_escaped(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string can't fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

fn is_escaped(c: char) -> bool {
    c != '\n' && writ_grant::is_unsafe(c)
}

/// The text with something of the same number of bytes in place of what is unsafe, for those who count bytes. Tabs and line ends
/// of any system stay.
pub(crate) fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let stays = c == '\t' || c == '\r' && chars.peek() == Some(&'\n');
        if is_escaped(c) && !stays {
            harmless.extend(std::iter::repeat_n('?', c.len_utf8()));
        } else {
            harmless.push(c);
        }
    }
    harmless
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    /// Clears the screen; moves the cursor in one character; reads from right to left; hides.
    const ODD: &str = "é\u{1b}[2J\u{7f}\u{9b}1A\u{202e}gpj\r\t\u{e0041}\u{7}";

    #[test]
    fn what_steers_a_terminal_is_escaped_and_lines_stay_lines() {
        assert_eq!(
            shown(&format!("one\n{ODD}")),
            "one\né\\u001b[2J\\u007f\\u009b1A\\u202egpj\\u000d\\u0009\\udb40\\udc41\\u0007"
        );
        assert!(matches!(shown("é 漢\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_stays_the_same_json() {
        let value = json!({ ODD: [ODD, { "plain": "é" }] });
        for text in [value.to_string(), format!("{value:#}")] {
            let shown = shown(&text);
            assert!(!shown.chars().any(is_escaped), "{shown}");
            assert_eq!(serde_json::from_str::<Json>(&shown).unwrap(), value);
        }
    }

    #[test]
    fn harmless_text_has_its_bytes_where_they_were() {
        assert_eq!(harmless(ODD), "é?[2J???1A???gpj?\t?????");
        assert_eq!(harmless(ODD).len(), ODD.len());
        assert_eq!(harmless("a\r\n\tb\rc"), "a\r\n\tb?c");
    }
}
