//! Guests that flood the host with calls, handles, values and words, or hand it what its types do not allow.

use serde_json::{Value as Json, json};
use writ_tests::App;

use super::cases::{AUTHORIZATION, Cases, GUEST, TRAP, call, document};

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
fn without_any_setting_there_are_limits_too() {
    let app = App::new("");
    app.plugin("big-values", "");
    app.plugin("random-glutton", "");
    app.plugin("pollable-flood", "");
    let outcomes = Cases::default()
        .call("given", "big-values", "give", json!({ "bytes": 100 << 20 }))
        .call(
            "random",
            "random-glutton",
            "ask",
            json!({ "bytes": 64 << 20 }),
        )
        .call(
            "held",
            "pollable-flood",
            "hold",
            json!({ "count": 1_000_000 }),
        )
        .call(
            "churned",
            "pollable-flood",
            "churn",
            json!({ "count": 20_000 }),
        )
        .run(&app);
    outcomes.limit("given", "big-values", "output_bytes_max", 16 << 20);
    outcomes.limit("random", "random-glutton", "random_bytes_max", 16 << 20);
    outcomes.limit("held", "pollable-flood", "handles_max", 4_096);
    assert_eq!(*outcomes.ok("churned"), json!(20_000));
}

#[test]
fn a_flood_of_calls_is_ended() {
    let app = App::new("");
    app.plugin("call-flood", "");
    app.config("[plugins.call-flood.limits]\nhost_calls_max = 5000\n");
    let outcomes = Cases::default()
        .call("some", "call-flood", "call", json!({ "times": 4_000 }))
        .call(
            "flood",
            "call-flood",
            "call",
            json!({ "times": 1_000_000_000_000_u64 }),
        )
        .run(&app);
    assert_eq!(*outcomes.ok("some"), json!(4_000));
    outcomes.limit("flood", "call-flood", "host_calls_max", 5_000);
}

#[test]
fn a_flood_of_words_is_ended_and_what_was_said_is_kept() {
    let app = App::new("");
    app.plugin("talker", "");
    app.config("[plugins.talker.limits]\nlog_bytes_max = 20000\n");
    let outcomes = Cases::default()
        .call(
            "said",
            "talker",
            "say",
            json!({ "output": "to out\n", "error": "to err" }),
        )
        .call(
            "shouted",
            "talker",
            "shout",
            json!({ "bytes": 1_000_000_000 }),
        )
        .call(
            "droned",
            "talker",
            "drone",
            json!({ "bytes": 1_000_000_000 }),
        )
        .run(&app);
    outcomes.limit("shouted", "talker", "log_bytes_max", 20_000);
    outcomes.limit("droned", "talker", "log_bytes_max", 20_000);
    let line = |stream: &str, text: &str| {
        outcomes
            .told("guest.logged")
            .any(|event| event["stream"] == stream && event["text"] == text)
    };
    assert!(line("stdout", "to out") && line("stderr", "to err"));
    let bytes: usize = outcomes
        .told("guest.logged")
        .filter_map(|event| event["text"].as_str())
        .map(str::len)
        .sum();
    assert!(
        (30_000..=40_100).contains(&bytes),
        "{bytes} bytes of log were kept"
    );
}

#[test]
fn words_that_move_a_terminal_reach_none() {
    let app = App::new(&document(
        &[json!({ "scribble": call("talker", "scribble", &json!({})) })],
        &[],
    ));
    app.plugin("talker", "");
    app.approve();
    let said = app.writ(&["run", "."]).expect(0);
    let listed = app.writ(&["runs", "list", "--json"]).expect(0).json();
    let run = listed[0]["run"].as_str().expect("an id").to_owned();
    let story = app.writ(&["runs", "events", &run]).expect(0);
    assert!(
        story.out.contains("over") && story.out.contains("written"),
        "{}",
        story.out
    );
    for text in [said.out, said.err, story.out, story.err] {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\r']), "{text:?}");
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
fn a_component_that_needs_what_nobody_has_is_refused_by_name() {
    let app = App::new(&document(
        &[json!({ "a": call("unknown-import", "hello", &json!({})) })],
        &[],
    ));
    app.plugin("unknown-import", "");
    app.approve();
    let said = app.run();
    assert!([2, 4].contains(&said.code), "{said:?}");
    assert!(
        said.err.contains("unknown-import") && said.err.contains("writ:guests/nowhere"),
        "{}",
        said.err
    );
    assert!(
        !app.path().join(".writ/log").exists() || app.writ(&["runs", "list"]).out.is_empty(),
        "a run was accepted"
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
fn there_is_no_network_and_no_surrounding_to_see() {
    let app = App::new("");
    app.plugin("surroundings", "");
    let outcomes = Cases::default()
        .call(
            "connect",
            "surroundings",
            "connect",
            json!({ "address": "169.254.169.254:80" }),
        )
        .call(
            "resolve",
            "surroundings",
            "resolve",
            json!({ "name": "localhost" }),
        )
        .call("variables", "surroundings", "variables", json!({}))
        .call(
            "path",
            "surroundings",
            "variable",
            json!({ "name": "PATH" }),
        )
        .call("arguments", "surroundings", "arguments", json!({}))
        .call("input", "surroundings", "input", json!({}))
        .run(&app);
    for name in ["connect", "resolve"] {
        let error = outcomes.error(name, AUTHORIZATION);
        assert!(
            error["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains("wasi:sockets/")),
            "{error}"
        );
        assert!(error["remedy"].is_string(), "{error}");
    }
    assert_eq!(*outcomes.ok("variables"), json!([]));
    assert_eq!(*outcomes.ok("path"), Json::Null);
    assert_eq!(*outcomes.ok("arguments"), json!([[], null]));
    assert_eq!(*outcomes.ok("input"), json!(0));
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
