//! A run as a pure, event-sourced state machine: events fold into state, and state decides what happens next.
//!
//! No clock, no randomness, no I/O: time and seeds come in as data, effects go out as [`Action`]s, and jq comes in as an
//! [`Evaluator`], which must be deterministic.

#![forbid(unsafe_code)]

mod definition;
mod event;
mod id;
mod problem;
mod signal;
mod status;

pub use definition::{Definition, Limits};
pub use event::{Event, HostCall, Intent, KvChange, PluginPin, RunChange, TaskStarted, WorkflowPin};
pub use id::{RunId, TaskId};
pub use problem::{DSL, OURS, Problem};
pub use signal::{Action, Arguments, Call, Decision, Effects, Evaluator, Moment, Signal};
pub use status::Status;

/// Name of the task that a JSON Pointer points to.
pub(crate) fn name_of(reference: &str) -> String {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    last.replace("~1", "/").replace("~0", "~")
}
