//! A workflow file outside any app: no grants unless they are named, and plugins from the data folder.

use std::fs;

use serde_json::json;
use writ_tests::{App, HEAD, Said, command, guest};

use super::{has, refused};

/// A folder that is no app, with one workflow file.
fn lone(tasks: &str) -> App {
    let folder = App::new("");
    for file in ["writ.toml", "workflow.yaml"] {
        fs::remove_file(folder.path().join(file)).expect("files can be removed");
    }
    folder.write("flow.yaml", &format!("{HEAD}do:\n{tasks}"));
    folder
}

#[test]
fn a_strangers_component_is_callable_without_a_manifest() {
    let folder = lone("  - a: { call: 'double:0.0.0@double', with: { n: 21 } }\n");
    let said = folder.writ(&["run", "flow.yaml"]).expect(3);
    has(
        &said.err,
        &[
            "flow.yaml:7:16",
            "there is no plugin `double`",
            "writ plugin add FILE.wasm",
        ],
    );
    let double = guest("double");
    let _ = folder
        .writ(&["plugin", "add", double.to_str().expect("paths are text")])
        .expect(0);
    assert!(
        folder.path().join(".writ/plugins/double.wasm").exists(),
        "kept in the data folder"
    );
    assert_eq!(
        folder
            .writ(&["run", "flow.yaml", "--json"])
            .expect(0)
            .json()["output"],
        42
    );
}

#[test]
fn no_workflow_file_has_grants_by_itself() {
    let app =
        App::doing("  - a: { call: 'read:0.1.0@files', with: { mount: /in, path: a.txt } }\n");
    app.plugin(
        "files",
        "[[request]]\ncapability = \"fs:read:/in\"\nreason = \"r\"\n",
    );
    app.write("data/a.txt", "hello");
    let _ = app
        .writ(&[
            "grant",
            "approve",
            ".",
            "files",
            "--allow",
            "fs:read:/in=data",
        ])
        .expect(0);
    // Beside a grants file that is not named.
    let folder = lone("  - a: { call: 'read:0.1.0@files', with: { mount: /in, path: a.txt } }\n");
    let component = app.path().join("sources/files/target/files.wasm");
    let _ = folder
        .writ(&["plugin", "add", component.to_str().expect("paths are text")])
        .expect(0);
    fs::copy(
        app.path().join("grants.toml"),
        folder.path().join("grants.toml"),
    )
    .expect("files can be copied");
    folder.write("data/a.txt", "other");
    let refusal = folder
        .writ(&["run", "flow.yaml", "--json"])
        .expect(4)
        .json();
    assert_eq!(refusal["diagnostics"][0]["code"], "not-granted");
    // Named ones count, and their folders start from where the grants file is.
    let granted = |file: &str| {
        folder
            .writ(&["run", "flow.yaml", "--json", "--grants", file])
            .expect(0)
            .json()["output"]
            .take()
    };
    assert_eq!(granted("grants.toml"), "other");
    let there = app.path().join("grants.toml");
    assert_eq!(granted(there.to_str().expect("paths are text")), "hello");
    let _ = folder
        .writ(&["check", "flow.yaml", "--grants", "grants.toml"])
        .expect(0);
}

#[test]
fn an_interface_that_the_host_lacks_is_named() {
    let folder = lone("  - a: { call: 'hello:0.0.0@unknown-import' }\n");
    fs::copy(
        guest("unknown-import"),
        folder.path().join("unknown-import.wasm"),
    )
    .expect("guests can be copied");
    has(
        &folder
            .writ(&["plugin", "inspect", "unknown-import.wasm"])
            .expect(0)
            .out,
        &[
            "This host cannot start it",
            "writ:guests/nowhere",
            "this host does not have",
        ],
    );
    refused(
        folder.writ(&["plugin", "add", "unknown-import.wasm"]),
        2,
        &[
            "plugin unknown-import could never start here",
            "writ:guests/nowhere",
        ],
        &["build it against WASI 0.2"],
    );
    assert!(
        !folder.path().join(".writ/plugins").exists(),
        "nothing was added"
    );
    // One that came there by another way is found before anything runs.
    fs::create_dir_all(folder.path().join(".writ/plugins")).expect("folders can be made");
    fs::copy(
        guest("unknown-import"),
        folder.path().join(".writ/plugins/unknown-import.wasm"),
    )
    .expect("guests can be copied");
    let checked = folder
        .writ(&["check", "flow.yaml", "--json"])
        .expect(3)
        .json();
    assert_eq!(checked["diagnostics"][0]["code"], "import");
    has(
        &checked["diagnostics"][0]["message"].to_string(),
        &["writ:guests/nowhere"],
    );
    refused(
        folder.writ(&["run", "flow.yaml"]),
        2,
        &["plugin unknown-import imports", "doesn't provide"],
        &["build against WASI 0.2"],
    );
}

#[test]
fn data_can_be_elsewhere() {
    let folder = lone("  - a: { set: { x: 1 } }\n");
    let _ = folder
        .writ(&["run", "flow.yaml", "--data", "state"])
        .expect(0);
    assert!(!folder.path().join(".writ").exists());
    assert_eq!(
        folder
            .writ(&["runs", "list", "--data", "state", "--json"])
            .expect(0)
            .json()[0]["status"],
        "completed"
    );
    let detached = folder
        .writ(&["run", "flow.yaml", "--data", "state", "--detach", "--json"])
        .expect(0)
        .json();
    assert_eq!(
        (&detached["status"], &detached["output"]),
        (&json!("waiting"), &json!(null))
    );
}

#[test]
fn nobody_has_to_read_to_the_end() {
    let folder = lone("  - a: { set: { x: 1 } }\n");
    let run = folder
        .writ(&["run", "flow.yaml", "--json"])
        .expect(0)
        .json()["run"]
        .as_str()
        .expect("runs have ids")
        .to_owned();
    let (reader, writer) = std::io::pipe().expect("pipes can be made");
    drop(reader);
    let mut events = command(folder.path(), &["runs", "events", &run]);
    let said = Said::of(events.stdout(writer).output().expect("writ can be started")).expect(0);
    assert_eq!(said.err, "");
}
