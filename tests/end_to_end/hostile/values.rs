//! Values that are too large, of another type, or none at all.

use serde_json::json;
use writ_tests::App;

use super::cases::{Cases, GUEST, TRAP, call, document};

#[test]
fn large_values_are_refused_both_ways() {
    let app = App::new("");
    app.plugin("big-values", "");
    app.config(
        "[plugins.big-values.limits]\nargument_bytes_max = 100000\noutput_bytes_max = 100000\n",
    );
    let outcomes = Cases::default()
        .call(
            "small",
            "big-values",
            "take",
            json!({ "text": "x".repeat(50_000) }),
        )
        .call(
            "taken",
            "big-values",
            "take",
            json!({ "text": "x".repeat(200_000) }),
        )
        .call("given", "big-values", "give", json!({ "bytes": 200_000 }))
        .call(
            "gigabyte",
            "big-values",
            "give",
            json!({ "bytes": 200_000_000 }),
        )
        .call(
            "many",
            "big-values",
            "give-many",
            json!({ "items": 10_000_000 }),
        )
        .run(&app);
    assert_eq!(*outcomes.ok("small"), json!(50_000));
    outcomes.limit("taken", "big-values", "argument_bytes_max", 100_000);
    for name in ["given", "gigabyte", "many"] {
        outcomes.limit(name, "big-values", "output_bytes_max", 100_000);
    }
}

#[test]
fn handles_and_values_that_are_none_are_traps() {
    let app = App::new("");
    app.plugin("forger", "");
    app.plugin("bad-values", "");
    let outcomes = Cases::default()
        .call("twice", "forger", "drop-twice", json!({}))
        .call("low", "forger", "invent", json!({ "handle": 1 }))
        .call("high", "forger", "invent", json!({ "handle": u32::MAX }))
        .call("confused", "forger", "confuse", json!({}))
        .call("text", "bad-values", "bad-text", json!({}))
        .call("enum", "bad-values", "bad-enum", json!({}))
        .call("char", "bad-values", "bad-char", json!({}))
        .run(&app);
    for name in ["twice", "low", "high", "confused", "text", "enum", "char"] {
        assert!(!outcomes.trap(name).is_empty(), "{name}");
        assert_eq!(outcomes.error(name, TRAP)["status"], 500);
    }
}

#[test]
fn a_handle_of_another_instance_is_only_a_number_while_that_one_has_it() {
    let app = App::new("");
    app.plugin("forger", "");
    app.config("\n[host]\ncalls_at_once = 2\n");
    let hold = |milliseconds: u32| call("forger", "hold", &json!({ "milliseconds": milliseconds }));
    let stolen = json!({
        "try": [{ "use": call("forger", "invent", &json!({ "handle": "${ $context.number.ok }" })) }],
        "catch": { "do": [{ "told": { "set": { "type": "${ $error.type }" } } }] },
    });
    let both = json!({ "fork": { "branches": [{ "owner": hold(4_000) }, { "thief": stolen }] } });
    let outcomes = Cases::default()
        .task("number", hold(0))
        .task("both", both)
        .run(&app);
    let number = outcomes.ok("number").clone();
    assert!(number.is_u64(), "{number}");
    assert_eq!(*outcomes.ok("both"), json!([number, { "type": TRAP }]));
    // The owner was still at work when the other had been stopped.
    assert!(outcomes.place("task.faulted", "/use") < outcomes.place("task.completed", "/owner"));
}

