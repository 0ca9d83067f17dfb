//! The law between the two paths: where the fast one answers, the component answers the same.

use std::cell::RefCell;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};

use crate::fast::{Fast, Stop};
use crate::random::{program, value};
use crate::sandboxed::Sandboxed;

const CASES: u32 = 2_000;
/// One instance serves all cases, each under a number of its own; looking for a smaller failing case takes more.
const PROGRAMS: usize = 100_000;

#[test]
fn the_fast_path_agrees_with_the_component() {
    let jq = crate::component::source();
    let state = RefCell::new((Sandboxed::new(jq, crate::limits(), PROGRAMS), 0..PROGRAMS));
    let cases = (program(), value(), value());
    let mut runner = TestRunner::new(ProptestConfig::with_cases(CASES));
    let result = runner.run(&cases, |(source, input, variable)| {
        let mut state = state.borrow_mut();
        let (sandboxed, indices) = &mut *state;
        let index = indices.next().expect("fewer cases than programs");
        agrees(sandboxed, index, &source, &input, variable)
    });
    result.unwrap();
}

fn agrees(
    sandboxed: &mut Sandboxed,
    index: usize,
    source: &str,
    input: &Json,
    variable: Json,
) -> Result<(), TestCaseError> {
    let Some(fast) = Fast::parse(source) else {
        return Ok(());
    };
    let names = sandboxed.variables(index, source);
    let count = fast.variables().len();
    prop_assert_eq!(names.map(|names| names.len()), Ok(count), "{}", source);
    let variable = Arc::new(variable);
    let variables: Vec<_> = (0..count).map(|_| Arc::clone(&variable)).collect();
    let theirs = sandboxed.evaluate(index, source, input, &variables);
    match fast.evaluate(input, &variables) {
        Ok(ours) => {
            let theirs = theirs.map(|json| json.to_string());
            prop_assert_eq!(Ok(ours.to_string()), theirs, "{} on {}", source, input);
        }
        Err(Stop::Error(ours)) => {
            prop_assert_eq!(Err(ours), theirs, "{} on {}", source, input);
        }
        Err(Stop::Defer) => {}
    }
    Ok(())
}

#[test]
fn what_the_fast_path_defers_the_component_answers() {
    let cases = [
        (".a * 3", json!({"a": "xy"}), json!("xyxyxy")),
        (".a - .b", json!({"a": [1, 2], "b": [1]}), json!([2])),
        (".a / \",\"", json!({"a": "x,y"}), json!(["x", "y"])),
        (
            ".a * .b - .b",
            json!({"a": u64::MAX, "b": 2}),
            json!(36893488147419103228_f64),
        ),
        ("length", json!(-2147483649_i64), json!(2147483649_i64)),
        (".a / 0", json!({"a": 1}), json!(f64::MAX)),
    ];
    for (source, input, expected) in cases {
        let mut expressions = super::expressions(source);
        assert!(expressions.is_fast(0), "{source}");
        let result = expressions.evaluate(0, &input, &mut |_| None);
        assert_eq!(result, Ok(expected), "{source}");
    }
}
