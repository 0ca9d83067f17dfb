//! Expressions through both paths, against the real component.

mod agreement;
mod hostile;
mod language;

use std::sync::Arc;

use serde_json::Value as Json;
use writ_sandbox::Limits;

use crate::Expressions;

/// One expression on its own, with little time.
fn expressions(source: &str) -> Expressions {
    let limits = Limits {
        cpu_ms_max: 300,
        ..crate::limits()
    };
    Expressions::new(vec![source.into()], crate::component::source(), limits)
}

fn evaluate(source: &str, input: &Json) -> Result<Json, String> {
    expressions(source).evaluate(0, input, &mut |_| None)
}

fn evaluate_with(source: &str, input: &Json, variable: &Json) -> Result<Json, String> {
    expressions(source).evaluate(0, input, &mut |_| Some(Arc::new(variable.clone())))
}
