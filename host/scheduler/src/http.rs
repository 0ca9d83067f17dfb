//! `call: http`: a request under the workflow's own grants, sent and recorded as a guest's is. Knows nothing of plugins.

mod request;
mod response;

use serde_json::Value as Json;
use writ_run::{HttpCall, Problem};
use writ_sandbox::{ExchangeLimits, Limits, Port, Unanswered, exchange};

use crate::{
    asking,
    call::{Returned, Work},
    clock::now_ms,
    fault,
    port::{FirstDenial, JournalPort},
};

/// How a workflow's own calls are named where a plugin and a function are. No plugin has this name.
const OWN: (&str, &str) = ("writ", "http");
/// Redirects that one call follows, if it follows any.
const REDIRECTS_MAX: u32 = 10;
/// Errors that mean that a time was over.
const TIMEOUTS: [&str; 5] = [
    "DNS-timeout",
    "connection-timeout",
    "connection-read-timeout",
    "connection-write-timeout",
    "HTTP-response-timeout",
];
/// Errors of a request that could not be sent as it is.
const UNFIT: &str = "HTTP-request-";

impl Work {
    /// Sends the request of a `call: http`.
    pub(crate) async fn send(self, http: &HttpCall) -> Returned {
        let (task, attempt, effects) = (self.call.task, self.call.attempt, self.call.effects);
        let result = self.answer(http).await.map_err(|problem| *problem);
        Returned::new(task, attempt, effects, result)
    }

    async fn answer(self, http: &HttpCall) -> Result<Json, Box<Problem>> {
        let turn = self.inner.requests.acquire().await;
        let _turn =
            turn.map_err(|_| Problem::ours("host", 500, "the host takes no more requests"))?;
        let left = asking::in_doubt(&self.recorded);
        let mut port = JournalPort::new(
            self.inner.journal.clone(),
            self.run,
            self.call.task,
            self.call.attempt,
            self.recorded,
            FirstDenial::default(),
            self.asking.with_keys(true),
        );
        let authority = &self.app.authority;
        authority.lasts(now_ms()).map_err(|refusal| match left {
            Some(left) => fault::problem(OWN.0, OWN.1, left),
            None => fault::ended(&refusal),
        })?;
        let limits = bounds(&self.app.limits);
        let (asked, shown) =
            request::asked(
                &self.call.arguments,
                http,
                &limits,
                |misplaced| match authority.permit(misplaced) {
                    Ok(_) => None,
                    Err(denied) => {
                        port.denied(&denied);
                        Some(denied)
                    }
                },
            )?;
        let web = self.app.web.as_ref();
        let exchanged = exchange(asked, web, authority, &mut port, &limits).await;
        let exchanged = exchanged.map_err(|fault| fault::problem(OWN.0, OWN.1, fault))?;
        match exchanged {
            Ok(answer) => response::output(http, shown, &answer, limits.response_body_bytes_max),
            Err(unanswered) => Err(problem(&shown, unanswered).into()),
        }
    }
}

/// What limits mean for one request.
fn bounds(limits: &Limits) -> ExchangeLimits {
    ExchangeLimits {
        first_byte_timeout_ms: limits.http_ms_max,
        exchange_timeout_ms: limits.http_ms_max,
        request_body_bytes_max: limits.http_request_bytes_max,
        response_body_bytes_max: limits.http_response_bytes_max,
        ..ExchangeLimits::default()
    }
}

/// What a workflow can catch when nothing came back.
fn problem(shown: &request::Shown, unanswered: Unanswered) -> Problem {
    let Unanswered {
        code,
        detail,
        capability,
        remedy,
    } = unanswered;
    let said = format!("{} {}: {detail}", shown.method, shown.place);
    let mut problem = if capability.is_some() {
        let mut problem = Problem::dsl("authorization", 403, detail);
        problem.title = Some("denied".to_owned());
        problem
    } else if TIMEOUTS.contains(&code.as_str()) {
        Problem::dsl("communication", 504, said)
    } else if code.starts_with(UNFIT) {
        Problem::dsl("validation", 400, said)
    } else {
        Problem::dsl("communication", 502, said)
    };
    problem = problem.with("code", code);
    for (member, text) in [("capability", capability), ("remedy", remedy)] {
        if let Some(text) = text {
            problem = problem.with(member, text);
        }
    }
    problem
}
