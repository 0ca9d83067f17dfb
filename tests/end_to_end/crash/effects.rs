//! A host that dies inside a call: what happened in it decides whether it may happen again.

use std::{fs, path::Path, time::Duration};

use serde_json::{Value as Json, json};
use writ_tests::App;

use super::{
    invoices::copy,
    journal::{events_of, only_run, resume, shown},
    process::{Moment, Victim, until},
};

/// Files that a call makes, one after another; so many that it is killed in between.
const FILES: u64 = 60_000;
/// Steps of a counter, likewise.
const STEPS: u64 = 20_000;

/// An app whose only call makes files in the folder `out`, under a function with these effects.
fn maker(tasks: &str, effects: &str) -> App {
    let app = App::doing(tasks);
    let manifest = format!(
        "[[request]]\ncapability = \"fs:write:/out\"\nreason = \"to make files\"\n\n\
         [functions.make-many]\neffects = \"{effects}\"\n"
    );
    app.plugin("files", &manifest);
    app.config("folders = { \"/out\" = \"out\" }\n");
    app.approve();
    app
}

fn files_in(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Starts the app, and kills it when its call has made some files.
fn killed_inside(app: &App) -> usize {
    let out = app.path().join("out");
    let host = Victim::start(app.path(), &["run", "."]);
    until("the call's first files", || out.join("many-20").exists());
    assert!(
        host.kill().struck,
        "the call was over before it could be killed"
    );
    let made = files_in(&out);
    assert!((made as u64) < FILES);
    made
}

fn make(indent: &str) -> String {
    format!(
        "{indent}- make:\n{indent}    call: make-many:0.1.0@files\n{indent}    with: {{ mount: /out, count: {FILES} }}\n"
    )
}

#[test]
fn what_must_happen_once_is_in_doubt_and_never_repeated() {
    let app = maker(&make("  "), "once");
    let made = killed_inside(&app);
    resume(&app);
    let run = shown(&app, &only_run(&app));
    assert_eq!(run["status"], "faulted");
    assert_eq!(run["error"]["type"], "urn:writ:error:in-doubt", "{run}");
    assert_eq!(run["error"]["function"], "make-many");
    assert_eq!(run["error"]["instance"], "/do/0/make");
    assert_eq!(
        files_in(&app.path().join("out")),
        made,
        "the call was made again"
    );
}

#[test]
fn a_workflow_can_catch_what_is_in_doubt() {
    let caught = format!(
        "  - careful:\n      try:\n{}      catch:\n        errors:\n          with: {{ type: 'urn:writ:error:in-doubt' }}\n\
         \x20       do:\n          - settle:\n              set: {{ settled: by-hand }}\n",
        make("        ")
    );
    let app = maker(&caught, "once");
    let made = killed_inside(&app);
    resume(&app);
    let run = only_run(&app);
    let shown = shown(&app, &run);
    assert_eq!(
        (&shown["status"], &shown["output"]),
        (&json!("completed"), &json!({ "settled": "by-hand" }))
    );
    assert_eq!(
        files_in(&app.path().join("out")),
        made,
        "the call was made again"
    );
}

#[test]
fn what_is_idempotent_is_repeated_under_the_same_key() {
    let app = maker(&make("  "), "idempotent");
    killed_inside(&app);
    let run = only_run(&app);
    let intents = events_of(&app, &run, "task.started");
    resume(&app);
    let shown = shown(&app, &run);
    // The second call finds the first one's files, and makes no further one.
    assert_eq!(
        (&shown["status"], &shown["output"]),
        (&json!("completed"), &json!(0)),
        "{shown}"
    );
    assert_eq!(
        events_of(&app, &run, "task.started"),
        intents,
        "the repeated call has an intent of its own"
    );
    assert_eq!(intents[0]["call"]["idempotency_key"], format!("{run}/0"));
}

#[test]
fn what_a_call_did_until_its_time_was_over_is_told_and_the_run_goes_on_after_a_crash() {
    let app = App::doing(
        "  - careful:\n      try:\n        - cut:\n            call: write-and-spin:0.1.0@files\n            \
         with: { mount: /out, path: e.txt, text: new }\n            timeout: { after: { milliseconds: 400 } }\n      \
         catch:\n        do:\n          - settle:\n              set: { settled: late }\n  - slow:\n      \
         call: slow:0.1.0@slow\n      with: { milliseconds: 2000 }\n      output:\n        as: '${ $input }'\n",
    );
    let manifest = "[[request]]\ncapability = \"fs:write:/out\"\nreason = \"to write\"\n";
    app.plugin("files", manifest);
    app.config("folders = { \"/out\" = \"out\" }\n");
    app.plugin("slow", "");
    app.approve();
    let host = Victim::start(app.path(), &["run", "."]);
    until("the file", || app.path().join("out/e.txt").exists());
    let run = only_run(&app);
    until("the end of its time", || {
        !events_of(&app, &run, "task.caught").is_empty()
    });
    assert!(
        host.kill().struck,
        "the run was over before it could be killed"
    );
    resume(&app);
    let shown = shown(&app, &run);
    assert_eq!(
        (&shown["status"], &shown["output"]),
        (&json!("completed"), &json!({ "settled": "late" })),
        "{shown}"
    );
    let told: Vec<Json> = app
        .events(&run)
        .into_iter()
        .map(|record| record["event"].clone())
        .filter(|event| event["task"] == 1)
        .collect();
    let kinds: Vec<_> = told.iter().map(|event| &event["type"]).collect();
    assert_eq!(
        kinds,
        [
            "task.started",
            "guest.logged",
            "file.used",
            "file.used",
            "task.faulted"
        ]
    );
    assert_eq!(told[1]["text"], "it is written");
    for (used, operation, bytes) in [(&told[2], "open", 3), (&told[3], "change", 0)] {
        assert_eq!(
            (&used["path"], &used["grant"]),
            (&json!("/out/e.txt"), &json!("fs:write:/out"))
        );
        assert_eq!(
            (&used["operation"], &used["bytes_written"]),
            (&json!(operation), &json!(bytes))
        );
    }
    let _ = app.writ(&["audit", "verify"]).expect(0);
}

#[test]
fn a_guest_sees_the_key_of_its_intent() {
    let app = App::doing(
        "  - key:\n      call: variable:0.1.0@surroundings\n      with: { name: WRIT_IDEMPOTENCY_KEY }\n",
    );
    app.plugin(
        "surroundings",
        "[[request]]\ncapability = \"env:read:WRIT_IDEMPOTENCY_KEY\"\nreason = \"to show it\"\n\n\
         [[request]]\ncapability = \"fs:write:/out\"\nreason = \"to have an effect\"\n\n\
         [functions.variable]\neffects = \"idempotent\"\n",
    );
    app.config("folders = { \"/out\" = \"out\" }\n");
    app.approve();
    let ended = app.run().expect(0).json();
    let run = ended["run"].as_str().expect("runs are named");
    let intents = events_of(&app, run, "task.started");
    assert_eq!(ended["output"], intents[0]["call"]["idempotency_key"]);
}

#[test]
fn what_is_pure_is_executed_again_to_the_same_bits() {
    let app = App::doing(
        "  - first:\n      call: roll:0.1.0@chance\n      output:\n        as: { first: '${ . }' }\n  - slow:\n      \
         call: slow:0.1.0@slow\n      with: { milliseconds: 700 }\n      output:\n        as: { first: '${ $input.first }' }\n  \
         - second:\n      call: roll:0.1.0@chance\n      output:\n        as: { first: '${ $input.first }', second: '${ . }' }\n",
    );
    app.plugin("chance", "");
    app.plugin("slow", "");
    let host = Victim::start(app.path(), &["run", "."]);
    assert!(
        host.die(Moment::Said("accepted run", Duration::from_millis(150)))
            .struck
    );
    let run = only_run(&app);
    let before = events_of(&app, &run, "task.completed");

    // The same journal is carried on twice; once more with another kill in between.
    let other = app.path().join("other");
    copy(&app.path().join(".writ"), &other, &[]);
    let host = Victim::start(app.path(), &["runs", "resume"]);
    assert!(
        host.die(Moment::Said("resuming run", Duration::from_millis(150)))
            .struck
    );
    resume(&app);
    let _ = app.writ(&["runs", "resume", "--data", "other"]).expect(0);

    let output = shown(&app, &run)["output"].clone();
    let again = app
        .writ(&["runs", "show", &run, "--data", "other", "--json"])
        .expect(0)
        .json();
    assert_eq!(output, again["output"]);
    assert!(output["second"]["bytes"].is_object(), "{output}");
    assert_ne!(
        output["first"]["bytes"], output["second"]["bytes"],
        "each call has randomness of its own"
    );
    assert!(
        events_of(&app, &run, "task.completed").starts_with(&before),
        "what was recorded is executed again"
    );
}

#[test]
fn recorded_host_calls_are_answered_and_not_made_again() {
    let app = App::doing(&format!(
        "  - count:\n      call: count:0.1.0@buckets\n      with: {{ bucket: b, key: n, times: {STEPS} }}\n"
    ));
    app.plugin(
        "buckets",
        "[[request]]\ncapability = \"kv:read:b\"\nreason = \"to count\"\n\n\
         [[request]]\ncapability = \"kv:write:b\"\nreason = \"to count\"\n",
    );
    app.approve();
    let log = app.path().join(".writ/log/00000000000000000000.log");
    let mut grown = 50_000;
    for arguments in [["run", "."], ["runs", "resume"]] {
        let host = Victim::start(app.path(), &arguments);
        until("some steps of the counter", || {
            fs::metadata(&log).is_ok_and(|log| log.len() > grown)
        });
        assert!(
            host.kill().struck,
            "the call was over before it could be killed"
        );
        grown = fs::metadata(&log).expect("the log is there").len() + 50_000;
    }
    resume(&app);
    let run = only_run(&app);
    let calls = events_of(&app, &run, "host.called");
    let answers: Vec<Json> = calls
        .iter()
        .map(|call| call["answer"]["Ok"]["number"].clone())
        .collect();
    assert_eq!(
        shown(&app, &run)["output"],
        STEPS,
        "steps were lost or made twice"
    );
    assert!(
        answers
            .iter()
            .filter(|number| number.is_u64())
            .map(|number| number.as_u64())
            .eq((1..=STEPS).map(Some))
    );
}
