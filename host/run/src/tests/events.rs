//! Events as bytes and as a story.

use serde_json::json;

use crate::{Event, Status};

use super::harness::{Host, define, fold};

#[test]
fn a_small_pure_step_is_at_most_120_bytes() {
    let definition = define(
        "do: [{l: {for: {in: '${ [range(1200)] }'}, do: [{step: {call: 'echo:1.0.0@pure', with: {n: 12345}}}]}}]",
    );
    let mut host = Host::new(&definition);
    host.strict = false;
    host.run_to_end(json!({}));
    let longest = host
        .journal
        .iter()
        .filter(|(_, event)| matches!(event, Event::TaskCompleted { .. }));
    let longest = longest
        .map(|(_, event)| serde_json::to_string(event).unwrap())
        .max_by_key(String::len)
        .unwrap();
    assert!(longest.len() <= 120, "{longest}");
}

#[test]
fn a_run_reads_as_a_story() {
    let definition = define(
        r#"
do:
  - fetch: {call: 'echo:1.0.0@safe', with: {invoices: [1, 2]}}
  - each-invoice:
      for: {each: invoice, in: '${ .invoices }'}
      do:
        - route: {switch: [{small: {when: '${ $invoice < 2 }', then: exit}}]}
        - check:
            try: [{pay: {call: 'fail:1.0.0@pure', with: {status: 503}}}]
            catch:
              retry: {delay: {seconds: 1}, limit: {attempt: {count: 2}}}
              do: [{review: {set: {queue: review}}}]
  - done: {if: '${ false }', set: {x: 1}}
"#,
    );
    let mut host = Host::new(&definition);
    host.run_to_end(json!({}));
    let expected = [
        "the run of test/test 1.0.0 started",
        "fetch is about to call safe/echo",
        "fetch completed with {\"invoices\":[1,2]}",
        "each-invoice started over 2 items",
        "route[0] completed and chose small",
        "route[1] completed",
        "check[1] started",
        "pay[1] faulted: it failed (503)",
        "check[1] tries again in 1000 ms, attempt 2",
        "check[1] tries again now",
        "pay[1] faulted: it failed (503)",
        "check[1] caught the error",
        "review[1] completed with {\"queue\":\"review\"}",
        "check[1] completed",
        "each-invoice completed",
        "done was skipped",
        "the run completed with {\"queue\":\"review\"}",
    ];
    assert_eq!(host.story(), expected);
}

#[test]
fn names_are_those_in_the_json_and_the_index_hears_of_the_run_only() {
    let definition = define("do: [{a: {set: {x: 1}}}]");
    let mut host = Host::new(&definition);
    host.run_to_end(json!({}));
    for (_, event) in &host.journal {
        assert_eq!(serde_json::to_value(event).unwrap()["type"], event.name());
    }
    let changes: Vec<_> = host
        .journal
        .iter()
        .filter_map(|(_, event)| event.summary())
        .collect();
    assert_eq!(
        changes
            .iter()
            .map(|change| change.status)
            .collect::<Vec<_>>(),
        [Status::Running, Status::Completed]
    );
    assert_eq!(changes[0].workflow.as_ref().unwrap().name, "test");
}

#[test]
fn what_is_told_of_a_task_may_come_after_its_end_and_changes_nothing() {
    let definition = define("do: [{a: {set: {x: 1}}}]");
    let mut host = Host::new(&definition);
    host.run_to_end(json!({}));
    let used = |task| Event::FileUsed {
        task: crate::TaskId(task),
        path: "/out/a".to_owned(),
        operation: "open".to_owned(),
        times: 1,
        bytes_read: 0,
        bytes_written: 3,
        grant: "fs:write:/out".to_owned(),
        chain: Vec::new(),
    };
    let mut run = fold(&definition, &host.journal);
    run.apply(&definition, &used(0)).unwrap();
    assert_eq!(run, host.run);
    assert!(run.apply(&definition, &used(99)).is_err());
}

#[test]
fn a_story_is_one_line_that_steers_no_terminal() {
    let event = Event::GuestLogged {
        task: crate::TaskId(0),
        stream: "stdout".to_owned(),
        text: format!("a\u{1b}[2J\nb\u{202e}c\u{200b}{}", "x".repeat(1_000)),
        chain: Vec::new(),
    };
    let line = event.story();
    assert!(
        !line.chars().any(writ_workflow::is_unsafe) && line.chars().count() < 100,
        "{line:?}"
    );
}
