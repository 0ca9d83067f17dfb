//! What may stand in a request, and what of a response is handed on. Moves no bytes.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use http_body_util::Full;
use writ_grant::{HttpRequest, Method};

use crate::{
    failure::{HeaderFlaw, HttpFailure, ResponseFlaw, Size},
    limits::Limits,
    secrets::{Injection, SECRET_BYTES_MAX, placeholders},
};

/// The part of a request that the permit doesn't say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Header fields. None that [`is_forbidden`]; credentials as placeholders only.
    pub headers: HeaderMap,
    /// The body; its length is sent with it.
    pub body: Bytes,
}

/// A response, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header fields, without those of the connection.
    pub headers: HeaderMap,
    /// The body as it came, its content coding not undone.
    pub body: Bytes,
}

/// Header fields of a response that are about the connection that it came over.
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Header fields by which a request says who sends it. No grant speaks of a credential that a component brings along, so it may only
/// send one that the host puts in.
const CREDENTIALS: [HeaderName; 2] = [header::AUTHORIZATION, header::COOKIE];

/// Whether only the host may write this header field of a request.
#[must_use]
pub fn is_forbidden(name: &HeaderName) -> bool {
    writ_grant::HeaderName::is_hosts_own(name.as_str())
}

/// The request as it is sent, secrets put in. Nobody is asked here: what has no permit is refused.
pub(crate) fn outgoing(
    action: &HttpRequest,
    request: Request,
    injection: &Injection,
    limits: &Limits,
) -> Result<http::Request<Full<Bytes>>, HttpFailure> {
    let origin = action.target.origin();
    check_size(&request, limits)?;
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 3);
    let host = HeaderValue::try_from(origin.host_and_port()).expect("a host is ASCII");
    headers.insert(header::HOST, host);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    // Always said where a body has a meaning, also of an empty one: some servers ask for it.
    let has_body = matches!(action.method, Method::PATCH | Method::POST | Method::PUT);
    if has_body || !request.body.is_empty() {
        headers.insert(header::CONTENT_LENGTH, request.body.len().into());
    }
    for (name, value) in &request.headers {
        check_header(name, value)?;
        headers.append(name, injection.filled(origin, name, value)?);
    }
    let mut outgoing = http::Request::new(Full::new(request.body));
    *outgoing.method_mut() = action
        .method
        .as_str()
        .parse()
        .expect("each method of a grant is one of HTTP");
    *outgoing.uri_mut() = action
        .target
        .path_and_query()
        .parse()
        .expect("what a target may contain is narrower than what a URI may");
    *outgoing.headers_mut() = headers;
    Ok(outgoing)
}

fn check_header(name: &HeaderName, value: &HeaderValue) -> Result<(), HttpFailure> {
    let refused = |flaw| HttpFailure::RequestHeader {
        name: name.as_str().to_owned(),
        flaw,
    };
    if is_forbidden(name) {
        return Err(refused(HeaderFlaw::HostsOwn));
    }
    if CREDENTIALS.contains(name) && placeholders(value.as_bytes()).next().is_none() {
        return Err(refused(HeaderFlaw::Credential));
    }
    Ok(())
}

fn check_size(request: &Request, limits: &Limits) -> Result<(), HttpFailure> {
    let wide = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    for (size, found, max) in [
        (
            Size::HeaderCount,
            wide(request.headers.len()),
            wide(limits.header_count_max),
        ),
        (
            Size::HeaderBytes,
            wide(filled_bytes(&request.headers)),
            wide(limits.header_bytes_max),
        ),
        (
            Size::BodyBytes,
            wide(request.body.len()),
            limits.request_body_bytes_max,
        ),
    ] {
        if found > max {
            return Err(HttpFailure::RequestSize { size, found, max });
        }
    }
    Ok(())
}

/// As many bytes as the fields of a request take once its placeholders are filled, each counted as the longest value that there can be:
/// so a request is refused whatever the secret is today, and the refusal tells nobody how long it is.
fn filled_bytes(headers: &HeaderMap) -> usize {
    let values = headers.values();
    let places = values.flat_map(|value| placeholders(value.as_bytes()));
    header_bytes(headers) + places.count() * SECRET_BYTES_MAX
}

/// As many bytes as the fields take in a message.
pub(crate) fn header_bytes(headers: &HeaderMap) -> usize {
    const COLON_SPACE_NEWLINE: usize = 4;
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + COLON_SPACE_NEWLINE)
        .sum()
}

/// That a response says in one way only where it ends. Two readers of one that says two things could see two different responses.
pub(crate) fn check_framing(headers: &HeaderMap) -> Result<(), ResponseFlaw> {
    let lengths: Vec<&HeaderValue> = headers.get_all(header::CONTENT_LENGTH).iter().collect();
    let codings: Vec<&HeaderValue> = headers.get_all(header::TRANSFER_ENCODING).iter().collect();
    match (&lengths[..], &codings[..]) {
        ([], []) => Ok(()),
        ([length], []) if length.as_bytes().iter().all(u8::is_ascii_digit) => Ok(()),
        ([], [coding]) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(ResponseFlaw::Length),
    }
}

/// Takes out what was about the connection, also what the response itself says was.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}
