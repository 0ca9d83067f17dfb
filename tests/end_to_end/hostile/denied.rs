//! One denial for each capability: what happens without the grant, what the record says, and which word would mend it.
//!
//! A refusal is told to the guest in the interface's own error. Where the interface has no such error, the guest is given less:
//! no variable here, and the run's own time and randomness in `determinism.rs`.

use serde_json::{Value as Json, json};
use writ_tests::{App, Said, command};

use super::cases::{Cases, GUEST, call, document};

pub(super) fn request(capability: &str) -> String {
    format!(
        "[[request]]\ncapability = \"{capability}\"\nreason = \"to be tested\"\noptional = true\n\n"
    )
}

/// Approves these capabilities of one plugin.
pub(super) fn allow(app: &App, plugin: &str, capabilities: &[&str]) {
    let mut arguments = vec!["grant", "approve", ".", plugin];
    for capability in capabilities {
        arguments.extend(["--allow", capability]);
    }
    let _ = app.writ(&arguments).expect(0);
}

fn files(granted: &[&str]) -> App {
    let app = App::new("");
    app.plugin(
        "files",
        &["fs:read:/in", "fs:read:/more", "fs:write:/in"]
            .map(request)
            .concat(),
    );
    app.write("data/in/a.txt", "text");
    app.write("data/more/b.txt", "more");
    allow(&app, "files", granted);
    app
}

#[test]
fn fs_read() {
    let app = files(&["fs:read:/in=data/in"]);
    Cases::default()
        .call(
            "granted",
            "files",
            "read",
            json!({ "mount": "/in", "path": "a.txt" }),
        )
        .call(
            "aside",
            "files",
            "read",
            json!({ "mount": "/in", "path": "/more/b.txt" }),
        )
        .call(
            "above",
            "files",
            "read",
            json!({ "mount": "/in", "path": "../more/b.txt" }),
        )
        .call(
            "mount",
            "files",
            "read",
            json!({ "mount": "/more", "path": "b.txt" }),
        )
        .write(&app);
    let outcomes = Cases::started(&app);
    assert_eq!(*outcomes.ok("granted"), json!("text"));
    outcomes.refused("aside", "not-permitted");
    outcomes.refused("above", "not-permitted");
    outcomes.refused("mount", "no-mount");
    outcomes.denied(
        "files",
        "fs:read:/more",
        "writ grant approve APP files --allow 'fs:read:/more'",
    );
}

#[test]
fn fs_write() {
    let app = files(&["fs:read:/in=data/in"]);
    Cases::default()
        .call(
            "write",
            "files",
            "write",
            json!({ "mount": "/in", "path": "a.txt", "text": "changed" }),
        )
        .write(&app);
    let outcomes = Cases::started(&app);
    outcomes.denied("files", "fs:write:/in", "--allow 'fs:write:/in'");
    // The fault says so itself, whatever the guest made of the refusal.
    let fault = outcomes.error("write", "urn:writ:error:guest");
    assert_eq!(fault["plugin"], "files");
    assert_eq!(fault["capability"], "fs:write:/in");
    assert!(
        fault["remedy"]
            .as_str()
            .is_some_and(|remedy| remedy.contains("writ grant approve")),
        "{fault}"
    );
    assert_eq!(
        std::fs::read_to_string(app.path().join("data/in/a.txt")).expect("a file"),
        "text"
    );
    allow(
        &app,
        "files",
        &["fs:read:/in=data/in", "fs:write:/in=data/in"],
    );
    assert!(Cases::started(&app).ok("write").is_null());
    assert_eq!(
        std::fs::read_to_string(app.path().join("data/in/a.txt")).expect("a file"),
        "changed"
    );
}

#[test]
fn a_function_that_says_it_has_no_effects_gets_none() {
    let app = App::new("");
    let manifest = format!(
        "{}{}[functions.write]\neffects = \"none\"\n",
        request("fs:read:/in"),
        request("fs:write:/in")
    );
    app.plugin("files", &manifest);
    app.config("folders = { \"/in\" = \"data/in\" }\n");
    app.write("data/in/a.txt", "text");
    let outcomes = Cases::default()
        .call(
            "write",
            "files",
            "write",
            json!({ "mount": "/in", "path": "a.txt", "text": "x" }),
        )
        .run(&app);
    let _ = outcomes.error("write", GUEST);
    outcomes.denied("files", "fs:write:/in", "effects = \"none\"");
    assert_eq!(
        std::fs::read_to_string(app.path().join("data/in/a.txt")).expect("a file"),
        "text"
    );
}

