//! A run folded from events: whatever they are, folding them is a state or an error. The first line names one of the workflows
//! here, each further line is an event.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use writ_run::{Definition, Effects, Event, Run, RunId};
use writ_workflow::parse;

use super::Target;
use crate::{seeds, words};

pub(super) const WORDS: &[&str] = &[
    "\"type\":",
    "\"run.started\"",
    "\"run.completed\"",
    "\"run.entered\"",
    "\"run.recovered\"",
    "\"task.started\"",
    "\"task.completed\"",
    "\"task.faulted\"",
    "\"task.retried\"",
    "\"task.resumed\"",
    "\"task.caught\"",
    "\"task.iterated\"",
    "\"task.skipped\"",
    "\"task.cancelled\"",
    "\"host.called\"",
    "\"task\":",
    "\"reference\":",
    "\"index\":[",
    "\"at_ms\":",
    "\"due_ms\":",
    "\"deadline_ms\":",
    "\"iteration\":",
    "\"attempt\":",
    "\"output\":",
    "\"input\":",
    "\"context\":",
    "\"/do/0/a\"",
    "\"/do/1/b/do/0/c\"",
    "\"kv\":",
    "null",
];

pub(super) const TARGET: Target = Target {
    name: "history",
    check,
    seeds,
    words: WORDS,
    rounds: 1_500,
    bytes_max: 16_000,
};

fn seeds() -> Vec<Vec<u8>> {
    seeds::folder("tests/fuzz/seeds/history", &[".ndjson"])
}

/// The workflows that the seeds are runs of.
static DEFINITIONS: LazyLock<Vec<Definition>> = LazyLock::new(|| {
    let texts = seeds::folder("tests/fuzz/seeds/history", &[".yaml"]);
    texts
        .iter()
        .map(|text| definition(&String::from_utf8_lossy(text)))
        .collect()
});

fn definition(text: &str) -> Definition {
    let workflow = parse(text, "workflow.yaml").unwrap_or_else(|problems| panic!("{problems:?}"));
    let effects = BTreeMap::from([(("double".to_owned(), "double".to_owned()), Effects::None)]);
    Definition::new(Arc::new(workflow), effects).expect("its schemas are schemas")
}

fn check(bytes: &[u8]) {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let which = lines
        .next()
        .and_then(|line| line.first())
        .copied()
        .unwrap_or(0);
    let definition = &DEFINITIONS[usize::from(which) % DEFINITIONS.len()];
    let (mut run, mut again) = (
        Run::new(RunId::from_bytes([7; 16])),
        Run::new(RunId::from_bytes([7; 16])),
    );
    for line in lines {
        let Ok(event) = serde_json::from_slice::<Event>(line) else {
            continue;
        };
        match (
            run.apply(definition, &event),
            again.apply(definition, &event),
        ) {
            (Ok(()), Ok(())) => assert_eq!(run, again, "the same events fold to the same state"),
            (Err(error), Err(_)) => return words::tame(&error.to_string()),
            (one, other) => panic!("{one:?}, and then {other:?}"),
        }
        assert!(
            !run.status().is_final() || run.next_wake_ms().is_none(),
            "a run that ended waits for something"
        );
        let _ = run.progress();
    }
}
