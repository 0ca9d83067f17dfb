//! `writ check`: what is wrong, where, and what mends it, before anything runs.

use serde_json::Value as Json;
use writ_tests::App;

use super::has;

/// What `check --json` finds, in the order of the document: code, line and column, message, help.
fn found(app: &App) -> Vec<(String, String, String, String)> {
    let said = app.writ(&["check", "--json"]).expect(3).json();
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let all = said["diagnostics"]
        .as_array()
        .expect("diagnostics are a list")
        .iter()
        .map(|one| {
            (
                text(&one["code"]),
                format!("{}:{}", one["line"], one["column"]),
                text(&one["message"]),
                text(&one["help"]),
            )
        });
    all.collect()
}

fn expect(app: &App, expected: &[(&str, &str, &str, &str)]) {
    let all = found(app);
    for ((code, place, message, help), (c, p, m, h)) in all.iter().zip(expected) {
        assert_eq!((code.as_str(), place.as_str()), (*c, *p), "{message}");
        has(message, &[m]);
        has(help, &[h]);
    }
    assert_eq!(all.len(), expected.len(), "{all:#?}");
}

#[test]
fn calls_are_checked_against_types() {
    let app = App::doing(
        "  - a: { call: 'duoble:0.1.0@double', with: { n: 1 } }\n\
        \x20 - b: { call: 'double:9.0.0@double', with: { n: 1 } }\n\
        \x20 - c: { call: 'double:0.1.0@duoble', with: { n: 1 } }\n\
        \x20 - d: { call: 'double:0.1.0@double', with: { n: one } }\n\
        \x20 - e: { call: 'double:0.1.0@double', with: { n: 1.5 } }\n\
        \x20 - f: { call: 'double:0.1.0@double' }\n\
        \x20 - g: { call: 'double:0.1.0@double', with: { n: 1, m: 2 } }\n\
        \x20 - h: { call: 'double:0.1.0@double', with: { n: '${ .anything }' } }\n",
    );
    app.plugin("double", "");
    expect(
        &app,
        &[
            (
                "unknown-function",
                "7:16",
                "`double` has no function `duoble`",
                "did you mean `double`?",
            ),
            (
                "unknown-version",
                "8:16",
                "in version 0.1.0, not 9.0.0",
                "`:0.1.0@double`",
            ),
            (
                "unknown-plugin",
                "9:16",
                "no plugin `duoble`",
                "did you mean `double`?",
            ),
            (
                "argument",
                "10:47",
                "expected a whole number",
                "double: func(n: s64) -> s64",
            ),
            (
                "argument",
                "11:47",
                "found the number 1.5",
                "double: func(n: s64) -> s64",
            ),
            (
                "argument",
                "12:10",
                "needs argument `n`",
                "double: func(n: s64) -> s64",
            ),
            ("argument", "13:39", "has no argument `m`", ""),
        ],
    );
}

#[test]
fn what_does_not_run_is_named() {
    let app = App::doing(
        "  - a: { listen: { to: { one: { with: { type: x } } } } }\n\
        \x20 - b: { emit: { event: { with: { type: x, source: 'https://x.example' } } } }\n\
        \x20 - d: { run: { workflow: { namespace: n, name: m, version: '1.0.0' } } }\n\
        \x20 - e: { run: { shell: { command: ls } } }\n",
    );
    expect(
        &app,
        &[
            ("not-executed", "7:10", "`listen` is not executed yet", ""),
            ("not-executed", "8:10", "`emit` is not executed yet", ""),
            (
                "not-executed",
                "9:10",
                "`run: workflow` is not executed yet",
                "",
            ),
            (
                "never-executed",
                "10:17",
                "`run: shell` is never executed",
                "writ plugin new",
            ),
        ],
    );
}

/// Code 4 says that a reviewer can settle it: nobody can settle this.
#[test]
fn what_is_never_executed_is_no_refused_writ() {
    let app = App::doing("  - a: { run: { shell: { command: ls } } }\n");
    let said = app.writ(&["check", "--json"]).expect(3).json();
    assert_eq!(said["diagnostics"][0]["code"], "never-executed");
}

#[test]
fn a_workflow_file_of_an_app_leads_to_the_app() {
    let app = App::doing("  - a: { call: 'double:0.1.0@double', with: { n: 1 } }\n");
    app.plugin("double", "");
    let _ = app.writ(&["check", "."]).expect(0);
    for command in ["check", "run"] {
        let said = app.writ(&[command, "workflow.yaml", "--json"]).expect(3);
        let help = &said.json()["diagnostics"][0]["help"];
        has(help.as_str().expect("a help"), &["name the app folder, /"]);
    }
}

#[test]
fn every_schema_that_is_none_is_named() {
    let app = App::doing(
        "  - a: { set: { x: 1 }, output: { schema: { document: { type: 5 } } } }\n\
        \x20 - b: { set: { x: 1 }, input: { schema: { document: { pattern: '(' } } } }\n\
        \x20 - c: { set: { x: 1 }, input: { schema: { document: { type: object } } } }\n",
    );
    let all = found(&app);
    let places: Vec<_> = all
        .iter()
        .map(|(code, place, ..)| (code.as_str(), place.as_str()))
        .collect();
    assert_eq!(places, [("schema", "7:55"), ("schema", "8:54")], "{all:?}");
    assert!(
        app.writ(&["run", "."])
            .expect(3)
            .err
            .contains("JSON Schema")
    );
}

#[test]
fn expressions_are_parsed() {
    let app = App::doing(
        "  - a: { set: { x: '${ .foo | bar }', y: '${ .[ }', z: '${ .fine | length }' } }\n",
    );
    expect(
        &app,
        &[
            ("expression", "7:20", "no filter `bar`", ""),
            ("expression", "7:42", "not a jq expression", ""),
        ],
    );
}

#[test]
fn documents_that_are_none() {
    let app = App::new("");
    let cases = [
        ("", "yaml", "1:1", "empty"),
        ("do: [\n", "yaml", "2:1", "not valid YAML"),
        ("hello: 1\n", "unknown-key", "1:1", "unknown key `hello`"),
    ];
    for (text, code, place, message) in cases {
        app.write("workflow.yaml", text);
        let all = found(&app);
        assert_eq!((all[0].0.as_str(), all[0].1.as_str()), (code, place));
        has(&all[0].2, &[message]);
        assert_eq!(app.run().expect(3).json()["code"], 3, "run refuses it too");
    }
}

#[test]
fn a_person_sees_the_line() {
    let app = App::doing("  - a: { sett: { x: 1 } }\n");
    let said = app.writ(&["check"]).expect(3);
    has(
        &said.err,
        &["workflow.yaml:7:", "  - a: { sett: { x: 1 } }", "1 error\n"],
    );
    assert_eq!(said.out, "");
    app.write(
        "workflow.yaml",
        &format!("{}do:\n  - a: {{ set: {{ x: 1 }} }}\n", writ_tests::HEAD),
    );
    has(
        &app.writ(&["check"]).expect(0).out,
        &["workflow.yaml: nothing wrong found"],
    );
    assert_eq!(app.writ(&["check", "--json"]).expect(0).json()["errors"], 0);
}
