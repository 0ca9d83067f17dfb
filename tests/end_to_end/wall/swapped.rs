//! A granted folder that becomes another one while guests run. The host opens folders by name, at each call; the wall knows them
//! by what they were.

use std::{fs, os::unix::fs::symlink, path::Path};

use serde_json::{Value as Json, json};
use writ_tests::App;

use super::process::{Running, with_a_guest};

/// Is busy for a while, then reads a file of `/in` and writes one of `/out`; each may fail, and the run tells.
const WORKFLOW: &str = "
  - slow: { call: 'slow:0.1.0@slow', with: { milliseconds: 1500 } }
  - reading:
      try:
        - read: { call: 'read:0.1.0@files', with: { mount: /in, path: secret }, export: { as: '${ { read: . } }' } }
      catch:
        as: error
        do:
          - unread: { set: { unread: '${ $error.detail }' }, export: { as: '${ { unread: .unread } }' } }
  - writing:
      try:
        - write: { call: 'write:0.1.0@files', with: { mount: /out, path: planted, text: x } }
      catch: { do: [ { unwritten: { set: { x: 1 } } } ] }
  - tell: { set: { told: '${ $context }' } }
";

fn app(wall: &str) -> App {
    let app = App::doing(WORKFLOW);
    app.write("writ.toml", &format!("[host]\nwall = \"{wall}\"\n"));
    app.plugin("slow", "");
    app.plugin(
        "files",
        "[[request]]\ncapability = \"fs:read:/in\"\nreason = \"r\"\n\n\
         [[request]]\ncapability = \"fs:write:/out\"\nreason = \"w\"\n",
    );
    app.config("folders = { \"/in\" = \"data/in\", \"/out\" = \"data/out\" }\n");
    app.write("data/in/secret", "granted");
    app.write("data/out/a", "a");
    app.write("elsewhere/secret", "secret");
    app.write("beside/b", "b");
    app.approve();
    let _ = app.writ(&["check", "."]).expect(0);
    app
}

/// Takes a folder away, and lets its name lead elsewhere.
fn swap(folder: &Path, target: &Path) {
    fs::rename(folder, folder.with_extension("away")).expect("folders can be renamed");
    symlink(target, folder).expect("a link");
}

fn run_and_swap(app: &App) -> Json {
    let host = Running::start(app.path(), &["run", "."]);
    let _ = with_a_guest(host.id());
    swap(&app.path().join("data/in"), &app.path().join("elsewhere"));
    swap(&app.path().join("data/out"), &app.path().join("beside"));
    assert!(host.ends_well());
    let runs = app.writ(&["runs", "list", "--json"]).expect(0).json();
    let run = runs[0]["run"].as_str().expect("an id").to_owned();
    app.writ(&["runs", "show", &run, "--json"]).expect(0).json()["output"]["told"].take()
}

#[test]
fn a_folder_that_was_swapped_is_not_followed() {
    let app = app("auto");
    let told = run_and_swap(&app);
    assert_eq!(
        told,
        json!({ "unread": "files/read returned an error: access" })
    );
    assert!(!app.path().join("beside/planted").exists());
}

/// What the test above would be worth nothing without: it is the wall that held.
#[test]
fn without_the_wall_it_would_be() {
    let app = app("off");
    assert_eq!(run_and_swap(&app), json!({ "read": "secret" }));
    assert!(app.path().join("beside/planted").exists());
}

#[test]
fn a_folder_that_is_gone_stops_the_call_and_not_the_host() {
    let app = app("auto");
    let host = Running::start(app.path(), &["run", "."]);
    let _ = with_a_guest(host.id());
    fs::remove_dir_all(app.path().join("data")).expect("folders can be removed");
    assert!(host.ends_well());
    let runs = app.writ(&["runs", "list", "--json"]).expect(0).json();
    assert_eq!(runs[0]["status"], "completed");
}

#[test]
fn a_data_folder_behind_a_link_is_one() {
    let app = App::doing("  - a: { set: { x: '${ [1, 2] | map(. + 1) }' } }\n");
    let real = tempfile::tempdir().expect("a folder can be made");
    symlink(real.path(), app.path().join(".writ")).expect("a link");
    for _ in 0..2 {
        let output = app.run().expect(0).json()["output"].take();
        assert_eq!(output, json!({ "x": [2, 3] }));
    }
    assert!(real.path().join("log").is_dir());
}
