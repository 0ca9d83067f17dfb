//! One request, one response, over one connection that is closed after it. Follows nothing and repeats nothing.

use std::{
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Body, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use writ_grant::{HttpRequest, Origin, Permit, Scheme};

use crate::{
    client::Client,
    coding, connect,
    failure::{ConnectFlaw, HttpFailure, Phase, ResponseFlaw},
    limits::Limits,
    message::{self, Request, Response},
    secrets::{Injection, Secrets},
    tls,
};

/// The smallest buffer that hyper reads a head into.
const READ_BUFFER_BYTES_MIN: usize = 8 * 1024;

impl Client {
    /// Sends the permitted request and returns the whole response. Dropping the future closes the connection.
    ///
    /// # Errors
    /// When the request may not be sent as it is, the host can't be reached or only at addresses that the permit doesn't reach, or
    /// the response is broken, late or too large.
    pub async fn exchange(
        &self,
        permit: Permit<HttpRequest>,
        request: Request,
        injection: Injection,
        limits: &Limits,
    ) -> Result<Response, HttpFailure> {
        let outgoing = message::outgoing(permit.action(), request, &injection, limits)?;
        let sent = AtomicBool::new(false);
        let whole = self.perform(&permit, outgoing, &sent, limits);
        let response = timeout(limits.exchange_timeout(), whole).await;
        let response = response.unwrap_or_else(|_| {
            Err(HttpFailure::Timeout {
                origin: permit.action().target.origin().clone(),
                phase: Phase::Exchange,
                ms: limits.exchange_timeout_ms,
                sent: sent.load(Ordering::Relaxed),
            })
        })?;
        shown(
            response,
            injection.secrets(),
            permit.action().target.origin(),
            limits,
        )
    }

    async fn perform(
        &self,
        permit: &Permit<HttpRequest>,
        outgoing: http::Request<Full<Bytes>>,
        sent: &AtomicBool,
        limits: &Limits,
    ) -> Result<Response, HttpFailure> {
        let origin = permit.action().target.origin();
        let found = self.inner.resolver.addresses(origin, limits).await?;
        let addresses = connect::reached(permit, &found)?;
        let connected = timeout(limits.connect_timeout(), async {
            let stream = connect::tcp(origin, &addresses, limits).await?;
            Ok(match origin.scheme() {
                Scheme::Http => Connection::Plain(stream),
                Scheme::Https => {
                    let stream = tls::handshake(&self.inner.tls, origin, stream).await?;
                    Connection::Tls(Box::new(stream))
                }
            })
        });
        let connection = connected.await.unwrap_or_else(|_| {
            Err(HttpFailure::Connect {
                origin: origin.clone(),
                flaw: ConnectFlaw::Timeout {
                    ms: limits.connect_timeout_ms,
                },
            })
        })?;
        sent.store(true, Ordering::Relaxed);
        match connection {
            Connection::Plain(stream) => speak(stream, outgoing, origin, limits).await,
            Connection::Tls(stream) => speak(*stream, outgoing, origin, limits).await,
        }
    }
}

enum Connection {
    Plain(tokio::net::TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<tokio::net::TcpStream>>),
}

/// HTTP/1.1, once.
async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    outgoing: http::Request<Full<Bytes>>,
    origin: &Origin,
    limits: &Limits,
) -> Result<Response, HttpFailure> {
    let of = |flaw| HttpFailure::Response {
        origin: origin.clone(),
        flaw,
    };
    let handshake = http1::Builder::new()
        .max_headers(limits.header_count_max)
        .max_header_size(limits.header_bytes_max)
        .max_buf_size(limits.header_bytes_max.max(READ_BUFFER_BYTES_MIN))
        .handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake
        .await
        .map_err(|error| of(flaw_of(&error, limits)))?;
    let work = async {
        let head = timeout(limits.first_byte_timeout(), sender.send_request(outgoing)).await;
        let head = head.map_err(|_| HttpFailure::Timeout {
            origin: origin.clone(),
            phase: Phase::FirstByte,
            ms: limits.first_byte_timeout_ms,
            sent: true,
        })?;
        let response = head.map_err(|error| of(flaw_of(&error, limits)))?;
        whole(response, limits).await.map_err(of)
    };
    // The connection moves the bytes while the work waits for them; it may be done first, never the other way round.
    let (mut work, mut connection) = (pin!(work), pin!(connection));
    tokio::select! {
        biased;
        response = &mut work => return response,
        _ended = &mut connection => {}
    }
    work.await
}