#[test]
fn arguments_that_do_not_fit_are_refused_before_the_run_or_as_a_fault_of_the_task() {
    let app = App::new(&document(
        &[json!({ "a": call("double", "double", &json!({ "n": "many" })) })],
        &[],
    ));
    app.plugin("double", "");
    let refused = app.run().expect(3).json();
    assert_eq!(refused["diagnostics"][0]["code"], "argument");

    let app = App::new("");
    let outcomes = Cases::default()
        .call("late", "double", "double", json!({ "n": "${ \"many\" }" }))
        .run(&app);
    let error = outcomes.error(
        "late",
        "https://serverlessworkflow.io/spec/1.0.0/errors/validation",
    );
    assert!(
        error["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("`n`") || detail.contains("/n")),
        "{error}"
    );
}

#[test]
fn what_is_no_data_cannot_be_called_and_the_rest_can() {
    let app = App::new("");
    app.plugin("resource-export", "");
    let outcomes = Cases::default()
        .call(
            "count",
            "resource-export",
            "count",
            json!({ "names": ["a", "b"] }),
        )
        .run(&app);
    assert_eq!(*outcomes.ok("count"), json!(2));
    app.write(
        "workflow.yaml",
        &document(
            &[json!({ "a": call("resource-export", "make", &json!({ "name": "x" })) })],
            &[],
        ),
    );
    let refused = app.run().expect(3).json();
    let message = refused["diagnostics"][0]["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(
        message.contains("`make`") && message.contains("cannot be called"),
        "{refused}"
    );
}

#[test]
fn keys_and_values_past_their_bounds_are_refused_and_the_bucket_stays_whole() {
    let app = App::new("");
    let requests = ["read", "write"].map(|access| {
        format!("[[request]]\ncapability = \"kv:{access}:b\"\nreason = \"to fill it\"\n\n")
    });
    app.plugin("buckets", &requests.concat());
    let at = |key: &str| json!({ "bucket": "b", "key": key });
    let large = |bytes: u64| json!({ "bucket": "b", "key": "large", "bytes": bytes });
    let outcomes = Cases::default()
        .call(
            "set",
            "buckets",
            "set",
            json!({ "bucket": "b", "key": "k", "value": "v" }),
        )
        .call(
            "long-key",
            "buckets",
            "set",
            json!({ "bucket": "b", "key": "k".repeat(5_000), "value": "v" }),
        )
        .call(
            "odd-key",
            "buckets",
            "set",
            json!({ "bucket": "b", "key": "a\u{0}\n\u{1b}[2J", "value": "v" }),
        )
        .call(
            "long-bucket",
            "buckets",
            "get",
            json!({ "bucket": "b".repeat(5_000), "key": "k" }),
        )
        .call(
            "word",
            "buckets",
            "increment",
            json!({ "bucket": "b", "key": "k", "delta": 1 }),
        )
        .call(
            "most",
            "buckets",
            "increment",
            json!({ "bucket": "b", "key": "n", "delta": u64::MAX }),
        )
        .call(
            "more",
            "buckets",
            "increment",
            json!({ "bucket": "b", "key": "n", "delta": 1 }),
        )
        .call("mebibyte", "buckets", "set-large", large(1 << 20))
        .call("too-large", "buckets", "set-large", large(40 << 20))
        .call("enormous", "buckets", "set-large", large(100 << 20))
        .call("trapped", "buckets", "increment-and-trap", at("t"))
        .call(
            "count",
            "buckets",
            "increment",
            json!({ "bucket": "b", "key": "t", "delta": 1 }),
        )
        .call("exists", "buckets", "exists", at("large"))
        .call("get", "buckets", "get", at("k"))
        .run(&app);
    for name in ["long-key", "word", "more", "too-large"] {
        let payload = outcomes.error(name, GUEST)["payload"].to_string();
        assert!(payload.starts_with("\"other: "), "{name}: {payload}");
    }
    outcomes.refused("long-bucket", "access-denied");
    assert!(outcomes.trap("trapped").len() < 3_000);
    outcomes.limit("enormous", "buckets", "output_bytes_max", 16 << 20);
    assert_eq!(
        *outcomes.ok("count"),
        json!(2),
        "an addition before a trap counts once"
    );
    assert_eq!(
        (outcomes.ok("exists"), outcomes.ok("get")),
        (&json!(true), &json!("v"))
    );
    let _ = app.writ(&["doctor"]).expect(0);
}

#[test]
fn a_value_of_every_type_comes_back_as_it_went() {
    let person = json!({ "name": "Zoë \u{1f600}", "age": null, "shapes": [{ "circle": 0.1 }, "point"], "favourite-colour": "dark-blue" });
    let values = [
        ("bool", json!(true)),
        ("s8", json!(-128)),
        ("u8", json!(255)),
        ("s64", json!(i64::MIN)),
        ("u64", json!(u64::MAX)),
        ("f64", json!(0.1)),
        ("char", json!("é")),
        ("string", json!("a\u{0}\u{2028}b")),
        ("bytes", json!({ "base64": "AP8=" })),
        ("lists", json!([[1], [], [-2, 3]])),
        ("option", json!(null)),
        ("options", json!({ "some": null })),
        ("tuple", json!([7, "x", false])),
        ("enum", json!("green")),
        ("flags", json!(["read", "execute"])),
        ("nested", json!([null, person])),
    ];
    let app = App::new("");
    app.plugin("echo", "");
    let mut cases = Cases::default();
    for (name, value) in &values {
        cases = cases.call(
            name,
            "echo",
            &format!("echo-{name}"),
            json!({ "value": value }),
        );
    }
    let outcomes = cases
        .call(
            "outcome",
            "echo",
            "echo-outcome",
            json!({ "value": "x", "good": false }),
        )
        .run(&app);
    for (name, value) in &values {
        assert_eq!(outcomes.ok(name), value, "{name}");
    }
    assert_eq!(
        outcomes.error("outcome", GUEST)["payload"],
        json!({ "named": "x" })
    );
}
