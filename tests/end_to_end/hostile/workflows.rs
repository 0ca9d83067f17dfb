//! Documents, expressions and inputs that want to exhaust whoever reads or runs them.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use writ_tests::{App, HEAD, Said};

use super::cases::{Cases, EXPRESSION, LIMIT, TIMEOUT, document};

/// A refusal by `check` and by `run` alike; nothing was accepted, and not much was said.
#[track_caller]
fn refused(workflow: &str, code: i32, message: &str) -> Said {
    let app = App::new(workflow);
    let checked = app.writ(&["check", "."]).expect(code);
    let said = app.writ(&["run", "."]).expect(code);
    for said in [&checked, &said] {
        assert!(said.err.contains(message), "{}", said.err);
        assert!(
            said.err.len() < 100_000,
            "{} bytes of words",
            said.err.len()
        );
        assert!(!said.err.contains(['\u{7}', '\u{202e}']), "{:?}", said.err);
    }
    assert!(
        !app.path().join(".writ/log").exists(),
        "a refused document left a run behind"
    );
    said
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut text = format!("{HEAD}a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(9);
        writeln!(text, "a{level}: &a{level} [{before}]").expect("text");
    }
    let _ = refused(&text, 3, "more than 500000 values");
}

#[test]
fn large_deep_and_long_documents_are_refused() {
    let _ = refused(
        &format!(
            "{HEAD}do:\n  - a: {{set: {{x: {}}}}}\n",
            "z".repeat(10 << 20)
        ),
        2,
        "at most",
    );
    let _ = refused(&"[".repeat(100_000), 3, "workflow.yaml:1:");
    let _ = refused(&"a: ".repeat(50_000), 3, "workflow.yaml:1:");
    let many = |tasks: usize| {
        (0..tasks)
            .map(|n| json!({ format!("t{n}"): { "set": { "n": n } } }))
            .collect::<Vec<_>>()
    };
    let _ = refused(&document(&many(10_001), &[]), 3, "more than 10000 tasks");
    let branches = json!({ "all": { "fork": { "branches": many(10_000) } } });
    let _ = refused(&document(&[branches], &[]), 3, "more than 10000 tasks");
}

#[test]
fn a_line_of_megabytes_is_not_shown_back() {
    let wrong: Vec<_> = (0..200)
        .map(|n| json!({ format!("t{n}"): { "nonsense": "x".repeat(10_000) } }))
        .collect();
    let _ = refused(&document(&wrong, &[]), 3, "does nothing");
}

#[test]
fn names_with_control_characters_are_refused() {
    for name in ["a\\u0007b", "a\\e[2Jb", "a\\u202Eb", "a\\0b"] {
        let _ = refused(
            &format!("{HEAD}do:\n  - \"{name}\": {{set: {{a: 1}}}}\n"),
            3,
            "unprintable character U+",
        );
    }
}

#[test]
fn ten_thousand_tasks_and_five_thousand_branches_run() {
    let many = |tasks: usize| {
        (0..tasks)
            .map(|n| json!({ format!("t{n}"): { "set": { "n": n } } }))
            .collect::<Vec<_>>()
    };
    let app = App::new(&document(&many(10_000), &[]));
    assert_eq!(app.run().expect(0).json()["output"], json!({ "n": 9_999 }));
    app.write(
        "workflow.yaml",
        &document(
            &[json!({ "all": { "fork": { "branches": many(5_000) } } })],
            &[],
        ),
    );
    assert_eq!(
        app.run().expect(0).json()["output"]
            .as_array()
            .map(Vec::len),
        Some(5_000)
    );
}

#[test]
fn what_never_ends_ends_at_the_timeout_of_its_workflow() {
    let set = |n: u64| json!({ "set": { "n": n } });
    let spin = json!({ "a": { "set": { "n": 1 }, "then": "a" } });
    let wait = json!({ "a": { "wait": { "hours": 876_000 } } });
    let again = json!({ "a": {
        "try": [{ "wrong": { "raise": { "error": { "type": "https://example.com/e", "status": 500 } } } }],
        "catch": { "retry": { "delay": { "milliseconds": 1 } } },
    } });
    let app = App::new("");
    for task in [spin, wait, again] {
        let timeout = json!({ "after": { "milliseconds": 300 } });
        app.write("workflow.yaml", &document(&[task], &[("timeout", timeout)]));
        let said = app.run().expect(1).json();
        assert_eq!(said["error"]["type"], TIMEOUT, "{said}");
    }
    app.write("workflow.yaml", &document(&[json!({ "a": set(1) })], &[]));
    let _ = app.run().expect(0);
}

