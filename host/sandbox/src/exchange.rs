//! One HTTP exchange as the record has it: permitted, answered from the record or intended and sent, and written down. The one
//! way in which a request leaves the host, whoever asks. Must not know of `wasi:http` or of workflows.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use writ_grant::{
    Action, Authority, Bound, Denied, HttpRequest, Method, Permit, SecretUse, Target,
};
use writ_http::{
    Bytes, Client, Gate, HeaderMap, HeaderName, HeaderValue, Hop, HttpFailure, Injection, Request,
    Response, Secrets,
};

use crate::fault::Fault;
use crate::payload::Payload;
use crate::port::{HostCall, Port, Recalled};

const INTERFACE: &str = "wasi:http/outgoing-handler";
const FUNCTION: &str = "handle";
/// What tells a server that a request is one that it may have got already.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The error of a request that no grant allows, as `wasi:http` names it.
const DENIED: &str = "HTTP-request-denied";
/// The error of a host that sends nothing.
const NO_NETWORK: &str = "configuration-error";

/// What sending takes beside a permit; the same for all calls of a host.
#[derive(Clone)]
pub struct Web {
    /// The network.
    pub client: Client,
    /// Values that are put in for placeholders, and taken out of what comes back.
    pub secrets: Secrets,
}

/// A request that somebody wants to be sent.
pub struct Asked {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub target: Target,
    /// Its headers, with placeholders for secrets.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// The key under which whoever asks declares it to be the same request when it is sent again.
    pub idempotency_key: Option<String>,
    /// How many redirects are followed; none: whoever asks sees them.
    pub redirects_max: Option<u32>,
}

/// What came back, as whoever asked may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, in their order.
    pub headers: Vec<(String, Payload)>,
    /// The body.
    pub body: Payload,
}

/// Why nothing came back. In the record beside the error's name is what a person is told, so that it is the same when the record
/// is read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// The error, as `wasi:http` names it.
    #[serde(rename = "Err")]
    pub code: String,
    /// What happened.
    pub detail: String,
    /// What was lacking, if it was denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
    /// What would mend it, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// What an exchange came to.
pub type Exchanged = Result<Answer, Unanswered>;

/// The recorded form: `{"Ok": {status, headers, body}}` or `{"Err": code, …}`, and beside it what was allowed on the way, each with its
/// grant. The grant of the request itself is in the record of the call.
#[derive(Serialize, Deserialize)]
struct Recorded {
    #[serde(flatten)]
    came: Came,
    /// The requests of a chain of redirects, the first one included; none if none was followed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hops: Vec<HopNote>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<SecretNote>,
}

/// What came of it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Came {
    Answered {
        #[serde(rename = "Ok")]
        ok: Answer,
    },
    Unanswered(Unanswered),
}

/// A request that was permitted where redirects are followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct HopNote {
    method: String,
    url: String,
    grant: String,
    /// What it was answered with, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

/// A secret that was put into a request. Its value is nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SecretNote {
    name: String,
    grant: String,
}

/// Asks the policy, tells the record of each refusal, and keeps what was allowed for it.
struct Asking<'a> {
    authority: &'a Authority,
    port: &'a mut dyn Port,
    hops: Vec<HopNote>,
    secrets: Vec<SecretNote>,
}

impl<'a> Asking<'a> {
    fn new(authority: &'a Authority, port: &'a mut dyn Port) -> Self {
        Self {
            authority,
            port,
            hops: Vec::new(),
            secrets: Vec::new(),
        }
    }

    fn permit<A: Action>(&mut self, action: A) -> Result<Permit<A>, Denied> {
        let denied = |denied: &Denied| self.port.denied(denied);
        self.authority.permit(action).inspect_err(denied)
    }

    /// What came of it in its recorded form, with what was allowed until then.
    fn record_of(&mut self, exchanged: &Exchanged) -> Json {
        let hops = std::mem::take(&mut self.hops);
        let recorded = Recorded {
            came: match exchanged.clone() {
                Ok(ok) => Came::Answered { ok },
                Err(unanswered) => Came::Unanswered(unanswered),
            },
            // One alone is the request that the call itself speaks of.
            hops: if hops.len() > 1 { hops } else { Vec::new() },
            secrets: std::mem::take(&mut self.secrets),
        };
        serde_json::to_value(recorded).expect("invariant: only string keys")
    }
}

