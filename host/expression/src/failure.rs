//! The sandbox's faults in the words of an expression's author.

use serde_json::Value as Json;
use writ_sandbox::{Fault, Value};

/// Why an expression has no value.
pub(crate) fn explain(fault: Fault) -> String {
    if let Fault::Limit {
        limit,
        allowed,
        unit,
    } = fault
    {
        limited(limit, allowed, unit)
    } else if let Fault::Trap { message, .. } = fault {
        format!(
            "the expression made jq fail ({message}): does it recurse without end, or build a huge value?"
        )
    } else {
        format!("the expression could not be evaluated: {fault}")
    }
}

fn limited(limit: &str, allowed: u64, unit: &str) -> String {
    match limit {
        "cpu_ms_max" => format!("the expression ran past its CPU limit of {allowed} ms"),
        "wall_ms_max" => format!("the expression ran past its time limit of {allowed} ms"),
        "memory_bytes_max" => format!(
            "the expression ran past its memory limit of {} MiB",
            allowed >> 20
        ),
        "argument_bytes_max" => format!(
            "the expression's input is larger than {} MiB",
            allowed >> 20
        ),
        "output_bytes_max" => format!(
            "the expression's result is larger than {} MiB",
            allowed >> 20
        ),
        "stack_bytes_max" => "the expression recursed too deeply: bound its recursion".to_owned(),
        _ => format!("the expression ran past the limit {limit} of {allowed} {unit}"),
    }
}

/// Why a text is no expression. The guest's own answer is its `syntax-error` record.
pub(crate) fn explain_compilation(source: &str, fault: Fault) -> String {
    if let Fault::Guest { payload } = &fault {
        match (
            payload.get("message"),
            payload.get("offset").and_then(Json::as_u64),
        ) {
            (Some(Json::String(message)), Some(offset)) => {
                format!("{message} ({})", place(source, offset))
            }
            _ => format!("the expression does not compile: {payload}"),
        }
    } else if let Fault::Trap { .. }
    | Fault::Limit {
        limit: "stack_bytes_max",
        ..
    } = &fault
    {
        "the expression is nested too deeply: split it".to_owned()
    } else {
        explain(fault)
    }
}

/// Where a byte of the source stands, for people.
fn place(source: &str, offset: u64) -> String {
    let offset = usize::try_from(offset)
        .unwrap_or(usize::MAX)
        .min(source.len());
    let before = &source[..source.floor_char_boundary(offset)];
    let column = before
        .chars()
        .rev()
        .take_while(|character| *character != '\n')
        .count()
        + 1;
    match before.matches('\n').count() {
        0 => format!("at its character {column}"),
        lines => format!("at character {column} of its line {}", lines + 1),
    }
}

/// A result that no reader of JSON would take.
pub(crate) fn too_deep() -> String {
    "the expression's result is nested too deeply: does a loop wrap a value again and again?"
        .to_owned()
}

/// The component's answer is not read as JSON; all that can be wrong with it is its depth.
pub(crate) fn unreadable(error: &serde_json::Error) -> String {
    if error.to_string().contains("recursion limit") {
        too_deep()
    } else {
        format!("the expression's result cannot be read: {error}")
    }
}

/// The component answered something that its interface does not say: a component of another version.
pub(crate) fn unexpected(function: &str, answer: &Value) -> String {
    let kind: String = format!("{answer:?}").chars().take(40).collect();
    format!("the jq component's `{function}` answered {kind}: is it another version?")
}
