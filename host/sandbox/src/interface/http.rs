//! `wasi:http/types` and `outgoing-handler`, the client's side. Types and bodies are wasmtime's own; sending is ours: a request
//! that no grant allows is refused where it is handed over, with the interface's `HTTP-request-denied`, and the refusal noted.
//! The default sender isn't compiled in.
//!
//! # When a request is sent
//! Whole, at the guest's next wait (`poll`, `block` or `ready` of any pollable) after its body is finished; several in the order in
//! which they were handed over, one after the other. Until then nothing of it has happened. So what is recorded depends only on
//! what the guest did, never on how fast a server was: executed again, it asks for the same in the same order. Within the wait the
//! run's clock stands still, so a guest's own timer can't overtake an answer. What it costs: a guest can't read a response
//! before it has finished its request, and requests don't overlap.
//!
//! A request whose response is dropped before any wait is never sent.

mod body;
mod error;
mod link;

use bytes::BytesMut;
use http_body_util::{BodyExt, Full};
use wasmtime::component::Resource;
use wasmtime_wasi::runtime::{AbortOnDropJoinHandle, poll_noop, spawn};
use wasmtime_wasi_http::p2::HttpResult;
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, RequestOptions};
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks};
use writ_grant::{HttpRequest, Method, Origin, SecretPlace, SecretUse, Target};
use writ_http::{Bytes, HeaderMap, HeaderName};

use crate::exchange::{Answer, Asked, Exchanged, Unanswered, Web, exchange};
use crate::fault::Usage;
use crate::interface::http::body::Budget;
use crate::limits::Limits;
use crate::state::State;

pub(crate) use link::add_to_linker;

/// Requests that were handed over and not yet answered.
const OUTSTANDING_MAX: usize = 64;
/// Memory that one set of headers may take, counted as wasmtime counts it.
const FIELDS_BYTES_MAX: usize = 64 * 1024;

/// The HTTP of one call.
pub(crate) struct Http {
    ctx: WasiHttpCtx,
    hooks: Hooks,
    web: Option<Web>,
    /// The key that each request gets which isn't safe, for a function that is declared idempotent.
    idempotency_key: Option<String>,
    outstanding: Vec<Outstanding>,
    requests: u64,
    sent_bytes: Budget,
    received_bytes: u64,
}

/// A request that was handed over and not yet answered.
struct Outstanding {
    /// Where its answer goes.
    future: u32,
    method: Method,
    target: Target,
    headers: HeaderMap,
    body: WasiBody,
    /// What of the body was written so far.
    collected: BytesMut,
    options: RequestOptions,
    idempotency_key: Option<String>,
}

/// A body as far as it is there.
enum Collected {
    Whole,
    Unfinished,
    Broken,
}

/// Takes what wasmtime's own `handle` made of a request, in place of sending it.
#[derive(Default)]
struct Hooks {
    taken: Option<(http::Request<WasiBody>, Option<RequestOptions>)>,
}

type Nothing = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Never = Box<dyn Future<Output = Result<(http::Response<WasiBody>, Nothing), Error>> + Send>;

impl WasiHttpHooks for Hooks {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        // The length of a body is checked by wasmtime, and written by the client.
        *name != http::header::CONTENT_LENGTH && writ_http::is_forbidden(name)
    }

    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Nothing,
    ) -> Never {
        self.taken = Some((request, options));
        Box::new(std::future::pending())
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        body::CHUNKS_MAX
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        body::CHUNK_BYTES_MAX
    }
}

impl Http {
    pub(crate) fn new(web: Option<Web>, idempotency_key: Option<String>, limits: &Limits) -> Self {
        let mut ctx = WasiHttpCtx::new();
        ctx.set_field_size_limit(FIELDS_BYTES_MAX);
        Self {
            ctx,
            hooks: Hooks::default(),
            web,
            idempotency_key,
            outstanding: Vec::new(),
            requests: 0,
            sent_bytes: Budget::new(limits.http_request_bytes_max),
            received_bytes: 0,
        }
    }

    /// What sends, for a tool that this call calls.
    pub(crate) fn web(&self) -> Option<Web> {
        self.web.clone()
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests
    }

    pub(crate) fn request_bytes(&self) -> u64 {
        self.sent_bytes.used()
    }

    pub(crate) fn response_bytes(&self) -> u64 {
        self.received_bytes
    }