impl Gate for Asking<'_> {
    fn request(&mut self, action: HttpRequest) -> Result<Permit<HttpRequest>, Denied> {
        let permit = self.permit(action)?;
        let HttpRequest { method, target } = permit.action();
        self.hops.push(HopNote {
            method: method.as_str().to_owned(),
            url: target.to_string(),
            grant: permit.decided_by().to_string(),
            status: None,
        });
        Ok(permit)
    }

    fn secret(&mut self, action: SecretUse) -> Result<Permit<SecretUse>, Denied> {
        let permit = self.permit(action)?;
        let note = SecretNote {
            name: permit.action().name.clone(),
            grant: permit.decided_by().to_string(),
        };
        // Each hop of a chain asks again.
        if !self.secrets.contains(&note) {
            self.secrets.push(note);
        }
        Ok(permit)
    }

    fn answered(&mut self, hop: &Hop) {
        if let Some(last) = self.hops.last_mut() {
            last.status = Some(hop.status);
        }
    }
}

/// Performs an exchange, or answers it from the record.
///
/// A request that is not safe is made durable before it is sent, and its answer right after. One that an earlier process was
/// about to send, and of which no answer is recorded, is sent again only if that changes nothing more: its method says so, or
/// it carries the key that it was sent with. Otherwise it is in doubt.
///
/// # Errors
/// When whoever asks can't go on: in doubt, another request than the recorded one, or an answer that can't be recorded.
pub async fn exchange(
    asked: Asked,
    web: Option<&Web>,
    authority: &Authority,
    port: &mut dyn Port,
    limits: &writ_http::Limits,
) -> Result<Exchanged, Fault> {
    let asked = asked.keyed();
    let call = asked.host_call();
    // What is in the record was allowed when it was done, whatever is allowed by now.
    let known = port.expected().is_some_and(|expected| expected == call);
    if known && let Some(settled) = settled(&asked, &call, port) {
        return settled;
    }
    let mut asking = Asking::new(authority, port);
    let ready = match ready(&asked, web, &mut asking) {
        Ok(ready) => ready,
        // Sent once, perhaps, and not to be sent again.
        Err(_) if known && !asked.method.is_safe() => return Err(in_doubt(call)),
        Err(unanswered) => return Ok(Err(unanswered)),
    };
    if !known && let Some(settled) = settled(&asked, &call, asking.port) {
        return settled;
    }
    let safe = asked.method.is_safe();
    if !safe && !known {
        asking.port.intended(&call).await?;
    }
    let grant = ready.permit.decided_by().clone();
    let sent = send(asked, ready, &mut asking, limits).await;
    let exchanged = sent.map(Answer::from).map_err(|failure| {
        // What the gate refused is told already.
        if let Some(denied) = denied_by(&failure).filter(|denied| is_unreachable(denied)) {
            asking.port.denied(denied);
        }
        Unanswered::from(&failure)
    });
    let answer = asking.record_of(&exchanged);
    if safe {
        asking.port.record(call, answer, &grant);
        if let Some(lost) = asking.port.lost() {
            return Err(lost.into());
        }
    } else {
        asking.port.answered(call, answer, &grant).await?;
    }
    Ok(exchanged)
}

/// What a request in the record came to, unless it can and has to be sent again.
fn settled(
    asked: &Asked,
    call: &HostCall,
    port: &mut dyn Port,
) -> Option<Result<Exchanged, Fault>> {
    match port.recall(call)? {
        Recalled::Answer(answer) => Some(recorded(call.clone(), answer)),
        Recalled::InDoubt if asked.repeatable() => None,
        Recalled::InDoubt => Some(Err(in_doubt(call.clone()))),
        Recalled::Diverged { expected } => Some(Err(diverged(expected, call.clone()))),
    }
}

fn in_doubt(call: HostCall) -> Fault {
    Fault::InDoubt {
        call: Box::new(call),
    }
}

/// What has to be there before anything is sent or recorded.
struct Ready<'w> {
    permit: Permit<HttpRequest>,
    injection: Injection,
    web: &'w Web,
}

fn ready<'w>(
    asked: &Asked,
    web: Option<&'w Web>,
    gate: &mut Asking<'_>,
) -> Result<Ready<'w>, Unanswered> {
    let action = HttpRequest {
        method: asked.method,
        target: asked.target.clone(),
    };
    let permit = gate
        .permit(action)
        .map_err(|denied| Unanswered::denied(&denied))?;
    let web = web.ok_or_else(|| Unanswered::unsent(NO_NETWORK, "this host has no network"))?;
    let injection = Injection::permitted(&asked.request(), &asked.target, &web.secrets, gate)
        .map_err(|failure| Unanswered::from(&failure))?;
    Ok(Ready {
        permit,
        injection,
        web,
    })
}

