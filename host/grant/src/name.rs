//! The names that capabilities contain: buckets, keys, secrets, roles, environment variables. No wildcards, no spaces, bounded.

use std::{fmt, str::FromStr};

/// Longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 128;

/// A name of a bucket, key, secret, model, space, role, plugin or function: a letter or digit, then letters, digits, `.`, `_`, `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// A name of an environment variable: a letter or `_`, then letters, digits, `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvName(String);

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing stands where a name should.
    #[error("the name is missing")]
    Empty,
    /// The name is too long.
    #[error("the name has {bytes} bytes; a name has at most {NAME_BYTES_MAX}")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// A character that names don't have. Also what a wildcard is told.
    #[error("{found:?} has no place in this name; {allowed}")]
    Character {
        /// The first such character.
        found: char,
        /// What names are made of.
        allowed: &'static str,
    },
}

const NAME_ALPHABET: &str =
    "a name is a letter or digit, then letters, digits, '.', '_' and '-'; there are no wildcards";
const ENV_ALPHABET: &str = "an environment variable is a letter or '_', then letters, digits and '_'; there are no wildcards";

fn is_name(position: usize, c: char) -> bool {
    c.is_ascii_alphanumeric() || position > 0 && matches!(c, '.' | '_' | '-')
}

fn is_env(position: usize, c: char) -> bool {
    c == '_' || c.is_ascii_alphabetic() || position > 0 && c.is_ascii_digit()
}

fn checked(
    text: &str,
    fits: fn(usize, char) -> bool,
    allowed: &'static str,
) -> Result<String, NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > NAME_BYTES_MAX {
        return Err(NameError::TooLong { bytes: text.len() });
    }
    match text
        .chars()
        .enumerate()
        .find(|(position, c)| !fits(*position, *c))
    {
        Some((_, found)) => Err(NameError::Character { found, allowed }),
        None => Ok(text.to_owned()),
    }
}

/// What comes nearest to a text that a guest made up: every character that doesn't fit becomes `fill`.
fn made_to_fit(text: &str, fits: fn(usize, char) -> bool, fill: char) -> String {
    let fitted: String = text
        .chars()
        .take(NAME_BYTES_MAX)
        .enumerate()
        .map(|(i, c)| if fits(i, c) { c } else { fill })
        .collect();
    if fitted.is_empty() {
        fill.to_string()
    } else {
        fitted
    }
}

impl Name {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name nearest to a text, and whether it is the text.
    pub(crate) fn near(text: &str) -> (Self, bool) {
        match text.parse() {
            Ok(name) => (name, true),
            Err(_) => (Self(made_to_fit(text, is_name, 'x')), false),
        }
    }
}

impl EnvName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name nearest to a text, and whether it is the text.
    pub(crate) fn near(text: &str) -> (Self, bool) {
        match text.parse() {
            Ok(name) => (name, true),
            Err(_) => (Self(made_to_fit(text, is_env, '_')), false),
        }
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        checked(text, is_name, NAME_ALPHABET).map(Self)
    }
}

impl FromStr for EnvName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        checked(text, is_env, ENV_ALPHABET).map(Self)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for EnvName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in [
            "seen",
            "erp.currency",
            "2fast",
            "A_b-c",
            &"n".repeat(NAME_BYTES_MAX),
        ] {
            assert_eq!(good.parse::<Name>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "*",
            "se*",
            ".hidden",
            "-x",
            "_x",
            "a b",
            "a/b",
            "a:b",
            "ä",
            "a\0",
            &"n".repeat(NAME_BYTES_MAX + 1),
        ] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }

    #[test]
    fn environment_names() {
        for good in ["HOME", "_x", "a1"] {
            assert_eq!(good.parse::<EnvName>().unwrap().as_str(), good);
        }
        for bad in ["", "1a", "A-B", "A=B", "A.B", "*"] {
            assert!(bad.parse::<EnvName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn anything_can_be_made_to_fit() {
        for text in ["", "ä ö", "../x", &"é".repeat(1000), "fine"] {
            let (name, same) = Name::near(text);
            assert_eq!(name.as_str().parse::<Name>().as_ref(), Ok(&name));
            assert_eq!(same, name.as_str() == text);
            let (name, same) = EnvName::near(text);
            assert_eq!(name.as_str().parse::<EnvName>().as_ref(), Ok(&name));
            assert_eq!(same, name.as_str() == text);
        }
    }
}
