//! Calls: intents, what a call carries, and what is done about calls that a crash interrupted.

use serde_json::json;

use crate::{Callee, Effects, Event, HttpOutput, Problem, Signal};

use super::harness::{Host, START_MS, define};

#[test]
fn a_pure_call_is_one_event_and_an_effect_has_its_intent_first() {
    let definition = define(
        "do: [{a: {call: 'echo:1.0.0@pure', with: {n: 1}}}, {b: {call: 'echo:1.0.0@pay', with: {n: 2}}}]",
    );
    let mut host = Host::new(&definition);
    host.run_to_end(json!({}));
    let names = [
        "run.started",
        "task.completed",
        "task.started",
        "task.completed",
        "run.completed",
    ];
    assert_eq!(host.names(), names);
    let Event::TaskStarted(started) = &host.journal[2].1 else {
        panic!()
    };
    let intent = started.call.as_ref().unwrap();
    assert_eq!(
        (intent.plugin.as_str(), intent.effects),
        ("pay", Effects::Once)
    );
    assert_eq!(intent.idempotency_key, host.calls[1].idempotency_key);
    assert_ne!(host.calls[0].idempotency_key, host.calls[1].idempotency_key);
    assert_ne!(host.calls[0].seed, host.calls[1].seed);
}

#[test]
fn an_unknown_function_counts_as_once() {
    let mut definition = define("do: [{a: {call: 'echo:1.0.0@pure', with: {n: 1}}}]");
    definition.effects.clear();
    let mut host = Host::new(&definition);
    host.start(json!({}));
    assert_eq!(host.calls[0].effects, Effects::Once);
}

#[test]
fn an_interrupted_pure_call_is_made_again_to_the_same_bits() {
    for plugin in ["pure", "safe"] {
        let definition = define(&format!(
            "do: [{{w: {{wait: {{seconds: 1}}}}}}, {{a: {{call: 'echo:1.0.0@{plugin}', with: {{n: '${{ .n }}', at: '${{ $task.startedAt.epoch.milliseconds }}', ms: 50}}}}}}]"
        ));
        let mut host = Host::new(&definition);
        host.start(json!({"n": 1}));
        host.now_ms += 1_000;
        host.signal(Signal::Woken);
        assert_eq!(host.calls.len(), 1);
        let mut other = Host::recovered(&definition, &host.journal);
        other.now_ms += 777_777;
        other.signal(Signal::Recovered);
        assert_eq!(other.calls, host.calls, "{plugin}");
        assert_eq!(other.calls[0].clock_ms, START_MS + 1_000);
        other.until_idle();
        assert_eq!(other.output()["n"], 1);
    }
}

#[test]
fn an_interrupted_payment_is_in_doubt_and_never_tried_again() {
    let body = r#"
do:
  - risky:
      try: [{pay: {call: 'echo:1.0.0@pay', with: {ms: 50}}}]
      catch:
        retry: {delay: {seconds: 1}, limit: {attempt: {count: 5}}}
        HANDLER
"#;
    let definition = define(&body.replace("HANDLER", "do: [{ask: {set: '${ $error }'}}]"));
    let mut host = Host::new(&definition);
    host.start(json!({}));
    let mut other = Host::recovered(&definition, &host.journal);
    other.signal(Signal::Recovered).until_idle();
    assert!(other.calls.is_empty());
    let error = other.output();
    assert_eq!(
        (&error["type"], &error["status"]),
        (&json!("urn:writ:error:in-doubt"), &json!(500))
    );
    assert_eq!(
        error["idempotencyKey"],
        json!(host.calls[0].idempotency_key)
    );
    assert_eq!(error["plugin"], "pay");

    let definition = define(&body.replace("        HANDLER\n", ""));
    let mut host = Host::new(&definition);
    host.start(json!({}));
    let mut other = Host::recovered(&definition, &host.journal);
    other.signal(Signal::Recovered).until_idle();
    assert!(other.error().is_in_doubt());
}

/// A payment that is given up in the middle, by a time or by a neighbour's error, is not made again.
#[test]
fn an_effect_that_is_given_up_is_in_doubt_and_never_tried_again() {
    let retry = "catch: {retry: {delay: {seconds: 1}, limit: {attempt: {count: 5}}}, do: [{told: {set: '${ $error }'}}]}";
    let slow = "{call: 'echo:1.0.0@PLUGIN', with: {ms: 60000}}";
    let bodies = [
        "{timeout: {after: {seconds: 2}}, do: [{pay: SLOW}]}",
        "{timeout: {after: {seconds: 2}}, call: 'echo:1.0.0@PLUGIN', with: {ms: 60000}}",
        "{fork: {branches: [{pay: SLOW}, {other: {do: [{w: {wait: {seconds: 2}}}, {r: {raise: {error: {type: 'urn:x', status: 500}}}}]}}]}}",
    ];
    for body in bodies {
        for (plugin, asks, doubtful) in [
            ("pay", false, true),
            ("record", true, true),
            ("record", false, false),
            ("safe", false, false),
            ("pure", false, false),
        ] {
            let body = body.replace("SLOW", slow).replace("PLUGIN", plugin);
            let definition = define(&format!("do: [{{t: {{try: [{{x: {body}}}], {retry}}}}}]"));
            let mut host = Host::new(&definition);
            host.start(json!({}));
            assert_eq!(host.calls.len(), 1, "{body}");
            if asks {
                host.asking.insert(host.calls[0].task);
            }
            // Until the time is over, and the first pause.
            for _ in 0..4 {
                host.now_ms += 1_000;
                host.signal(Signal::Woken);
            }
            let again = host.calls.len() > 1;
            assert_ne!(again, doubtful, "{plugin}: {body}");
            if doubtful {
                let told = host.output();
                let reference = told["inDoubt"].as_str();
                assert!(
                    reference.is_some_and(|of| of.starts_with("/do/0/t/try/0/x")),
                    "{told}"
                );
            }
        }
    }
}

