//! What the language is: jq's filters, this host's exceptions, numbers, variables, messages.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{evaluate, evaluate_with, expressions};
use crate::Expressions;

#[test]
fn standard_filters_are_there() {
    let cases = [
        ("[.[] | select(. > 1)]", json!([1, 2, 3]), json!([2, 3])),
        ("map(. * 2) | add", json!([1, 2]), json!(6)),
        (
            "group_by(.k) | map({k: .[0].k, n: length})",
            json!([{"k": "a"}, {"k": "b"}, {"k": "a"}]),
            json!([{"k": "a", "n": 2}, {"k": "b", "n": 1}]),
        ),
        (
            "to_entries | map(\"\\(.key)=\\(.value)\") | join(\"&\")",
            json!({"a": 1, "b": "x"}),
            json!("a=1&b=x"),
        ),
        (
            "if .total > 10 then \"high\" elif . == null then \"none\" else \"low\" end",
            json!({"total": 11}),
            json!("high"),
        ),
        ("reduce .[] as $x (0; . + $x)", json!([1, 2, 3]), json!(6)),
        ("test(\"^INV-[0-9]+$\")", json!("INV-7"), json!(true)),
        (
            "capture(\"(?<year>[0-9]{4})\").year",
            json!("in 2026"),
            json!("2026"),
        ),
        (
            "fromdateiso8601",
            json!("1970-01-02T00:00:00Z"),
            json!(86400),
        ),
        ("todate", json!(86400), json!("1970-01-02T00:00:00Z")),
        ("@base64", json!("writ"), json!("d3JpdA==")),
        (
            "tojson | fromjson",
            json!({"a": [1.5, null]}),
            json!({"a": [1.5, null]}),
        ),
        ("[paths]", json!({"a": [1]}), json!([["a"], ["a", 0]])),
        (
            ".a |= . + 1 | del(.b)",
            json!({"a": 1, "b": 2}),
            json!({"a": 2}),
        ),
        ("try error(\"no\") catch .", json!(null), json!("no")),
        (
            "label $out | foreach .[] as $i (0; . + $i; if . > 2 then ., break $out else empty end)",
            json!([1, 2, 3]),
            json!(3),
        ),
        ("def double: . * 2; double", json!(4), json!(8)),
        ("[limit(3; repeat(1))]", json!(null), json!([1, 1, 1])),
        (
            "split(\", \") | sort | unique | .[1:]",
            json!("b, a, b"),
            json!(["b"]),
        ),
        (
            "walk(if type == \"number\" then . + 1 else . end)",
            json!([1, {"a": 2}]),
            json!([2, {"a": 3}]),
        ),
        ("floor, 1", json!(2.7), json!(2)),
        ("pow(2; 10)", json!(null), json!(1024.0)),
        ("gmtime | mktime", json!(86400), json!(86400)),
        ("@uri \"q=\\(.)\"", json!("a b"), json!("q=a%20b")),
        (
            "@csv",
            json!(["a\"b", 1, null, true]),
            json!("\"a\"\"b\",1,,true"),
        ),
        ("@tsv", json!(["a\tb\\", 1.5]), json!("a\\tb\\\\\t1.5")),
        ("[leaf_paths]", json!({"a": [1]}), json!([["a", 0]])),
        ("toarray", json!(1), json!([1])),
    ];
    for (source, input, expected) in cases {
        assert_eq!(evaluate(source, &input), Ok(expected), "{source}");
    }
}

#[test]
fn the_first_result_counts_and_none_is_null() {
    assert_eq!(evaluate(".[]", &json!([7, 8])), Ok(json!(7)));
    assert_eq!(evaluate(".[]", &json!([])), Ok(json!(null)));
    assert_eq!(evaluate("empty", &json!(1)), Ok(json!(null)));
    assert_eq!(evaluate(".a?", &json!([])), Ok(json!(null)));
    assert_eq!(evaluate("1, error(\"later\")", &json!(null)), Ok(json!(1)));
}