/// The response with all of its body.
async fn whole(
    response: http::Response<Incoming>,
    limits: &Limits,
) -> Result<Response, ResponseFlaw> {
    let (head, body) = response.into_parts();
    if head.status.is_informational() {
        return Err(ResponseFlaw::Protocol {
            reason: format!("status {} was not asked for", head.status.as_u16()),
        });
    }
    let too_large = message::header_bytes(&head.headers) > limits.header_bytes_max;
    if too_large || head.headers.len() > limits.header_count_max {
        return Err(header_flaw(limits));
    }
    message::check_framing(&head.headers)?;
    let mut headers = head.headers;
    message::strip_hop_by_hop(&mut headers);
    Ok(Response {
        status: head.status.as_u16(),
        headers,
        body: collected(body, limits).await?,
    })
}

async fn collected(mut body: Incoming, limits: &Limits) -> Result<Bytes, ResponseFlaw> {
    let bytes_max = limits.response_body_bytes_max;
    let fits = |bytes: usize| u64::try_from(bytes).is_ok_and(|bytes| bytes <= bytes_max);
    if body.size_hint().lower() > bytes_max {
        return Err(ResponseFlaw::Body { bytes_max });
    }
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers are read over: nobody has asked for them.
        let Ok(data) = frame.map_err(|error| flaw_of(&error, limits))?.into_data() else {
            continue;
        };
        if !fits(all.len() + data.len()) {
            return Err(ResponseFlaw::Body { bytes_max });
        }
        all.extend_from_slice(&data);
    }
    Ok(all.freeze())
}

fn header_flaw(limits: &Limits) -> ResponseFlaw {
    ResponseFlaw::Header {
        bytes_max: limits.header_bytes_max,
        count_max: limits.header_count_max,
    }
}

fn flaw_of(error: &hyper::Error, limits: &Limits) -> ResponseFlaw {
    // hyper tells this apart by its words alone, unless its server is built in; a test holds them.
    if error.is_parse() && error.to_string().contains("too large") {
        header_flaw(limits)
    } else if error.is_incomplete_message() {
        ResponseFlaw::Incomplete
    } else if error.is_closed() || error.is_canceled() {
        ResponseFlaw::Closed
    } else if error.is_parse() {
        ResponseFlaw::Protocol {
            reason: error.to_string(),
        }
    } else {
        // A reset in the middle, or TLS cut short: what came is not all there was.
        ResponseFlaw::Incomplete
    }
}

/// The response without secrets in it. A coded body is decoded for that: a secret that nobody can see can't be taken out.
fn shown(
    response: Response,
    secrets: &Secrets,
    origin: &Origin,
    limits: &Limits,
) -> Result<Response, HttpFailure> {
    if secrets.is_empty() {
        return Ok(response);
    }
    let of = |flaw| HttpFailure::Response {
        origin: origin.clone(),
        flaw,
    };
    let bytes_max = limits.response_body_bytes_max;
    let decoded = coding::undone(response, bytes_max).map_err(of)?;
    let shown = secrets.redact_response(decoded, bytes_max).map_err(of)?;
    if message::header_bytes(&shown.headers) > limits.header_bytes_max {
        return Err(of(header_flaw(limits)));
    }
    Ok(shown)
}
