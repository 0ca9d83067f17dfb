//! Methods: one, and sets of them. A method that is not in the list can't be granted, so it can't be asked for either.

use std::{fmt, str::FromStr};

use super::HttpError;

/// The methods that can be granted, in canonical order.
pub(super) const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// One HTTP method, of those that can be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method(u8);

/// A set of one or more HTTP methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Methods(u8);

impl Method {
    /// `DELETE`
    pub const DELETE: Method = Method(0);
    /// `GET`
    pub const GET: Method = Method(1);
    /// `HEAD`
    pub const HEAD: Method = Method(2);
    /// `OPTIONS`
    pub const OPTIONS: Method = Method(3);
    /// `PATCH`
    pub const PATCH: Method = Method(4);
    /// `POST`
    pub const POST: Method = Method(5);
    /// `PUT`
    pub const PUT: Method = Method(6);

    /// The method's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        METHODS[usize::from(self.0)]
    }

    /// Whether it only asks: by HTTP's definition the server's state stays as it was.
    #[must_use]
    pub fn is_safe(self) -> bool {
        matches!(self, Method::GET | Method::HEAD | Method::OPTIONS)
    }

    /// Whether sending it twice is the same as sending it once.
    #[must_use]
    pub fn is_idempotent(self) -> bool {
        self.is_safe() || matches!(self, Method::PUT | Method::DELETE)
    }
}

impl Methods {
    /// Whether all of `other` are in this set.
    #[must_use]
    pub fn covers(self, other: Methods) -> bool {
        self.0 & other.0 == other.0
    }

    /// The methods in both sets, if there are any.
    #[must_use]
    pub fn intersect(self, other: Methods) -> Option<Methods> {
        let both = self.0 & other.0;
        (both != 0).then_some(Self(both))
    }

    /// Whether this method is in the set.
    #[must_use]
    pub fn contains(self, method: Method) -> bool {
        self.covers(method.into())
    }

    /// Whether every method of the set only asks.
    #[must_use]
    pub fn are_safe(self) -> bool {
        self.iter().all(Method::is_safe)
    }

    /// The methods in canonical order.
    pub fn iter(self) -> impl Iterator<Item = Method> {
        (0..7)
            .map(Method)
            .filter(move |method| self.0 & 1 << method.0 != 0)
    }

    /// How many there are.
    pub(crate) fn count(self) -> u32 {
        self.0.count_ones()
    }
}

impl From<Method> for Methods {
    fn from(method: Method) -> Self {
        Self(1 << method.0)
    }
}

impl FromStr for Method {
    type Err = HttpError;

    fn from_str(text: &str) -> Result<Self, HttpError> {
        (0..7)
            .map(Method)
            .find(|method| method.as_str() == text)
            .ok_or_else(|| HttpError::Method {
                found: crate::text::quoted(text),
            })
    }
}

impl FromStr for Methods {
    type Err = HttpError;

    fn from_str(text: &str) -> Result<Self, HttpError> {
        text.split(',').try_fold(Self(0), |set, word| {
            let method: Method = word.parse()?;
            Ok(Self(set.0 | Self::from(method).0))
        })
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, method) in self.iter().enumerate() {
            write!(f, "{}{method}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}
