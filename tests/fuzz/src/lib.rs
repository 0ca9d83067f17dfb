//! What strangers can hand to the host as bytes: one target a decoder, each a function that takes any bytes and panics when a
//! property of that decoder does not hold for them.
//!
//! The same functions are run in two ways: by ordinary tests over seeds and a few thousand mutations of them (`tests/short.rs`),
//! and by libFuzzer, guided by coverage, for as long as one likes (`libfuzzer/`). Nothing here knows which.
//!
//! A target must be a function of its bytes alone: what it builds once and keeps is the same in every process.

#![forbid(unsafe_code)]
mod mutate;
mod random;
mod seeds;
mod targets;
mod words;

pub use mutate::Mutator;
pub use random::Random;
pub use targets::{TARGETS, Target, run, target};
