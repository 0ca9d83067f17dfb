//! Which task follows which: `if`, `switch`, `then`, nested lists, functions of the document.

use serde_json::json;

use super::harness::{Host, define, error_of, output_of};

#[test]
fn a_skipped_task_changes_nothing_and_its_then_does_not_count() {
    let output = output_of(
        r#"
do:
  - a: {if: '${ .no }', set: {x: 1}, then: end}
  - b: {set: '${ {seen: .} }'}
"#,
        json!({"no": null}),
    );
    assert_eq!(output, json!({"seen": {"no": null}}));
}

#[test]
fn a_condition_must_be_true_or_false() {
    let error = error_of("do: [{a: {if: '${ 1 }', set: {x: 1}}}]", json!({}));
    assert!(error.detail.unwrap().contains("yielded a number"));
}

#[test]
fn switch_takes_the_first_match_then_the_default_then_its_own_then() {
    let body = r#"
do:
  - choose:
      switch:
        - other: {then: fallback}
        - big: {when: '${ .n > 10 }', then: large}
        - mid: {when: '${ .n > 5 }', then: exit}
  - fallback: {set: {took: fallback}, then: end}
  - large: {set: {took: large}}
"#;
    assert_eq!(output_of(body, json!({"n": 11})), json!({"took": "large"}));
    assert_eq!(output_of(body, json!({"n": 6})), json!({"n": 6}));
    assert_eq!(
        output_of(body, json!({"n": 1})),
        json!({"took": "fallback"})
    );
    let body = r#"
do:
  - choose: {switch: [{big: {when: '${ .n > 10 }', then: end}}], then: last}
  - skipped: {set: {took: skipped}, then: end}
  - last: {set: {took: last}}
"#;
    assert_eq!(output_of(body, json!({"n": 1})), json!({"took": "last"}));
}

#[test]
fn exit_leaves_one_list_and_end_leaves_all() {
    let body = |directive: &str| {
        format!(
            r#"
do:
  - outer:
      do:
        - inner:
            do:
              - a: {{set: {{x: 1}}, then: {directive}}}
              - never: {{set: {{x: 2}}}}
        - after: {{set: '${{ .x + 10 }}'}}
      output: {{as: '${{ . * 2 }}'}}
"#
        )
    };
    assert_eq!(output_of(&body("exit"), json!({})), json!(22));
    assert_eq!(output_of(&body("end"), json!({})), json!({"x": 1}));
}

#[test]
fn going_back_counts_activations_anew() {
    let definition = define(
        r#"
do:
  - count: {set: {n: '${ .n + 1 }'}}
  - again: {switch: [{more: {when: '${ .n < 3 }', then: count}}]}
"#,
    );
    let mut host = Host::new(&definition);
    host.run_to_end(json!({"n": 0}));
    assert_eq!(host.output(), json!({"n": 3}));
    assert_eq!(host.run.state.next_task, 6);
    assert!(host.run.state.live.is_empty());
}

#[test]
fn a_function_of_the_document_sees_its_arguments_only() {
    let body = r#"
use:
  functions:
    double:
      do:
        - compute: {set: '${ {twice: (.n * 2)} }'}
do:
  - loop:
      for: {each: item, in: '${ [1, 2] }'}
      do:
        - call-it: {call: double, with: {n: '${ $item }'}}
"#;
    assert_eq!(output_of(body, json!({})), json!({"twice": 4}));
    let leaking = body.replace(".n * 2", "$item");
    assert_eq!(
        error_of(&leaking, json!({})).title.as_deref(),
        Some("expression")
    );
}

#[test]
fn what_is_not_executed_faults_by_name() {
    for (task, name) in [
        (
            "{emit: {event: {with: {type: a.b, source: 'urn:x'}}}}",
            "`emit`",
        ),
        ("{listen: {to: {any: []}}}", "`listen`"),
        (
            "{call: openapi, with: {document: {endpoint: 'https://example.com'}, operationId: get}}",
            "`call: openapi`",
        ),
        (
            "{run: {workflow: {namespace: a, name: b, version: '1.0.0'}}}",
            "`run: workflow`",
        ),
        ("{run: {shell: {command: ls}}}", "untrusted code"),
    ] {
        let error = error_of(&format!("do: [{{a: {task}}}]"), json!({}));
        assert_eq!(error.title.as_deref(), Some("configuration"));
        assert!(error.detail.unwrap().contains(name), "{task}");
    }
}
