//! `writ grant diff` and `who-can`: what an update could do that the build before could not, and who may do what.

use std::fs;

use serde_json::json;
use writ_tests::{App, guest};

use super::{has, refused};

const READ: &str = "[[request]]\ncapability = \"fs:read:/in\"\nreason = \"what it reads\"\n";
const WRITE: &str =
    "[[request]]\ncapability = \"fs:write:/out\"\nreason = \"what it writes\"\noptional = true\n";

/// An app that reads a file, approved, and run once so that the approved component is kept.
fn approved(requests: &str) -> App {
    let app =
        App::doing("  - read: { call: 'read:0.1.0@files', with: { mount: /in, path: a.txt } }\n");
    app.plugin("files", requests);
    app.write("data/a.txt", "hello");
    app.config("folders = { \"/in\" = \"data\", \"/out\" = \"made\" }\n");
    app.approve();
    app
}

fn update(app: &App, from: &str, to: &str) {
    let path = app.path().join("sources/files/plugin.toml");
    let manifest = fs::read_to_string(path).expect("the manifest is there");
    assert!(manifest.contains(from));
    app.write("sources/files/plugin.toml", &manifest.replace(from, to));
}

#[test]
fn an_update_is_compared_with_what_was_approved() {
    let app = approved(READ);
    let same = app.writ(&["grant", "diff", "--json"]).expect(0).json();
    assert_eq!(same["plugins"][0]["state"], "approved");
    let _ = app.run().expect(0);

    update(&app, "fs:read:/in", "fs:read:/in/2025");
    let narrower = app
        .writ(&["grant", "diff", ".", "files", "--json"])
        .expect(0)
        .json();
    assert_eq!(narrower["widens"], false);
    assert_eq!(
        narrower["plugins"][0]["difference"]["requests"][0]["step"],
        "narrowed"
    );

    update(&app, "fs:read:/in/2025", "fs:read:/");
    update(&app, "what it reads", "backups of everything");
    update(
        &app,
        "[[request]]",
        "[functions.read]\neffects = \"once\"\n\n[[request]]",
    );
    let said = app.writ(&["grant", "diff"]).expect(1);
    let mut settings = insta::Settings::clone_current();
    settings.add_filter("sha256:[0-9a-f]{64}", "sha256:…");
    settings.bind(|| insta::assert_snapshot!("diff_text", said.out));
    let json = app.writ(&["grant", "diff", "--json"]).expect(1).json();
    let change = &json["plugins"][0]["difference"]["requests"][0];
    assert_eq!(
        (&change["step"], &change["was"]),
        (&json!("widened"), &json!("fs:read:/in"))
    );
    refused(
        app.writ(&["grant", "diff", ".", "nobody"]),
        2,
        &["no plugin `nobody`"],
        &["writ plugin list"],
    );
}

#[test]
fn without_the_approved_bytes_its_grants_are_compared() {
    let app = approved(READ);
    update(&app, READ, &format!("{READ}{WRITE}"));
    let json = app.writ(&["grant", "diff", "--json"]).expect(1).json();
    assert_eq!(json["plugins"][0]["state"], "approved-build-not-kept");
    assert_eq!(json["plugins"][0]["added"], json!(["fs:write:/out"]));
    has(
        &app.writ(&["grant", "diff"]).expect(1).out,
        &["not kept in the data folder"],
    );

    fs::remove_file(app.path().join("grants.toml")).expect("files can be removed");
    let json = app.writ(&["grant", "diff", "--json"]).expect(1).json();
    assert_eq!(json["plugins"][0]["state"], "never-approved");
    assert_eq!(
        json["plugins"][0]["added"],
        json!(["fs:read:/in", "fs:write:/out"])
    );
}

#[test]
fn two_files_are_compared() {
    let app = App::new("");
    fs::copy(guest("double"), app.path().join("old.wasm")).expect("guests can be copied");
    fs::copy(guest("echo"), app.path().join("new.wasm")).expect("guests can be copied");
    let json = app
        .writ(&["grant", "diff", "old.wasm", "new.wasm", "--json"])
        .expect(1)
        .json();
    let difference = &json["plugins"][0]["difference"];
    assert_eq!(difference["breaks"], true, "{difference}");
    let _ = app
        .writ(&["grant", "diff", "old.wasm", "old.wasm"])
        .expect(0);
    refused(
        app.writ(&["grant", "diff", "old.wasm"]),
        2,
        &["say what to compare it with"],
        &["NEW.wasm"],
    );
    app.write("core.wasm", "nothing");
    refused(
        app.writ(&["grant", "diff", "old.wasm", "core.wasm"]),
        2,
        &["core.wasm"],
        &[],
    );
}

#[test]
fn who_can_do_what() {
    let app = approved(&format!("{READ}{WRITE}"));
    app.plugin("double", "");
    app.plugin(
        "buckets",
        "[[request]]\ncapability = \"kv:write:seen\"\nreason = \"what it saw\"\n",
    );
    let who = |capability: &str| {
        let json = app
            .writ(&["grant", "who-can", capability, "--json"])
            .expect(0)
            .json();
        let rows = json["who"].as_array().expect("a list").clone();
        rows.iter()
            .map(|row| {
                let word = |key: &str| row[key].as_str().expect("text").to_owned();
                format!(
                    "{} {} {} {}",
                    word("plugin"),
                    word("grant"),
                    word("relation"),
                    word("reason")
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        who("fs:read:/in/2025"),
        ["files fs:read:/in covers what it reads"]
    );
    assert_eq!(
        who("fs:write:/"),
        ["files fs:write:/out within what it writes"]
    );
    assert_eq!(
        who("fs"),
        [
            "files fs:read:/in within what it reads",
            "files fs:write:/out within what it writes"
        ]
    );
    assert_eq!(
        who("kv:write"),
        Vec::<String>::new(),
        "asked for, and never approved"
    );
    assert_eq!(who("http:POST"), Vec::<String>::new());
    has(
        &app.writ(&["grant", "who-can", "fs:write"]).expect(0).out,
        &[
            "files can: fs:write",
            "fs:write:/out  (= made)",
            "because: what it writes",
        ],
    );
    has(
        &app.writ(&["grant", "who-can", "http"]).expect(0).out,
        &["nobody here can: http"],
    );
    let _ = app.writ(&["grant", "revoke", ".", "files"]).expect(0);
    has(
        &app.writ(&["grant", "who-can", "fs"]).expect(0).out,
        &[
            "nobody here can",
            "files has no authority now",
            "was revoked",
        ],
    );
    refused(
        app.writ(&["grant", "who-can", "fs:raed"]),
        2,
        &["unknown capability"],
        &["`fs:write`, `http` or `http:POST`"],
    );
}
