//! The names that keys go by: what stands in front of a public key and in a note's signature lines. Knows no cryptography.

use std::{fmt, str::FromStr};

/// Longest name of a key, in bytes.
pub const KEY_NAME_BYTES_MAX: usize = 128;

/// Who a key belongs to, in one word: `alice`, `alice@example.org`, `example.org/erp-log`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

/// A text that is no name of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key's name is a letter or digit, then letters, digits, '.', '_', '-', '@' and '/', at most {KEY_NAME_BYTES_MAX} bytes"
)]
pub struct KeyNameError;

impl KeyName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn fits(place: usize, byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || place > 0 && b"._-@/".contains(&byte)
}

impl FromStr for KeyName {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, KeyNameError> {
        let short = (1..=KEY_NAME_BYTES_MAX).contains(&text.len());
        let plain = text.bytes().enumerate().all(|(i, byte)| fits(i, byte));
        if short && plain {
            Ok(Self(text.to_owned()))
        } else {
            Err(KeyNameError)
        }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let long = "n".repeat(KEY_NAME_BYTES_MAX);
        for good in [
            "a",
            "alice@example.org",
            "example.org/erp-log",
            "2nd_key",
            &long,
        ] {
            assert_eq!(good.parse::<KeyName>().unwrap().as_str(), good);
        }
        let longer = "n".repeat(KEY_NAME_BYTES_MAX + 1);
        for bad in [
            "", " a", "a b", "a+b", "-a", ".a", "/a", "ä", "a\n", "—", &longer,
        ] {
            assert_eq!(bad.parse::<KeyName>(), Err(KeyNameError), "{bad:?}");
        }
    }
}
