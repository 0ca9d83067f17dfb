//! Drives runs: performs what the state machine decides, and feeds the results back as signals, through the journal.
//!
//! This is the edge where time, randomness and tasks live. It does not know where plugins, grants or workflows come
//! from: the command line hands over an [`App`] that is already resolved.

#![forbid(unsafe_code)]

mod app;
mod asking;
mod call;
mod clock;
mod drive;
mod evaluator;
mod fault;
mod http;
mod kv;
mod port;
mod recover;
mod scheduler;
mod timers;
mod told;

pub use app::{App, Plugin};
pub use clock::now_ms;
pub use scheduler::{Ended, Observer, REQUESTS_AT_ONCE, Scheduler, SchedulerError, Settings};
pub use told::Waiting;
