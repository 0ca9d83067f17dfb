//! What a request goes through: handed over and refused or kept, sent at a wait, answered. Every request costs a permit, and is sent
//! by [`exchange`] only.

use bytes::BytesMut;
use http_body_util::{BodyExt, Full};
use wasmtime::component::Resource;
use wasmtime_wasi::runtime::{AbortOnDropJoinHandle, spawn};
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, RequestOptions};
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::p2::{HttpError, HttpResult};
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpCtxView};
use writ_grant::{HttpRequest, Method, Origin, SecretPlace, SecretUse, Target, UnfitRequest};
use writ_http::Bytes;

use super::{Collected, OUTSTANDING_MAX, Outstanding, error};
use crate::exchange::{Answer, Asked, Exchanged, Unanswered, exchange};
use crate::state::State;

impl State {
    pub(super) fn http_view(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http.ctx,
            hooks: &mut self.http.hooks,
            table: &mut self.table,
        }
    }

    /// Takes a request over: refused here, or sent at the next wait.
    pub(super) fn handle(
        &mut self,
        request: Resource<HostOutgoingRequest>,
        options: Option<Resource<RequestOptions>>,
    ) -> HttpResult<Resource<HostFutureIncomingResponse>> {
        self.alive().map_err(HttpError::trap)?;
        self.http.handed += 1;
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
            self.table.delete(request)?;
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
        let asked = parts.method.as_str();
        let target = self.target(asked, &parts.uri)?;
        let Ok(method) = asked.parse::<Method>() else {
            self.no_request(asked, &target.to_string());
            return Err(ErrorCode::HttpRequestMethodInvalid);
        };
        let action = HttpRequest {
            method,
            target: target.clone(),
        };
        // The permit to send is taken where it is sent: this one only spares the guest the work on a request that can't be. What is in
        // the record is answered from there, whatever is allowed by now.
        if !self.is_recorded(&action) {
            drop(
                self.permit(action)
                    .map_err(|_| ErrorCode::HttpRequestDenied)?,
            );
        }
        let mut headers = parts.headers;
        headers.remove(http::header::CONTENT_LENGTH);
        let number = self.http.handed;
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

    fn is_recorded(&self, action: &HttpRequest) -> bool {
        self.port.expected().is_some_and(|expected| {
            expected.arguments["method"] == action.method.as_str()
                && expected.arguments["url"] == action.target.to_string()
        })
    }

    /// Where a request goes. A placeholder in a URL is refused as what it is: a use of the secret in the wrong place.
    fn target(&mut self, method: &str, uri: &http::Uri) -> Result<Target, ErrorCode> {
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
        text.parse().map_err(|_| {
            self.no_request(method, &text);
            ErrorCode::HttpRequestUriInvalid
        })
    }

    /// Notes a request that nothing can allow.
    fn no_request(&mut self, method: &str, url: &str) {
        let _ = self.permit(UnfitRequest { method, url });
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
        let web = self.http.web.clone();
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
        let exchanged = exchange(asked, web.as_ref(), &authority, port, &limits).await;
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
            let wish_ms = wish.map(|wish| u64::try_from(wish.as_millis()).unwrap_or(u64::MAX));
            wish_ms.unwrap_or(all_ms).min(all_ms)
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
