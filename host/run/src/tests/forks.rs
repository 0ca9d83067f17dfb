//! `fork`: all branches, or the first.

use serde_json::json;

use super::harness::{Host, define, output_of};

#[test]
fn outputs_stand_in_the_order_of_the_branches() {
    let body = r#"
do:
  - both:
      fork:
        branches:
          - slow: {call: 'echo:1.0.0@pure', with: {name: slow, ms: 50}, output: {as: '${ .name }'}}
          - quick: {set: '${ .x }'}
"#;
    assert_eq!(output_of(body, json!({"x": 1})), json!(["slow", 1]));
}

#[test]
fn a_faulting_branch_faults_all_and_nothing_is_orphaned() {
    let definition = define(
        r#"
do:
  - both:
      fork:
        branches:
          - slow: {call: 'echo:1.0.0@safe', with: {ms: 50}}
          - waits: {do: [{w: {wait: {hours: 1}}}]}
          - fails: {call: 'fail:1.0.0@pure', with: {status: 404, ms: 5}}
"#,
    );
    let mut host = Host::new(&definition);
    host.run_to_end(json!({}));
    assert_eq!(host.error().status, 404);
    assert_eq!(
        host.error().instance.as_deref(),
        Some("/do/0/both/fork/branches/2/fails")
    );
    assert_eq!(host.aborted.len(), 1);
    assert_eq!(host.run.next_wake_ms(), None);
    assert_eq!(
        host.names()
            .iter()
            .filter(|name| **name == "task.cancelled")
            .count(),
        3
    );
}

#[test]
fn the_first_to_complete_wins_and_a_late_answer_is_ignored() {
    let definition = define(
        r#"
do:
  - race:
      fork:
        compete: true
        branches:
          - slow: {call: 'echo:1.0.0@pure', with: {name: slow, ms: 50}}
          - fails: {call: 'fail:1.0.0@pure', with: {ms: 1}}
          - quick: {call: 'echo:1.0.0@pure', with: {name: quick, ms: 5}}
  - after: {call: 'echo:1.0.0@pure', with: {won: '${ .name }', ms: 100}}
"#,
    );
    let mut host = Host::new(&definition);
    host.start(json!({}));
    let late = host.calls[0].clone();
    host.until_idle();
    let result = Ok(json!("late"));
    let before = host.journal.len();
    host.signal(crate::Signal::Returned {
        task: late.task,
        attempt: late.attempt,
        result,
    });
    assert_eq!(host.journal.len(), before);
    assert_eq!(host.output()["won"], "quick");
    assert_eq!(host.aborted.len(), 1);
}

#[test]
fn a_race_that_all_lose_faults_with_the_last_error() {
    let definition = define(
        r#"
do:
  - race:
      fork:
        compete: true
        branches:
          - a: {call: 'fail:1.0.0@pure', with: {status: 501, ms: 9}}
          - b: {call: 'fail:1.0.0@pure', with: {status: 502, ms: 1}}
"#,
    );
    assert_eq!(
        Host::new(&definition).run_to_end(json!({})).error().status,
        501
    );
}

#[test]
fn a_branch_that_wins_at_once_lets_no_loser_be_called() {
    let definition = define(
        r#"
do:
  - race:
      fork:
        compete: true
        branches:
          - asked: {call: 'echo:1.0.0@pure', with: {ms: 5}}
          - known: {set: {quick: true}}
"#,
    );
    let mut host = Host::new(&definition);
    host.run_to_end(json!({}));
    assert_eq!(host.output(), json!({"quick": true}));
    assert!(host.calls.is_empty() && host.aborted.is_empty());
}

#[test]
fn end_in_a_branch_ends_the_run() {
    let definition = define(
        r#"
do:
  - both:
      fork:
        branches:
          - slow: {call: 'echo:1.0.0@pure', with: {ms: 50}}
          - done: {set: {over: true}, then: end}
  - never: {set: {x: 1}}
"#,
    );
    assert_eq!(
        Host::new(&definition).run_to_end(json!({})).output(),
        json!({"over": true})
    );
}

#[test]
fn what_a_branch_exports_does_not_change_what_another_is_called_with() {
    let body = r#"
do:
  - both:
      fork:
        branches:
          - exports: {set: {x: 1}, export: {as: '${ {x: 1} }'}}
          - reads: {call: 'echo:1.0.0@pure', with: {context: '${ $context }'}}
  - after: {set: '${ {read: .[1].context, now: $context} }'}
"#;
    assert_eq!(
        output_of(body, json!({})),
        json!({"read": {}, "now": {"x": 1}})
    );
}

#[test]
fn without_branches_there_is_nothing_to_wait_for() {
    for compete in [true, false] {
        let body = format!("do: [{{none: {{fork: {{compete: {compete}, branches: []}}}}}}]");
        assert_eq!(output_of(&body, json!(1)), json!([]), "compete: {compete}");
    }
}
