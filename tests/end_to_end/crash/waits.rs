//! A wait outlives the host: it ends when it was to end, not before, and it does not begin again.

#![expect(
    clippy::disallowed_methods,
    reason = "these tests wait for real time to pass"
)]

use std::{
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value as Json;
use writ_tests::App;

use super::{
    journal::{events_of, only_run, resume, shown},
    process::{Moment, Victim, until},
};

const WAIT_MS: u64 = 3_000;

/// A run that was killed while it waited, its id, and when its wait is over.
fn killed_waiting() -> (App, String, u64) {
    let app = App::doing(&format!(
        "  - pause:\n      wait: {{ milliseconds: {WAIT_MS} }}\n"
    ));
    let mut host = Victim::start(app.path(), &["run", "."]);
    assert!(host.says("accepted run"));
    until("the wait", || {
        !events_of(&app, &only_run(&app), "task.started").is_empty()
    });
    assert!(
        host.kill().struck,
        "the wait was over before the host could be killed"
    );
    let run = only_run(&app);
    let waits = events_of(&app, &run, "task.started");
    let (began, due) = (number(&waits[0], "at_ms"), number(&waits[0], "due_ms"));
    assert_eq!(due, began + WAIT_MS);
    (app, run, due)
}

fn number(event: &Json, field: &str) -> u64 {
    event[field]
        .as_u64()
        .unwrap_or_else(|| panic!("no {field} in {event}"))
}

/// When the wait was over, after having begun only once.
fn ended(app: &App, run: &str) -> u64 {
    assert_eq!(shown(app, run)["status"], "completed");
    assert_eq!(
        events_of(app, run, "task.started").len(),
        1,
        "the wait began again"
    );
    number(&events_of(app, run, "task.completed")[0], "at_ms")
}

#[test]
fn a_wait_that_is_taken_up_again_ends_no_earlier() {
    let (app, run, due) = killed_waiting();
    // Parked, killed, and taken up once more.
    let host = Victim::start(app.path(), &["runs", "resume"]);
    assert!(
        host.die(Moment::Said("resuming run", Duration::from_millis(50)))
            .struck
    );
    resume(&app);
    assert!(ended(&app, &run) >= due);
}

#[test]
fn a_run_that_is_not_accepted_takes_up_no_other() {
    let (app, run, _) = killed_waiting();
    let before = app.events(&run);
    // Deeper than an event may be.
    app.write(
        "input.json",
        &format!("{}{}", "[".repeat(125), "]".repeat(125)),
    );
    let said = app
        .writ(&["run", ".", "--input", "input.json"])
        .expect(5)
        .err;
    assert!(
        said.contains("nested deeper") && !said.contains("resuming run"),
        "{said}"
    );
    assert_eq!(only_run(&app), run);
    assert_eq!(app.events(&run), before);
    resume(&app);
}

#[test]
fn a_wait_that_passed_while_no_host_ran_is_over_at_once() {
    let (app, run, due) = killed_waiting();
    let now_ms = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis())
    };
    while now_ms() <= u128::from(due) {
        thread::sleep(Duration::from_millis(20));
    }
    resume(&app);
    let recovered = number(&events_of(&app, &run, "run.recovered")[0], "at_ms");
    let end = ended(&app, &run);
    assert!(
        (recovered..recovered + WAIT_MS).contains(&end),
        "recovered at {recovered}, over at {end}"
    );
}
