//! `writ run` and `writ runs`: input, output, exit codes, the one JSON value, and the story afterwards.

use std::{io::Write, process::Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use writ_tests::{App, Said, command};

use super::{has, refused, writ};

/// Runs with this text on standard input.
fn piped(app: &App, arguments: &[&str], input: &str) -> Said {
    let mut command = command(app.path(), arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("writ can be started");
    child
        .stdin
        .take()
        .expect("it is piped")
        .write_all(input.as_bytes())
        .expect("writ reads its input");
    Said::of(child.wait_with_output().expect("writ ends"))
}

#[test]
fn input_comes_from_a_file_or_a_pipe() {
    let app = App::doing("  - a: { set: { got: '${ .n }' } }\n");
    app.write("in.json", "{\"n\": 1}");
    assert_eq!(
        app.writ(&["run", ".", "--json", "--input", "in.json"])
            .expect(0)
            .json()["output"],
        json!({ "got": 1 })
    );
    assert_eq!(
        piped(&app, &["run", ".", "--json", "--input", "-"], "{\"n\": 2}")
            .expect(0)
            .json()["output"]["got"],
        2
    );
    assert_eq!(
        app.run().expect(0).json()["output"]["got"],
        json!(null),
        "no input is an empty object"
    );
    refused(
        app.writ(&["run", ".", "--input", "none.json"]),
        2,
        &["none.json"],
        &["look at the path"],
    );
    let said = piped(&app, &["run", ".", "--json", "--input", "-"], "{").expect(2);
    has(
        &said.json()["error"].to_string(),
        &["the input from standard input is not JSON", "line 1"],
    );
    assert_eq!(said.json()["code"], 2);
}

#[test]
fn the_last_line_is_one_object() {
    let app = App::doing("  - a: { set: { x: 1 } }\n");
    let said = app.run().expect(0);
    assert_eq!(said.out.lines().count(), 1, "{}", said.out);
    let ended = said.json();
    let keys: Vec<&str> = ended
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, ["run", "status", "output", "error"]);
    assert_eq!(
        (&ended["status"], &ended["output"], &ended["error"]),
        (&json!("completed"), &json!({ "x": 1 }), &json!(null))
    );

    // For a person: the output alone on standard output, all else beside it.
    let said = app.writ(&["run", "."]).expect(0);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&said.out).expect("the output is JSON"),
        json!({ "x": 1 })
    );
    has(
        &said.err,
        &["accepted run ", "completed; `writ runs events "],
    );
}

#[test]
fn a_fault_is_a_problem() {
    let app = App::doing(
        "  - a:\n      raise: { error: { type: 'https://x.example/late', status: 418, title: Late, detail: too late } }\n",
    );
    let error = app.run().expect(1).json()["error"].take();
    assert_eq!(error["type"], "https://x.example/late");
    assert_eq!(
        (&error["status"], &error["title"], &error["detail"]),
        (&json!(418), &json!("Late"), &json!("too late"))
    );
    assert_eq!(error["instance"], "/do/0/a");
    has(
        &app.writ(&["run", "."]).expect(1).err,
        &["faulted: too late", "at /do/0/a", "writ runs events"],
    );
}

#[test]
fn wrong_arguments_at_run_time_name_the_field() {
    let app = App::doing("  - a: { call: 'double:0.1.0@double', with: { n: '${ .n }' } }\n");
    app.plugin("double", "");
    let error = app.run().expect(1).json()["error"].take();
    assert_eq!(
        error["type"],
        "https://serverlessworkflow.io/spec/1.0.0/errors/validation"
    );
    has(
        &error["detail"].to_string(),
        &["double/double", "at /n", "found null"],
    );
}

#[test]
fn an_interrupted_run_is_unfinished_and_goes_on() {
    // Ctrl-C; a service manager or a container that stops. Not a terminal that closes: whoever runs these tests may ignore that.
    for signal in [Signal::INT, Signal::TERM] {
        is_interrupted_and_goes_on(signal);
    }
}

