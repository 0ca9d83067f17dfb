//! Open Workflow DSL 1.0.3 documents: parsed and validated with exact positions, resolved, and checked against plugins and grants.
//!
//! No I/O here, no clock, no engine: text in, [`model::Workflow`] or diagnostics out.
//!
//! [`parse`] holds a document to everything that the document alone decides: shape, names, references. Parts of the DSL that
//! runs do not execute yet are validated as strictly as the rest. [`check`] adds what plugins and grants decide, and refuses by
//! name what is not executed.

#![forbid(unsafe_code)]

mod diagnostic;
mod duration;
mod form;
pub mod model;
mod node;
mod path;
mod read;
mod scalar;
mod source;
mod suggest;
mod text;
mod yaml;

pub use diagnostic::{DIAGNOSTICS_MAX, Diagnostic, Severity};
pub use duration::DURATION_MS_MAX;
pub use read::{CONCURRENCY_MAX, DEFINITION_NODES_MAX, EXPRESSION_BYTES_MAX, TASKS_MAX, parse};
pub use yaml::{DOCUMENT_BYTES_MAX, KEY_BYTES_MAX, NESTING_DEPTH_MAX, NODE_TEXT_BYTES, NODES_MAX};

use model::{Expression, Workflow};

/// All expressions of the document, by index.
pub fn expressions(workflow: &Workflow) -> Vec<&Expression> {
    workflow.source.expressions().iter().collect()
}
