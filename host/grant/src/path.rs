//! Paths as a guest sees them: absolute and in normal form, compared by whole segments. Knows nothing of host folders or links.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Longest guest path, in bytes.
pub const PATH_BYTES_MAX: usize = 1024;

/// An absolute path in normal form, such as `/orders` or `/`. It stands for itself and everything below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GuestPath(String);

/// Why a text is no guest path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It doesn't start at the root.
    #[error("a guest path starts with '/'")]
    NotAbsolute,
    /// It is too long.
    #[error("the path has {bytes} bytes; a guest path has at most {PATH_BYTES_MAX}")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// It ends with a slash.
    #[error("a guest path has no '/' at its end; leave it out")]
    TrailingSlash,
    /// Two slashes meet.
    #[error("two '/' meet; write one")]
    EmptySegment,
    /// A segment is `.` or `..`.
    #[error("'.' and '..' are not allowed; write the path that is meant")]
    DotSegment,
    /// A segment begins or ends with a space.
    #[error("a segment begins or ends with a space, which nobody sees")]
    OuterSpace,
    /// A control character, a mark that hides or reorders text, a backslash, a quote, `=` or a wildcard: what would be misread on a
    /// reviewer's screen, or on the command line that a remedy is pasted into.
    #[error(
        "{found:?} is not allowed in a guest path; there are no wildcards, a path stands for everything below it"
    )]
    Character {
        /// The first such character.
        found: char,
    },
}

impl GuestPath {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `other` is this path or below it, by whole segments: `/order` does not cover `/orders`.
    #[must_use]
    pub fn covers(&self, other: &GuestPath) -> bool {
        self.contains(&other.0)
    }

    /// Whether one of the two covers the other.
    #[must_use]
    pub fn overlaps(&self, other: &GuestPath) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// The lower of the two, if one covers the other.
    pub(crate) fn intersect(&self, other: &GuestPath) -> Option<GuestPath> {
        if self.covers(other) {
            Some(other.clone())
        } else {
            other.covers(self).then(|| self.clone())
        }
    }

    /// [`GuestPath::covers`] for a path that [`is_normal`].
    pub(crate) fn contains(&self, path: &str) -> bool {
        match path.strip_prefix(self.0.as_str()) {
            Some(rest) => rest.is_empty() || rest.starts_with('/') || self.0 == "/",
            None => false,
        }
    }

    /// The longest start of a normal path that a capability can name: file names may have characters that grants don't.
    pub(crate) fn start_of(path: &str) -> Self {
        let mut end = path.len();
        while end > 1 {
            if let Ok(found) = path[..end].parse() {
                return found;
            }
            end = path[..end].rfind('/').unwrap_or(0);
        }
        Self("/".to_owned())
    }
}

/// Whether a path that a guest uses is absolute and has no empty, `.` or `..` segment and no NUL, so that its text says where it
/// leads. Unlike a [`GuestPath`] it may have any other character, as file names do.
pub(crate) fn is_normal(path: &str) -> bool {
    let Some(segments) = path.strip_prefix('/') else {
        return false;
    };
    // One pass over bytes: this is part of every file's check.
    let mut segment = 0;
    let mut dots = 0;
    for byte in segments.bytes() {
        match byte {
            b'\0' => return false,
            b'/' if segment == dots && dots <= 2 => return false,
            b'/' => (segment, dots) = (0, 0),
            _ => {
                segment += 1;
                dots += usize::from(byte == b'.');
            }
        }
    }
    segments.is_empty() || segment > 2 || segment != dots
}

fn is_refused(c: char) -> bool {
    crate::text::is_unsafe(c)
        || matches!(c, '\\' | '*' | '?' | '\'' | '"' | '`' | '=')
        || c.is_whitespace() && c != ' '
}

impl FromStr for GuestPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        if text.len() > PATH_BYTES_MAX {
            return Err(PathError::TooLong { bytes: text.len() });
        }
        let segments = text.strip_prefix('/').ok_or(PathError::NotAbsolute)?;
        if let Some(found) = text.chars().find(|c| is_refused(*c)) {
            return Err(PathError::Character { found });
        }
        if segments.is_empty() {
            return Ok(Self(text.to_owned()));
        }
        if segments
            .split('/')
            .any(|segment| matches!(segment, "." | ".."))
        {
            return Err(PathError::DotSegment);
        }
        if segments.split('/').any(|segment| segment.trim() != segment) {
            return Err(PathError::OuterSpace);
        }
        if segments.starts_with('/') || segments.contains("//") {
            return Err(PathError::EmptySegment);
        }
        if segments.ends_with('/') {
            return Err(PathError::TrailingSlash);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for GuestPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for GuestPath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        text.parse()
    }
}

