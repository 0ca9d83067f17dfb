//! Why an exchange gave no response: in plain words, as a code of `wasi:http`, and with what mends it.

use writ_grant::{Denied, Origin};

/// A request that got no response that can be handed on. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpFailure {
    /// The policy said no: to a redirect, to a secret, or to every address that the host's name leads to.
    #[error("{0}")]
    Denied(Box<Denied>),
    /// A header that this request may not have.
    #[error("the request's header {name} {flaw}")]
    RequestHeader {
        /// Its name.
        name: String,
        /// What is wrong.
        flaw: HeaderFlaw,
    },
    /// A request that is too large.
    #[error("the request has {found} {size}; it may have at most {max}")]
    RequestSize {
        /// What there is too much of.
        size: Size,
        /// How much there is.
        found: u64,
        /// How much there may be.
        max: u64,
    },
    /// A secret that is permitted, and that this host has no value for.
    #[error("the secret {name} has no value on this host")]
    NoSecret {
        /// Its name.
        name: String,
    },
    /// The host's name leads nowhere.
    #[error("the host {host} {flaw}")]
    Resolve {
        /// The host.
        host: String,
        /// Why.
        flaw: ResolveFlaw,
    },
    /// No connection.
    #[error("no connection to {origin}: {flaw}")]
    Connect {
        /// Where to.
        origin: Origin,
        /// Why.
        flaw: ConnectFlaw,
    },
    /// No TLS.
    #[error("no TLS with {origin}: {reason}")]
    Tls {
        /// Where to.
        origin: Origin,
        /// Whether it is the server's certificate that is not trusted.
        certificate: bool,
        /// Why.
        reason: String,
    },
    /// It took too long.
    #[error("{origin} did not {phase} within {ms} ms")]
    Timeout {
        /// Where to.
        origin: Origin,
        /// What took too long.
        phase: Phase,
        /// The bound.
        ms: u64,
        /// Whether the request had begun to be sent.
        sent: bool,
    },
    /// A response that can't be handed on.
    #[error("the response of {origin} {flaw}")]
    Response {
        /// From where.
        origin: Origin,
        /// What is wrong with it.
        flaw: ResponseFlaw,
    },
    /// A redirect that can't be followed.
    #[error("the redirect of {origin} {flaw}")]
    Redirect {
        /// From where.
        origin: Origin,
        /// What is wrong with it.
        flaw: RedirectFlaw,
    },
    /// One of these, after requests of the same chain of redirects that were answered.
    #[error("after {hops} answered with a redirect: {failure}")]
    Later {
        /// How many were answered.
        hops: usize,
        /// What happened then.
        failure: Box<HttpFailure>,
    },
}

/// What is wrong with a header of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFlaw {
    /// It is for the host to write.
    #[error("is written by the host alone")]
    HostsOwn,
    /// It holds a credential that no grant speaks of.
    #[error("may only be sent with a secret that the host puts in")]
    Credential,
    /// A placeholder that nobody was asked about.
    #[error("asks for a secret without a permit for it")]
    Placeholder,
}

/// What there can be too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Size {
    /// The header fields.
    #[error("header fields")]
    HeaderCount,
    /// The header fields, in bytes.
    #[error("bytes of headers")]
    HeaderBytes,
    /// The body, in bytes.
    #[error("bytes of body")]
    BodyBytes,
}

/// Why a name leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveFlaw {
    /// There is no such name, or it has no addresses.
    #[error("has no address")]
    NotFound,
    /// The name servers did not answer in time.
    #[error("could not be looked up within {ms} ms")]
    Timeout {
        /// The bound.
        ms: u64,
    },
    /// The name servers did not answer, or not well.
    #[error("could not be looked up: {reason}")]
    Failed {
        /// Why.
        reason: String,
    },
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectFlaw {
    /// Nobody listens there.
    #[error("it was refused")]
    Refused,
    /// There is no way there.
    #[error("there is no route to it")]
    Unreachable,
    /// Nobody answered.
    #[error("it was not made within {ms} ms")]
    Timeout {
        /// The bound.
        ms: u64,
    },
    /// Something else.
    #[error("{reason}")]
    Failed {
        /// Why.
        reason: String,
    },
}

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Phase {
    /// From the first byte sent to the response's head.
    #[error("begin to answer")]
    FirstByte,
    /// The whole.
    #[error("answer to the end")]
    Exchange,
}