async fn send(
    asked: Asked,
    ready: Ready<'_>,
    gate: &mut Asking<'_>,
    limits: &writ_http::Limits,
) -> Result<Response, HttpFailure> {
    let Ready {
        permit,
        injection,
        web,
    } = ready;
    let request = asked.request();
    match asked.redirects_max {
        None => {
            web.client
                .exchange(permit, request, injection, limits)
                .await
        }
        // Each hop asks for a permit of its own, the first one too.
        Some(most) => {
            let (method, target) = (asked.method, asked.target);
            let followed =
                web.client
                    .follow(method, target, request, gate, &web.secrets, most, limits);
            followed.await.map(|followed| followed.response)
        }
    }
}

impl Asked {
    /// With the key in its header, unless whoever asks has put one there.
    fn keyed(mut self) -> Self {
        if self.method.is_safe() || self.headers.contains_key(IDEMPOTENCY_KEY) {
            return self;
        }
        let key = self.idempotency_key.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(key)) = key {
            self.headers
                .insert(HeaderName::from_static(IDEMPOTENCY_KEY), key);
        }
        self
    }

    fn repeatable(&self) -> bool {
        self.method.is_idempotent() || self.idempotency_key.is_some()
    }

    fn request(&self) -> Request {
        Request {
            headers: self.headers.clone(),
            body: self.body.clone(),
        }
    }

    /// As it is recorded: with placeholders, never with secrets.
    fn host_call(&self) -> HostCall {
        let arguments = json!({
            "method": self.method.as_str(),
            "url": self.target.to_string(),
            "headers": pairs(&self.headers),
            "body": Payload::from(self.body.as_ref()),
        });
        HostCall::new(INTERFACE, FUNCTION, arguments)
    }
}

/// Whether a recorded call can be made again without changing anything more: a request whose method says so, or, if `keys_count`, that
/// carries a key by which its server knows it again. What is no request changes nothing outside.
#[must_use]
pub fn is_repeatable(interface: &str, arguments: &Json, keys_count: bool) -> bool {
    if interface != INTERFACE {
        return true;
    }
    let method = arguments["method"].as_str().unwrap_or_default();
    let keyed = || {
        let headers = arguments["headers"].as_array();
        headers.is_some_and(|headers| headers.iter().any(|pair| pair[0] == IDEMPOTENCY_KEY))
    };
    method.parse::<Method>().is_ok_and(Method::is_idempotent) || keys_count && keyed()
}

fn pairs(headers: &HeaderMap) -> Vec<(String, Payload)> {
    let pair = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), Payload::from(value.as_bytes()))
    };
    headers.iter().map(pair).collect()
}

impl Answer {
    /// The headers as a map; what is no header is left out.
    #[must_use]
    pub fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            let header = HeaderName::from_str(name)
                .ok()
                .zip(HeaderValue::from_bytes(value.as_bytes()).ok());
            if let Some((name, value)) = header {
                map.append(name, value);
            }
        }
        map
    }

    /// Bytes of it, for whoever bounds them.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        let header = |(name, value): &(String, Payload)| name.len() + value.as_bytes().len();
        let headers: usize = self.headers.iter().map(header).sum();
        (headers + self.body.as_bytes().len()) as u64
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self {
            status: response.status,
            headers: pairs(&response.headers),
            body: Payload::from(response.body.as_ref()),
        }
    }
}

impl Unanswered {
    /// Nothing was sent, for a reason that is no matter of grants.
    pub(crate) fn unsent(code: &str, detail: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            detail: detail.into(),
            capability: None,
            remedy: None,
        }
    }

    fn denied(denied: &Denied) -> Self {
        Self {
            capability: Some(denied.capability.to_string()),
            remedy: Some(denied.remedy()),
            ..Self::unsent(DENIED, denied.to_string())
        }
    }
}

impl From<&HttpFailure> for Unanswered {
    fn from(failure: &HttpFailure) -> Self {
        Self {
            capability: denied_by(failure).map(|denied| denied.capability.to_string()),
            remedy: failure.remedy(),
            ..Self::unsent(failure.code(), failure.to_string())
        }
    }
}

