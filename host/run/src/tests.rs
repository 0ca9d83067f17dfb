//! Whole runs, with a simulated host: calls, time and crashes are data.

mod bounds;
mod calls;
mod data_flow;
mod end;
mod events;
mod forks;
mod harness;
mod jq;
mod laws;
mod loops;
mod order;
mod tries;
mod waits;
