//! A simulated host: fake functions, virtual time, and a journal that is folded again after every step.
//!
//! Functions, by name: `echo` returns its arguments; `fail` faults with `arguments.status`; `flaky` faults in attempts below
//! `arguments.until`; `denied` faults as the host would. A call takes `arguments.ms` of virtual time. The plugin says what
//! they do to the world: `pure`, `safe` (idempotent) or `pay` (once).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Value as Json, json};

use crate::{
    Action, Call, Callee, Definition, Effects, Event, Limits, Moment, Problem, Run, RunId, Signal,
    Status, TaskId, WorkflowPin,
};

use super::jq::Jq;

pub(crate) const START_MS: u64 = 1_700_000_000_000;
const SIGNALS_MAX: usize = 200_000;

/// A definition from the part of a YAML document after `document:`.
pub(crate) fn define(body: &str) -> Definition {
    let text = format!(
        "document: {{dsl: '1.0.3', namespace: test, name: test, version: '1.0.0'}}\n{body}"
    );
    let workflow = match writ_workflow::parse(&text, "test.yaml") {
        Ok(workflow) => workflow,
        Err(diagnostics) => panic!("{diagnostics:#?}\n{text}"),
    };
    let mut effects = BTreeMap::new();
    for function in ["echo", "fail", "flaky"] {
        for (plugin, effect) in [
            ("pure", Effects::None),
            ("record", Effects::Recorded),
            ("safe", Effects::Idempotent),
            ("pay", Effects::Once),
        ] {
            effects.insert((plugin.to_owned(), function.to_owned()), effect);
        }
    }
    Definition::new(Arc::new(workflow), effects).unwrap()
}

/// A host that executes one run.
pub(crate) struct Host<'d> {
    pub(crate) definition: &'d Definition,
    pub(crate) run: Run,
    pub(crate) jq: Jq,
    pub(crate) now_ms: u64,
    /// The journal, with the time of each event.
    pub(crate) journal: Vec<(u64, Event)>,
    /// Calls asked for, in order.
    pub(crate) calls: Vec<Call>,
    /// Calls at work, by when they come back.
    pub(crate) at_work: BTreeMap<(u64, TaskId), (u32, Result<Json, Problem>)>,
    pub(crate) aborted: BTreeSet<TaskId>,
    pub(crate) finished: u32,
    pub(crate) wake_ms: Option<u64>,
    /// Fold the journal again after every step and compare.
    pub(crate) strict: bool,
    /// Calls that have sent what nobody has answered.
    pub(crate) asking: BTreeSet<TaskId>,
    pub(crate) stopping: bool,
}

impl<'d> Host<'d> {
    pub(crate) fn new(definition: &'d Definition) -> Self {
        Self {
            definition,
            run: Run::new(RunId::from_bytes([7; 16])),
            jq: Jq::default(),
            now_ms: START_MS,
            journal: Vec::new(),
            calls: Vec::new(),
            at_work: BTreeMap::new(),
            aborted: BTreeSet::new(),
            finished: 0,
            wake_ms: None,
            strict: true,
            asking: BTreeSet::new(),
            stopping: false,
        }
    }

    /// A host that finds this journal after a crash.
    pub(crate) fn recovered(definition: &'d Definition, journal: &[(u64, Event)]) -> Self {
        let mut host = Self::new(definition);
        host.now_ms = journal.last().map_or(START_MS, |(at_ms, _)| *at_ms);
        host.run = fold(definition, journal);
        host.journal = journal.to_vec();
        host
    }

    pub(crate) fn start(&mut self, input: Json) -> &mut Self {
        let event = Event::RunStarted {
            workflow: WorkflowPin {
                namespace: "test".to_owned(),
                name: "test".to_owned(),
                version: "1.0.0".to_owned(),
                digest: String::new(),
            },
            plugins: BTreeMap::new(),
            input,
            at_ms: self.now_ms,
            seed: 42,
            grants: None,
            signed: Vec::new(),
        };
        self.signal(Signal::Start {
            event: Box::new(event),
        })
    }

    /// Signals, and performs what was decided.
    pub(crate) fn signal(&mut self, signal: Signal) -> &mut Self {
        let mut next = Some(signal);
        while let Some(signal) = next.take() {
            let (runtime, secrets) = (json!({"name": "writ"}), json!({"token": "placeholder"}));
            let moment = Moment {
                definition: self.definition,
                now_ms: self.now_ms,
                runtime: &runtime,
                secrets: &secrets,
                asking: &self.asking,
                stopping: self.stopping,
            };
            let decision = self.run.advance(&moment, signal, &mut self.jq);
            let now_ms = self.now_ms;
            self.journal
                .extend(decision.events.into_iter().map(|event| (now_ms, event)));
            if self.strict {
                assert_eq!(
                    fold(self.definition, &self.journal),
                    self.run,
                    "the journal folds to the live state"
                );
            }
            for action in decision.actions {
                match action {
                    Action::Call(call) => self.call(*call),
                    Action::Abort { task, attempt } => self.abort(task, attempt),
                    Action::Wake { at_ms } => self.wake_ms = Some(at_ms),
                    Action::Continue => next = Some(Signal::Continue),
                    Action::Finished => self.finished += 1,
                }
            }
        }
        self
    }

