//! Tests through the real binary, with real components.

mod crash;
mod hostile;
mod layering;
