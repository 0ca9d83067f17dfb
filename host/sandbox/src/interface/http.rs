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
mod send;

use bytes::BytesMut;
use http_body_util::BodyExt;
use wasmtime_wasi::runtime::poll_noop;
use wasmtime_wasi_http::p2::bindings::http::types::RequestOptions;
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpCtx, WasiHttpHooks};
use writ_grant::{Method, Target};
use writ_http::{HeaderMap, HeaderName};

use crate::exchange::Web;
use crate::fault::Usage;
use crate::interface::http::body::Budget;
use crate::limits::Limits;

pub(crate) use link::add_to_linker;

/// Requests that were handed over and not yet answered.
const OUTSTANDING_MAX: usize = 64;
/// Memory that one set of headers may take, counted as wasmtime counts it.
const FIELDS_BYTES_MAX: usize = 16 * 1024;

/// The HTTP of one call.
pub(crate) struct Http {
    ctx: WasiHttpCtx,
    hooks: Hooks,
    web: Option<Web>,
    /// The key that each request gets which isn't safe, for a function that is declared idempotent.
    idempotency_key: Option<String>,
    outstanding: Vec<Outstanding>,
    /// Requests that this guest handed over: the number in a request's key. What its tools send is not in it, since a tool whose answer
    /// is recorded sends nothing when its caller is executed again.
    handed: u64,
    /// Requests of this guest and its tools: what the limit counts.
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
            handed: 0,
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
