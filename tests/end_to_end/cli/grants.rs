//! `writ grant …`: what a reviewer reads, decides and takes back, and what an operator is told when it is missing.

use std::fs;

use writ_tests::{App, Said};

use super::{has, refused};

const READ: &str = "[[request]]\ncapability = \"fs:read:/in\"\nreason = \"what it reads\"\n";
const WRITE: &str =
    "[[request]]\ncapability = \"fs:write:/out\"\nreason = \"what it writes\"\noptional = true\n";
const MODEL: &str =
    "[[request]]\ncapability = \"model:chat:default\"\nreason = \"questions\"\noptional = true\n";

/// An app whose plugin reads a file of a folder.
fn reader(requests: &str) -> App {
    let app =
        App::doing("  - read: { call: 'read:0.1.0@files', with: { mount: /in, path: a.txt } }\n");
    app.plugin("files", requests);
    app.write("data/a.txt", "hello");
    app
}

fn allow(app: &App, capability: &str) -> Said {
    app.writ(&["grant", "approve", ".", "files", "--allow", capability])
}

fn grants(app: &App) -> String {
    fs::read_to_string(app.path().join("grants.toml")).expect("grants.toml is there")
}

#[test]
fn review_approve_list_revoke() {
    let app = reader(&format!("{READ}{WRITE}{MODEL}"));
    has(
        &app.writ(&["grant", "review"]).expect(0).out,
        &[
            "no writ: exactly this component was never approved",
            "not granted        fs:read:/in\n",
            "read files below /in",
            "because: what it reads",
            "not granted        fs:write:/out (optional)",
            "not available yet  model:chat:default",
            "--all-requested",
        ],
    );
    let missing = app.run().expect(4).json();
    assert_eq!(missing["diagnostics"][0]["code"], "not-granted");
    has(
        &app.writ(&["check"]).expect(3).err,
        &[
            "workflow.yaml:7:19",
            "needs `fs:read:/in`",
            "writ grant review",
        ],
    );
    assert!(!app.path().join(".writ/log").exists(), "nothing was run");

    has(
        &allow(&app, "fs:read:/in=data").expect(0).out,
        &[
            "files 0.1.0 may",
            "read files below /in  (= data)",
            "grants.toml",
        ],
    );
    assert_eq!(app.run().expect(0).json()["output"], "hello");
    let reviewed = app.writ(&["grant", "review", "--json"]).expect(0).json();
    assert_eq!(reviewed[0]["requests"][0]["granted"], true);
    assert_eq!(reviewed[0]["requests"][1]["standing"], "not granted");
    let listed = app.writ(&["grant", "list", "--json"]).expect(0).json();
    assert_eq!(listed[0]["state"], "approved");
    assert_eq!(
        listed[0]["grants"],
        serde_json::json!([{
            "capability": "fs:read:/in", "folder": "data", "value": null,
            "host": null, "header": null, "addresses": []
        }])
    );

    // What is named again is replaced; what is named besides is added.
    let _ = allow(&app, "fs:write:/out=made").expect(0);
    assert_eq!(
        app.writ(&["grant", "list", "--json"]).expect(0).json()[0]["grants"][1]["folder"],
        "made"
    );

    refused(
        app.writ(&["grant", "revoke", ".", "files", "--reason", "it leaks"]),
        2,
        &["a reason is kept in a signed revocation only"],
        &["--key NAME"],
    );

    // Taking back needs no plugin that can be read.
    fs::remove_dir_all(app.path().join("sources")).expect("folders can be removed");
    assert_eq!(
        app.writ(&["grant", "revoke", ".", "files", "--json"])
            .expect(0)
            .json()["revoked"],
        1
    );
    assert_eq!(
        app.writ(&["grant", "list", "--json"]).expect(0).json()[0]["revoked"],
        true
    );
    for command in ["list", "revoke"] {
        refused(
            app.writ(&["grant", command, ".", "nobody"]),
            2,
            &["no writ of plugin `nobody`"],
            &["writ grant list"],
        );
    }
}

