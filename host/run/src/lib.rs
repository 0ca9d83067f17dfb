//! A run as a pure, event-sourced state machine: events fold into state, and state decides what happens next.
//!
//! No clock, no randomness, no I/O: time and seeds come in as data, effects go out as [`Action`]s, and jq comes in as an
//! [`Evaluator`], which must be deterministic.
//!
//! Two laws hold, and are tested. Folding the events of a run from scratch gives the state that decided them. And a host that
//! folds any prefix of them and goes on reaches the same end, as long as calls give the same answers.

#![forbid(unsafe_code)]

mod arguments;
mod begin;
mod begun;
mod call;
mod clock;
mod data;
mod definition;
mod doors;
mod doubt;
mod event;
mod flow;
mod fold;
mod for_;
mod fork;
mod id;
mod problem;
mod raise;
mod retry;
mod run;
mod seed;
mod signal;
mod state;
mod status;
#[cfg(test)]
mod tests;
mod timers;
mod tree;
mod try_;
mod uri;

pub use definition::{Definition, Limits, bad_schemas};
pub use event::{
    Event, HostCall, Intent, KvChange, PluginPin, RunChange, SignedPin, TaskStarted, WorkflowPin,
};
pub use fold::Corrupt;
pub use id::{RunId, TaskId};
pub use problem::{DSL, OURS, Problem};
pub use run::{LoopProgress, Progress, Run};
pub use signal::{Action, Arguments, Call, Callee, Decision, Effects, Evaluator, Moment, Signal};
pub use status::Status;
pub use writ_workflow::model::{Authentication, Expression, HttpCall, HttpOutput};
