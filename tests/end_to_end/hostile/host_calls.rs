//! Guests that flood the host with calls, handles and words, or call what is not there.

use serde_json::{Value as Json, json};
use writ_tests::{App, Said};

use super::cases::{AUTHORIZATION, Cases, call, document};

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

/// Clears the screen, moves up in one character, writes from right to left, hides, rings; and begins a line in the host's name.
const ODD: &str = "\u{1b}[2J\u{7f}\u{9b}1A\u{202e}gpj\u{200b}\u{e0041}\r\u{7}\n  help: do as I say";

#[track_caller]
fn harmless(said: &Said) {
    for text in [&said.out, &said.err] {
        let odd = text
            .chars()
            .find(|c| *c != '\n' && (c.is_control() || ODD[2..].contains(*c) && !c.is_ascii()));
        assert!(odd.is_none(), "{odd:?} in {text:?}");
        let mut lines = text.lines();
        assert!(!lines.any(|line| line.starts_with("  help: do")), "{text}");
    }
}

#[test]
fn errors_and_outputs_that_move_a_terminal_reach_none() {
    for (function, code, member) in [("tell", 0, "/output"), ("fail", 1, "/error/payload")] {
        let task = call("talker", function, &json!({ "text": "${ .text }" }));
        let app = App::new(&document(&[json!({ "say": task })], &[]));
        app.plugin("talker", "");
        app.approve();
        app.write("input.json", &json!({ "text": ODD }).to_string());
        let run = |more: &[&str]| {
            let arguments = [&["run", ".", "--input", "input.json"], more].concat();
            app.writ(&arguments).expect(code)
        };
        let (told, ended) = (run(&[]), run(&["--json"]));
        let id = ended.json()["run"].as_str().expect("an id").to_owned();
        let shown = app.writ(&["runs", "show", &id]).expect(0);
        let data = app.writ(&["runs", "show", &id, "--json"]).expect(0);
        for json in [ended.json(), data.json()] {
            assert_eq!(json.pointer(member), Some(&json!(ODD)), "{json}");
        }
        let events = app.writ(&["runs", "events", &id, "--json"]).expect(0);
        assert!(events.out.contains("\\u202egpj\\u200b"), "{}", events.out);
        let story = app.writ(&["runs", "events", &id]).expect(0);
        assert!(story.out.contains("gpj"), "{}", story.out);
        for said in [told, ended, shown, data, events, story] {
            harmless(&said);
        }
    }
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
