//! Open Workflow DSL 1.0.3 documents: parsed and validated with exact positions, resolved, and checked against plugins and grants.
//!
//! No I/O here, no clock, no engine: text in, [`model::Workflow`] or diagnostics out.
//!
//! [`parse`] holds a document to everything that the document alone decides: shape, names, references. Parts of the DSL that
//! runs do not execute yet are validated as strictly as the rest. [`check`] adds what plugins and grants decide, and refuses by
//! name what is not executed.
//!
//! # Where the standard leaves a choice
//! - Text is an expression where the DSL defines it to be one (`if`, `when`, `while`, `in`, `from`, `as` …), with or without
//!   `${ }`; anywhere else only when it is wholly `${ … }`. `evaluate.mode: loose` adds the text of `set`, and nothing is guessed.
//! - A plugin is a catalog. What `use.catalogs` declares is validated and never fetched, and must not share a plugin's name.
//! - Lengths of time in years or months are refused: they have no fixed length. So are negative ones.
//! - `then` leads to a task of the same list, never out of it; a branch of a `fork` and a function lead to no other task.
//! - Functions of `use.functions` must not reach themselves.
//! - YAML is 1.2 with its core schema: `yes` is text. Merge keys, tags of applications and duplicate keys are refused.
//! - `metadata.writ` is this host's: unknown keys there are errors. All other metadata is left alone.

#![forbid(unsafe_code)]

mod check;
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
mod surrogate;
#[cfg(test)]
mod tests;
mod text;
mod yaml;

pub use check::{Catalog, ExpressionErrors, Known, check};
pub use diagnostic::{DIAGNOSTICS_MAX, Diagnostic, Severity};
pub use duration::{DURATION_MS_MAX, DurationError, duration_ms};
pub use read::{CONCURRENCY_MAX, DEFINITION_NODES_MAX, EXPRESSION_BYTES_MAX, TASKS_MAX, parse};
/// What a line for people leaves out, here and wherever a run is told of.
pub use writ_grant::is_unsafe;
pub use yaml::{DOCUMENT_BYTES_MAX, KEY_BYTES_MAX, NESTING_DEPTH_MAX, NODE_TEXT_BYTES, NODES_MAX};

use model::{Expression, Workflow};

/// All expressions of the document, by index.
pub fn expressions(workflow: &Workflow) -> Vec<&Expression> {
    workflow.source.expressions().iter().collect()
}
