//! Pure policy: what a plugin asked for, what a reviewer allowed, and the proof that one exact action is both.
//!
//! This crate knows nothing of wasmtime, files, clocks or the rest of Writ. A reviewer reads it alone.

#![forbid(unsafe_code)]
