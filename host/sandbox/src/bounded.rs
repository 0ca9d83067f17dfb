//! How long a JSON value is when written out and how deep it is nested, counted no further than a bound. Knows nothing of what the JSON means.

use std::io::{self, Write};

use serde_json::Value as Json;

struct Counter {
    left: u64,
}

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self
            .left
            .checked_sub(bytes.len() as u64)
            .ok_or(io::ErrorKind::WriteZero)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The most bytes that a number or a word takes, with a comma.
const SCALAR_BYTES: u64 = 32;
/// The most bytes that a byte of text takes: `\u001f`.
const ESCAPED_BYTES: u64 = 6;

/// Whether the JSON, written compactly, has at most so many bytes.
pub(crate) fn fits(json: &Json, bytes_max: u64) -> bool {
    let mut left = bytes_max;
    fits_easily(json, &mut left) || serde_json::to_writer(Counter { left: bytes_max }, json).is_ok()
}

/// Whether it fits however it is written, which is seen sooner than how long it is.
fn fits_easily(json: &Json, left: &mut u64) -> bool {
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) => take(left, SCALAR_BYTES),
        Json::String(value) => take(left, text_bytes(value)),
        Json::Array(items) => {
            take(left, SCALAR_BYTES) && items.iter().all(|item| fits_easily(item, left))
        }
        Json::Object(members) => {
            take(left, SCALAR_BYTES)
                && members
                    .iter()
                    .all(|(name, value)| take(left, text_bytes(name)) && fits_easily(value, left))
        }
    }
}

fn text_bytes(text: &str) -> u64 {
    SCALAR_BYTES + ESCAPED_BYTES * text.len() as u64
}

fn take(left: &mut u64, bytes: u64) -> bool {
    let rest = left.checked_sub(bytes);
    *left = rest.unwrap_or(0);
    rest.is_some()
}

/// Whether the JSON is nested deeper than so many levels. Looks no deeper than that.
pub(crate) fn is_deeper(json: &Json, levels: usize) -> bool {
    let inside = |item: &Json| levels == 0 || is_deeper(item, levels - 1);
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
        Json::Array(items) => items.iter().any(inside),
        Json::Object(members) => members.values().any(inside),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_to_the_byte() {
        let json = serde_json::json!({ "a": "é" });
        let length = json.to_string().len() as u64;
        assert!(fits(&json, length));
        assert!(!fits(&json, length - 1));
    }

    #[test]
    fn what_fits_easily_fits() {
        let number = serde_json::json!(-1.234_567_890_123_456_7e-300);
        let control = Json::from("\u{1f}".repeat(100));
        let samples = [
            Json::Null,
            Json::Bool(false),
            number.clone(),
            Json::from(i64::MIN),
            control.clone(),
            serde_json::json!([[], {}, [number, control]]),
            serde_json::json!({ "\u{1}\u{2}\u{3}": { "": {} } }),
        ];
        for json in samples {
            let length = json.to_string().len() as u64;
            assert!(!fits_easily(&json, &mut (length - 1)), "{json}");
            let mut left = u64::MAX;
            assert!(fits_easily(&json, &mut left), "{json}");
            assert!(u64::MAX - left >= length, "{json}");
        }
    }
}