/// The time was over while no host was there.
#[test]
fn a_deadline_that_passed_meanwhile_hides_no_doubt() {
    let definition = define(
        "do: [{t: {try: [{pay: {timeout: {after: {seconds: 2}}, call: 'echo:1.0.0@pay', with: {ms: 60000}}}], catch: {retry: {delay: {seconds: 1}}}}}]",
    );
    let mut host = Host::new(&definition);
    host.start(json!({}));
    let mut other = Host::recovered(&definition, &host.journal);
    other.now_ms += 10_000;
    other.signal(Signal::Recovered).until_idle();
    assert!(other.calls.is_empty());
    assert!(other.error().is_in_doubt(), "{:?}", other.error());

    let definition = define(
        "timeout: {after: {seconds: 2}}\ndo: [{pay: {call: 'echo:1.0.0@pay', with: {ms: 60000}}}]",
    );
    let mut host = Host::new(&definition);
    host.start(json!({}));
    host.now_ms += 3_000;
    host.signal(Signal::Woken);
    assert_eq!(host.error().status, 408);
    assert!(host.error().is_in_doubt());
}

#[test]
fn a_host_that_stops_takes_in_what_comes_back_and_begins_no_call() {
    let definition = define(
        "do: [{a: {call: 'echo:1.0.0@pay', with: {n: 1}}}, {s: {set: {b: 1}}}, {b: {call: 'echo:1.0.0@pay', with: {n: 2}}}]",
    );
    let mut host = Host::new(&definition);
    host.start(json!({}));
    host.stopping = true;
    host.until_idle();
    assert_eq!(host.calls.len(), 1);
    let completed = host
        .names()
        .iter()
        .filter(|name| **name == "task.completed")
        .count();
    assert_eq!(completed, 2, "{:?}", host.names());
    let mut other = Host::recovered(&definition, &host.journal);
    other.signal(Signal::Recovered).until_idle();
    assert_eq!(other.calls.len(), 1);
    assert_eq!(other.output()["n"], 2);
}

#[test]
fn a_problem_from_the_host_keeps_what_it_carries() {
    let definition = define("do: [{a: {call: 'echo:1.0.0@pure'}}]");
    let mut host = Host::new(&definition);
    host.start(json!({}));
    let problem = Problem::ours("denied", 403, "no").with("capability", "fs:read:/x");
    host.signal(Signal::Returned {
        task: host.calls[0].task,
        attempt: 1,
        result: Err(problem),
    });
    assert_eq!(host.error().extensions["capability"], "fs:read:/x");
    assert_eq!(host.error().instance.as_deref(), Some("/do/0/a"));
}

#[test]
fn an_answer_for_another_attempt_is_ignored() {
    let definition = define("do: [{a: {call: 'echo:1.0.0@pure'}}]");
    let mut host = Host::new(&definition);
    host.start(json!({}));
    let task = host.calls[0].task;
    host.signal(Signal::Returned {
        task,
        attempt: 2,
        result: Ok(json!("wrong")),
    });
    host.until_idle();
    assert_eq!(host.output(), json!({}));
}

#[test]
fn an_http_call_has_an_intent_and_is_made_again_with_what_is_recorded() {
    let definition = define(
        "do: [{a: {call: http, with: {method: post, endpoint: 'https://erp.example/{id}', headers: {x: '${ .id }'}, body: {n: '${ .n }'}, \
         output: response, redirect: true}}}]",
    );
    let mut host = Host::new(&definition);
    host.start(json!({ "id": "a/b", "n": 1 }));
    let call = &host.calls[0];
    let sent = json!({ "method": "post", "endpoint": "https://erp.example/a%2Fb", "headers": { "x": "a/b" }, "body": { "n": 1 } });
    assert_eq!((&call.arguments, call.effects), (&sent, Effects::Recorded));
    let Callee::Http(http) = &call.callee else {
        panic!("{call:?}")
    };
    assert_eq!((http.output, http.redirect), (HttpOutput::Response, true));
    let mut other = Host::recovered(&definition, &host.journal);
    other.signal(Signal::Recovered);
    assert_eq!(other.calls, host.calls);
}

#[test]
fn what_an_endpoint_can_not_name_faults() {
    let definition = define(
        "do: [{a: {call: http, with: {method: get, endpoint: 'https://erp.example/{id}'}}}]",
    );
    let mut host = Host::new(&definition);
    let error = host.run_to_end(json!({ "id": [1] })).error();
    assert_eq!(
        (error.title.as_deref(), error.status),
        (Some("expression"), 400)
    );
}

#[test]
fn an_expression_that_yields_braces_is_no_template() {
    let definition = define("do: [{a: {call: http, with: {method: get, endpoint: '${ .e }'}}}]");
    let mut host = Host::new(&definition);
    host.start(json!({ "e": "https://erp.example/{id}", "id": "x" }));
    assert_eq!(
        host.calls[0].arguments["endpoint"],
        "https://erp.example/{id}"
    );
}
