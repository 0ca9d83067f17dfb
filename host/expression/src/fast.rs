//! The native fast path: the expressions that workflows are mostly made of, evaluated without the sandbox.
//!
//! It takes only what it can evaluate with exactly the component's result: paths, literals, objects and arrays of such parts,
//! comparisons, logic and arithmetic. Everything else is left to the component, already at the parse (`None`), or at the
//! evaluation, when the values turn out to be beyond what is certain here ([`Stop::Defer`]). It must not know the sandbox.

mod calculate;
mod compare;
mod construct;
mod evaluate;
mod message;
mod number;
mod operator;
mod parse;
mod path;
mod scan;
mod term;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value as Json;

use term::Term;

/// A parsed expression of the fast path.
#[derive(Debug)]
pub(crate) struct Fast {
    term: Term,
    variables: Vec<String>,
}

/// Why the fast path gives no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The expression fails on these values; the message is the component's.
    Error(String),
    /// Only the component knows.
    Defer,
}

impl Fast {
    /// Parses an expression, or gives it up to the component.
    pub(crate) fn parse(source: &str) -> Option<Self> {
        let (term, variables) = parse::parse(source)?;
        Some(Self { term, variables })
    }

    /// Names of the variables it wants, with their `$`, in the order in which it wants their values.
    pub(crate) fn variables(&self) -> &[String] {
        &self.variables
    }

    /// Whether it may turn out, on odd numbers, that only the component knows. Values that are too large aside: those are too
    /// large for the component too.
    pub(crate) fn may_defer(&self) -> bool {
        self.term.may_defer()
    }

    /// Its first result, `null` if there is none.
    pub(crate) fn evaluate(&self, input: &Json, variables: &[Arc<Json>]) -> Result<Json, Stop> {
        evaluate::evaluate(&self.term, input, variables)
    }
}