impl From<GuestPath> for String {
    fn from(path: GuestPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn normal_means_no_empty_and_no_dot_segments(path in "[/.a\0]{0,8}") {
            let segments: Vec<&str> = path.split('/').collect();
            let plain = |segment: &&str| !matches!(*segment, "" | "." | "..") && !segment.contains('\0');
            let expected = path == "/" || segments[0].is_empty() && segments.len() > 1 && segments[1..].iter().all(plain);
            prop_assert_eq!(is_normal(&path), expected);
        }
    }

    fn path(text: &str) -> GuestPath {
        text.parse().unwrap()
    }

    #[test]
    fn normal_form_or_a_reason() {
        for good in [
            "/",
            "/orders",
            "/a/b.c/…",
            "/with space",
            "/.hidden",
            "/...",
        ] {
            assert_eq!(path(good).as_str(), good);
        }
        for (bad, reason) in [
            ("", PathError::NotAbsolute),
            ("orders", PathError::NotAbsolute),
            ("/orders/", PathError::TrailingSlash),
            ("//", PathError::EmptySegment),
            ("//orders", PathError::EmptySegment),
            ("/a//b", PathError::EmptySegment),
            ("/a/../b", PathError::DotSegment),
            ("/..", PathError::DotSegment),
            ("/.", PathError::DotSegment),
            ("/a/.", PathError::DotSegment),
            ("/a\0b", PathError::Character { found: '\0' }),
            ("/a\nb", PathError::Character { found: '\n' }),
            ("/a\\b", PathError::Character { found: '\\' }),
            ("/orders/*", PathError::Character { found: '*' }),
            ("/a ", PathError::OuterSpace),
            ("/ /b", PathError::OuterSpace),
            ("/a'b", PathError::Character { found: '\'' }),
            ("/a=b", PathError::Character { found: '=' }),
            ("/a\u{a0}b", PathError::Character { found: '\u{a0}' }),
            ("/a\u{202e}b", PathError::Character { found: '\u{202e}' }),
        ] {
            assert_eq!(bad.parse::<GuestPath>(), Err(reason), "{bad:?}");
        }
        let long = format!("/{}", "a".repeat(PATH_BYTES_MAX));
        assert_eq!(
            long.parse::<GuestPath>(),
            Err(PathError::TooLong {
                bytes: PATH_BYTES_MAX + 1
            })
        );
    }

    #[test]
    fn covers_by_segments() {
        assert!(path("/orders").covers(&path("/orders")));
        assert!(path("/orders").covers(&path("/orders/2026/1.json")));
        assert!(path("/").covers(&path("/orders")));
        assert!(!path("/order").covers(&path("/orders")));
        assert!(!path("/orders/2026").covers(&path("/orders")));
        assert!(!path("/orders").covers(&path("/")));
        assert!(path("/orders").overlaps(&path("/")) && path("/").overlaps(&path("/orders")));
        assert!(!path("/a").overlaps(&path("/ab")));
    }

    #[test]
    fn paths_that_guests_use() {
        for good in [
            "/", "/a*b", "/a\\b", "/a b/ü", "/.a", "/...", "/.../a", "/a/..b", "/a./b",
        ] {
            assert!(is_normal(good), "{good}");
        }
        for bad in [
            "", "a", "//", "/a/", "/a/../b", "/.", "/..", "/../a", "/a/..", "/a/./b", "/a\0",
        ] {
            assert!(!is_normal(bad), "{bad}");
        }
    }

    #[test]
    fn a_start_that_a_grant_can_name() {
        for (used, start) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/b*", "/a"),
            ("/b*", "/"),
            ("/a*/b", "/"),
        ] {
            assert_eq!(GuestPath::start_of(used), path(start), "{used}");
        }
        assert_eq!(
            GuestPath::start_of(&format!("/ü/{}", "ü".repeat(PATH_BYTES_MAX))),
            path("/ü")
        );
    }
}
