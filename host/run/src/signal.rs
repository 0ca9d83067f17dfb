//! What a run is told and what it answers. Plain data, and the port through which expressions are evaluated.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use writ_workflow::model::{Expression, HttpCall};

use crate::{Definition, Event, Problem, TaskId};

/// What a second call of a function would do to the world. Ordered from harmless to grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Effects {
    /// Nothing: it computes.
    None,
    /// Nothing by itself: it is executed again with the recorded answers of its host calls, and each of those that could
    /// change something has an intent of its own.
    Recorded,
    /// No more than the first one did.
    Idempotent,
    /// It would happen again.
    Once,
}

/// What holds while a run advances once.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// What the run executes; the same at every step of it.
    pub definition: &'a Definition,
    /// Now, in milliseconds since 1970.
    pub now_ms: u64,
    /// `$runtime`
    pub runtime: &'a Json,
    /// `$secrets`: from name to placeholder.
    pub secrets: &'a Json,
    /// Calls that have sent, or may have sent, what is not to be sent twice, and of which no answer is known. Giving one up leaves an
    /// effect in doubt.
    pub asking: &'a BTreeSet<TaskId>,
    /// The host is about to stop: what came back is taken in, and no further call is begun.
    pub stopping: bool,
}

/// Evaluates jq. Must be deterministic.
pub trait Evaluator {
    /// The first result of an expression on an input. The error is a plain sentence without place.
    fn evaluate(
        &mut self,
        expression: &Expression,
        input: &Json,
        arguments: &dyn Arguments,
    ) -> Result<Json, String>;

    /// Whether evaluating took so long that what the run knows of the time is old: then an advance ends early.
    fn is_late(&self) -> bool {
        false
    }
}

/// The variables that an expression may name, built when asked for.
pub trait Arguments {
    /// The value of a variable, named without `$`.
    fn get(&self, name: &str) -> Option<Arc<Json>>;

    /// Every name for which there is a value.
    fn names(&self) -> Vec<String>;
}

/// What a run is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// Begin.
    Start {
        /// The event that a journal begins with: `run.started`. It is among the events of the decision.
        event: Box<Event>,
    },
    /// A call came back.
    Returned {
        /// Of which activation.
        task: TaskId,
        /// In which attempt.
        attempt: u32,
        /// With what.
        result: Result<Json, Problem>,
    },
    /// Time has passed.
    Woken,
    /// A host has folded this run from its journal and takes it over.
    Recovered,
    /// End it.
    Cancel {
        /// Why.
        reason: String,
    },
    /// Start nothing new.
    Suspend,
    /// Go on.
    Resume,
    /// Go on after [`Action::Continue`].
    Continue,
}

/// What a run decided.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decision {
    /// What happened, in order; already folded into the run.
    pub events: Vec<Event>,
    /// What is to be done now, in order, after the events are kept as durably as the actions need.
    pub actions: Vec<Action>,
}

/// What is to be done for a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Call a function and signal [`Signal::Returned`].
    Call(Box<Call>),
    /// The result of a call is no longer wanted.
    Abort {
        /// Of which activation.
        task: TaskId,
        /// In which attempt.
        attempt: u32,
    },
    /// Signal [`Signal::Woken`] at this time; replaces an earlier wish.
    Wake {
        /// In milliseconds since 1970.
        at_ms: u64,
    },
    /// Signal [`Signal::Continue`] soon; there is more to do than one step may do.
    Continue,
    /// The run is over.
    Finished,
}

/// What a call is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callee {
    /// A function of a plugin.
    Plugin {
        /// The plugin.
        plugin: String,
        /// Its version, as the workflow names it.
        version: String,
        /// The function.
        function: String,
    },
    /// A server, by `call: http`. The arguments are `method`, `endpoint`, `headers`, `query`, `body` and `token`.
    Http(HttpCall),
}

/// A call to make.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// For which activation.
    pub task: TaskId,
    /// Attempt of the `try` around it, from 1.
    pub attempt: u32,
    /// What is called.
    pub callee: Callee,
    /// What it is called with.
    pub arguments: Json,
    /// What a second call would do.
    pub effects: Effects,
    /// The run's recorded clock: what the guest is told the time is.
    pub clock_ms: u64,
    /// Seed of the guest's randomness.
    pub seed: u64,
    /// When the call is no longer wanted.
    pub deadline_ms: Option<u64>,
    /// What the outside can tell a repeated call by.
    pub idempotency_key: String,
    /// JSON Pointer of the task.
    pub reference: Arc<str>,
}
