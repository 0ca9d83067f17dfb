//! `wait`, timeouts, suspend and resume.

use serde_json::json;

use crate::{Signal, Status};

use super::harness::{Host, START_MS, define, error_of, output_of};

#[test]
fn a_wait_passes_its_input_on_when_it_is_over() {
    let definition = define("do: [{w: {wait: {seconds: 5}}}, {a: {set: '${ {was: .} }'}}]");
    let mut host = Host::new(&definition);
    host.start(json!(1));
    assert_eq!(host.run.status(), Status::Waiting);
    assert_eq!(host.run.next_wake_ms(), Some(START_MS + 5_000));
    host.signal(Signal::Woken);
    assert_eq!(host.run.status(), Status::Waiting);
    host.until_idle();
    assert_eq!(host.output(), json!({"was": 1}));
    assert_eq!(host.run.state.clock_ms, START_MS + 5_000);
}

#[test]
fn a_host_that_wakes_a_run_too_early_is_asked_again() {
    let definition = define("do: [{w: {wait: {seconds: 5}}}]");
    let mut host = Host::new(&definition);
    host.start(json!(1));
    host.wake_ms = None;
    host.signal(Signal::Woken);
    assert_eq!(host.wake_ms, Some(START_MS + 5_000));
}

#[test]
fn a_length_may_be_computed() {
    let definition = define("do: [{w: {wait: '${ .for }'}}]");
    for (length, ms) in [
        (json!("PT1M"), 60_000),
        (json!("PT0.5M"), 30_000),
        (json!({"seconds": 2.0}), 2_000),
    ] {
        let mut host = Host::new(&definition);
        host.run_to_end(json!({"for": length}));
        assert_eq!(host.now_ms, START_MS + ms, "{length}");
    }
    assert_eq!(
        output_of("do: [{w: {wait: {seconds: 0}}}]", json!(3)),
        json!(3)
    );
}

#[test]
fn a_computed_length_that_is_none_says_what_would_be_one() {
    let error = error_of("do: [{w: {wait: '${ {seconds: .} }'}}]", json!(1.5));
    assert_eq!(
        error.detail.as_deref(),
        Some(
            "the expression at 2:17 failed: `seconds` must be a whole number and not negative, but is 1.5: round it, for instance with `floor`, or count a smaller unit (in `{seconds: .}`)"
        )
    );
}

#[test]
fn a_timeout_interrupts_and_can_be_caught_outside() {
    let definition = define(
        r#"
do:
  - risky:
      try:
        - inner:
            timeout: {after: {milliseconds: 100}}
            do:
              - one: {call: 'echo:1.0.0@pure', with: {ms: 60}}
              - two: {call: 'echo:1.0.0@safe', with: {ms: 60}}
      catch: {errors: {with: {status: 408}}, do: [{h: {set: '${ $error.instance }'}}]}
"#,
    );
    let mut host = Host::new(&definition);
    host.run_to_end(json!({}));
    assert_eq!(host.output(), json!("/do/0/risky/try/0/inner"));
    assert_eq!(host.now_ms, START_MS + 100);
    assert_eq!(host.aborted.len(), 1);
    assert_eq!(host.calls[1].deadline_ms, Some(START_MS + 100));
}

#[test]
fn a_call_and_a_try_can_time_out_themselves() {
    for body in [
        "do: [{a: {timeout: {after: {seconds: 1}}, call: 'echo:1.0.0@pure', with: {ms: 9000}}}]",
        "do: [{a: {timeout: {after: {seconds: 1}}, try: [{b: {wait: {hours: 1}}}], catch: {do: [{c: {set: {x: 1}}}]}}}]",
        "do: [{a: {timeout: {after: {seconds: 1}}, wait: {hours: 1}}}]",
        "timeout: {after: {seconds: 1}}\ndo: [{a: {try: [{b: {wait: {hours: 1}}}], catch: {do: [{c: {set: {x: 1}}}]}}}]",
    ] {
        let definition = define(body);
        let mut host = Host::new(&definition);
        host.run_to_end(json!({}));
        assert_eq!(
            (host.error().title.as_deref(), host.error().status),
            (Some("timeout"), 408),
            "{body}"
        );
        assert_eq!(host.now_ms, START_MS + 1_000, "{body}");
    }
}

#[test]
fn work_that_ends_in_time_forgets_its_timeout() {
    let definition = define(
        "do: [{a: {timeout: {after: {seconds: 1}}, call: 'echo:1.0.0@pure', with: {ms: 10}}}, {b: {wait: {seconds: 5}}}]",
    );
    let mut host = Host::new(&definition);
    host.run_to_end(json!({}));
    assert_eq!(host.now_ms, START_MS + 5_010);
}

#[test]
fn a_suspended_run_starts_nothing_and_goes_on_where_it_was() {
    let definition = define(
        r#"
do:
  - one: {call: 'echo:1.0.0@pure', with: {ms: 10, n: 1}}
  - two: {wait: {seconds: 1}}
  - three: {call: 'echo:1.0.0@pure', with: {was: '${ .n }'}}
"#,
    );
    let mut host = Host::new(&definition);
    host.start(json!({})).signal(Signal::Suspend).until_idle();
    assert_eq!(host.run.status(), Status::Suspended);
    assert_eq!(host.calls.len(), 1);
    assert_eq!(host.names().last(), Some(&"task.completed"));
    let mut other = Host::recovered(&definition, &host.journal);
    other.signal(Signal::Recovered).until_idle();
    assert_eq!(other.run.status(), Status::Suspended);
    other.signal(Signal::Resume).until_idle();
    assert_eq!(other.output(), json!({"was": 1}));
}

#[test]
fn a_cancelled_run_leaves_nothing() {
    let definition = define(
        "do: [{f: {fork: {branches: [{a: {call: 'echo:1.0.0@pay', with: {ms: 10}}}, {b: {wait: {hours: 1}}}]}}}]",
    );
    let mut host = Host::new(&definition);
    host.start(json!({})).signal(Signal::Cancel {
        reason: "enough".to_owned(),
    });
    assert_eq!(host.run.status(), Status::Cancelled);
    assert_eq!(
        (host.finished, host.aborted.len(), host.at_work.len()),
        (1, 1, 0)
    );
    assert!(host.run.state.live.is_empty() && host.run.state.timers.is_empty());
    let before = host.journal.len();
    for signal in [
        Signal::Resume,
        Signal::Woken,
        Signal::Recovered,
        Signal::Cancel {
            reason: String::new(),
        },
    ] {
        host.signal(signal);
    }
    assert_eq!(host.journal.len(), before);
    assert_eq!(host.finished, 1);
}
