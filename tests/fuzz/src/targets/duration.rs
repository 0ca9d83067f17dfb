//! Lengths of time, as a task's `wait` says them: ISO 8601 text, or an object.

use serde_json::{Value as Json, json};
use writ_workflow::{
    DURATION_MS_MAX,
    model::{Duration, TaskKind},
    parse,
};

use super::Target;
use crate::{seeds, words};

pub(super) const TARGET: Target = Target {
    name: "duration",
    check,
    seeds,
    words: &[
        "P",
        "T",
        "W",
        "D",
        "H",
        "M",
        "S",
        "PT",
        "0.5",
        ",5",
        "-",
        "+",
        "days",
        "milliseconds",
        "${ . }",
        "1e9",
    ],
    rounds: 3_000,
    bytes_max: 300,
};

fn seeds() -> Vec<Vec<u8>> {
    seeds::texts(&[
        "PT1.5S",
        "P1DT2H3M4S",
        "P2W",
        "PT0S",
        "P36525D",
        "PT1H30M",
        "{\"days\": 1, \"hours\": 2, \"minutes\": 3, \"seconds\": 4, \"milliseconds\": 5}",
        "{\"milliseconds\": 0}",
    ])
}

fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    // An object as it is, everything else as text.
    let wait = match serde_json::from_str(text) {
        Ok(Json::Object(members)) => Json::Object(members),
        Ok(_) | Err(_) => json!(text),
    };
    let document = json!({
        "document": { "dsl": "1.0.3", "namespace": "n", "name": "n", "version": "1.0.0" },
        "do": [{ "a": { "wait": wait } }],
    });
    match parse(&document.to_string(), "workflow.json") {
        Ok(workflow) => {
            let TaskKind::Wait(length) = &workflow.tasks[0].kind else {
                panic!("a wait is a wait")
            };
            match length {
                Duration::Milliseconds(ms) => {
                    assert!(*ms <= DURATION_MS_MAX, "{text:?} is {ms} ms")
                }
                Duration::Expression(expression) => assert!(text.contains(&*expression.source)),
            }
        }
        Err(diagnostics) => diagnostics
            .iter()
            .for_each(|diagnostic| words::tame(&diagnostic.to_string())),
    }
}
