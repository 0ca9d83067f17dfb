//! Expressions and inputs that mean harm: each ends with an error in words, and the next expression works.

use serde_json::{Value as Json, json};
use writ_sandbox::Limits;

use crate::Expressions;

/// Evaluates a bad expression, and then a good one with the same [`Expressions`].
fn harm(source: &str, input: &Json) -> String {
    let limits = Limits {
        cpu_ms_max: 300,
        memory_bytes_max: 64 << 20,
        ..crate::limits()
    };
    let sources = vec![source.into(), "map(. + 1)".into()];
    let mut expressions = Expressions::new(sources, crate::component::source(), limits);
    assert_eq!(
        expressions.evaluate(1, &json!([1]), &mut |_| None),
        Ok(json!([2]))
    );
    let message = expressions
        .evaluate(0, input, &mut |_| None)
        .expect_err(source);
    assert_eq!(
        expressions.evaluate(1, &json!([1]), &mut |_| None),
        Ok(json!([2])),
        "after {source}"
    );
    message
}

#[test]
fn endless_filters_are_stopped() {
    for source in [
        "def f: f; f",
        "last(range(1e12))",
        "last(repeat(.))",
        "[.] | until(false; .)",
        "first(range(1e12) | select(. < 0))",
    ] {
        assert_eq!(
            harm(source, &json!(0)),
            "the expression ran past its CPU limit of 300 ms",
            "{source}"
        );
    }
}

#[test]
fn filters_that_eat_memory_are_stopped() {
    for source in [
        "[range(1e12)]",
        "[repeat(.)]",
        "\"a\" * 1000000000 | length",
        "reduce range(100) as $i (\"ab\"; . + .) | length",
    ] {
        let message = harm(source, &json!("text"));
        let expected = [
            "the expression ran past its memory limit of 64 MiB",
            "the expression ran past its CPU limit of 300 ms",
        ];
        assert!(expected.contains(&message.as_str()), "{source}: {message}");
    }
}

#[test]
fn deep_recursion_is_stopped() {
    for source in [
        "def f: 1 + f; f",
        "def f: [f]; f",
        "reduce range(1000000) as $i (0; [.])",
    ] {
        let message = harm(source, &json!(0));
        assert!(
            message.contains("recurse")
                || message.contains("memory limit")
                || message.contains("CPU limit"),
            "{source}: {message}"
        );
    }
}

#[test]
fn deep_sources_are_stopped() {
    let sources = [
        format!("{}1{} | .[]", "[".repeat(20_000), "]".repeat(20_000)),
        format!("{}1", "-".repeat(60_000)),
        vec!["."; 30_000].join("|"),
        format!("{}.{}", "try ".repeat(5_000), " catch .".repeat(5_000)),
    ];
    for source in sources {
        let sources = vec![source.as_str().into(), "map(. + 1)".into()];
        let mut expressions =
            Expressions::new(sources, crate::component::source(), crate::limits());
        let result = expressions.evaluate(0, &json!([1]), &mut |_| None);
        let start: String = source.chars().take(10).collect();
        if let Err(message) = result {
            assert_eq!(
                message, "the expression is nested too deeply: split it",
                "{start}"
            );
        }
        assert_eq!(
            expressions.evaluate(1, &json!([1]), &mut |_| None),
            Ok(json!([2])),
            "after {start}"
        );
    }
    let long = format!("[{}]", vec!["1"; 40_000].join(","));
    let message = super::evaluate(&format!("{long} | .[]"), &json!(null)).unwrap_err();
    assert_eq!(
        message,
        "an expression may have 65536 bytes, this one has 80007"
    );
}

#[test]
fn a_deep_result_is_an_error() {
    let expected = crate::failure::too_deep();
    for depth in [110, 500] {
        let source = format!("reduce range({depth}) as $i (0; [.])");
        assert_eq!(harm(&source, &json!(0)), expected);
    }
    let mut expressions = super::expressions("[.]");
    let mut value = json!(0);
    for _ in 0..100 {
        value = expressions.evaluate(0, &value, &mut |_| None).unwrap();
    }
    assert_eq!(
        expressions.evaluate(0, &value, &mut |_| None),
        Err(expected)
    );
}

#[test]
fn an_input_of_fifty_megabytes_has_a_clear_end() {
    let input = Json::String("x".repeat(50 << 20));
    assert_eq!(
        harm("[.] | map(length) | .[]", &input),
        "the expression ran past its memory limit of 64 MiB"
    );
    let roomy = Limits {
        cpu_ms_max: 10_000,
        wall_ms_max: 60_000,
        ..crate::limits()
    };
    let mut expressions = Expressions::new(
        vec!["[.] | map(length) | .[]".into()],
        crate::component::source(),
        roomy,
    );
    assert_eq!(
        expressions.evaluate(0, &input, &mut |_| None),
        Ok(json!(50 << 20))
    );
}
