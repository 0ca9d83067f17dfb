//! One runtime expression: evaluated by the fast path, and in the kept instance of the jq component, beside jaq without a sandbox.

use std::sync::Arc;

use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars};
use jaq_json::{Val, read};
use serde_json::{Value as Json, json};
use writ_expression::Expressions;

use crate::guest;
use crate::report::{Report, seconds};

const SIMPLE: &str = ".order.total > 100";
const LARGE: &str = "[.lines[] | select(.quantity > 2) | .price * .quantity] | add";
const ROUNDS: u32 = 7;
const EVALUATIONS: u32 = 2_000;

pub(crate) fn measure(report: &mut Report) {
    let component = guest::load(&guest::jq());
    let programs: Vec<Arc<str>> = vec![SIMPLE.into(), LARGE.into()];
    let source = Arc::new(move || Ok(component.clone()));
    let mut expressions = Expressions::new(programs, source, writ_expression::limits());
    assert!(
        expressions.is_fast(0) && !expressions.is_fast(1),
        "one of each kind"
    );
    let input = order();
    for (index, program, kind) in [(0, SIMPLE, "fast-path"), (1, LARGE, "warm-instance")] {
        let floor = native(program, &input);
        report.line(&format!("expression.{kind}-jaq"), floor, "us");
        let evaluate = || {
            drop(
                expressions
                    .evaluate(index, &input, &mut |_| None)
                    .expect("it has a result"),
            )
        };
        report.line(&format!("expression.{kind}"), each(evaluate), "us");
    }
}

fn order() -> Json {
    let line = |n: u32| json!({ "item": format!("item {n}"), "quantity": n, "price": 2.5 });
    json!({ "order": { "id": "A-17", "total": 120.5 }, "lines": (0..8).map(line).collect::<Vec<_>>() })
}

/// Microseconds for one.
fn each(mut evaluate: impl FnMut()) -> f64 {
    seconds(ROUNDS, || (0..EVALUATIONS).for_each(|_| evaluate())) * 1e6 / f64::from(EVALUATIONS)
}

/// The same by jaq itself, compiled once, from JSON value to JSON value.
fn native(program: &str, input: &Json) -> f64 {
    let arena = Arena::default();
    // Of the library only what the programs call: the rest names functions that a build without extras leaves out.
    let called =
        jaq_std::defs().filter(|definition| ["add", "null", "select"].contains(&definition.name));
    let definitions = jaq_core::defs().chain(called);
    let modules = Loader::new(definitions)
        .load(
            &arena,
            File {
                code: program,
                path: (),
            },
        )
        .expect("it is jq");
    let functions = jaq_core::funs().chain(jaq_json::funs());
    let filter = Compiler::default()
        .with_funs(functions)
        .compile(modules)
        .expect("it compiles");
    each(|| {
        let input = read::parse_single(input.to_string().as_bytes()).expect("it is JSON");
        let context = Ctx::<JustLut<Val>>::new(&filter.lut, Vars::new([]));
        let result = filter
            .id
            .run((context, input))
            .next()
            .expect("it has a result");
        let text = result
            .map_err(|_| "an exception")
            .expect("it has no error")
            .to_string();
        drop(serde_json::from_str::<Json>(&text).expect("it is JSON"));
    })
}
