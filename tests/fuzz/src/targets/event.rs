//! Events of a journal, as JSON: what is read is written back as the same event.

use writ_run::Event;

use super::Target;
use crate::seeds;

pub(super) const TARGET: Target = Target {
    name: "event",
    check,
    seeds,
    words: super::history::WORDS,
    rounds: 3_000,
    bytes_max: 8_000,
};

fn seeds() -> Vec<Vec<u8>> {
    let histories = seeds::folder("tests/fuzz/seeds/history", &[".ndjson"]);
    let lines = histories
        .iter()
        .flat_map(|history| history.split(|byte| *byte == b'\n'));
    lines
        .filter(|line| line.starts_with(b"{"))
        .map(<[u8]>::to_vec)
        .collect()
}

fn check(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Event>(bytes) else {
        return;
    };
    let written = serde_json::to_string(&event).expect("an event can be written");
    let again: Event = serde_json::from_str(&written).expect("what was written can be read");
    assert_eq!(again, event, "written as {written}");
    let _ = (event.kv(), event.summary());
}
