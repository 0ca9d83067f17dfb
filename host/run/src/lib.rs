//! A run as a pure, event-sourced state machine: events fold into state, and state decides what happens next.
//!
//! No clock, no randomness, no I/O: time and seeds come in as data, effects go out as [`Action`]s, and jq comes in as an
//! [`Evaluator`], which must be deterministic.

#![forbid(unsafe_code)]

mod event;
mod id;
mod problem;

pub use event::{Event, HostCall, KvChange, PluginPin, WorkflowPin};
pub use id::{RunId, TaskId};
pub use problem::Problem;
