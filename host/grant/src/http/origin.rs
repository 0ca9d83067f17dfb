//! Scheme, host and port: what a connection is made to, and what a secret is bound to.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Host, HttpError, Scheme, split_url};

/// One origin: `https://erp.example`, `http://127.0.0.1:8080`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: u16,
}

impl Origin {
    pub(crate) fn new(scheme: Scheme, host: Host, port: u16) -> Self {
        Self { scheme, host, port }
    }

    pub(super) fn into_parts(self) -> (Scheme, Host, u16) {
        (self.scheme, self.host, self.port)
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, also if it is the scheme's own.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What stands after `://`, and in a `Host` header: the port only if it is not the scheme's own.
    #[must_use]
    pub fn host_and_port(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Origin {
    type Err = HttpError;

    fn from_str(text: &str) -> Result<Self, HttpError> {
        match split_url(text)? {
            (origin, "") => Ok(origin),
            _ => Err(HttpError::NotOrigin),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host_and_port())
    }
}

impl TryFrom<String> for Origin {
    type Error = HttpError;

    fn try_from(text: String) -> Result<Self, HttpError> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}
