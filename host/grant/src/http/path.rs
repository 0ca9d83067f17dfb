//! The path of a URL, compared by whole segments. Knows nothing of hosts or methods.

use std::{fmt, str::FromStr};

use super::HttpError;

/// Longest path of a URL pattern, in bytes.
pub const URL_PATH_BYTES_MAX: usize = 1024;

/// The path of a URL: exactly that one, or with `/**` at the end everything below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UrlPath {
    /// Without the `/**`; empty for `/**` alone.
    path: String,
    below: bool,
}

impl UrlPath {
    /// `/` alone.
    pub(super) fn root() -> Self {
        Self {
            path: "/".to_owned(),
            below: false,
        }
    }

    /// The text without a final `/**`, and whether there is one.
    pub(crate) fn parts(&self) -> (&str, bool) {
        (&self.path, self.below)
    }

    /// Whether every path that `other` stands for is one that this stands for, by whole segments. `/a/**` stands for what is below
    /// `/a`, not for `/a` itself.
    #[must_use]
    pub fn covers(&self, other: &UrlPath) -> bool {
        if !self.below {
            return self == other;
        }
        match other.path.strip_prefix(self.path.as_str()) {
            Some(rest) => rest.starts_with('/') || other.below && rest.is_empty(),
            None => false,
        }
    }

    /// The paths that both stand for. Two patterns never overlap in part: one covers the other, or they have nothing in common.
    #[must_use]
    pub fn intersect(&self, other: &UrlPath) -> Option<UrlPath> {
        if self.covers(other) {
            Some(other.clone())
        } else {
            other.covers(self).then(|| self.clone())
        }
    }
}

impl FromStr for UrlPath {
    type Err = HttpError;

    fn from_str(text: &str) -> Result<Self, HttpError> {
        if text.len() > URL_PATH_BYTES_MAX {
            return Err(HttpError::PathTooLong { bytes: text.len() });
        }
        let (path, below) = match text.strip_suffix("/**") {
            Some(path) => (path, true),
            None => (text, false),
        };
        if !below && path == "/" || below && path.is_empty() {
            return Ok(Self {
                path: path.to_owned(),
                below,
            });
        }
        let segments = path.strip_prefix('/').ok_or(HttpError::NoPath)?;
        // One empty segment at the end is a path of its own in HTTP: `/orders/`.
        let inner = if below {
            segments
        } else {
            segments.strip_suffix('/').unwrap_or(segments)
        };
        if inner.split('/').any(leads_elsewhere) {
            return Err(HttpError::Segment);
        }
        characters(segments)?;
        Ok(Self {
            path: path.to_owned(),
            below,
        })
    }
}

/// Whether a segment is no name but a step, or becomes one at servers that take parameters off before they walk the path: to them
/// `..;x` is `..`.
fn leads_elsewhere(segment: &str) -> bool {
    let end = [segment.find(';'), segment.find("%3B")];
    let end = end.into_iter().flatten().min().unwrap_or(segment.len());
    matches!(&segment[..end], "" | "." | "..")
}

fn characters(text: &str) -> Result<(), HttpError> {
    let mut rest = text.chars();
    let mut encoded = Vec::new();
    while let Some(c) = rest.next() {
        if c != '%' {
            whole(&mut encoded)?;
        }
        match c {
            '?' | '#' => return Err(HttpError::Query),
            '*' => return Err(HttpError::Wildcard),
            '%' => {
                let digits = [rest.next(), rest.next()];
                encoded.push(percent(digits).ok_or(HttpError::Percent)?);
            }
            // All that RFC 3986 has for a path but `'`, which would end the quotes of a pasted remedy.
            _ if is_unreserved(c) || "/!$&()+,;=:@".contains(c) => {}
            found => return Err(HttpError::Character { found }),
        }
    }
    whole(&mut encoded)
}

/// That bytes which were written one after the other are characters. What is none (`%C0%AE`, a dot in too many bytes) is read by some
/// servers as one that may not be hidden.
fn whole(encoded: &mut Vec<u8>) -> Result<(), HttpError> {
    let bytes = std::mem::take(encoded);
    std::str::from_utf8(&bytes).map_err(|_| HttpError::Utf8)?;
    Ok(())
}

/// The byte that two digits after `%` stand for, if it may be written so.
fn percent(digits: [Option<char>; 2]) -> Option<u8> {
    let digit = |c: Option<char>| {
        c.filter(|c| !c.is_ascii_lowercase())
            .and_then(|c| c.to_digit(16))
    };
    let byte = u8::try_from(digit(digits[0])? << 4 | digit(digits[1])?).ok()?;
    let c = char::from(byte);
    let hides = is_unreserved(c) || matches!(c, '/' | '\\' | '%' | '*') || c.is_ascii_control();
    if hides { None } else { Some(byte) }
}

pub(super) fn is_unreserved(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~')
}

impl fmt::Display for UrlPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.path, if self.below { "/**" } else { "" })
    }
}