#[test]
fn numbers_survive_the_sandbox() {
    for text in [
        "1",
        "1.0",
        "-0.0",
        "0.1",
        "1e300",
        "1e-7",
        "9007199254740993",
        "18446744073709551615",
        "-9223372036854775808",
        "2147483648",
        "-2147483648",
        "0.30000000000000004",
        "5e-324",
        "1.7976931348623157e308",
    ] {
        let number: Json = serde_json::from_str(text).unwrap();
        let through = evaluate("[.][]", &number).unwrap();
        assert_eq!(through.to_string(), number.to_string());
    }
    assert_eq!(
        evaluate("[.[0] + .[1]][]", &json!([0.1, 0.2])),
        Ok(json!(0.1 + 0.2))
    );
    assert_eq!(
        evaluate("[. + 1][]", &json!(9007199254740993_i64)),
        Ok(json!(9007199254740994_i64))
    );
}

#[test]
fn what_json_cannot_say_follows_jq() {
    assert_eq!(evaluate("nan", &json!(null)), Ok(json!(null)));
    assert_eq!(
        evaluate("[infinite, -infinite]", &json!(null)),
        Ok(json!([f64::MAX, f64::MIN]))
    );
    assert_eq!(
        evaluate("reduce range(400) as $i (1; . * 10)", &json!(null)),
        Ok(json!(f64::MAX))
    );
    assert_eq!(
        evaluate("reduce range(400) as $i (-1; . * 10)", &json!(null)),
        Ok(json!(f64::MIN))
    );
    assert_eq!(evaluate("1e1000", &json!(null)), Ok(json!(f64::MAX)));
    assert!(
        evaluate("tobytes", &json!("a"))
            .unwrap_err()
            .contains("base64")
    );
    assert!(
        evaluate("{(1, 2 | tostring): 1} | {(.): 1}", &json!(null))
            .unwrap_err()
            .contains("not a string")
    );
    let odd = "\u{0}\u{1f}\u{7f}\"\\/ ä€😀\u{feff}";
    assert_eq!(evaluate("[.][]", &json!(odd)), Ok(json!(odd)));
}

#[test]
fn what_reaches_outside_is_refused_by_name() {
    for name in [
        "now",
        "env",
        "$ENV",
        "input",
        "inputs",
        "input_filename",
        "input_line_number",
        "halt",
        "halt_error",
        "debug",
        "stderr",
        "localtime",
        "strflocaltime(\"%Y\")",
        "halt(1)",
        "debug(1)",
        "get_search_list",
    ] {
        let bare = name.split('(').next().unwrap();
        let message = evaluate(&format!("[{name}]"), &json!(null)).unwrap_err();
        assert!(
            message.starts_with(&format!("`{bare}` is not available: ")),
            "{message}"
        );
        assert!(message.ends_with("(at its character 2)"), "{message}");
    }
    for module in [
        "import \"a\" as a; 1",
        "include \"a\"; 1",
        "import \"a\" as $a; $a",
    ] {
        let message = evaluate(module, &json!(null)).unwrap_err();
        assert!(message.contains("no modules"), "{message}");
    }
    assert_eq!(
        evaluate("def now: 5; now", &json!(null)),
        Ok(json!(5)),
        "a name of one's own is one's own"
    );
}

#[test]
fn syntax_errors_say_what_and_where() {
    let cases = [
        (
            "",
            "expected term, but the expression ends (at its character 1)",
        ),
        (
            ".a ||",
            "expected the end of the expression, found `||` (at its character 4)",
        ),
        (
            "map(.a",
            "expected closing parenthesis, but the expression ends (at its character 7)",
        ),
        (
            "1 2",
            "expected the end of the expression, found `2` (at its character 3)",
        ),
        (
            ".a\n| frobnicate(1; 2)",
            "there is no filter `frobnicate` with 2 arguments (at character 3 of its line 2)",
        ),
        (
            "\"ä\" | nope",
            "there is no filter `nope` with no argument (at its character 7)",
        ),
        ("break $x", "there is no label `$x` (at its character 7)"),
        ("a::b", "there is no module `a` (at its character 1)"),
    ];
    for (source, expected) in cases {
        assert_eq!(
            expressions(source).check(),
            [(0, expected.to_owned())],
            "{source}"
        );
        assert_eq!(
            evaluate(source, &json!(null)),
            Err(expected.to_owned()),
            "{source}"
        );
    }
}

