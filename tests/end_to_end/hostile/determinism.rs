//! Time and chance: without the grants a guest sees the run's own, which are the same however often it is executed.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value as Json, json};
use writ_tests::App;

use super::{
    cases::{call, document},
    denied::{allow, request},
    state::{frames, log},
};

fn rolled(app: &App, tasks: &[&str]) -> Vec<Json> {
    let tasks: Vec<_> = tasks
        .iter()
        .map(|name| json!({ *name: call("chance", "roll", &json!({})) }))
        .collect();
    let exported = |task: &Json| {
        let mut task = task.clone();
        for (name, task) in task.as_object_mut().expect("an object") {
            task["export"] = json!({ "as": format!("${{ $context + {{ \"{name}\": . }} }}") });
        }
        task
    };
    let tasks: Vec<_> = tasks.iter().map(exported).collect();
    app.write(
        "workflow.yaml",
        &document(&tasks, &[("output", json!({ "as": "${ $context }" }))]),
    );
    let output = app.run().expect(0).json()["output"].clone();
    output
        .as_object()
        .expect("an object")
        .values()
        .cloned()
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "what the guest saw is compared with the real time"
)]
fn now_ns() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    u64::try_from(now.as_nanos()).expect("before 2554")
}

#[test]
fn clock_and_random() {
    let app = App::new("");
    app.plugin(
        "chance",
        &["clock:real", "random:real"].map(request).concat(),
    );
    let readings = rolled(&app, &["one", "two"]);
    for reading in &readings {
        // Time starts with the run and moves a microsecond at every look, however long the calls take.
        assert!(
            reading["monotonic-ns"]
                .as_u64()
                .is_some_and(|ns| ns < 10_000),
            "{reading}"
        );
        assert_eq!(
            reading["monotonic-again-ns"].as_u64(),
            reading["monotonic-ns"].as_u64().map(|ns| ns + 1_000)
        );
    }
    // The randomness of two calls differs; what it is made from is the run's and the task's.
    assert_ne!(readings[0]["bytes"], readings[1]["bytes"]);
    assert_ne!(readings[0]["seed"], readings[1]["seed"]);
    assert!(
        recorded(&app).is_empty(),
        "what follows from the record is not recorded again"
    );

    allow(&app, "chance", &["clock:real", "random:real"]);
    let before = now_ns();
    let real = rolled(&app, &["real"]);
    let after = now_ns();
    assert!(
        real[0]["wall-ns"]
            .as_u64()
            .is_some_and(|ns| (before..=after).contains(&ns)),
        "{}",
        real[0]
    );
    let calls = recorded(&app);
    for (interface, grant) in [
        ("wasi:clocks/wall-clock", "clock:real"),
        ("wasi:random/random", "random:real"),
    ] {
        assert!(
            calls
                .iter()
                .any(|call| call["call"]["interface"] == interface && call["grant"] == grant),
            "{calls:?}"
        );
    }
}

/// The host calls that the newest run recorded.
fn recorded(app: &App) -> Vec<Json> {
    let runs = app.writ(&["runs", "list", "--json"]).expect(0).json();
    let events = app.events(runs[0]["run"].as_str().expect("an id"));
    events
        .into_iter()
        .map(|event| event["event"].clone())
        .filter(|event| event["type"] == "host.called")
        .collect()
}

#[test]
fn every_beginning_of_a_log_leads_to_the_same_end() {
    let roll = |name: &str| json!({ name: { "call": "roll:0.1.0@chance", "export": { "as": format!("${{ $context + {{ \"{name}\": . }} }}") } } });
    let tasks = [
        roll("one"),
        json!({ "rest": { "wait": { "milliseconds": 1 } } }),
        roll("two"),
    ];
    let app = App::new(&document(
        &tasks,
        &[("output", json!({ "as": "${ $context }" }))],
    ));
    app.plugin("chance", "");
    let first = app.run().expect(0).json();
    let whole = fs::read(log(&app)).expect("a log");
    let at = frames(&whole);
    assert!(at.len() > 4, "{at:?}");
    for end in &at[1..at.len() - 1] {
        fs::write(log(&app), &whole[..*end]).expect("a log");
        // The end that the host signed is not the one that a host would leave that died here.
        fs::remove_dir_all(app.path().join(".writ/checkpoints")).expect("it signed the end");
        let ended = app.writ(&["runs", "resume", "--json"]).expect(0).json();
        assert_eq!(ended[0]["run"], first["run"]);
        let (before, after) = (&first["output"], &ended[0]["output"]);
        assert_eq!(after["one"], before["one"], "cut at byte {end}");
        // What was recorded of the time is what it goes on with; what was not is now.
        for part in ["bytes", "number", "insecure", "seed", "order"] {
            assert_eq!(after["two"][part], before["two"][part], "cut at byte {end}");
        }
    }
}
