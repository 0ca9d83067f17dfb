//! Redirects. Each hop is a request of its own, with permits of its own: what a server says can't lead where no grant does.

use http::{HeaderMap, HeaderName, header};
use tokio::time::{Instant, timeout_at};
use writ_grant::{Authority, Denied, HttpRequest, Method, Permit, SecretUse, Target};

use crate::{
    client::Client,
    failure::{HttpFailure, Phase, RedirectFlaw},
    limits::Limits,
    message::{Request, Response},
    secrets::{Injection, Secrets, placeholders},
};

/// Who is asked before each request, and told after it.
pub trait Gate {
    /// Asked before a request is made.
    ///
    /// # Errors
    /// When no grant covers it.
    fn request(&mut self, action: HttpRequest) -> Result<Permit<HttpRequest>, Denied>;

    /// Asked before a secret is put into a request.
    ///
    /// # Errors
    /// When no grant covers it.
    fn secret(&mut self, action: SecretUse) -> Result<Permit<SecretUse>, Denied>;

    /// Told of each request that was answered.
    fn answered(&mut self, _hop: &Hop) {}
}

impl Gate for &Authority {
    fn request(&mut self, action: HttpRequest) -> Result<Permit<HttpRequest>, Denied> {
        self.permit(action)
    }

    fn secret(&mut self, action: SecretUse) -> Result<Permit<SecretUse>, Denied> {
        self.permit(action)
    }
}

/// One request of a chain of redirects, and the status that answered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The method.
    pub method: Method,
    /// Where it went.
    pub target: Target,
    /// The answer's status.
    pub status: u16,
}

/// The response at the end of a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    /// The last response.
    pub response: Response,
    /// All requests, the first and the last included.
    pub hops: Vec<Hop>,
}

/// A request that is to be made.
struct Next {
    method: Method,
    target: Target,
    request: Request,
}

impl Client {
    /// Sends a request and follows at most `hops_max` redirects. Asks the gate before every request, the first included; all of them
    /// share the time of one exchange.
    ///
    /// # Errors
    /// As [`Client::exchange`]; and when a redirect leads to no URL, or is one too many.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a thing of its own, and none has a default"
    )]
    pub async fn follow(
        &self,
        method: Method,
        target: Target,
        request: Request,
        gate: &mut (dyn Gate + Send),
        secrets: &Secrets,
        hops_max: u32,
        limits: &Limits,
    ) -> Result<Followed, HttpFailure> {
        let deadline = Instant::now() + limits.exchange_timeout();
        let mut next = Next {
            method,
            target,
            request,
        };
        let mut hops = Vec::new();
        loop {
            let origin = next.target.origin().clone();
            let one = timeout_at(deadline, self.hop(&next, gate, secrets, limits)).await;
            let one = one.unwrap_or_else(|_| {
                Err(HttpFailure::Timeout {
                    origin,
                    phase: Phase::Exchange,
                    ms: limits.exchange_timeout_ms,
                    sent: true,
                })
            });
            let response = one.map_err(|failure| later(failure, hops.len()))?;
            let hop = Hop {
                method: next.method,
                target: next.target.clone(),
                status: response.status,
            };
            gate.answered(&hop);
            hops.push(hop);
            next = match redirect(next, &response, hops.len(), hops_max)? {
                Some(next) => next,
                None => return Ok(Followed { response, hops }),
            };
        }
    }

    async fn hop(
        &self,
        next: &Next,
        gate: &mut (dyn Gate + Send),
        secrets: &Secrets,
        limits: &Limits,
    ) -> Result<Response, HttpFailure> {
        let permit = gate.request(HttpRequest {
            method: next.method,
            target: next.target.clone(),
        })?;
        let injection = Injection::permitted(&next.request, &next.target, secrets, gate)?;
        self.exchange(permit, next.request.clone(), injection, limits)
            .await
    }
}

/// A failure after requests that were answered says so: they did reach their servers.
fn later(failure: HttpFailure, hops: usize) -> HttpFailure {
    match hops {
        0 => failure,
        hops => HttpFailure::Later {
            hops,
            failure: Box::new(failure),
        },
    }
}

/// What a response asks to be requested instead.
fn redirect(
    before: Next,
    response: &Response,
    hops: usize,
    hops_max: u32,
) -> Result<Option<Next>, HttpFailure> {
    let origin = before.target.origin();
    let refused = |flaw| HttpFailure::Redirect {
        origin: origin.clone(),
        flaw,
    };
    let location = response.headers.get(header::LOCATION);
    let Some((location, method)) = location.zip(method_after(response.status, before.method))
    else {
        return Ok(None);
    };
    if u32::try_from(hops).unwrap_or(u32::MAX) > hops_max {
        return Err(refused(RedirectFlaw::TooMany { hops_max }));
    }
    let unreadable = |reason: String| refused(RedirectFlaw::Location { reason });
    let location = location
        .to_str()
        .map_err(|_| unreadable("it is not ASCII".to_owned()))?;
    let target = before
        .target
        .join(location)
        .map_err(|error| unreadable(error.to_string()))?;
    let mut request = before.request;
    if method != before.method {
        request.body = bytes::Bytes::new();
        drop_all(&mut request.headers, |name, _| {
            name.as_str().starts_with("content-")
        });
    }
    if target.origin() != before.target.origin() {
        drop_all(&mut request.headers, |name, value| {
            name == header::AUTHORIZATION
                || name == header::COOKIE
                || placeholders(value.as_bytes()).next().is_some()
        });
    }
    Ok(Some(Next {
        method,
        target,
        request,
    }))
}

/// The method of the request that follows a redirect; none if the status is no redirect. A request that asks stays what it is; one
/// that sends something becomes a GET where HTTP's practice says so.
fn method_after(status: u16, method: Method) -> Option<Method> {
    match status {
        307 | 308 => Some(method),
        303 if method == Method::HEAD => Some(Method::HEAD),
        303 => Some(Method::GET),
        301 | 302 if method == Method::POST => Some(Method::GET),
        301 | 302 => Some(method),
        _ => None,
    }
}

fn drop_all(headers: &mut HeaderMap, drops: impl Fn(&HeaderName, &http::HeaderValue) -> bool) {
    let dropped: Vec<HeaderName> = headers
        .iter()
        .filter(|(name, value)| drops(name, value))
        .map(|(name, _)| name.clone())
        .collect();
    for name in dropped {
        headers.remove(name);
    }
}