#[test]
fn kv() {
    let app = App::new("");
    app.plugin(
        "buckets",
        &[
            "kv:read:open",
            "kv:write:open",
            "kv:read:seen",
            "kv:write:seen",
            "kv:write:sink",
        ]
        .map(request)
        .concat(),
    );
    allow(
        &app,
        "buckets",
        &[
            "kv:read:open",
            "kv:write:open",
            "kv:read:seen",
            "kv:write:sink",
        ],
    );
    let at = |bucket: &str| json!({ "bucket": bucket, "key": "k" });
    let set = |bucket: &str| json!({ "bucket": bucket, "key": "k", "value": "v" });
    let count = |bucket: &str| json!({ "bucket": bucket, "key": "n", "delta": 2 });
    Cases::default()
        .call("set", "buckets", "set", set("open"))
        .call("get", "buckets", "get", at("open"))
        .call("read-only", "buckets", "set", set("seen"))
        .call("counted", "buckets", "increment", count("seen"))
        .call("deleted", "buckets", "delete", at("seen"))
        .call(
            "many",
            "buckets",
            "set-many",
            json!({ "bucket": "seen", "values": [["k", "v"]] }),
        )
        .call("nothing", "buckets", "get", at("seen"))
        .call("write-only", "buckets", "get", at("sink"))
        .call("listed", "buckets", "keys", json!({ "bucket": "sink" }))
        .call("unknown", "buckets", "get", at("other"))
        .call("dotted", "buckets", "get", at("../open"))
        .call("odd", "buckets", "open-badly", json!({}))
        .write(&app);
    let outcomes = Cases::started(&app);
    assert_eq!(*outcomes.ok("get"), json!("v"));
    for name in [
        "read-only",
        "counted",
        "deleted",
        "many",
        "write-only",
        "listed",
        "unknown",
        "dotted",
    ] {
        outcomes.refused(name, "access-denied");
    }
    assert!(outcomes.ok("nothing").is_null());
    let _ = outcomes.trap("odd");
    outcomes.denied("buckets", "kv:write:seen", "--allow 'kv:write:seen'");
    outcomes.denied("buckets", "kv:read:sink", "[[request]]");
}

#[test]
fn kv_without_any_grant_is_not_even_linked() {
    refused_to_load(
        "buckets",
        "kv:read:seen",
        "get",
        &json!({ "bucket": "seen", "key": "k" }),
        "wasi:keyvalue/",
    );
}

#[test]
fn config_without_any_grant_is_not_even_linked() {
    refused_to_load(
        "settings",
        "config:read:colour",
        "get",
        &json!({ "key": "colour" }),
        "wasi:config/store",
    );
}

/// Without a grant of its kind, a component that imports the interface does not start, and no run is accepted.
fn refused_to_load(plugin: &str, capability: &str, function: &str, arguments: &Json, import: &str) {
    let app = App::new(&document(
        &[json!({ "a": call(plugin, function, arguments) })],
        &[],
    ));
    app.plugin(plugin, &request(capability));
    let said = app.run().expect(4);
    assert!(
        said.err.contains(plugin) && said.err.contains(import),
        "{}",
        said.err
    );
    allow(&app, plugin, &[capability]);
    let _ = app.run().expect(0);
    assert_eq!(
        app.writ(&["runs", "list", "--json"])
            .expect(0)
            .json()
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[test]
fn config() {
    let app = App::new("");
    app.plugin(
        "settings",
        &["config:read:colour", "config:read:secret"]
            .map(request)
            .concat(),
    );
    app.config("[config]\ncolour = \"green\"\nsecret = \"hidden\"\nunasked = \"hidden\"\n");
    allow(&app, "settings", &["config:read:colour"]);
    Cases::default()
        .call("granted", "settings", "get", json!({ "key": "colour" }))
        .call("denied", "settings", "get", json!({ "key": "secret" }))
        .call("unasked", "settings", "get", json!({ "key": "unasked" }))
        .call("all", "settings", "get-all", json!({}))
        .write(&app);
    let outcomes = Cases::started(&app);
    assert_eq!(*outcomes.ok("granted"), json!("green"));
    assert_eq!(*outcomes.ok("all"), json!([["colour", "green"]]));
    for name in ["denied", "unasked"] {
        let payload = outcomes.error(name, GUEST)["payload"].to_string();
        assert!(
            payload.contains("denied") && !payload.contains("hidden"),
            "{payload}"
        );
    }
    outcomes.denied(
        "settings",
        "config:read:secret",
        "--allow 'config:read:secret'",
    );
    outcomes.denied("settings", "config:read:unasked", "[[request]]");
}

#[test]
fn env() {
    let app = App::new("");
    app.plugin(
        "surroundings",
        &["env:read:WRIT_TEST_SEEN", "env:read:WRIT_TEST_UNSEEN"]
            .map(request)
            .concat(),
    );
    allow(&app, "surroundings", &["env:read:WRIT_TEST_SEEN"]);
    let tasks = [json!({ "all": call("surroundings", "variables", &json!({})) })];
    app.write("workflow.yaml", &document(&tasks, &[]));
    let mut run = command(app.path(), &["run", ".", "--json"]);
    run.envs([
        ("WRIT_TEST_SEEN", "seen"),
        ("WRIT_TEST_UNSEEN", "hidden"),
        ("WRIT_TEST_OTHER", "hidden"),
    ]);
    let said = Said::of(run.output().expect("writ can be started")).expect(0);
    // The interface has no way to ask for one variable: those without a grant are not there, and nothing is refused.
    assert_eq!(said.json()["output"], json!([["WRIT_TEST_SEEN", "seen"]]));
}