#[test]
fn a_revoked_or_expired_writ_refuses() {
    let app = reader(READ);
    let _ = allow(&app, "fs:read:/in=data").expect(0);
    let approved = grants(&app);
    let _ = app.writ(&["grant", "revoke"]).expect(0);
    has(
        &app.writ(&["check"]).expect(4).err,
        &["the writ of plugin files was revoked", "workflow.yaml:7:19"],
    );
    refused(
        app.writ(&["run", "."]),
        4,
        &["the writ of plugin files was revoked"],
        &["writ grant review"],
    );
    let checked = app.writ(&["check", "--json"]).expect(4).json();
    assert_eq!(checked["errors"], 1, "a refusal is said once: {checked}");
    let diagnostic = &checked["diagnostics"][0];
    assert_eq!(
        (&diagnostic["code"], &diagnostic["line"]),
        (&"refused".into(), &7.into())
    );
    has(
        &diagnostic["message"].to_string(),
        &["the writ of plugin files was revoked"],
    );
    app.write(
        "grants.toml",
        &approved.replace(
            "approved =",
            "expires = \"2020-01-01T00:00:00Z\"\napproved =",
        ),
    );
    refused(
        app.writ(&["run", "."]),
        4,
        &["expired 2020-01-01T00:00:00.000Z"],
        &["writ grant approve"],
    );
    let reviewed = app.writ(&["grant", "review", "--json"]).expect(0).json();
    assert_eq!(
        reviewed[0]["requests"][0]["granted"], false,
        "an expired writ grants nothing"
    );
    let _ = app
        .writ(&[
            "grant",
            "approve",
            ".",
            "files",
            "--allow",
            "fs:read:/in=data",
            "--expires-days",
            "3",
        ])
        .expect(0);
    assert!(grants(&app).contains("expires = "));
    let _ = app.run().expect(0);
}

