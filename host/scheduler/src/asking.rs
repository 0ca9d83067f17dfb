//! Whether a call has sent what must not be sent twice, and waits for the answer. Whoever decides that a call is given up holds this still
//! meanwhile: between "nothing was sent" and the end of the call, nothing can be.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};
use writ_sandbox::{Fault, HostCall, is_repeatable};

use crate::port::{Record, theirs};

/// One call's, shared by its port and its drive.
#[derive(Clone)]
pub(crate) struct Asking {
    is: Arc<Mutex<bool>>,
    /// Requests with an idempotency key can be repeated: whoever writes the key says so, the workflow or the plugin's author.
    keys_count: bool,
}

impl Asking {
    /// Of a call with this record: what an earlier host left without an answer still has none, until the call has said so itself.
    pub(crate) fn of(record: &Record) -> Self {
        Self {
            is: Arc::new(Mutex::new(left(record).is_some())),
            keys_count: false,
        }
    }

    /// The same for a call whose idempotency keys mean what they say, or don't.
    pub(crate) fn with_keys(mut self, keys_count: bool) -> Self {
        self.keys_count = keys_count;
        self
    }

    /// Notes that this is about to be sent, as soon as nobody holds it still.
    pub(crate) async fn begin(&self, call: &HostCall) {
        let once = !is_repeatable(&call.interface, &call.arguments, self.keys_count);
        *self.is.lock().await = once;
    }

    /// Notes that the answer is known.
    pub(crate) async fn end(&self) {
        *self.is.lock().await = false;
    }

    /// Keeps it as it is for as long as the guard lives, which tells what it is.
    pub(crate) async fn hold(&self) -> OwnedMutexGuard<bool> {
        Arc::clone(&self.is).lock_owned().await
    }
}

/// The fault that this is, when it is not even asked what came of it.
pub(crate) fn in_doubt(record: &Record) -> Option<Fault> {
    let call = Box::new(theirs(left(record)?.clone()));
    Some(Fault::InDoubt { call })
}

/// What an earlier host was about to send, if it is not to be sent twice and no answer was written down.
pub(crate) fn left(record: &Record) -> Option<&writ_run::HostCall> {
    let unanswered = record.values().filter(|recorded| recorded.answer.is_none());
    unanswered
        .map(|recorded| &recorded.call)
        .find(|call| !is_repeatable(&call.interface, &call.arguments, false))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::port::Recorded;

    fn record(method: &str, answer: Option<serde_json::Value>) -> Record {
        let call = writ_run::HostCall {
            interface: "wasi:http/outgoing-handler".to_owned(),
            function: "handle".to_owned(),
            arguments: json!({ "method": method, "url": "http://a.example/", "headers": [] }),
        };
        let recorded = Recorded {
            call,
            answer,
            next: 1,
        };
        Record::from([(0, recorded)])
    }

    #[tokio::test]
    async fn a_call_that_is_taken_up_is_in_doubt_until_its_answer_is_known() {
        let asking = Asking::of(&record("POST", None));
        assert!(*asking.hold().await);
        asking.end().await;
        assert!(!*asking.hold().await);
        for settled in [
            record("POST", Some(json!({}))),
            record("PUT", None),
            Record::new(),
        ] {
            assert!(!*Asking::of(&settled).hold().await);
        }
    }
}