#[test]
fn expressions_are_ended_at_their_limits_and_the_next_one_is_evaluated() {
    let set = |expression: &str| json!({ "set": { "x": format!("${{ {expression} }}") } });
    let app = App::new("");
    let outcomes = Cases::default()
        .task("endless", set("[limit(1; repeat(1) | select(false))]"))
        .task(
            "memory",
            set("reduce range(1e9) as $n ([]; . + [\"xxxxxxxxxxxxxxxx\\($n)\"])"),
        )
        .task("depth", set("reduce range(200) as $n (0; [.])"))
        .task("recursion", set("def f: [f]; f"))
        .task("length", set("[range(10)] | length"))
        .run(&app);
    for name in ["endless", "memory", "depth", "recursion"] {
        let error = outcomes.error(name, EXPRESSION);
        assert!(
            error["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty()),
            "{error}"
        );
    }
    assert_eq!(outcomes.ok("length")["x"], 10);
}

#[test]
fn an_expression_sees_nothing_of_the_host() {
    let expressions = [
        "$ENV",
        "env",
        "input",
        "inputs",
        "now",
        "halt",
        "input_filename",
        "import \"x\" as x; 1",
    ];
    let task = |(n, expression): (usize, &&str)| json!({ format!("t{n}"): { "set": { "x": format!("${{ {expression} }}") } } });
    let tasks: Vec<_> = expressions.iter().enumerate().map(task).collect();
    let said = App::new(&document(&tasks, &[]))
        .writ(&["check", ".", "--json"])
        .expect(3)
        .json();
    let diagnostics = said["diagnostics"].as_array().expect("an array");
    assert_eq!(diagnostics.len(), expressions.len(), "{said}");
    assert!(
        diagnostics
            .iter()
            .all(|diagnostic| diagnostic["code"] == "expression"),
        "{said}"
    );
}

#[test]
fn a_loop_over_a_million_items_is_ended_or_done() {
    let looped =
        json!({ "for": { "in": "${ [range(1000000)] }" }, "do": [{ "a": { "set": { "x": 1 } } }] });
    let app = App::new(&document(
        &[json!({ "all": looped })],
        &[("timeout", json!({ "after": { "seconds": 1 } }))],
    ));
    let said = app.run().expect(1).json();
    assert!(
        [LIMIT, TIMEOUT].contains(&said["error"]["type"].as_str().unwrap_or_default()),
        "{said}"
    );
}

fn with_input(app: &App, bytes: &[u8]) -> Said {
    std::fs::write(app.path().join("input.json"), bytes).expect("a file");
    app.writ(&["run", ".", "--json", "--input", "input.json"])
}

#[test]
fn inputs_are_read_up_to_their_bound_and_refused_with_a_reason() {
    let app = App::new(&document(
        &[json!({ "a": { "set": { "kept": "${ .n }" } } })],
        &[],
    ));
    let large = format!("{{\"n\": 7, \"text\": \"{}\"}}", "x".repeat(50_000_000));
    assert_eq!(
        with_input(&app, large.as_bytes()).expect(0).json()["output"],
        json!({ "kept": 7 })
    );
    let file = std::fs::File::create(app.path().join("input.json")).expect("a file");
    file.set_len(65 << 20).expect("a long file");
    let said = app.writ(&["run", ".", "--input", "input.json"]).expect(2);
    assert!(
        said.err.contains("larger than") && said.err.contains("help: "),
        "{}",
        said.err
    );
    for bytes in [&b"{\"n\": "[..], b"\xff\xfe", b"", &[b'['; 100_000]] {
        let said = with_input(&app, bytes).expect(2).json();
        assert!(
            said["error"]
                .as_str()
                .is_some_and(|error| error.contains("not JSON")),
            "{said}"
        );
    }
    let deep: Json = (0..110).fold(json!(1), |inner, _| json!([inner]));
    let said = with_input(&app, deep.to_string().as_bytes());
    assert!([1, 2].contains(&said.code), "{said:?}");
    let _ = with_input(&app, b"{\"n\": 1}").expect(0);
}

#[test]
fn a_run_that_comes_to_more_than_can_be_recorded_ends_alone() {
    let app = App::new(&document(
        &[
            json!({ "twice": { "set": { "one": "${ .text }", "two": "${ .text }" } } }),
            json!({ "after": { "set": { "n": 1 } } }),
        ],
        &[],
    ));
    let large = json!({ "text": "x".repeat(35 << 20) }).to_string();
    let ended = with_input(&app, large.as_bytes()).expect(1).json();
    assert_eq!(ended["error"]["type"], LIMIT, "{ended}");
    let detail = ended["error"]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("at most 67108864"), "{detail}");
    // It has an end, so nobody takes it up again; and others go on.
    assert_eq!(
        app.writ(&["runs", "resume", "--json"]).expect(0).json(),
        json!([])
    );
    let small = with_input(&app, b"{\"text\": \"x\"}").expect(0).json();
    assert_eq!(small["output"]["n"], 1, "{small}");
    let listed = app.writ(&["runs", "list", "--json"]).expect(0).json();
    let statuses: Vec<&Json> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|run| &run["status"])
        .collect();
    assert_eq!(statuses, ["completed", "faulted"]);
    let _ = app.writ(&["audit", "verify", "--data", "."]).expect(0);
}
