//! Names of header fields, and the one list of those that only the host may write.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Longest name of a header field, in bytes.
pub const HEADER_NAME_BYTES_MAX: usize = 128;

/// Header fields that belong to the host: they say where a message goes, where it ends, what becomes of the connection, or that the
/// method or the path is another one than that of the first line. Whoever wrote them could make two readers see two different
/// requests, and only one of them is what the grant was asked about.
const HOSTS_OWN: [&str; 20] = [
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

/// How the names begin by which proxies say whom a request comes from, and for which host, port and path it was meant.
const PROXIES: &str = "x-forwarded-";

/// The name of a header field, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderName(String);

/// Why a text is no name of a header field that a grant can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderNameError {
    /// Not a name, or not in lower case.
    #[error(
        "{found} is no header: write its name in lower case, letters, digits, '-' and '_', at most {HEADER_NAME_BYTES_MAX}"
    )]
    Form {
        /// What was written, quoted.
        found: String,
    },
    /// A header that only the host writes.
    #[error("the header {name} is written by the host alone")]
    HostsOwn {
        /// Its name.
        name: String,
    },
}

impl HeaderName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a header of this name, in lower case, is written by the host alone. `_` counts as `-`: servers that make variables of
    /// headers can't tell them apart.
    #[must_use]
    pub fn is_hosts_own(name: &str) -> bool {
        let name = name.replace('_', "-");
        HOSTS_OWN.contains(&name.as_str()) || name.starts_with(PROXIES)
    }
}

impl FromStr for HeaderName {
    type Err = HeaderNameError;

    fn from_str(text: &str) -> Result<Self, HeaderNameError> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
        if text.is_empty() || text.len() > HEADER_NAME_BYTES_MAX || !text.bytes().all(fits) {
            return Err(HeaderNameError::Form {
                found: crate::text::quoted(text),
            });
        }
        if Self::is_hosts_own(text) {
            return Err(HeaderNameError::HostsOwn {
                name: text.to_owned(),
            });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for HeaderName {
    type Error = HeaderNameError;

    fn try_from(text: String) -> Result<Self, HeaderNameError> {
        text.parse()
    }
}

impl From<HeaderName> for String {
    fn from(name: HeaderName) -> Self {
        name.0
    }
}