/// The refusal behind a failure, if it is one.
fn denied_by(failure: &HttpFailure) -> Option<&Denied> {
    if let HttpFailure::Denied(denied) = failure {
        return Some(denied);
    }
    if let HttpFailure::Later { failure, .. } = failure {
        return denied_by(failure);
    }
    None
}

/// Whether it was the client that refused, after it had looked the host up.
fn is_unreachable(denied: &Denied) -> bool {
    matches!(denied.bound.as_deref(), Some(Bound::Addresses { .. }))
}

fn recorded(call: HostCall, answer: Json) -> Result<Exchanged, Fault> {
    let came = serde_json::from_value(answer.clone()).map(|recorded: Recorded| recorded.came);
    match came {
        Ok(Came::Answered { ok }) => Ok(Ok(ok)),
        Ok(Came::Unanswered(unanswered)) => Ok(Err(unanswered)),
        // A record that was not made by an exchange.
        Err(_) => {
            let expected = HostCall {
                arguments: answer,
                ..call.clone()
            };
            Err(diverged(expected, call))
        }
    }
}

fn diverged(expected: HostCall, found: HostCall) -> Fault {
    Fault::Diverged {
        expected: Box::new(expected),
        found: Box::new(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warm::Deaf;

    fn call() -> HostCall {
        HostCall::new(INTERFACE, FUNCTION, Json::Null)
    }

    fn recalled(answer: &Json) -> Exchanged {
        recorded(call(), answer.clone()).unwrap()
    }

    fn answer() -> Exchanged {
        Ok(Answer {
            status: 200,
            headers: vec![("x-one".to_owned(), Payload::from(b"1".as_slice()))],
            body: Payload::from(b"fine".as_slice()),
        })
    }

    fn hop(path: &str, status: Option<u16>) -> HopNote {
        HopNote {
            method: "GET".to_owned(),
            url: format!("https://erp.example{path}"),
            grant: "http:GET https://erp.example/**".to_owned(),
            status,
        }
    }

    #[test]
    fn what_was_recorded_before_there_were_notes_is_read() {
        let old = json!({ "Ok": { "status": 200, "headers": [["x-one", "1"]], "body": "fine" } });
        assert_eq!(recalled(&old), answer());
        let old = json!({ "Err": "connection-refused", "detail": "nobody is there" });
        let unanswered = Unanswered::unsent("connection-refused", "nobody is there");
        assert_eq!(recalled(&old), Err(unanswered));
        assert!(recorded(call(), json!({ "hops": [] })).is_err());
    }

    #[test]
    fn hops_and_secrets_stand_beside_what_came_and_change_nothing_of_it() {
        let (authority, mut deaf) = (Authority::none("p"), Deaf);
        let unanswered = Err(Unanswered::unsent("loop-detected", "one too many"));
        for exchanged in [answer(), unanswered] {
            let mut asking = Asking::new(&authority, &mut deaf);
            assert_eq!(
                asking
                    .record_of(&exchanged)
                    .as_object()
                    .unwrap()
                    .get("hops"),
                None
            );
            asking.hops = vec![hop("/a", Some(302)), hop("/b?q=1", None)];
            asking.secrets = vec![SecretNote {
                name: "erp".to_owned(),
                grant: "secret:use:erp".to_owned(),
            }];
            let record = asking.record_of(&exchanged);
            let grant = "http:GET https://erp.example/**";
            assert_eq!(
                record["hops"],
                json!([
                    { "method": "GET", "url": "https://erp.example/a", "grant": grant, "status": 302 },
                    { "method": "GET", "url": "https://erp.example/b?q=1", "grant": grant },
                ])
            );
            assert_eq!(
                record["secrets"],
                json!([{ "name": "erp", "grant": "secret:use:erp" }])
            );
            assert_eq!(recalled(&record), exchanged);
        }
    }

    #[test]
    fn a_request_that_led_nowhere_else_is_its_own_hop() {
        let (authority, mut deaf) = (Authority::none("p"), Deaf);
        let mut asking = Asking::new(&authority, &mut deaf);
        asking.hops = vec![hop("/a", Some(200))];
        let plain = json!({ "Ok": { "status": 200, "headers": [["x-one", "1"]], "body": "fine" } });
        assert_eq!(asking.record_of(&answer()), plain);
    }
}
