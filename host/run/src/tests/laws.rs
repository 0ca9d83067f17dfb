//! The two laws, on random workflows: folding gives the live state (the harness compares after every step), and going on from
//! any prefix of the journal ends the same. And: no journal, however wrong, makes folding panic.

use proptest::prelude::*;
use serde_json::json;

use crate::{Definition, Event, Run, RunId, Signal};

use super::harness::{Host, define};

/// One task of a random workflow, as YAML in flow style.
fn task(depth: u32) -> BoxedStrategy<String> {
    let plugin = prop_oneof![Just("pure"), Just("safe")];
    let leaf = prop_oneof![
        Just("set: '${ (. // 0) + 1 }'".to_owned()),
        Just("set: '${ (. // 0) + 2 }', export: {as: '${ {n: (($context.n // 0) + 1)} }'}".to_owned()),
        Just("if: '${ . > 3 }', set: '${ . * 2 }'".to_owned()),
        Just("set: '${ . + ($context.n // 0) }', then: exit".to_owned()),
        Just("switch: [{a: {when: '${ . > 5 }', then: exit}}, {b: {then: continue}}]".to_owned()),
        Just("wait: {milliseconds: 30}".to_owned()),
        Just("raise: {error: {type: 'urn:x', status: 400}}".to_owned()),
        (plugin, 0..20_u32).prop_map(|(plugin, ms)| {
            format!("call: 'echo:1.0.0@{plugin}', with: {{n: '${{ . }}', ms: {ms}}}, output: {{as: '${{ .n + 1 }}'}}")
        }),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let list = || prop::collection::vec(task(depth - 1), 1..4).prop_map(|tasks| list_of(&tasks));
    prop_oneof![
        2 => leaf,
        1 => list().prop_map(|list| format!("do: {list}")),
        1 => list().prop_map(|list| format!("for: {{in: '${{ [1, 2, 3] }}'}}, do: {list}")),
        1 => list().prop_map(|list| format!("for: {{in: '${{ [range(3)] }}'}}, while: '${{ . < 40 }}', do: {list}")),
        1 => list().prop_map(|list| {
            format!("metadata: {{writ: {{concurrency: 2}}}}, for: {{in: '${{ [1, 2, 3] }}'}}, do: {list}, output: {{as: '${{ add }}'}}")
        }),
        1 => list().prop_map(|list| format!("fork: {{branches: {list}}}, output: {{as: '${{ add }}'}}")),
        1 => (list(), list()).prop_map(|(list, handler)| {
            format!("try: {list}, catch: {{retry: {{delay: {{milliseconds: 5}}, limit: {{attempt: {{count: 2}}}}}}, do: {handler}}}")
        }),
        1 => list().prop_map(|list| format!("try: {list}, catch: {{errors: {{with: {{status: 400}}}}}}, then: exit")),
    ]
    .boxed()
}

fn list_of(tasks: &[String]) -> String {
    let tasks: Vec<String> = (0..)
        .zip(tasks)
        .map(|(n, task): (u32, _)| format!("{{t{n}: {{{task}}}}}"))
        .collect();
    format!("[{}]", tasks.join(", "))
}

fn workflow() -> impl Strategy<Value = String> {
    prop::collection::vec(task(2), 1..4).prop_map(|tasks| format!("do: {}", list_of(&tasks)))
}

type End = (Option<serde_json::Value>, Option<u16>);

fn end(host: &Host<'_>) -> End {
    (
        host.run.output().cloned(),
        host.run.error().map(|error| error.status),
    )
}

/// What concurrent branches export depends on who is first, which a crash may change; without that the end is one.
fn has_one_end(body: &str) -> bool {
    !(body.contains("$context") && (body.contains("fork") || body.contains("concurrency")))
}

fn crash_everywhere(definition: &Definition, journal: &[(u64, Event)], expected: &End) {
    for crash in 1..journal.len() {
        let mut host = Host::recovered(definition, &journal[..crash]);
        host.strict = false;
        host.signal(Signal::Recovered).until_idle();
        assert!(host.run.status().is_final(), "crash after {crash} events");
        assert_eq!(end(&host), *expected, "crash after {crash} events");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_run_survives_a_crash_after_any_event(body in workflow()) {
        let definition = define(&body);
        let mut host = Host::new(&definition);
        host.run_to_end(json!(1));
        if has_one_end(&body) {
            crash_everywhere(&definition, &host.journal, &end(&host));
        }
    }

    #[test]
    fn a_wrong_journal_is_an_error_and_never_a_panic(
        body in workflow(),
        other in workflow(),
        swaps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..4),
    ) {
        let definition = define(&body);
        let foreign = define(&other);
        let mut host = Host::new(&definition);
        host.run_to_end(json!(1));
        let mut events: Vec<Event> = host.journal.into_iter().map(|(_, event)| event).collect();
        for (one, two) in swaps {
            let (one, two) = (one.index(events.len()), two.index(events.len()));
            events.swap(one, two);
        }
        for definition in [&definition, &foreign] {
            let mut run = Run::new(RunId::from_bytes([7; 16]));
            for event in &events {
                // An error says so; what matters is that nothing panics.
                let _ = run.apply(definition, event);
            }
        }
    }
}

#[test]
fn the_same_story_on_a_workflow_with_everything() {
    let body = r#"
timeout: {after: {hours: 1}}
input: {from: '${ .n }'}
do:
  - a: {call: 'echo:1.0.0@safe', with: {n: '${ . }', ms: 7}, output: {as: '${ .n }'}}
  - f:
      fork:
        branches:
          - x: {for: {in: '${ [1, 2] }'}, do: [{w: {wait: {milliseconds: 20}}}, {s: {set: '${ . + $item }'}}]}
          - y: {try: [{z: {call: 'flaky:1.0.0@pure', with: {until: 3}}}], catch: {retry: {delay: {milliseconds: 9}}}}
      timeout: {after: {minutes: 30}}
  - r: {try: [{boom: {raise: {error: {type: 'urn:x', status: 400}}}}], catch: {do: [{h: {set: '${ [., $error.status] }'}}]}}
output: {as: '${ {result: .} }'}
"#;
    let definition = define(body);
    let mut host = Host::new(&definition);
    host.run_to_end(json!({"n": 10}));
    assert_eq!(
        host.output(),
        json!({"result": [[13, {"attempt": 3}], 400]})
    );
    crash_everywhere(&definition, &host.journal, &end(&host));
}
