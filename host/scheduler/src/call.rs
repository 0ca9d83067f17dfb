//! One call: of a plugin's function (make the intent durable, run the guest, name the fault), or of a server, in `http`.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use serde_json::Value as Json;
use writ_journal::{JournalError, Position};
use writ_run::{Callee, Effects, Problem, RunId, Signal, TaskId};
use writ_sandbox::{Call, Tools};

use crate::{
    app::App,
    asking::{self, Asking},
    clock::now_ms,
    fault,
    port::{FirstDenial, JournalPort, Record},
    scheduler::Inner,
};

/// What a call came to.
pub(crate) struct Returned {
    pub(crate) task: TaskId,
    pub(crate) attempt: u32,
    effects: Effects,
    result: Result<Json, Problem>,
}

impl Returned {
    pub(crate) fn new(
        task: TaskId,
        attempt: u32,
        effects: Effects,
        result: Result<Json, Problem>,
    ) -> Self {
        Self {
            task,
            attempt,
            effects,
            result,
        }
    }

    /// The signal for the state machine, and what the call could touch.
    pub(crate) fn into_signal(self) -> (Signal, Effects) {
        (
            Signal::Returned {
                task: self.task,
                attempt: self.attempt,
                result: self.result,
            },
            self.effects,
        )
    }
}

/// A call that was decided and not yet performed.
pub(crate) struct Work {
    pub(crate) inner: Arc<Inner>,
    pub(crate) app: Arc<App>,
    pub(crate) run: RunId,
    pub(crate) call: writ_run::Call,
    /// Host calls that an earlier process recorded for this attempt.
    pub(crate) recorded: Record,
    /// What must be durable before the guest may touch the world.
    pub(crate) intent: Option<Position>,
    /// Told of what is sent.
    pub(crate) asking: Asking,
}

impl Work {
    /// Performs it. A panic of the host on the way is a fault of this call.
    pub(crate) async fn perform_caught(self) -> Result<Returned, JournalError> {
        let (task, attempt, effects) = (self.call.task, self.call.attempt, self.call.effects);
        let performed = AssertUnwindSafe(self.perform()).catch_unwind().await;
        performed.unwrap_or_else(|_| {
            let problem = Problem::ours("host", 500, "a call failed by a bug of the host");
            Ok(Returned::new(task, attempt, effects, Err(problem)))
        })
    }

    async fn perform(self) -> Result<Returned, JournalError> {
        match self.call.callee.clone() {
            Callee::Http(http) => Ok(self.send(&http).await),
            Callee::Plugin {
                plugin, function, ..
            } => self.run_guest(plugin, function).await,
        }
    }

    async fn run_guest(self, plugin: String, function: String) -> Result<Returned, JournalError> {
        let writ_run::Call {
            task,
            attempt,
            arguments,
            effects,
            clock_ms,
            seed,
            idempotency_key,
            ..
        } = self.call;
        // Where host calls have intents of their own, nothing has to be durable before the first of them.
        let whole = matches!(effects, Effects::Idempotent | Effects::Once);
        if let Some(intent) = self.intent.filter(|_| whole) {
            self.inner.journal.flush(intent).await?;
        }
        let Some(known) = self.app.plugins.get(&plugin) else {
            let problem = Problem::dsl(
                "configuration",
                400,
                format!("plugin `{plugin}` is not part of this app"),
            );
            return Ok(Returned::new(task, attempt, effects, Err(problem)));
        };
        let denial = FirstDenial::default();
        let left = asking::in_doubt(&self.recorded);
        let port = JournalPort::new(
            self.inner.journal.clone(),
            self.run,
            task,
            attempt,
            self.recorded,
            Arc::clone(&denial),
            self.asking.with_keys(known.idempotent.contains(&function)),
        );
        // A function that is said to have no effects gets no permit for any: that makes the saying true.
        let authority = match effects {
            Effects::None => &known.authority_without_changes,
            Effects::Recorded | Effects::Idempotent | Effects::Once => &known.authority,
        };
        if let Err(refusal) = authority.lasts(now_ms()) {
            let problem = match left {
                Some(left) => fault::problem(&plugin, &function, left),
                None => fault::ended(&refusal)
                    .with("plugin", plugin)
                    .with("function", function),
            };
            return Ok(Returned::new(task, attempt, effects, Err(problem)));
        }
        let outcome = known
            .component
            .call(Call {
                function: function.clone(),
                arguments,
                authority: authority.clone(),
                folders: known.folders.clone(),
                limits: known.limits.clone(),
                clock_ms,
                seed,
                idempotency_key: Some(idempotency_key),
                settings: Arc::clone(&known.settings),
                tools: Arc::clone(&self.app) as Arc<dyn Tools>,
                idempotent: known.idempotent.contains(&function),
                web: self.app.web.clone(),
                port: Box::new(port),
            })
            .await;
        // What was told at the very end may have been lost, too.
        let result = match outcome.port.lost() {
            Some(lost) if outcome.result.is_ok() => Err(lost.into()),
            Some(_) | None => outcome.result,
        };
        let result = result
            .map_err(|fault| fault::problem(&plugin, &function, fault))
            .map_err(|problem| blame(problem, denial.lock().take()));
        Ok(Returned::new(task, attempt, effects, result))
    }
}

/// A call that failed after something was denied to it says so itself, whatever the guest made of the refusal.
fn blame(problem: Problem, denial: Option<(String, String)>) -> Problem {
    match denial {
        Some((capability, remedy)) if !problem.extensions.contains_key("capability") => problem
            .with("capability", capability)
            .with("remedy", remedy),
        Some(_) | None => problem,
    }
}