    fn call(&mut self, call: Call) {
        let due_ms = self.now_ms + call.arguments.get("ms").and_then(Json::as_u64).unwrap_or(0);
        let replaced = self
            .at_work
            .insert((due_ms, call.task), (call.attempt, answer(&call)));
        assert!(replaced.is_none(), "one call at a time for one activation");
        self.calls.push(call);
    }

    fn abort(&mut self, task: TaskId, attempt: u32) {
        let before = self.at_work.len();
        self.at_work
            .retain(|(_, working), (of, _)| (*working, *of) != (task, attempt));
        assert_eq!(self.at_work.len() + 1, before, "what is aborted is at work");
        self.aborted.insert(task);
    }

    /// Lets time pass until nothing more will happen.
    pub(crate) fn until_idle(&mut self) -> &mut Self {
        for _ in 0..SIGNALS_MAX {
            let call = self.at_work.keys().next().map(|(due, _)| *due);
            let wake = self.wake_ms.filter(|_| self.run.next_wake_ms().is_some());
            let Some(next) = [call, wake].into_iter().flatten().min() else {
                return self;
            };
            self.now_ms = self.now_ms.max(next);
            if Some(next) == call {
                let ((_, task), (attempt, result)) = self.at_work.pop_first().unwrap();
                self.signal(Signal::Returned {
                    task,
                    attempt,
                    result,
                });
            } else {
                self.wake_ms = None;
                self.signal(Signal::Woken);
            }
        }
        panic!("a run that does not come to rest");
    }

    pub(crate) fn run_to_end(&mut self, input: Json) -> &mut Self {
        self.start(input).until_idle();
        assert!(
            self.run.status().is_final(),
            "ended, not {}",
            self.run.status()
        );
        assert_eq!(self.finished, 1, "its end is told once");
        assert!(self.at_work.is_empty(), "nothing is orphaned");
        self
    }

    pub(crate) fn output(&self) -> Json {
        match (self.run.output(), self.run.error()) {
            (Some(output), _) => output.clone(),
            (None, error) => panic!("no output but {} with {error:#?}", self.run.status()),
        }
    }

    pub(crate) fn error(&self) -> Problem {
        assert_eq!(self.run.status(), Status::Faulted);
        self.run.error().unwrap().clone()
    }

    /// Names of the events with the names of their tasks.
    pub(crate) fn story(&self) -> Vec<String> {
        self.journal
            .iter()
            .map(|(_, event)| event.story())
            .collect()
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.journal.iter().map(|(_, event)| event.name()).collect()
    }
}

#[expect(clippy::result_large_err, reason = "the shape that the signal takes")]
/// What a fake function answers: the same to the same call.
fn answer(call: &Call) -> Result<Json, Problem> {
    let Callee::Plugin { function, .. } = &call.callee else {
        return Ok(call.arguments.clone());
    };
    match function.as_str() {
        "echo" => Ok(call.arguments.clone()),
        "fail" => {
            let status = call.arguments["status"].as_u64().unwrap_or(500);
            Err(Problem::dsl(
                "communication",
                u16::try_from(status).unwrap(),
                "it failed",
            ))
        }
        "flaky" if u64::from(call.attempt) < call.arguments["until"].as_u64().unwrap() => {
            Err(Problem::dsl("communication", 503, "not yet"))
        }
        "flaky" => Ok(json!({"attempt": call.attempt})),
        other => panic!("no function {other}"),
    }
}

/// What a journal says, read from its JSON.
pub(crate) fn fold(definition: &Definition, journal: &[(u64, Event)]) -> Run {
    let mut run = Run::new(RunId::from_bytes([7; 16]));
    for (_, event) in journal {
        let text = serde_json::to_string(event).unwrap();
        let read: Event = serde_json::from_str(&text).unwrap();
        assert_eq!(&read, event, "{text}");
        run.apply(definition, &read).unwrap();
    }
    run
}

/// The output of a whole run of a document.
pub(crate) fn output_of(body: &str, input: Json) -> Json {
    Host::new(&define(body)).run_to_end(input).output()
}

/// The error of a whole run of a document.
pub(crate) fn error_of(body: &str, input: Json) -> Problem {
    Host::new(&define(body)).run_to_end(input).error()
}

pub(crate) fn with_limits(body: &str, limits: Limits) -> Definition {
    define(body).with_limits(limits)
}
