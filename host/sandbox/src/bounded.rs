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

/// Whether the JSON, written compactly, has at most so many bytes.
pub(crate) fn fits(json: &Json, bytes_max: u64) -> bool {
    serde_json::to_writer(Counter { left: bytes_max }, json).is_ok()
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
}
