//! Fits the sandboxed jq to what a run asks for.

use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;
use writ_expression::Expressions;
use writ_run::{Arguments, Expression};

/// How long one advance may evaluate before it looks at the clock anew: what is timed is as late as that.
const SLICE: Duration = Duration::from_millis(10);

/// One run's view of its workflow's expressions, for one advance.
pub(crate) struct Evaluator<'a> {
    expressions: &'a mut Expressions,
    began: Instant,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(expressions: &'a mut Expressions) -> Self {
        Self {
            expressions,
            began: Instant::now(),
        }
    }
}

impl writ_run::Evaluator for Evaluator<'_> {
    fn evaluate(
        &mut self,
        expression: &Expression,
        input: &Json,
        arguments: &dyn Arguments,
    ) -> Result<Json, String> {
        // jq writes variables with their `$`; a run names them without.
        let mut variable = |name: &str| arguments.get(name.trim_start_matches('$'));
        self.expressions
            .evaluate(expression.index as usize, input, &mut variable)
    }

    fn is_late(&self) -> bool {
        self.began.elapsed() > SLICE
    }
}
