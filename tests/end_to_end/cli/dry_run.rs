//! `writ grant dry-run`: what a policy would have said to runs that are in the journal.

use std::fs;

use serde_json::{Value as Json, json};
use writ_tests::App;

use super::{has, refused};

const REQUESTS: &str = "[[request]]\ncapability = \"fs:read:/in\"\nreason = \"what it reads\"\noptional = true\n\
    [[request]]\ncapability = \"fs:write:/out\"\nreason = \"what it writes\"\noptional = true\n";

/// An app that has read two files below one folder, in two runs, and counted in a bucket.
fn ran() -> App {
    let app = App::doing(
        "  - read: { call: 'read:0.1.0@files', with: { mount: /in, path: '${ .path }' } }\n  \
         - count: { call: 'increment:0.1.0@buckets', with: { bucket: seen, key: k, delta: 1 } }\n",
    );
    app.plugin("files", REQUESTS);
    app.plugin(
        "buckets",
        "[[request]]\ncapability = \"kv:read:seen\"\nreason = \"what it saw\"\n[[request]]\ncapability = \"kv:write:seen\"\nreason = \"what it sees\"\n",
    );
    let config = fs::read_to_string(app.path().join("writ.toml")).expect("writ.toml is there");
    app.write(
        "writ.toml",
        &config.replace(
            "source = \"sources/files\"",
            "source = \"sources/files\"\nfolders = { \"/in\" = \"data\", \"/out\" = \"made\" }",
        ),
    );
    app.write("data/2025/a.txt", "hello");
    app.write("data/2025/b.txt", "hello");
    app.approve();
    for path in ["2025/a.txt", "2025/b.txt"] {
        app.write("input.json", &json!({ "path": path }).to_string());
        let _ = app.writ(&["run", ".", "--input", "input.json"]).expect(0);
    }
    app
}

fn dry_run(app: &App, policy: &str, code: i32) -> Json {
    app.writ(&["grant", "dry-run", "--policy", policy, "--json"])
        .expect(code)
        .json()
}

/// The app's own grants with something replaced.
fn policy(app: &App, from: &str, to: &str) {
    let grants = fs::read_to_string(app.path().join("grants.toml")).expect("grants.toml is there");
    assert!(grants.contains(from), "{grants}");
    app.write("policy.toml", &grants.replace(from, to));
}

#[test]
fn the_policy_it_ran_under_denies_nothing_and_too_much_is_told() {
    let app = ran();
    let found = dry_run(&app, "grants.toml", 0);
    assert_eq!((&found["runs"], &found["denied"]), (&json!(2), &json!(0)));
    assert_eq!(found["unjudged"], json!([]), "{found}");
    let grants = found["grants"].as_array().expect("a list");
    let of = |capability: &str| {
        grants
            .iter()
            .find(|grant| grant["capability"] == capability)
            .unwrap_or_else(|| panic!("{capability}: {found}"))
    };
    assert_eq!(
        (&of("fs:read:/in")["advice"], &of("fs:read:/in")["enough"]),
        (&json!("narrow"), &json!("fs:read:/in/2025"))
    );
    assert_eq!(of("fs:write:/out")["advice"], "drop");
    assert_eq!(of("kv:write:seen")["advice"], "keep");

    // What is suggested is a policy that runs.
    let suggested = app
        .writ(&["grant", "dry-run", "--policy", "grants.toml", "--suggest"])
        .expect(0)
        .out;
    has(
        &suggested,
        &[
            "# files: fs:write:/out was never used",
            "capability = \"fs:read:/in/2025\"",
            "folder = \"data/2025\"",
        ],
    );
    app.write("policy.toml", &suggested);
    let _ = dry_run(&app, "policy.toml", 0);
    app.write("grants.toml", &suggested);
    let said = app.writ(&["run", ".", "--input", "input.json"]);
    assert!(!said.err.contains("grants.toml:"), "{}", said.err);
}

#[test]
fn a_narrower_policy_names_what_it_would_have_denied() {
    let app = ran();
    policy(&app, "fs:read:/in", "fs:read:/in/2024");
    let found = dry_run(&app, "policy.toml", 1);
    let rows = found["would_deny"].as_array().expect("a list");
    assert_eq!(rows.len(), 2, "one for each run: {found}");
    for row in rows {
        assert_eq!(
            (&row["plugin"], &row["task"]),
            (&json!("files"), &json!("/do/0/read"))
        );
        has(&row["capability"].to_string(), &["fs:read:/in/2025/"]);
        let run = row["run"].as_str().expect("text");
        let event = &app.events(run)
            [usize::try_from(row["first"]["number"].as_u64().expect("a number")).expect("small")];
        assert_eq!(event["event"]["type"], "file.used");
    }
    // One run alone.
    let run = rows[0]["run"].as_str().expect("text").to_owned();
    let one = app
        .writ(&[
            "grant",
            "dry-run",
            &run,
            "--policy",
            "policy.toml",
            "--json",
        ])
        .expect(1)
        .json();
    assert_eq!(
        (&one["runs"], one["would_deny"].as_array().map(Vec::len)),
        (&json!(1), Some(1))
    );

    let said = app
        .writ(&["grant", "dry-run", "--policy", "policy.toml"])
        .expect(1);
    has(
        &said.out,
        &[
            "this policy would have denied 2 uses",
            "task /do/0/read: 1 time",
        ],
    );
    app.write("none.toml", "version = 1\n");
    let none = dry_run(&app, "none.toml", 1);
    assert_eq!(
        none["denied"], none["judged"],
        "whoever has no writ is denied everything"
    );
    has(
        &app.writ(&["grant", "dry-run", "--policy", "none.toml"])
            .expect(1)
            .out,
        &["the policy holds no writ for files"],
    );
    refused(
        app.writ(&["grant", "dry-run", "--policy", "nowhere.toml"]),
        2,
        &["nowhere.toml"],
        &["look at the path"],
    );
    refused(
        app.writ(&["grant", "dry-run", "ffff", "--policy", "none.toml"]),
        2,
        &["no run's id begins with `ffff`"],
        &["writ runs list"],
    );
}

#[test]
fn a_writ_of_another_build_is_judged_by_name_and_that_is_said() {
    let app = ran();
    let grants = fs::read_to_string(app.path().join("grants.toml")).expect("grants.toml is there");
    let digest = grants.split("sha256:").nth(1).expect("a digest")[..64].to_owned();
    policy(&app, &digest, &"7".repeat(64));
    let found = dry_run(&app, "policy.toml", 0);
    let matched: Vec<&Json> = found["plugins"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| &row["writ"])
        .collect();
    assert!(
        matched.contains(&&json!("name")) && matched.contains(&&json!("digest")),
        "{found}"
    );
    has(
        &app.writ(&["grant", "dry-run", "--policy", "policy.toml"])
            .expect(0)
            .out,
        &["is for another build than", "judged by the name"],
    );
}