#[test]
fn a_writ_that_ends_while_its_run_waits_allows_nothing_more() {
    let app = App::doing(
        "  - rest: { wait: PT9S }\n  - count: { call: 'increment:0.1.0@buckets', with: { bucket: seen, key: k, delta: 1 } }\n",
    );
    app.plugin(
        "buckets",
        "[[request]]\ncapability = \"kv:read:seen\"\nreason = \"r\"\n[[request]]\ncapability = \"kv:write:seen\"\nreason = \"r\"\n",
    );
    app.approve();
    let _ = app.writ(&["check", "."]).expect(0);
    app.approve();
    let approved = grants(&app);
    let written = approved
        .split("approved = \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("it says when");
    let then_ms = writ_grant::parse_rfc3339(written).expect("a time") + 8_000;
    let expires = writ_grant::rfc3339(then_ms);
    app.write(
        "grants.toml",
        &approved.replace(
            "approved =",
            &format!("expires = \"{expires}\"\napproved ="),
        ),
    );
    let ended = app.run().expect(1).json();
    assert_eq!(ended["error"]["status"], 403, "{ended}");
    has(
        &ended["error"]["detail"].to_string(),
        &["the writ of plugin buckets expired", &expires],
    );
    has(
        &ended["error"]["remedy"].to_string(),
        &["writ grant approve"],
    );
}

#[test]
fn a_rebuilt_plugin_has_no_authority_and_the_review_shows_what_is_new() {
    let app = reader(&format!("{READ}{WRITE}"));
    let _ = allow(&app, "fs:read:/in=data").expect(0);
    let _ = allow(&app, "fs:write:/out=made").expect(0);
    let _ = app.run().expect(0);
    let manifest = fs::read_to_string(app.path().join("sources/files/plugin.toml"))
        .expect("the manifest is there");
    let update = manifest.replace(
        WRITE,
        "[[request]]\ncapability = \"kv:write:seen\"\nreason = \"an update asks for more\"\n",
    );
    app.write("sources/files/plugin.toml", &update);
    let said = app.run().expect(4).json();
    has(
        &said["notes"][0].to_string(),
        &[
            "plugin files is not the build that was approved",
            "writ grant review",
        ],
    );
    has(
        &app.writ(&["grant", "review"]).expect(0).out,
        &[
            "an earlier build was, 0.1.0 sha256:",
            "as before          fs:read:/in",
            "new                kv:write:seen",
            "asked no more      fs:write:/out",
        ],
    );
}

#[test]
fn what_nobody_asked_for_cannot_be_granted() {
    let app = reader(&format!("{READ}{MODEL}"));
    let cases: [(&str, i32, &str, &str); 6] = [
        (
            "fs:read:/other=data",
            4,
            "plugin files did not ask for fs:read:/other",
            "a grant needs both keys",
        ),
        (
            "kv:write:seen",
            4,
            "did not ask for kv:write:seen",
            "[[request]]",
        ),
        ("model:chat:default", 4, "cannot be granted", "--allow"),
        (
            "fs:raed:/in=data",
            2,
            "unknown capability",
            "did you mean `fs:read:/path`?",
        ),
        ("fs:read:/in", 2, "needs a host folder", "=FOLDER"),
        ("fs:read:/in/../..=data", 2, "error: ", ""),
    ];
    for (capability, code, message, help) in cases {
        refused(allow(&app, capability), code, &[message], &[help]);
    }
    refused(
        app.writ(&["grant", "approve"]),
        2,
        &["say what to approve"],
        &["--all-requested"],
    );
    refused(
        app.writ(&["grant", "approve", ".", "nobody", "--all-requested"]),
        2,
        &["no plugin `nobody`"],
        &["writ plugin list"],
    );
    assert!(
        !app.path().join("grants.toml").exists(),
        "nothing was written"
    );
}

#[test]
fn a_writ_by_hand_is_read_strictly() {
    let app = reader(READ);
    let _ = allow(&app, "fs:read:/in=data").expect(0);
    let good = grants(&app);
    let cases = [
        (
            good.replace("digest = ", "digets = "),
            2,
            "grants.toml:7:1: unknown field `digets`",
        ),
        (
            good.replace("version = 1", "version = 9"),
            2,
            "this host reads version = 1",
        ),
        (
            good.replace("fs:read:/in", "fs:read:/etc"),
            4,
            "whose author did not request it",
        ),
        (
            good.replace("folder = \"data\"\n", ""),
            2,
            "fs:read:/in says no host folder",
        ),
        (
            good.replace("\"data\"", "\"nowhere\""),
            2,
            "nowhere is not there, but a grant maps it to /in",
        ),
        (
            good.replace("\"data\"", "\"data/a.txt\""),
            2,
            "is no folder",
        ),
        ("version = 1\n[[writ".to_owned(), 2, "grants.toml:2:7"),
    ];
    for (text, code, message) in cases {
        app.write("grants.toml", &text);
        has(&app.writ(&["run", "."]).expect(code).err, &[message]);
    }
    refused(
        app.writ(&["run", ".", "--grants", "none.toml"]),
        2,
        &["there is no grants file at"],
        &["writ grant approve"],
    );
}

#[test]
fn a_blank_grants_file_is_one_to_begin_with() {
    let app = reader(READ);
    app.write("grants.toml", "# ours\n\n");
    refused(
        app.writ(&["run", "."]),
        2,
        &["grants.toml:"],
        &["write `version = 1` into it"],
    );
    let _ = allow(&app, "fs:read:/in=data").expect(0);
    assert_eq!(app.run().expect(0).json()["output"], "hello");
}

#[test]
fn approving_says_what_is_still_in_the_way() {
    let app = reader(&format!("{READ}{WRITE}{MODEL}"));
    app.write(
        "writ.toml",
        "[plugins.files]\nsource = \"sources/files\"\nfolders = { \"/in\" = \"none\", \"/out\" = \"made\" }\n",
    );
    let said = app
        .writ(&["grant", "approve", ".", "--all-requested"])
        .expect(0);
    has(
        &said.err,
        &[
            "note: the folder none is not there yet",
            "note: model:chat:default is left out",
        ],
    );
    assert!(
        !said.err.contains("the folder made"),
        "the host makes it: {}",
        said.err
    );
    let checked = app.writ(&["check", "--json"]).expect(3).json();
    assert_eq!(checked["diagnostics"][0]["code"], "folder");
    has(
        &checked["diagnostics"][0]["message"].to_string(),
        &["none is not there"],
    );
    refused(
        app.writ(&["run", "."]),
        2,
        &["plugin files: ", "none is not there"],
        &["make the folder"],
    );
}

/// What no plugin is ever given can't be approved first and refused later.
#[test]
fn what_holds_the_hosts_own_is_not_approved() {
    let app = reader(READ);
    for folder in [".", "../../..", ".writ/log", "/proc"] {
        refused(
            allow(&app, &format!("fs:read:/in={folder}")),
            4,
            &["nothing was approved", "/in"],
            &["name another folder"],
        );
    }
    assert!(!app.path().join("grants.toml").exists());
    assert!(!app.path().join(".writ").exists(), "nor is anything made");
    let _ = allow(&app, "fs:read:/in=data").expect(0);
}

#[test]
fn what_is_required_and_still_open_is_noted() {
    let app = reader(&format!("{READ}{}", WRITE.replace("optional = true\n", "")));
    has(
        &allow(&app, "fs:read:/in=data").expect(0).err,
        &["note: required requests still not covered: fs:write:/out;"],
    );
    let said = allow(&app, "fs:write:/out=made").expect(0);
    assert!(!said.err.contains("not covered"), "{}", said.err);
}

#[test]
fn a_tool_sees_where_a_secret_goes_and_which_addresses_are_reached() {
    let app = App::new("");
    let request = |capability: &str| {
        format!(
            "[[request]]\ncapability = \"{capability}\"\nreason = \"orders\"\noptional = true\n\n"
        )
    };
    let http = "http:GET https://erp.example/**";
    app.plugin("double", &(request("secret:use:erp") + &request(http)));
    let _ = app
        .writ(&[
            "grant",
            "approve",
            ".",
            "double",
            "--allow",
            "secret:use:erp=https://erp.example authorization",
            "--allow",
            &format!("{http}=10.1.0.0/16,10.2.0.0/16"),
        ])
        .expect(0);
    let listed = app.writ(&["grant", "list", "--json"]).expect(0).json();
    let grants = &listed[0]["grants"];
    assert_eq!(
        (&grants[0]["host"], &grants[0]["header"]),
        (&"https://erp.example".into(), &"authorization".into())
    );
    assert_eq!(
        grants[1]["addresses"],
        serde_json::json!(["10.1.0.0/16", "10.2.0.0/16"])
    );
}
