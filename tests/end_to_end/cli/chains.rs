//! `writ grant who-can` and `dry-run` where plugins call each other: what is reached through others counts, with what is left of
//! everybody's authority.

use std::fs;

use serde_json::{Value as Json, json};
use writ_tests::{App, guest};

const TOOLS: [&str; 2] = ["tool:call:buckets/increment", "tool:call:files/read"];

fn request(capability: &&str) -> String {
    format!(
        "[[request]]\ncapability = \"{capability}\"\nreason = \"{capability}\"\noptional = true\n\n"
    )
}

fn requests(capabilities: &[&str]) -> String {
    capabilities.iter().map(request).collect()
}

fn allow(app: &App, plugin: &str, capabilities: &[&str]) {
    let mut arguments = vec!["grant", "approve", ".", plugin];
    for capability in capabilities {
        arguments.extend(["--allow", capability]);
    }
    let _ = app.writ(&arguments).expect(0);
}

/// A plugin that calls two others: it may read all that the one reads, and less than the other may do with its bucket.
fn chained() -> App {
    let app = App::doing(
        "  - ask: { call: 'use-tool:0.1.0@caller', with: { tool: files/read, arguments: '{\"mount\": \"/in\", \"path\": \"a.txt\"}' } }\n",
    );
    let own = ["fs:read:/docs", "kv:read:n"];
    let bytes = fs::read(guest("caller")).expect("guests can be read");
    app.component(
        "caller",
        &bytes,
        &requests(&[&TOOLS[..], &own[..]].concat()),
    );
    app.plugin("files", &requests(&["fs:read:/in", "fs:write:/in"]));
    app.plugin("buckets", &requests(&["kv:read:n", "kv:write:n"]));
    app.write("data/in/a.txt", "text");
    allow(
        &app,
        "caller",
        &[&TOOLS[..], &["fs:read:/docs=data", "kv:read:n"]].concat(),
    );
    allow(
        &app,
        "files",
        &["fs:read:/in=data/in", "fs:write:/in=data/in"],
    );
    allow(&app, "buckets", &["kv:read:n", "kv:write:n"]);
    app
}

/// Who can, by calling whom, by which grant in which folder.
fn who(app: &App, capability: &str) -> Vec<String> {
    let said = app
        .writ(&["grant", "who-can", capability, "--json"])
        .expect(0)
        .json();
    let rows = said["who"].as_array().expect("a list");
    let row = |row: &Json| {
        let word = |key: &str| row[key].as_str().unwrap_or("-").to_owned();
        let through: Vec<&str> = row["through"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(Json::as_str)
            .collect();
        format!(
            "{} [{}] {} {}",
            word("plugin"),
            through.join(" "),
            word("grant"),
            word("folder")
        )
    };
    rows.iter().map(row).collect()
}

#[test]
fn who_can_follows_calls_and_keeps_what_both_may() {
    let app = chained();
    assert_eq!(
        who(&app, "fs:read"),
        [
            "caller [] fs:read:/docs data",
            "caller [files/read] fs:read:/in data/in",
            "files [] fs:read:/in data/in",
        ]
    );
    // What the caller may not do itself, it can't have done.
    assert_eq!(who(&app, "fs:write"), ["files [] fs:write:/in data/in"]);
    assert_eq!(who(&app, "kv:write"), ["buckets [] kv:write:n -"]);
    assert_eq!(
        who(&app, "kv:read:n"),
        [
            "buckets [] kv:read:n -",
            "caller [] kv:read:n -",
            "caller [buckets/increment] kv:read:n -",
        ]
    );
    assert_eq!(
        who(&app, "tool:call"),
        TOOLS.map(|tool| format!("caller [] {tool} -"))
    );
    let said = app.writ(&["grant", "who-can", "fs:read"]).expect(0);
    assert!(
        said.out
            .contains("by calling files/read, with no more than its own authority"),
        "{}",
        said.out
    );
    // Nobody reaches anything through somebody who may do nothing any more.
    let _ = app.writ(&["grant", "revoke", ".", "files"]).expect(0);
    assert_eq!(who(&app, "fs:read"), ["caller [] fs:read:/docs data"]);
}

#[test]
fn a_dry_run_judges_everybody_on_the_chain() {
    let app = chained();
    let ran = app.run().expect(0).json();
    assert_eq!(ran["output"], json!("\"text\""), "{ran}");
    let dry_run = |from: &str, to: &str, code: i32| {
        let grants = fs::read_to_string(app.path().join("grants.toml")).expect("grants.toml");
        assert!(grants.contains(from), "{grants}");
        app.write("policy.toml", &grants.replacen(from, to, 1));
        let arguments = ["grant", "dry-run", "--policy", "policy.toml", "--json"];
        app.writ(&arguments).expect(code).json()
    };
    assert_eq!(dry_run("data/in", "data/in", 0)["denied"], 0);
    // The callee keeps its grant, but its caller no longer has the folder.
    let found = dry_run(
        "capability = \"fs:read:/docs\"\nfolder = \"data\"",
        "capability = \"fs:read:/docs\"\nfolder = \"other\"",
        1,
    );
    let row = &found["would_deny"][0];
    assert_eq!(
        (&row["plugin"], &row["callers"], &row["capability"]),
        (
            &json!("files"),
            &json!(["caller"]),
            &json!("fs:read:/in/a.txt")
        ),
        "{found}"
    );
    // The call itself is judged too, as the caller's.
    let found = dry_run(
        "capability = \"tool:call:files/read\"",
        "capability = \"tool:call:buckets/increment\"",
        1,
    );
    let denied: Vec<_> = found["would_deny"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| (row["plugin"].clone(), row["capability"].clone()))
        .collect();
    assert!(
        denied.contains(&(json!("caller"), json!("tool:call:files/read"))),
        "{found}"
    );
}
