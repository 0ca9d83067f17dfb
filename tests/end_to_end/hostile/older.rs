//! A journal that an older version wrote: it can be read, a host opens it, and new runs follow the old ones in the same log.

use std::{fs, path::Path};

use serde_json::json;
use writ_tests::{App, root};

use super::cases::document;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}

/// An app whose data folder holds the journal of the first version: one run of 37 events, completed.
fn app() -> App {
    let app = App::new(&document(&[json!({ "a": { "set": { "x": 1 } } })], &[]));
    copy(
        &root().join("tests/fixtures/journal-0.1.0"),
        &app.path().join(".writ"),
    );
    app
}

fn old_run(app: &App) -> String {
    let runs = app.writ(&["runs", "list", "--json"]).expect(0).json();
    let run = &runs[0];
    assert_eq!(
        (&run["workflow"]["name"], &run["status"]),
        (&json!("test"), &json!("completed")),
        "{runs}"
    );
    run["run"].as_str().expect("a run has an id").to_owned()
}

#[test]
fn a_journal_of_the_first_version_can_be_read() {
    let app = app();
    let run = old_run(&app);
    let events = app.events(&run);
    assert_eq!(events.len(), 37);
    assert_eq!(events[0]["event"]["type"], "run.started");
    assert_eq!(
        events[36]["event"],
        json!({ "type": "run.completed", "output": { "result": { "done": true } } })
    );
    let _ = app.writ(&["runs", "show", &run]).expect(0);
    let log = app.path().join(".writ/log/00000000000000000000.log");
    let before = fs::read(root().join("tests/fixtures/journal-0.1.0/log/00000000000000000000.log"))
        .expect("the fixture");
    assert_eq!(
        fs::read(log).expect("the log"),
        before,
        "looking changes nothing"
    );
}

#[test]
fn new_runs_follow_those_of_the_first_version() {
    let app = app();
    let old = old_run(&app);
    assert_eq!(app.run().expect(0).json()["output"], json!({ "x": 1 }));
    let runs = app.writ(&["runs", "list", "--json"]).expect(0).json();
    assert_eq!(runs.as_array().map(Vec::len), Some(2), "{runs}");
    assert_eq!(app.events(&old).len(), 37);
    let _ = app.run().expect(0);
}
