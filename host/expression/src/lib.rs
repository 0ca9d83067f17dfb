//! Runtime expressions: jq, evaluated inside the sandbox, with a native fast path for what workflows mostly say.
//!
//! [`Expressions`] holds the expressions of one workflow version. What is a path, a literal, a comparison or made of such parts
//! is evaluated here at once; everything else by the jq component (`plugins/jq`), in an instance that is kept warm with its
//! filters compiled, has no capability, and is thrown away at any trap or limit. Both give the same results; tests hold them
//! against each other on random programs and values.
//!
//! This crate must not know workflows, runs or the journal: it maps an expression's number, a value and the values of its
//! variables to a value. What an expression computes depends on these alone.
//!
//! An expression's stream of results is read as one value: its first result, or `null` if it has none.

#![forbid(unsafe_code)]

mod expressions;
mod failure;
mod fast;
mod sandboxed;

#[cfg(test)]
mod component;
#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;

pub use expressions::Expressions;
pub use sandboxed::{JqSource, limits};
