//! Open Workflow DSL 1.0.3 documents: parsed and validated with exact positions, resolved, and checked against plugins and grants.
//!
//! No I/O here, no clock, no engine: text in, [`model::Workflow`] or diagnostics out.

#![forbid(unsafe_code)]

pub mod model;
