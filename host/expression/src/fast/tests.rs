//! The fast path against jaq itself, compiled natively, on random programs and values.

use std::sync::Arc;

use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars};
use jaq_json::Val;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{Fast, Stop};
use crate::random::{program, value};

/// The first result of a program by jaq, as JSON text or as the error's message. `None` if jaq does not compile it.
fn by_jaq(
    source: &str,
    input: &Json,
    names: &[String],
    variable: &Json,
) -> Option<Result<String, String>> {
    let prelude =
        jaq_core::defs().chain(jaq_std::defs().filter(|definition| definition.name == "null"));
    let arena = Arena::default();
    let modules = Loader::new(prelude)
        .load(
            &arena,
            File {
                code: source,
                path: (),
            },
        )
        .ok()?;
    let compiler = Compiler::default().with_funs(jaq_core::funs().chain(jaq_json::funs()));
    let filter = compiler
        .with_global_vars(names.iter().map(String::as_str))
        .compile(modules)
        .ok()?;
    let read = |json: &Json| jaq_json::read::parse_single(json.to_string().as_bytes()).unwrap();
    let context =
        Ctx::<JustLut<Val>>::new(&filter.lut, Vars::new(names.iter().map(|_| read(variable))));
    let first = filter.id.run((context, read(input))).next();
    Some(match first {
        None => Ok("null".to_owned()),
        Some(Ok(value)) => Ok(value.to_string()),
        Some(Err(exception)) => {
            let value = exception.get_err().unwrap().into_val();
            let Val::TStr(text) = value else {
                return Some(Err(value.to_string()));
            };
            Err(String::from_utf8(text.to_vec()).unwrap())
        }
    })
}

/// What the fast path says, or `None` where it defers.
fn by_us(fast: &Fast, input: &Json, variable: &Json) -> Option<Result<Json, String>> {
    let variables: Vec<_> = fast
        .variables()
        .iter()
        .map(|_| Arc::new(variable.clone()))
        .collect();
    match fast.evaluate(input, &variables) {
        Ok(value) => Some(Ok(value)),
        Err(Stop::Error(message)) => Some(Err(message)),
        Err(Stop::Defer) => None,
    }
}

fn check(source: &str, input: &Json, variable: &Json) {
    let Some(fast) = Fast::parse(source) else {
        return;
    };
    let Some(ours) = by_us(&fast, input, variable) else {
        return;
    };
    let Some(theirs) = by_jaq(source, input, fast.variables(), variable) else {
        panic!("jaq does not compile {source}")
    };
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            let theirs: Json = serde_json::from_str(&theirs).unwrap();
            assert_eq!(
                ours.to_string(),
                theirs.to_string(),
                "{source} on {input} with {variable}"
            );
        }
        (Err(ours), Err(theirs)) if theirs.len() <= 500 => {
            assert_eq!(ours, theirs, "{source} on {input} with {variable}");
        }
        (Err(_), Err(_)) => {}
        (ours, theirs) => {
            panic!("{source} on {input} with {variable}: {ours:?}, but jaq {theirs:?}")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_jaq(source in program(), input in value(), variable in value()) {
        check(&source, &input, &variable);
    }

    /// Whatever the text, the parser comes to an end without a panic, and takes nothing that jaq refuses.
    #[test]
    fn takes_nothing_that_jaq_refuses(source in "[.a$x0-9\"'\\[\\]{}()|/,:?+*%=!<> -]{0,12}") {
        check(&source, &json!({"a": [1, {"x": 2}]}), &json!([0]));
    }
}

#[test]
fn workflow_expressions_are_fast() {
    let everyday = [
        ".",
        ".invoice.lines[0].amount",
        ".invoice[\"order-number\"]",
        "$input.order.id",
        "$context",
        ".total == $order.total and (.currency == \"EUR\" or .currency == null)",
        "{ id: .id, lines: [.first, .second], $order, total }",
        ".retries // 0 < 3",
        ".items | length > 0",
        "(.paid | not) and .amount >= 10.5",
        "\"fixed text\"",
        ".a + 1",
        "{}",
        "-1",
        " .a ? .b ",
    ];
    for source in everyday {
        assert!(Fast::parse(source).is_some(), "{source}");
    }
}

#[test]
fn the_rest_is_left_to_the_component() {
    let rest = [
        "",
        ".[]",
        ".a[]",
        "..",
        ".a[1:2]",
        "map(.a)",
        ".a, .b",
        "\"a\\(.b)c\"",
        "@base64 \"x\"",
        "if . then 1 else 2 end",
        ".a as $y | $y",
        "$ENV.HOME",
        ".a |= 1",
        "{(.a): 1}",
        "[.a | .b, .c]",
        ". # comment",
        "99999999999999999999",
        "1e400",
        "not(.)",
        "a::b",
        ".[99999999999]",
        "reduce .a as $x (0; . + 1)",
    ];
    for source in rest {
        assert!(Fast::parse(source).is_none(), "{source}");
    }
}

#[test]
fn variables_are_named_once_in_order() {
    let fast = Fast::parse("$b.x + $a + $b").unwrap();
    assert_eq!(fast.variables(), ["$b", "$a"]);
}

#[test]
fn a_very_long_or_deep_expression_is_left_to_the_component() {
    assert!(Fast::parse(&format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000))).is_none());
    assert!(Fast::parse(&"-".repeat(10_000)).is_none());
    assert!(Fast::parse(&vec!["1"; 10_000].join("+")).is_none());
    assert!(Fast::parse(&vec!["."; 10_000].join("|")).is_none());
    assert!(Fast::parse(&"{a:".repeat(10_000)).is_none());
}

#[test]
fn doubling_a_value_again_and_again_is_left_to_the_component() {
    let doubling = vec!["[., .]"; 60].join(" | ");
    let fast = Fast::parse(&doubling).unwrap();
    assert_eq!(fast.evaluate(&json!("text"), &[]), Err(Stop::Defer));
    let doubling = vec!["(. + .)"; 60].join(" | ");
    let fast = Fast::parse(&doubling).unwrap();
    assert_eq!(fast.evaluate(&json!("text"), &[]), Err(Stop::Defer));
}

#[test]
fn long_values_are_cut_out_of_messages() {
    let fast = Fast::parse(".a").unwrap();
    let Err(Stop::Error(message)) = fast.evaluate(&json!(vec!["ä"; 100_000]), &[]) else {
        panic!("an array has no .a")
    };
    assert!(message.len() <= 510, "{}", message.len());
    assert!(
        message.starts_with("cannot index [\"ä\",\"ä\"") && message.ends_with('…'),
        "{message}"
    );
}