    /// What of these limits is left.
    pub(crate) fn left(&self, limits: &Limits) -> Limits {
        Limits {
            http_requests_max: limits.http_requests_max.saturating_sub(self.requests),
            http_request_bytes_max: limits
                .http_request_bytes_max
                .saturating_sub(self.request_bytes()),
            http_response_bytes_max: limits
                .http_response_bytes_max
                .saturating_sub(self.received_bytes),
            ..limits.clone()
        }
    }

    /// Counts what a tool used that this call called.
    pub(crate) fn charge(&mut self, used: &Usage) {
        self.requests = self.requests.saturating_add(used.http_requests);
        self.received_bytes = self.received_bytes.saturating_add(used.http_response_bytes);
        self.sent_bytes.charge(used.http_request_bytes);
    }

    /// The first request whose body is all there, or is broken.
    fn next(&mut self) -> Option<(Outstanding, Collected)> {
        for at in 0..self.outstanding.len() {
            match self.outstanding[at].collect() {
                Collected::Unfinished => {}
                ended @ (Collected::Whole | Collected::Broken) => {
                    return Some((self.outstanding.remove(at), ended));
                }
            }
        }
        None
    }

    /// A response that nobody waits for any more.
    fn forget(&mut self, future: u32) {
        self.outstanding.retain(|known| known.future != future);
    }
}

impl Outstanding {
    /// Takes in what the guest has written. Never waits.
    fn collect(&mut self) -> Collected {
        loop {
            match poll_noop(std::pin::pin!(self.body.frame())) {
                None => return Collected::Unfinished,
                Some(None) => return Collected::Whole,
                Some(Some(Err(_))) => return Collected::Broken,
                Some(Some(Ok(frame))) => {
                    if let Ok(bytes) = frame.into_data() {
                        self.collected.extend_from_slice(&bytes);
                    }
                }
            }
        }
    }
}