/// Why a response can't be handed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseFlaw {
    /// The connection was closed before there was one.
    #[error("never came: the connection was closed")]
    Closed,
    /// It ended in the middle.
    #[error("ended before it was complete")]
    Incomplete,
    /// It is not HTTP.
    #[error("is not HTTP/1.1: {reason}")]
    Protocol {
        /// Why.
        reason: String,
    },
    /// It says in two ways where it ends.
    #[error("says in more than one way where it ends")]
    Length,
    /// The header is too large.
    #[error("has a header of more than {bytes_max} bytes or {count_max} fields")]
    Header {
        /// The bound on its bytes.
        bytes_max: usize,
        /// The bound on its fields.
        count_max: usize,
    },
    /// The body is too large.
    #[error("has a body of more than {bytes_max} bytes")]
    Body {
        /// The bound.
        bytes_max: u64,
    },
    /// A content coding that this host can't undo, or that is broken.
    #[error("has a body that cannot be decoded: {reason}")]
    Coding {
        /// Why.
        reason: String,
    },
    /// A few bytes that would become very many.
    #[error("has a body that grows out of proportion when it is decoded")]
    Bomb,
}

/// Why a redirect can't be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectFlaw {
    /// There were too many before it.
    #[error("is one too many: at most {hops_max} are followed")]
    TooMany {
        /// The bound.
        hops_max: u32,
    },
    /// It leads to no URL.
    #[error("leads to no URL that a request can have: {reason}")]
    Location {
        /// Why.
        reason: String,
    },
}

