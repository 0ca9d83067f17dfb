//! What an `http:` capability names and what a request asks for: methods and URLs, all explicit. Knows nothing of sockets or name
//! resolution.
//!
//! There is one spelling for every pattern, so that equal text and equal meaning are the same thing: what could be written in two
//! ways (a percent-encoded letter, a host in capitals, a `..` segment) is refused, not repaired.

mod action;
mod header;
mod method;
mod origin;
mod path;
mod target;
#[cfg(test)]
mod tests;
mod unfit;

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

pub use self::{
    action::HttpRequest,
    header::{HEADER_NAME_BYTES_MAX, HeaderName, HeaderNameError},
    method::{Method, Methods},
    origin::Origin,
    path::{URL_PATH_BYTES_MAX, UrlPath},
    target::{QUERY_BYTES_MAX, Target},
    unfit::UnfitRequest,
};

const HOST_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// `http` or `https`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Without encryption.
    Http,
    /// With TLS.
    Https,
}

/// A host, named or by address. Never a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A DNS name in lower case.
    Name(String),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address; in brackets where it is written.
    V6(Ipv6Addr),
}

/// Why a text names no URL or method.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// There are not two parts.
    #[error("write methods, one space and a URL: `http:GET,POST https://host/path/**`")]
    Form,
    /// Not a known method.
    #[error("{found} is no method that can be granted; those are {}", method::METHODS.join(", "))]
    Method {
        /// What was written, quoted.
        found: String,
    },
    /// Neither `http://` nor `https://`.
    #[error("the URL starts with `https://` or `http://`")]
    Scheme,
    /// A user name or password in the URL.
    #[error("a URL has no user name or password here; credentials go in a header")]
    UserInfo,
    /// Not a host.
    #[error(
        "{found} is no host: write a DNS name in lower case, an IPv4 address, or an IPv6 address in brackets; no wildcards"
    )]
    Host {
        /// What was written, quoted.
        found: String,
    },
    /// Not a port.
    #[error("{found} is no port: write a number from 1 to 65535")]
    Port {
        /// What was written, quoted.
        found: String,
    },
    /// There is no path.
    #[error("the path is missing: write `/` for the root alone, `/**` for everything")]
    NoPath,
    /// The path is too long.
    #[error("the path has {bytes} bytes; it may have at most {URL_PATH_BYTES_MAX}")]
    PathTooLong {
        /// How many it has.
        bytes: usize,
    },
    /// An empty, `.` or `..` segment, or one that is so before its first `;`.
    #[error(
        "'//', '.' and '..' are not allowed in a path, nor before a ';' in it; write the path that is meant"
    )]
    Segment,
    /// A query or fragment.
    #[error("a capability names no query and no fragment; it stops at the path")]
    Query,
    /// A fragment in a request's URL.
    #[error("a request's URL has no fragment; take out '#' and what follows")]
    Fragment,
    /// The query is too long.
    #[error("the query has {bytes} bytes; it may have at most {QUERY_BYTES_MAX}")]
    QueryTooLong {
        /// How many it has.
        bytes: usize,
    },
    /// An origin with something after the port.
    #[error(
        "an origin is scheme, host and port alone: `https://host[:port]`, without a path or a slash at the end"
    )]
    NotOrigin,
    /// `*` elsewhere than in a final `/**`.
    #[error("'*' is only allowed as a final `/**`")]
    Wildcard,
    /// Percent-encoding of what needs none or must not be hidden, or not in its one spelling.
    #[error(
        "percent-encoding is %XX with capital digits, only for what can't stand for itself, and never for '/', '\\', '%' or controls"
    )]
    Percent,
    /// Percent-encoded bytes that are no text.
    #[error("percent-encoded bytes in a path have to be UTF-8, in its shortest form")]
    Utf8,
    /// A character that URLs don't have.
    #[error("{found:?} is not allowed in a URL; percent-encode it")]
    Character {
        /// The first such character.
        found: char,
    },
}

impl Scheme {
    /// The port that is meant when none is written.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }

    /// The text before `://`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

impl Host {
    /// The address, if it is written as one. Such a host is never looked up.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Host::Name(_) => None,
            Host::V4(address) => Some(IpAddr::V4(*address)),
            Host::V6(address) => Some(IpAddr::V6(*address)),
        }
    }
}

impl FromStr for Host {
    type Err = HttpError;

    fn from_str(text: &str) -> Result<Self, HttpError> {
        let refused = || HttpError::Host {
            found: crate::text::quoted(text),
        };
        if let Some(inner) = text.strip_prefix('[') {
            let address = inner.strip_suffix(']').ok_or_else(refused)?;
            return address.parse().map(Self::V6).map_err(|_| refused());
        }
        let last = text.rsplit('.').next().unwrap_or(text);
        if is_number(last) {
            return text.parse().map(Self::V4).map_err(|_| refused());
        }
        let fits = text.len() <= HOST_BYTES_MAX && text.split('.').all(is_label);
        if fits {
            Ok(Self::Name(text.to_owned()))
        } else {
            Err(refused())
        }
    }
}

/// Whether resolvers may read this last label as part of an IPv4 address, in any of the old spellings.
fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x");
    let digits = hex.unwrap_or(label);
    (hex.is_some() || !digits.is_empty())
        && digits.bytes().all(|b| {
            if hex.is_some() {
                b.is_ascii_hexdigit()
            } else {
                b.is_ascii_digit()
            }
        })
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= LABEL_BYTES_MAX
        && label
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::V4(address) => write!(f, "{address}"),
            Host::V6(address) => write!(f, "[{address}]"),
        }
    }
}

/// The origin of `https://host:port/path?query`, and what follows it.
fn split_url(text: &str) -> Result<(Origin, &str), HttpError> {
    let (scheme, rest) = if let Some(rest) = text.strip_prefix("https://") {
        (Scheme::Https, rest)
    } else if let Some(rest) = text.strip_prefix("http://") {
        (Scheme::Http, rest)
    } else {
        return Err(HttpError::Scheme);
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    if authority.contains('@') {
        return Err(HttpError::UserInfo);
    }
    let (host, port) = split_port(authority);
    let host = host.parse()?;
    let port = match port {
        Some(text) => parse_port(text)?,
        None => scheme.default_port(),
    };
    Ok((Origin::new(scheme, host, port), rest))
}

/// The parts of a capability's `https://host:port/path`.
pub(crate) fn parse_url(text: &str) -> Result<(Scheme, Host, u16, UrlPath), HttpError> {
    let (origin, path) = split_url(text)?;
    if path.starts_with(['?', '#']) {
        return Err(HttpError::Query);
    }
    let path = path.parse()?;
    let (scheme, host, port) = origin.into_parts();
    Ok((scheme, host, port, path))
}

/// The port after the last colon that is not inside an IPv6 address.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rfind(':') {
        Some(colon) if !authority[colon..].contains(']') => {
            (&authority[..colon], Some(&authority[colon + 1..]))
        }
        _ => (authority, None),
    }
}

fn parse_port(text: &str) -> Result<u16, HttpError> {
    let refused = || HttpError::Port {
        found: crate::text::quoted(text),
    };
    if text.starts_with('0') || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(refused());
    }
    text.parse().map_err(|_| refused())
}