impl State {
    fn http_view(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http.ctx,
            hooks: &mut self.http.hooks,
            table: &mut self.table,
        }
    }

    /// Takes a request over: refused here, or sent at the next wait.
    fn handle(
        &mut self,
        request: Resource<HostOutgoingRequest>,
        options: Option<Resource<RequestOptions>>,
    ) -> HttpResult<Resource<HostFutureIncomingResponse>> {
        use wasmtime_wasi_http::p2::HttpError;
        self.alive().map_err(HttpError::trap)?;
        self.http.requests += 1;
        let most = self.limits.http_requests_max;
        if self.http.requests > most {
            return Err(HttpError::trap(self.stop_at_limit(
                "http_requests_max",
                most,
                "http requests",
            )));
        }
        if self.http.outstanding.len() >= OUTSTANDING_MAX {
            return Err(ErrorCode::ConnectionLimitReached.into());
        }
        let future = outgoing_handler::Host::handle(&mut self.http_view(), request, options)?;
        let taken = self.http.hooks.taken.take();
        match taken.map_or(Err(ErrorCode::ConfigurationError), |(request, options)| {
            self.outstanding(request, options, future.rep())
        }) {
            Ok(outstanding) => {
                self.http.outstanding.push(outstanding);
                Ok(future)
            }
            Err(code) => {
                self.table.delete(future)?;
                Err(code.into())
            }
        }
    }

    fn outstanding(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        future: u32,
    ) -> Result<Outstanding, ErrorCode> {
        let (parts, body) = request.into_parts();
        let method = parts.method.as_str().parse::<Method>();
        let method = method.map_err(|_| ErrorCode::HttpRequestMethodInvalid)?;
        let target = self.target(&parts.uri)?;
        let action = HttpRequest {
            method,
            target: target.clone(),
        };
        // The permit to send is taken where it is sent: this one only spares the guest the work on a request that can't be.
        drop(
            self.permit(action)
                .map_err(|_| ErrorCode::HttpRequestDenied)?,
        );
        let mut headers = parts.headers;
        headers.remove(http::header::CONTENT_LENGTH);
        let number = self.http.requests;
        let keyed = self.http.idempotency_key.as_ref();
        Ok(Outstanding {
            future,
            method,
            target,
            headers,
            body,
            collected: BytesMut::new(),
            options: options.unwrap_or_default(),
            idempotency_key: keyed.map(|key| format!("{key}/{number}")),
        })
    }

    /// Where a request goes. A placeholder in a URL is refused as what it is: a use of the secret in the wrong place.
    fn target(&mut self, uri: &http::Uri) -> Result<Target, ErrorCode> {
        let scheme = uri.scheme_str().unwrap_or_default();
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let slash = if path.starts_with('/') { "" } else { "/" };
        let text = format!("{scheme}://{authority}{slash}{path}");
        if let Some(name) = writ_http::placeholder(text.as_bytes()) {
            let origin = format!("{scheme}://{authority}").parse::<Origin>();
            let origin = origin.map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
            let place = SecretPlace::Url;
            let misplaced = SecretUse {
                name,
                origin,
                place,
            };
            // No grant allows a secret in a URL.
            let _ = self.permit(misplaced);
            return Err(ErrorCode::HttpRequestDenied);
        }
        text.parse().map_err(|_| ErrorCode::HttpRequestUriInvalid)
    }

    /// Sends what was handed over and is finished: what every wait does first.
    pub(crate) async fn settle(&mut self) -> wasmtime::Result<()> {
        while let Some((next, collected)) = self.http.next() {
            self.alive()?;
            let future = next.future;
            let exchanged = match collected {
                Collected::Whole => self.send(next).await?,
                Collected::Unfinished | Collected::Broken => Err(Unanswered::unsent(
                    "HTTP-protocol-error",
                    "the guest dropped the body",
                )),
            };
            let ready = HostFutureIncomingResponse::Ready(response(exchanged));
            *self.table.get_mut(&Resource::new_borrow(future))? = ready;
        }
        Ok(())
    }

    async fn send(&mut self, next: Outstanding) -> wasmtime::Result<Exchanged> {
        let Some(web) = self.http.web.clone() else {
            let detail = "this host has no network";
            return Ok(Err(Unanswered::unsent("configuration-error", detail)));
        };
        let limits = self.exchange_limits(&next.options);
        let asked = Asked {
            method: next.method,
            target: next.target,
            headers: next.headers,
            body: next.collected.freeze(),
            idempotency_key: next.idempotency_key,
            redirects_max: None,
        };
        let authority = self.authority.clone();
        let port = &mut *self.port;
        let exchanged = exchange(asked, &web, &authority, port, &limits).await;
        let exchanged = exchanged.map_err(|fault| self.stop(fault))?;
        self.received(&exchanged)?;
        Ok(exchanged)
    }

    /// Counts what came back; more than is allowed ends the guest.
    fn received(&mut self, exchanged: &Exchanged) -> wasmtime::Result<()> {
        let most = self.limits.http_response_bytes_max;
        let over = match exchanged {
            Ok(answer) => {
                self.http.received_bytes += answer.size_bytes();
                self.http.received_bytes > most
            }
            Err(unanswered) => unanswered.code == error::RESPONSE_TOO_LARGE,
        };
        if over {
            let unit = "bytes of http responses";
            return Err(self.stop_at_limit("http_response_bytes_max", most, unit));
        }
        Ok(())
    }

    /// What is left of the call's limits, and no longer than the guest itself wants to wait.
    fn exchange_limits(&self, options: &RequestOptions) -> writ_http::Limits {
        let all_ms = self.limits.http_ms_max;
        let wished = |wish: Option<std::time::Duration>| {
            wish.map_or(all_ms, |wish| {
                u64::try_from(wish.as_millis()).unwrap_or(u64::MAX)
            })
            .clamp(1, all_ms)
        };
        let usual = writ_http::Limits::default();
        writ_http::Limits {
            resolve_timeout_ms: usual
                .resolve_timeout_ms
                .min(wished(options.connect_timeout)),
            connect_timeout_ms: usual
                .connect_timeout_ms
                .min(wished(options.connect_timeout)),
            first_byte_timeout_ms: wished(options.first_byte_timeout),
            exchange_timeout_ms: all_ms,
            request_body_bytes_max: self.limits.http_request_bytes_max,
            response_body_bytes_max: self
                .limits
                .http_response_bytes_max
                .saturating_sub(self.http.received_bytes),
            ..usual
        }
    }
}

type Readied = Result<(http::Response<WasiBody>, AbortOnDropJoinHandle<()>), Error>;

fn response(exchanged: Exchanged) -> Readied {
    let answer = exchanged.map_err(|unanswered| error::from_name(&unanswered))?;
    let headers = answer.header_map();
    let Answer { status, body, .. } = answer;
    let body = Full::new(Bytes::from(body.into_bytes()))
        .map_err(|never| match never {})
        .boxed_unsync();
    let mut response = http::Response::new(body);
    *response.status_mut() =
        http::StatusCode::from_u16(status).map_err(|_| Error::HttpProtocolError)?;
    *response.headers_mut() = headers;
    Ok((response, spawn(async {})))
}
