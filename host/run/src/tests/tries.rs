//! `try`, `catch`, `retry` and `raise`.

use serde_json::json;

use super::harness::{Host, START_MS, define, error_of, output_of};

const RAISE: &str = "raise: {error: {type: 'urn:test:boom', status: 418, title: Boom, detail: '${ \"at \\(.n)\" }'}}";

fn catching(catch: &str) -> String {
    format!(
        "do:\n  - risky:\n      try: [{{boom: {{{RAISE}}}}}]\n      catch: {catch}\n  - after: {{set: '${{ {{after: .}} }}'}}\n"
    )
}

#[test]
fn raised_errors_are_problems_with_the_place_as_instance() {
    let error = error_of(&format!("do: [{{boom: {{{RAISE}}}}}]"), json!({"n": 7}));
    assert_eq!(
        (error.r#type.as_str(), error.status),
        ("urn:test:boom", 418)
    );
    assert_eq!(error.detail.as_deref(), Some("at 7"));
    assert_eq!(error.instance.as_deref(), Some("/do/0/boom"));
}

#[test]
fn the_handler_sees_the_error_and_its_output_goes_on() {
    let output = output_of(
        &catching(
            "{as: err, do: [{handle: {set: '${ {status: $err.status, where: $err.instance, n: .n} }'}}]}",
        ),
        json!({"n": 7}),
    );
    assert_eq!(
        output,
        json!({"after": {"status": 418, "where": "/do/0/risky/try/0/boom", "n": 7}})
    );
}

#[test]
fn filters_and_conditions_decide_what_is_caught() {
    for (catch, caught) in [
        ("{}", true),
        ("{errors: {}}", true),
        ("{errors: {with: {status: 418}}}", true),
        ("{errors: {with: {status: 418.0}}}", true),
        ("{errors: {with: {status: 419}}}", false),
        (
            "{errors: {with: {type: 'urn:test:boom', title: Boom, detail: 'at 7'}}}",
            true,
        ),
        ("{errors: {with: {instance: /do/0/risky/try/0/boom}}}", true),
        ("{errors: {with: {detail: other}}}", false),
        ("{when: '${ $error.status == 418 }'}", true),
        ("{when: '${ $error.status == 500 }'}", false),
        ("{exceptWhen: '${ $error.status == 418 }'}", false),
        ("{as: e, exceptWhen: '${ $e.status == 500 }'}", true),
    ] {
        let definition = define(&catching(catch));
        let mut host = Host::new(&definition);
        host.run_to_end(json!({"n": 7}));
        if caught {
            assert_eq!(host.output(), json!({"after": {"n": 7}}), "{catch}");
        } else {
            assert_eq!(host.error().status, 418, "{catch}");
        }
    }
}

#[test]
fn an_error_in_the_handler_goes_to_the_try_around() {
    let body = format!(
        r#"
do:
  - outer:
      try:
        - inner:
            try: [{{boom: {{{RAISE}}}}}]
            catch: {{do: [{{worse: {{raise: {{error: {{type: 'urn:test:worse', status: 500}}}}}}}}]}}
      catch:
        do: [{{handle: {{set: '${{ $error.type }}'}}}}]
"#
    );
    assert_eq!(output_of(&body, json!({"n": 1})), json!("urn:test:worse"));
}

#[test]
fn attempts_are_spaced_and_counted() {
    for (backoff, times) in [
        ("constant: {}", [100, 200, 300]),
        ("linear: {}", [100, 300, 600]),
        ("exponential: {}", [100, 300, 700]),
    ] {
        let definition = define(&format!(
            r#"
do:
  - risky:
      try: [{{get: {{call: 'flaky:1.0.0@pure', with: {{until: 4}}}}}}]
      catch:
        retry: {{delay: {{milliseconds: 100}}, backoff: {{{backoff}}}, limit: {{attempt: {{count: 4}}}}}}
"#
        ));
        let mut host = Host::new(&definition);
        host.run_to_end(json!({}));
        assert_eq!(host.output(), json!({"attempt": 4}), "{backoff}");
        assert_eq!(host.now_ms, START_MS + times[2], "{backoff}");
        let attempts: Vec<u32> = host.calls.iter().map(|call| call.attempt).collect();
        assert_eq!(attempts, [1, 2, 3, 4]);
    }
}

#[test]
fn used_up_attempts_go_to_the_handler_or_else_up() {
    let body = |handler: &str| {
        format!(
            r#"
do:
  - risky:
      try: [{{get: {{call: 'fail:1.0.0@pure', with: {{status: 503}}}}}}]
      catch:
        retry: {{delay: {{milliseconds: 1}}, limit: {{attempt: {{count: 3}}}}}}
{handler}
"#
        )
    };
    assert_eq!(error_of(&body(""), json!({})).status, 503);
    let handled = output_of(
        &body("        do: [{h: {set: '${ $error.status }'}}]"),
        json!({}),
    );
    assert_eq!(handled, json!(503));
}

#[test]
fn used_up_attempts_go_where_then_says() {
    let body = |then: &str| {
        format!(
            r#"
do:
  - risky:
      try: [{{get: {{call: 'fail:1.0.0@pure', with: {{status: 503}}}}}}]
      catch: {{retry: {{limit: {{attempt: {{count: 3}}}}}}, then: {then}}}
  - skipped: {{set: '${{ {{skipped: .}} }}'}}
  - after: {{set: '${{ {{after: .}} }}'}}
"#
        )
    };
    for (then, output) in [
        ("after", json!({"after": 7})),
        ("end", json!(7)),
        ("continue", json!({"after": {"skipped": 7}})),
    ] {
        let definition = define(&body(then));
        let mut host = Host::new(&definition);
        host.run_to_end(json!(7));
        assert_eq!(host.output(), output, "{then}");
        assert_eq!(host.calls.len(), 3, "{then}");
    }
}

#[test]
fn a_retry_may_be_limited_by_time_and_by_conditions() {
    let body = |retry: &str| {
        format!(
            "do: [{{risky: {{try: [{{get: {{call: 'fail:1.0.0@pure', with: {{status: 503}}}}}}], catch: {{retry: {{delay: {{seconds: 1}}, {retry}}}}}}}}}]"
        )
    };
    for (retry, calls) in [
        ("limit: {duration: {seconds: 3}}", 4),
        (
            "when: '${ $error.status == 500 }', limit: {attempt: {count: 9}}",
            1,
        ),
        (
            "exceptWhen: '${ $error.status == 503 }', limit: {attempt: {count: 9}}",
            1,
        ),
        (
            "when: '${ $error.status == 503 }', limit: {attempt: {count: 2}}",
            2,
        ),
    ] {
        let definition = define(&body(retry));
        let mut host = Host::new(&definition);
        host.run_to_end(json!({}));
        assert_eq!(host.calls.len(), calls, "{retry}");
    }
}

#[test]
fn an_attempt_that_takes_too_long_is_tried_again() {
    let definition = define(
        r#"
do:
  - risky:
      try: [{get: {call: 'echo:1.0.0@pure', with: {ms: 500}}}]
      catch:
        errors: {with: {status: 408}}
        retry: {delay: {milliseconds: 10}, limit: {attempt: {count: 3, duration: {milliseconds: 100}}}}
        do: [{h: {set: '${ $error }'}}]
"#,
    );
    let mut host = Host::new(&definition);
    host.run_to_end(json!({}));
    assert_eq!(host.output()["status"], 408);
    assert_eq!(host.calls.len(), 3);
    assert_eq!(host.aborted.len(), 3);
    assert_eq!(host.now_ms, START_MS + 320);
    assert_eq!(host.calls[0].deadline_ms, Some(START_MS + 100));
}

#[test]
fn jitter_is_drawn_from_the_seed() {
    let definition = define(
        r#"
do:
  - risky:
      try: [{get: {call: 'flaky:1.0.0@pure', with: {until: 6}}}]
      catch:
        retry:
          delay: {milliseconds: 100}
          jitter: {from: {milliseconds: 0}, to: {milliseconds: 50}}
          limit: {attempt: {count: 9}}
"#,
    );
    let mut host = Host::new(&definition);
    host.run_to_end(json!({}));
    let total = host.now_ms - START_MS;
    assert!((500..=750).contains(&total), "{total}");
    let mut again = Host::new(&definition);
    again.run_to_end(json!({}));
    assert_eq!(again.journal, host.journal);
}

#[test]
fn a_loop_inside_a_try_is_given_up_whole() {
    let body = r#"
do:
  - risky:
      try:
        - loop:
            for: {each: n, in: '${ [1, 2, 3] }'}
            do: [{check: {if: '${ $n == 2 }', raise: {error: {type: 'urn:x', status: 400}}}}]
      catch: {do: [{h: {set: '${ $error.instance }'}}]}
"#;
    assert_eq!(
        output_of(body, json!({})),
        json!("/do/0/risky/try/0/loop/do/0/check")
    );
}

#[test]
fn catch_then_counts_only_when_something_was_caught() {
    let body = r#"
do:
  - risky:
      try: [{boom: {if: '${ .bad }', raise: {error: {type: 'urn:x', status: 400}}}}]
      catch: {errors: {with: {status: 400}}, then: end}
  - after: {set: '${ {after: .bad} }'}
"#;
    assert_eq!(output_of(body, json!({"bad": true})), json!({"bad": true}));
    assert_eq!(
        output_of(body, json!({"bad": false})),
        json!({"after": false})
    );
}
