//! Fits the sandboxed jq to what a run asks for.

use serde_json::Value as Json;
use writ_expression::Expressions;
use writ_run::{Arguments, Expression};

/// One run's view of its workflow's expressions.
pub(crate) struct Evaluator<'a>(pub(crate) &'a mut Expressions);

impl writ_run::Evaluator for Evaluator<'_> {
    fn evaluate(
        &mut self,
        expression: &Expression,
        input: &Json,
        arguments: &dyn Arguments,
    ) -> Result<Json, String> {
        // jq writes variables with their `$`; a run names them without.
        let mut variable = |name: &str| arguments.get(name.trim_start_matches('$'));
        self.0
            .evaluate(expression.index as usize, input, &mut variable)
    }
}
