//! A host that dies inside a chain of tool calls: what was answered is not called again, what was under way goes on where it was, and
//! what must happen once is in doubt.

use std::fs;

use serde_json::{Value as Json, json};
use writ_tests::App;

use super::{
    journal::{events_of, only_run, resume, shown},
    process::{Victim, until},
};

/// Steps of a counter in one tool call; so many that it is killed in between.
const STEPS: u64 = 8_000;
const FILES: u64 = 60_000;

fn request(capability: &str) -> String {
    format!("[[request]]\ncapability = \"{capability}\"\nreason = \"to be tested\"\n\n")
}

#[test]
fn a_chain_goes_on_in_the_middle_and_nothing_happens_twice() {
    let count = json!({ "bucket": "b", "key": "n", "times": STEPS }).to_string();
    let calls = json!([
        ["buckets/count", count],
        ["buckets/count", count],
        ["buckets/count", count]
    ]);
    let app = App::doing(&format!(
        "  - count:\n      call: use-all:0.1.0@caller\n      with: {}\n",
        json!({ "calls": calls })
    ));
    let own = ["kv:read:b", "kv:write:b"].map(request).concat();
    app.plugin(
        "caller",
        &format!("{own}{}", request("tool:call:buckets/count")),
    );
    app.plugin("buckets", &own);
    app.approve();
    let log = app.path().join(".writ/log/00000000000000000000.log");
    let mut grown = 50_000;
    // Once in the first call, once in a later one.
    for arguments in [["run", "."], ["runs", "resume"]] {
        let host = Victim::start(app.path(), &arguments);
        until("some steps of the counter", || {
            fs::metadata(&log).is_ok_and(|log| log.len() > grown)
        });
        assert!(
            host.kill().struck,
            "the chain was over before it could be killed"
        );
        let length = fs::metadata(&log).expect("the log is there").len();
        grown = length + 50_000 + STEPS * 150;
    }
    let run = only_run(&app);
    let (called, returned) = (
        events_of(&app, &run, "tool.called").len(),
        events_of(&app, &run, "tool.returned").len(),
    );
    assert_eq!(
        called,
        returned + 1,
        "the kill did not fall into a tool call"
    );
    resume(&app);
    let ended = shown(&app, &run);
    let sums: Vec<Json> = (1..=3)
        .map(|n| json!({ "ok": (n * STEPS).to_string() }))
        .collect();
    assert_eq!(
        ended["output"],
        json!(sums),
        "steps were lost or made twice: {ended}"
    );
    // Each call was begun once and answered once, whatever happened to the host.
    for kind in ["tool.called", "tool.returned"] {
        assert_eq!(events_of(&app, &run, kind).len(), 3, "{kind}");
    }
    let steps = events_of(&app, &run, "host.called");
    let numbers = steps
        .iter()
        .filter_map(|step| step["answer"]["Ok"]["number"].as_u64());
    assert!(numbers.eq(1..=3 * STEPS));
    assert_eq!(
        steps[0]["chain"],
        json!(["caller/use-all", "buckets/count"])
    );
}

#[test]
fn a_tool_that_must_act_once_leaves_its_caller_in_doubt() {
    let make = json!({ "mount": "/out", "count": FILES }).to_string();
    let app = App::doing(&format!(
        "  - make:\n      call: use-tool:0.1.0@caller\n      with: {}\n",
        json!({ "tool": "files/make-many", "arguments": make })
    ));
    let write = request("fs:write:/out");
    // What the caller says of itself does not make its tools harmless.
    let idempotent = "[functions.use-tool]\neffects = \"idempotent\"\n";
    let folders = "folders = { \"/out\" = \"out\" }\n";
    let manifest = format!(
        "{write}{}{idempotent}",
        request("tool:call:files/make-many")
    );
    app.plugin("caller", &manifest);
    app.config(folders);
    app.plugin(
        "files",
        &format!("{write}[functions.make-many]\neffects = \"once\"\n"),
    );
    app.config(folders);
    app.approve();
    let out = app.path().join("out");
    let host = Victim::start(app.path(), &["run", "."]);
    until("the tool's first files", || out.join("many-20").exists());
    assert!(
        host.kill().struck,
        "the chain was over before it could be killed"
    );
    let made = fs::read_dir(&out).map_or(0, Iterator::count);
    resume(&app);
    let run = shown(&app, &only_run(&app));
    assert_eq!(run["error"]["type"], "urn:writ:error:in-doubt", "{run}");
    assert_eq!(
        fs::read_dir(&out).map_or(0, Iterator::count),
        made,
        "it was done again"
    );
}