impl HttpFailure {
    /// The case of `wasi:http`'s `error-code` that says the same to a guest, by its name in WIT. It tells a guest less than the text.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            HttpFailure::Denied(denied) => denied_code(denied),
            HttpFailure::RequestHeader { .. } => "HTTP-request-denied",
            HttpFailure::RequestSize { size, .. } => match size {
                Size::HeaderCount | Size::HeaderBytes => "HTTP-request-header-section-size",
                Size::BodyBytes => "HTTP-request-body-size",
            },
            HttpFailure::NoSecret { .. } => "configuration-error",
            HttpFailure::Resolve { flaw, .. } => match flaw {
                ResolveFlaw::NotFound => "destination-not-found",
                ResolveFlaw::Timeout { .. } => "DNS-timeout",
                ResolveFlaw::Failed { .. } => "DNS-error",
            },
            HttpFailure::Connect { flaw, .. } => match flaw {
                ConnectFlaw::Refused => "connection-refused",
                ConnectFlaw::Unreachable => "destination-IP-unroutable",
                ConnectFlaw::Timeout { .. } => "connection-timeout",
                ConnectFlaw::Failed { .. } => "destination-unavailable",
            },
            HttpFailure::Tls {
                certificate: true, ..
            } => "TLS-certificate-error",
            HttpFailure::Tls { .. } => "TLS-protocol-error",
            HttpFailure::Timeout { .. } => "HTTP-response-timeout",
            HttpFailure::Response { flaw, .. } => flaw.code(),
            HttpFailure::Redirect { flaw, .. } => match flaw {
                RedirectFlaw::TooMany { .. } => "loop-detected",
                RedirectFlaw::Location { .. } => "HTTP-protocol-error",
            },
            HttpFailure::Later { failure, .. } => failure.code(),
        }
    }

    /// Whether the request may have reached the server. If not, nothing can have happened there.
    #[must_use]
    pub fn sent(&self) -> bool {
        match self {
            HttpFailure::Timeout { sent, .. } => *sent,
            HttpFailure::Response { .. }
            | HttpFailure::Redirect { .. }
            | HttpFailure::Later { .. } => true,
            HttpFailure::Denied(_)
            | HttpFailure::RequestHeader { .. }
            | HttpFailure::RequestSize { .. }
            | HttpFailure::NoSecret { .. }
            | HttpFailure::Resolve { .. }
            | HttpFailure::Connect { .. }
            | HttpFailure::Tls { .. } => false,
        }
    }

    /// The policy's refusal, if that is what it was.
    #[must_use]
    pub fn denied(&self) -> Option<&Denied> {
        match self {
            HttpFailure::Denied(denied) => Some(denied),
            HttpFailure::Later { failure, .. } => failure.denied(),
            HttpFailure::RequestHeader { .. }
            | HttpFailure::RequestSize { .. }
            | HttpFailure::NoSecret { .. }
            | HttpFailure::Resolve { .. }
            | HttpFailure::Connect { .. }
            | HttpFailure::Tls { .. }
            | HttpFailure::Timeout { .. }
            | HttpFailure::Response { .. }
            | HttpFailure::Redirect { .. } => None,
        }
    }

    /// What to do about it, where something can be done here.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        match self {
            HttpFailure::Denied(denied) => Some(denied.remedy()),
            HttpFailure::RequestHeader { flaw, name } => flaw.remedy(name),
            HttpFailure::NoSecret { name } => Some(format!(
                "add [secrets.{name}] with `file`, `env` or `fd` to writ.toml"
            )),
            HttpFailure::Resolve { .. } => {
                Some("check the name, and `nameservers` under [network] in writ.toml".to_owned())
            }
            HttpFailure::Tls {
                certificate: true, ..
            } => Some(
                "if its certificate comes from an authority of your own, name that authority's file in `ca_files` under [network] in \
                 writ.toml"
                    .to_owned(),
            ),
            HttpFailure::Later { failure, .. } => failure.remedy(),
            HttpFailure::RequestSize { .. }
            | HttpFailure::Connect { .. }
            | HttpFailure::Tls { .. }
            | HttpFailure::Timeout { .. }
            | HttpFailure::Response { .. }
            | HttpFailure::Redirect { .. } => None,
        }
    }
}

fn denied_code(denied: &Denied) -> &'static str {
    match denied.bound.as_deref() {
        Some(writ_grant::Bound::Addresses { .. }) => "destination-IP-prohibited",
        Some(writ_grant::Bound::Secret { .. }) | None => "HTTP-request-denied",
    }
}

impl HeaderFlaw {
    fn remedy(self, name: &str) -> Option<String> {
        match self {
            HeaderFlaw::HostsOwn => Some(format!("leave {name} out of the request")),
            HeaderFlaw::Credential => Some(format!(
                "write {{{{secret:NAME}}}} in {name}, request and grant `secret:use:NAME`, and give the secret a value in writ.toml"
            )),
            HeaderFlaw::Placeholder => None,
        }
    }
}

impl ResponseFlaw {
    fn code(&self) -> &'static str {
        match self {
            ResponseFlaw::Closed => "connection-terminated",
            ResponseFlaw::Incomplete => "HTTP-response-incomplete",
            ResponseFlaw::Protocol { .. } => "HTTP-protocol-error",
            ResponseFlaw::Length => "HTTP-response-transfer-coding",
            ResponseFlaw::Header { .. } => "HTTP-response-header-section-size",
            ResponseFlaw::Body { .. } | ResponseFlaw::Bomb => "HTTP-response-body-size",
            ResponseFlaw::Coding { .. } => "HTTP-response-content-coding",
        }
    }
}

impl From<Denied> for HttpFailure {
    fn from(denied: Denied) -> Self {
        Self::Denied(Box::new(denied))
    }
}
