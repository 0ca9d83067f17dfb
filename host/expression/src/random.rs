//! Random programs and values for the tests: few names, so that paths often meet something; all kinds of numbers.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// A JSON value, mostly small.
pub(crate) fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        number(),
        prop_oneof![Just(""), Just("a"), Just("ab"), Just("ä\n\"\u{7f}\\")].prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let members = proptest::collection::vec((name(), inner.clone()), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Json::Array),
            members.prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("b"), Just("c"), Just("and")].prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = Json> {
    prop_oneof![
        4 => (-3_i64..6).prop_map(Json::from),
        1 => any::<i64>().prop_map(Json::from),
        1 => any::<u64>().prop_map(Json::from),
        1 => proptest::num::f64::NORMAL.prop_map(Json::from),
        2 => proptest::sample::select(vec![
            json!(0.0), json!(-0.0), json!(1.0), json!(2.5), json!(0.1), json!(0.2), json!(1e300), json!(1e-7), json!(1e15), json!(1e16), json!(1e17), json!(1e20), json!(-1.5e-5), json!(0.00012),
            json!(2147483647_i64), json!(2147483648_i64), json!(-2147483648_i64), json!(-2147483649_i64),
            json!(9007199254740993_i64), json!(9007199254740992.0), json!(i64::MIN), json!(i64::MAX), json!(u64::MAX),
        ]),
    ]
}

/// A jq program with one input and perhaps `$x`. Not all of them compile.
pub(crate) fn program() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(vec![
        ".",
        ".a",
        ".b",
        ".a.b",
        ".a.and",
        ".[0]",
        ".[-1]",
        ".[2]",
        ".a?",
        ".[\"a\"]",
        ".\"b\"",
        ".a[0]?.b",
        "$x",
        "$x.a",
        "$x?",
        "0",
        "1",
        "-1",
        "2",
        "2.5",
        "1.0",
        "0.1",
        "9007199254740993",
        "4294967296",
        "-0",
        "null",
        "true",
        "false",
        "\"a\"",
        "\"\"",
        "\"\\u00e4\\n\\\"\"",
        "not",
        "length",
        "[]",
        "{}",
        "{a}",
        "{$x}",
        "{a, \"b\"}",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 3, |inner| {
        let operator = proptest::sample::select(vec![
            "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", " and ", " or ", "//", "|",
        ]);
        let suffix = proptest::sample::select(vec![".a", "[0]", "[-1]", "?", ".b?", "[\"c\"]", ".a?.b", "?.a", " . \"b\"", ".[1]"]);
        prop_oneof![
            4 => (inner.clone(), operator.clone(), inner.clone()).prop_map(|(l, o, r)| format!("{l} {o} {r}")),
            3 => (inner.clone(), operator, inner.clone()).prop_map(|(l, o, r)| format!("({l}{o}{r})")),
            2 => (inner.clone(), suffix).prop_map(|(l, s)| format!("({l}){s}")),
            1 => inner.clone().prop_map(|l| format!("-{l}")),
            2 => (inner.clone(), inner.clone()).prop_map(|(l, r)| format!("[{l}, {r}]")),
            1 => inner.clone().prop_map(|l| format!("[{l}]")),
            2 => (name(), inner.clone(), name(), inner.clone()).prop_map(|(a, l, b, r)| format!("{{{a}: {l}, \"{b}\" : {r}}}")),
            1 => inner.prop_map(|l| format!("{l} | not")),
        ]
    })
}