#[test]
fn errors_of_evaluation_are_what_catch_would_see() {
    let cases = [
        ("error(\"no stock\")", json!(null), "no stock"),
        ("error({code: 3})", json!(null), "{\"code\":3}"),
        ("[.[] | .a]", json!([1]), "cannot index 1 with \"a\""),
        (".a", json!("text"), "cannot index \"text\" with \"a\""),
        ("map(. + 1)", json!(["x"]), "cannot calculate \"x\" + 1"),
        ("tonumber", json!("x"), "cannot parse \"x\" as JSON"),
    ];
    for (source, input, expected) in cases {
        let message = evaluate(source, &input).unwrap_err();
        assert!(message.contains(expected), "{source}: {message}");
    }
    let long = evaluate("[.[] | .a]", &json!([vec!["x"; 100_000]])).unwrap_err();
    assert!(long.len() < 600 && long.ends_with('…'), "{}", long.len());
}

#[test]
fn only_the_named_variables_are_asked_for() {
    for source in ["[$input.id, $context, $input.n][0]", "$input.id"] {
        let mut asked = Vec::new();
        let result = expressions(source).evaluate(0, &json!(null), &mut |name| {
            asked.push(name.to_owned());
            Some(Arc::new(json!({"id": 7})))
        });
        assert_eq!(result, Ok(json!(7)));
        asked.sort();
        assert!(
            asked == ["$context", "$input"] || asked == ["$input"],
            "{asked:?}"
        );
    }
    assert_eq!(evaluate(". as $mine | [$mine][0]", &json!(3)), Ok(json!(3)));
    assert_eq!(
        evaluate_with("[$task.name][]", &json!(null), &json!({"name": "pay"})),
        Ok(json!("pay"))
    );
    assert_eq!(
        expressions("[$b, (1 as $c | $c), $a] | .[]").variables(0),
        Ok(vec!["$b".to_owned(), "$a".to_owned()])
    );
    for source in ["$nope", "[$nope][]"] {
        assert_eq!(
            evaluate(source, &json!(null)),
            Err("there is no variable `$nope` here".to_owned())
        );
    }
}

#[test]
fn many_expressions_share_an_instance() {
    let sources = (0..200)
        .map(|number| format!("map(. + {number}) | add").into())
        .collect();
    let mut expressions = Expressions::new(sources, crate::component::source(), crate::limits());
    assert_eq!(expressions.check(), []);
    for number in (0..200).rev() {
        assert_eq!(
            expressions.evaluate(number, &json!([0, 1]), &mut |_| None),
            Ok(json!(2 * number + 1))
        );
    }
    assert!(
        expressions
            .evaluate(200, &json!(null), &mut |_| None)
            .is_err()
    );
}

#[test]
fn a_component_that_cannot_be_loaded_is_said() {
    let jq = Arc::new(|| Err("the file is gone".to_owned()));
    let mut expressions = Expressions::new(vec![".a".into(), ".[]".into()], jq, crate::limits());
    assert_eq!(
        expressions.evaluate(0, &json!({"a": 1}), &mut |_| None),
        Ok(json!(1))
    );
    let expected = "the jq component cannot be loaded: the file is gone".to_owned();
    assert_eq!(
        expressions.evaluate(1, &json!([]), &mut |_| None),
        Err(expected.clone())
    );
    assert_eq!(expressions.check(), [(1, expected)]);
}

#[test]
fn expressions_can_move_between_threads() {
    fn moves<T: Send>() {}
    moves::<Expressions>();
}
