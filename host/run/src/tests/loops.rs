//! `for`, one item after the other and some at a time.

use serde_json::{Value as Json, json};

use super::harness::{Host, define, error_of, output_of};

#[test]
fn each_iteration_gets_what_the_one_before_put_out() {
    let body = r#"
do:
  - sum:
      for: {each: n, at: i, in: '${ .numbers }'}
      do:
        - add: {set: {total: '${ (.total // 0) + $n * ($i + 1) }'}}
"#;
    assert_eq!(
        output_of(body, json!({"numbers": [5, 6, 7]})),
        json!({"total": 38})
    );
    assert_eq!(
        output_of(body, json!({"numbers": []})),
        json!({"numbers": []})
    );
}

#[test]
fn while_is_asked_before_every_iteration_with_its_variables_and_the_new_context() {
    let body = r#"
do:
  - take:
      for: {each: n, in: '${ [1, 2, 3, 4] }'}
      while: '${ $n < 4 and (($context.count // 0) < 2) and . != "stop" }'
      do:
        - add: {set: '${ $n }', export: {as: '${ {count: ((.count // $context.count // 0) + 1)} }'}}
"#
    .replace("(.count // $context.count // 0)", "($context.count // 0)");
    assert_eq!(output_of(&body, json!("go")), json!(2));
    assert_eq!(output_of(&body, json!("stop")), json!("stop"));
}

#[test]
fn inner_loops_see_outer_variables_and_events_say_where() {
    let definition = define(
        r#"
do:
  - rows:
      for: {each: row, at: y, in: '${ . }'}
      do:
        - cells:
            for: {each: cell, at: x, in: '${ $row }'}
            do:
              - show: {set: '${ [$y, $x, $cell] }'}
"#,
    );
    let mut host = Host::new(&definition);
    host.run_to_end(json!([["a"], ["b", "c"]]));
    assert_eq!(host.output(), json!([1, 1, "c"]));
    let story = host.story();
    assert!(
        story.contains(&"show[1][1] completed with [1,1,\"c\"]".to_owned()),
        "{story:#?}"
    );
}

#[test]
fn exit_ends_the_iteration_only() {
    let body = r#"
do:
  - walk:
      for: {each: n, in: '${ [1, 2, 3] }'}
      do:
        - keep: {set: '${ . + [$n] }'}
        - odd: {switch: [{yes: {when: '${ $n == 2 }', then: exit}}]}
        - mark: {set: '${ . + ["-"] }'}
"#;
    assert_eq!(output_of(body, json!([])), json!([1, "-", 2, 3, "-"]));
}

#[test]
fn concurrent_iterations_are_bounded_independent_and_keep_their_order() {
    let definition = define(
        r#"
do:
  - all:
      metadata: {writ: {concurrency: 3}}
      for: {each: n, in: '${ .items }'}
      do:
        - work: {call: 'echo:1.0.0@pure', with: {n: '${ $n }', ms: '${ 100 - $n * 10 }', base: '${ .base }'}}
        - pick: {set: '${ .n + .base }'}
"#,
    );
    let mut host = Host::new(&definition);
    host.start(json!({"base": 100, "items": [0, 1, 2, 3, 4, 5, 6]}));
    assert_eq!(host.at_work.len(), 3);
    let progress = host.run.progress();
    assert_eq!(
        (
            progress.tasks.len(),
            progress.loops[0].done,
            progress.loops[0].total
        ),
        (3, 0, 7)
    );
    host.until_idle();
    assert_eq!(host.output(), json!([100, 101, 102, 103, 104, 105, 106]));
}

#[test]
fn one_faulting_iteration_ends_the_loop_and_aborts_the_others() {
    let definition = define(
        r#"
do:
  - all:
      metadata: {writ: {concurrency: 4}}
      for: {each: n, in: '${ ["fail", "echo", "echo"] }'}
      do:
        - choose: {switch: [{bad: {when: '${ $n == "fail" }', then: bad}}, {good: {then: good}}]}
        - bad: {call: 'fail:1.0.0@pure', with: {status: 418, ms: 5}}
        - good: {call: 'echo:1.0.0@pure', with: {ms: 10}}
"#,
    );
    let mut host = Host::new(&definition);
    host.run_to_end(json!({}));
    assert_eq!(host.error().status, 418);
    assert_eq!(host.aborted.len(), 2);
}

#[test]
fn what_concurrent_lists_put_out_together_is_bounded() {
    let text = "x".repeat(25 << 20);
    let items: Vec<u32> = (0..4).collect();
    let loops = "all: {metadata: {writ: {concurrency: 1}}, for: {each: n, in: '${ .items }'}, do: [{work: {call: 'echo:1.0.0@pure', with: {text: '${ .text }', ms: 1}}}]}";
    let branch = |n: u32| {
        format!("{{b{n}: {{call: 'echo:1.0.0@pure', with: {{text: '${{ .text }}', ms: {n}}}}}}}")
    };
    let branches: Vec<String> = (1..5).map(branch).collect();
    let forks = format!("all: {{fork: {{branches: [{}]}}}}", branches.join(", "));
    for (task, all) in [(loops, 4), (&*forks, 4)] {
        let definition = define(&format!("do: [{{{task}}}]"));
        let mut host = Host::new(&definition);
        host.strict = false;
        host.run_to_end(json!({ "items": items, "text": text }));
        assert_eq!(host.error().r#type, "urn:writ:error:limit", "{task}");
        let done = host
            .journal
            .iter()
            .filter(|(_, event)| matches!(event, crate::Event::TaskCompleted { .. }));
        assert!(done.count() < all, "{task}");
    }
}

#[test]
fn an_empty_concurrent_loop_puts_out_an_empty_array() {
    let body = "do: [{all: {metadata: {writ: {concurrency: 2}}, for: {in: '${ .x }'}, do: [{a: {set: {x: 1}}}]}}]";
    assert_eq!(output_of(body, json!({"x": []})), json!([]));
}

#[test]
fn only_arrays_are_iterated() {
    for value in [json!("text"), json!(3), json!({"a": 1}), Json::Null] {
        let error = error_of(
            "do: [{a: {for: {in: '${ .x }'}, do: [{b: {set: {x: 1}}}]}}]",
            json!({"x": value}),
        );
        assert_eq!(error.title.as_deref(), Some("expression"));
    }
}