fn is_interrupted_and_goes_on(signal: Signal) {
    let app = App::doing("  - a: { wait: { seconds: 3 } }\n  - b: { set: { x: 1 } }\n");
    let mut child = command(app.path(), &["run", ".", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("writ can be started");
    // It was accepted as soon as the journal shows it.
    while app
        .writ(&["runs", "list", "--json"])
        .out
        .lines()
        .last()
        .is_none_or(|line| !line.contains("started"))
    {
        assert!(
            child.try_wait().expect("the child can be asked").is_none(),
            "the run must not have ended"
        );
    }
    let busy = app.run().expect(5).json();
    has(
        &busy["error"].to_string(),
        &["in use by process", "choose another data folder"],
    );
    kill_process(Pid::from_child(&child), signal).expect("the child can be signalled");
    let said = Said::of(child.wait_with_output().expect("writ ends")).expect(6);
    assert_eq!(said.json()["status"], "waiting");
    let resumed = app.writ(&["runs", "resume", "--json"]).expect(0).json();
    assert_eq!(
        (&resumed[0]["run"], &resumed[0]["output"]),
        (&said.json()["run"], &json!({ "x": 1 }))
    );
    assert_eq!(
        app.writ(&["runs", "resume", "--json"]).expect(0).json(),
        json!([])
    );
}

#[test]
fn runs_are_listed_shown_and_told() {
    let app = App::doing(
        "  - count: { for: { each: n, in: '${ [1, 2] }' }, do: [ { one: { set: { n: '${ $n }' } } } ] }\n",
    );
    let first = app.run().expect(0).json()["run"]
        .as_str()
        .expect("runs have ids")
        .to_owned();
    let second = app.run().expect(0).json()["run"]
        .as_str()
        .expect("runs have ids")
        .to_owned();
    let listed = app.writ(&["runs", "list", "--json"]).expect(0).json();
    assert_eq!(
        (&listed[0]["run"], &listed[1]["run"]),
        (&json!(second), &json!(first)),
        "newest first"
    );
    assert_eq!(listed[0]["workflow"]["name"], "test");
    has(
        &app.writ(&["runs", "list"]).expect(0).out,
        &[&first, "completed", "tests/test 0.1.0"],
    );

    let shown = app
        .writ(&["runs", "show", &first, "--json"])
        .expect(0)
        .json();
    assert_eq!(
        (&shown["status"], &shown["input"], &shown["output"]),
        (&json!("completed"), &json!({}), &json!({ "n": 2 }))
    );
    let story = app.writ(&["runs", "events", &first]).expect(0).out;
    has(
        &story,
        &[
            "the run of tests/test 0.1.0 started",
            "the run completed with ",
        ],
    );
    let events = app.events(&first);
    assert_eq!(events[0]["event"]["type"], "run.started");
    assert_eq!(
        events.last().expect("runs have events")["event"]["type"],
        "run.completed"
    );
    assert_eq!(story.lines().count(), events.len(), "one line an event");

    refused(
        app.writ(&["runs", "show", "zzz"]),
        2,
        &["no run's id begins with `zzz`"],
        &["writ runs list"],
    );
    refused(
        app.writ(&["runs", "show", ""]),
        2,
        &["fits more than one run"],
        &["give more of its id"],
    );
    refused(
        app.writ(&["runs", "list", "--data", "nowhere"]),
        2,
        &["holds no journal"],
        &["--data"],
    );
}

/// The command that a run ends with works from where it was started.
#[test]
fn where_a_story_is_told_is_said_from_where_one_stands() {
    let app = App::doing("  - a: { set: { x: 1 } }\n");
    let above = app.path().parent().expect("it is somewhere");
    let cases = [
        (app.path(), ".", &[][..], false),
        (app.path(), ".", &["--data", "state"], true),
        (above, app.path().to_str().expect("UTF-8"), &[], true),
    ];
    for (folder, target, more, is_elsewhere) in cases {
        let said = writ(folder, &[&["run", target], more].concat()).expect(0);
        let (_, hint) = said.err.split_once("`writ ").expect("a hint");
        let (hint, _) = hint.split_once('`').expect("a hint");
        assert_eq!(hint.contains(" --data "), is_elsewhere, "{hint}");
        let words: Vec<_> = hint.split(' ').collect();
        has(&writ(folder, &words).expect(0).out, &["completed"]);
    }
}

#[test]
fn doctor_and_completions() {
    let app = App::doing("  - a: { set: { x: 1 } }\n");
    let healthy = app.writ(&["doctor", "--json"]).expect(0).json();
    assert_eq!(healthy["ok"], true);
    has(
        &app.writ(&["doctor"]).expect(0).out,
        &["ok   sandbox", "none here"],
    );
    let _ = app.run().expect(0);
    has(
        &app.writ(&["doctor"]).expect(0).out,
        &["1 run, 3 events", "both hash chains", "second wall"],
    );
    for shell in ["bash", "zsh", "fish"] {
        has(
            &app.writ(&["completions", shell]).expect(0).out,
            &["writ", "doctor", "completions"],
        );
    }
}

#[test]
fn wrong_usage_is_json_too() {
    let app = App::new("");
    let cases: [&[&str]; 4] = [
        &["--json"],
        &["nonsense", "--json"],
        &["run", "--json"],
        &["completions", "tcsh", "--json"],
    ];
    for arguments in cases {
        let said = app.writ(arguments).expect(2);
        assert_eq!(said.json()["code"], 2, "{arguments:?}");
        assert!(said.json()["error"].is_string() && !said.err.is_empty());
    }
    assert_eq!(
        app.writ(&["run", "--json"]).expect(2).json()["error"],
        "the following required arguments were not provided: <TARGET>"
    );
    has(
        &app.writ(&["--help"]).expect(0).out,
        &["Exit codes: 0 done", "70 a bug in writ"],
    );
    has(&app.writ(&["--version"]).expect(0).out, &["writ 0."]);
}

/// What a command says when the reader of its standard output is gone before it begins.
fn unread(app: &App, arguments: &[&str]) -> Said {
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    let ended = command(app.path(), arguments).stdout(writer).output();
    Said::of(ended.expect("writ can be started"))
}

#[test]
fn a_reader_that_is_gone_changes_no_exit_code() {
    let app = App::doing("  - a: { set: { got: 1 } }\n");
    let _ = unread(&app, &["run", ".", "--json"]).expect(0);
    let runs = app.writ(&["runs", "list", "--json"]).expect(0).json();
    assert_eq!(runs[0]["status"], "completed", "the run went on to its end");
    let _ = unread(&app, &["runs", "list"]).expect(0);
    let _ = unread(&app, &["runs", "show", "nobody", "--json"]).expect(2);
    let _ = unread(&app, &["nonsense", "--json"]).expect(2);
    let _ = unread(&app, &["audit", "verify", "--json"]).expect(0);
    let log = app.path().join(".writ/log/00000000000000000000.log");
    let mut bytes = std::fs::read(&log).expect("the log is there");
    bytes[200] ^= 1;
    std::fs::write(&log, bytes).expect("the log can be written");
    for json in [&["--json"][..], &[]] {
        let said = unread(&app, &[&["audit", "verify"], json].concat()).expect(5);
        assert!(said.err.contains("checksum"), "{}", said.err);
    }
}

#[test]
fn a_data_folder_that_cannot_be_made() {
    let app = App::doing("  - a: { set: { x: 1 } }\n");
    app.write("file", "");
    refused(
        app.writ(&["run", ".", "--data", "file"]),
        5,
        &["file"],
        &["name another"],
    );
}
