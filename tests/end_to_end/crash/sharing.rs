//! Several processes and one data folder, and what changed around a run while no host drove it.

use std::{fs, time::Duration};

use serde_json::json;
use writ_tests::{App, guest};

use super::{
    journal::{events_of, only_run, resume, shown},
    process::{Moment, Victim, until},
};

#[test]
fn a_folder_has_one_host_and_any_number_of_readers() {
    let app = App::doing("  - pause:\n      wait: { minutes: 10 }\n");
    let mut host = Victim::start(app.path(), &["run", "."]);
    assert!(host.says("accepted run"));
    for arguments in [["run", "."], ["runs", "resume"]] {
        let said = app.writ(&arguments).expect(5);
        assert!(
            said.err.contains("in use by process") && said.err.contains("stop it first"),
            "{}",
            said.err
        );
    }
    let run = only_run(&app);
    until("the wait", || {
        !events_of(&app, &run, "task.started").is_empty()
    });
    assert_eq!(shown(&app, &run)["status"], "waiting");
    assert!(host.kill().struck, "the host was disturbed");
}

/// An app whose first task takes long enough to be killed in, and whose second doubles a number.
fn slow_then_double() -> App {
    let app = App::doing(
        "  - slow:\n      call: slow:0.1.0@slow\n      with: { milliseconds: 500 }\n  - double:\n      \
         call: double:0.1.0@double\n      with: { n: 21 }\n",
    );
    app.plugin("slow", "");
    app.plugin("double", "");
    let host = Victim::start(app.path(), &["run", "."]);
    assert!(
        host.die(Moment::Said("accepted run", Duration::from_millis(100)))
            .struck
    );
    app
}

#[test]
fn a_run_goes_on_with_its_own_copy_of_a_plugin_that_was_removed() {
    let app = slow_then_double();
    fs::remove_dir_all(app.path().join("sources")).expect("folders can be removed");
    fs::remove_file(app.path().join("workflow.yaml")).expect("files can be removed");
    app.write("writ.toml", "");
    resume(&app);
    let shown = shown(&app, &only_run(&app));
    assert_eq!(
        (&shown["status"], &shown["output"]),
        (&json!("completed"), &json!(42))
    );
}

#[test]
fn a_run_goes_on_with_its_own_copy_of_a_plugin_that_was_built_again() {
    let app = slow_then_double();
    let run = only_run(&app);
    let pinned = shown(&app, &run)["plugins"]["double"]["digest"].clone();
    // Another component under the same name: it could not even answer.
    fs::copy(guest("echo"), app.path().join("sources/double/guest.wasm"))
        .expect("guests can be copied");
    let said = app.writ(&["run", "."]).expect(3);
    assert!(said.err.contains("double"), "{}", said.err);
    resume(&app);
    let shown = shown(&app, &run);
    assert_eq!(
        (&shown["status"], &shown["output"]),
        (&json!("completed"), &json!(42))
    );
    assert_eq!(shown["plugins"]["double"]["digest"], pinned);
}

#[test]
fn a_revoked_grant_stops_a_recovered_run() {
    let app = App::doing(
        "  - pause:\n      wait: { seconds: 1 }\n  - append:\n      call: append:0.1.0@append-file\n      \
         with: { path: /out/lines, line: hello }\n",
    );
    app.plugin(
        "append-file",
        "[[request]]\ncapability = \"fs:read:/out\"\nreason = \"to count lines\"\n\n\
         [[request]]\ncapability = \"fs:write:/out\"\nreason = \"to add a line\"\n",
    );
    app.config("folders = { \"/out\" = \"out\" }\n");
    app.approve();
    let host = Victim::start(app.path(), &["run", "."]);
    assert!(
        host.die(Moment::Said("accepted run", Duration::from_millis(20)))
            .struck
    );
    let run = only_run(&app);
    let _ = app.writ(&["grant", "revoke", ".", "append-file"]).expect(0);
    let said = app.writ(&["runs", "resume"]).expect(6);
    assert!(
        said.err.contains(&format!("run {run} stays unfinished")),
        "{}",
        said.err
    );
    assert!(
        said.err.contains("append-file was revoked") && said.err.contains("writ grant approve"),
        "{}",
        said.err
    );
    assert!(
        !app.path().join("out/lines").exists(),
        "a revoked grant was used"
    );

    // Approved anew, it goes on.
    app.approve();
    resume(&app);
    assert_eq!(shown(&app, &run)["output"], 1);
}

#[test]
fn a_recovered_run_reads_the_settings_of_its_app() {
    let app = App::doing(
        "  - pause:\n      wait: { milliseconds: 500 }\n  - read:\n      call: get:0.1.0@settings\n      with: { key: city }\n",
    );
    app.plugin(
        "settings",
        "[[request]]\ncapability = \"config:read:city\"\nreason = \"to show it\"\n",
    );
    app.config("\n[config]\ncity = \"Bremen\"\n");
    app.approve();
    let host = Victim::start(app.path(), &["run", "."]);
    assert!(
        host.die(Moment::Said("accepted run", Duration::from_millis(20)))
            .struck
    );
    resume(&app);
    assert_eq!(shown(&app, &only_run(&app))["output"], "Bremen");
}

#[test]
fn a_detached_run_is_accepted_at_once_and_carried_on_in_the_background() {
    let app = App::doing(
        "  - pause:\n      wait: { milliseconds: 300 }\n  - done:\n      set: { answer: 42 }\n",
    );
    let run = app
        .writ(&["run", ".", "--detach"])
        .expect(0)
        .out
        .trim()
        .to_owned();
    assert_eq!(only_run(&app), run);
    until("the end of the detached run", || {
        shown(&app, &run)["status"] == "completed"
    });
    assert_eq!(shown(&app, &run)["output"], json!({ "answer": 42 }));
    // Its host is gone: the folder is free.
    until("the end of its host", || {
        app.writ(&["runs", "resume"]).code == 0
    });
}
