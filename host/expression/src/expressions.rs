//! The expressions of one workflow version, by number: each to the fast path or to the sandbox.

use std::sync::Arc;

use serde_json::Value as Json;
use writ_sandbox::Limits;

use crate::failure;
use crate::fast::{Fast, Stop};
use crate::sandboxed::{JqSource, Sandboxed};

/// How deep a result may be nested. A result becomes an input again, and a loop could nest it a little deeper each time, until
/// no reader of JSON takes it; most of them, ours too, stop at 128.
const RESULT_DEPTH_MAX: usize = 100;

/// All expressions of one workflow version, ready to be evaluated.
///
/// Making one is cheap: the sandbox is not touched before an expression needs it.
pub struct Expressions {
    programs: Vec<Program>,
    sandboxed: Sandboxed,
}

struct Program {
    source: Arc<str>,
    fast: Option<Fast>,
}

impl Expressions {
    /// The expressions in the order of their numbers. `jq` is asked for the component when the first expression needs it.
    pub fn new(programs: Vec<Arc<str>>, jq: JqSource, limits: Limits) -> Self {
        let sandboxed = Sandboxed::new(jq, limits, programs.len());
        let programs = programs
            .into_iter()
            .map(|source| Program {
                fast: Fast::parse(&source),
                source,
            })
            .collect();
        Self {
            programs,
            sandboxed,
        }
    }

    /// What is wrong with which expressions, as far as that is known without a value: their syntax, and filters that don't exist.
    pub fn check(&mut self) -> Vec<(usize, String)> {
        let mut problems = Vec::new();
        for (index, program) in self.programs.iter().enumerate() {
            if program.fast.is_some() {
                continue;
            }
            if let Err(message) = self.sandboxed.variables(index, &program.source) {
                problems.push((index, message));
            }
        }
        problems
    }

    /// The variables that an expression wants to know, with their `$`, in no particular order.
    ///
    /// # Errors
    /// The expression's syntax error.
    pub fn variables(&mut self, index: usize) -> Result<Vec<String>, String> {
        let program = self.programs.get(index).ok_or_else(|| unknown(index))?;
        match &program.fast {
            Some(fast) => Ok(fast.variables().to_vec()),
            None => self
                .sandboxed
                .variables(index, &program.source)
                .map(|names| names.to_vec()),
        }
    }

    /// Whether an expression is evaluated without the sandbox, except on values for which only the sandbox is certain.
    pub fn is_fast(&self, index: usize) -> bool {
        self.programs
            .get(index)
            .is_some_and(|program| program.fast.is_some())
    }

    /// Whether any of them needs the jq component, or may need it for some values.
    pub fn need_jq(&self) -> bool {
        let needs = |program: &Program| program.fast.as_ref().is_none_or(Fast::may_defer);
        self.programs.iter().any(needs)
    }

    /// The expression's first result on this input, `null` if it has none.
    ///
    /// `variable` is asked for the values of the variables that the expression names (`$context`, with its `$`), each at most
    /// once for the fast path and once for the sandbox; `None` means that there is no such variable here.
    ///
    /// # Errors
    /// One sentence: the expression's own error, its syntax error, an unknown variable, or the limit it ran past.
    pub fn evaluate(
        &mut self,
        index: usize,
        input: &Json,
        variable: &mut dyn FnMut(&str) -> Option<Arc<Json>>,
    ) -> Result<Json, String> {
        let result = self.result(index, input, variable)?;
        if is_deeper(&result, RESULT_DEPTH_MAX) {
            return Err(failure::too_deep());
        }
        Ok(result)
    }

    fn result(
        &mut self,
        index: usize,
        input: &Json,
        variable: &mut dyn FnMut(&str) -> Option<Arc<Json>>,
    ) -> Result<Json, String> {
        let program = self.programs.get(index).ok_or_else(|| unknown(index))?;
        if let Some(fast) = &program.fast {
            let variables = values(fast.variables(), variable)?;
            match fast.evaluate(input, &variables) {
                Ok(value) => return Ok(value),
                Err(Stop::Error(message)) => return Err(message),
                Err(Stop::Defer) => {}
            }
        }
        let names = self.sandboxed.variables(index, &program.source)?;
        let variables = values(&names, variable)?;
        self.sandboxed
            .evaluate(index, &program.source, input, &variables)
    }
}

fn is_deeper(value: &Json, levels: usize) -> bool {
    let inside = |item: &Json| levels == 0 || is_deeper(item, levels - 1);
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
        Json::Array(items) => items.iter().any(inside),
        Json::Object(members) => members.values().any(inside),
    }
}

fn unknown(index: usize) -> String {
    format!("there is no expression {index}")
}

fn values(
    names: &[String],
    variable: &mut dyn FnMut(&str) -> Option<Arc<Json>>,
) -> Result<Vec<Arc<Json>>, String> {
    let value =
        |name: &String| variable(name).ok_or_else(|| format!("there is no variable `{name}` here"));
    names.iter().map(value).collect()
}
