//! Every limit, with a component that exceeds it. The outcome names the limit, and the host goes on.

use serde_json::json;

use super::support::{TestPort, around, call, load, run};
use crate::{Call, Fault, Limits, Outcome};

fn limit_of(outcome: &Outcome) -> &'static str {
    match &outcome.result {
        Err(Fault::Limit { limit, .. }) => limit,
        other => panic!("not a limit: {other:?}"),
    }
}

const GREEDY: &str = r#"
  (memory (export "memory") 1)
  (table $t 0 funcref)
  (func $deep (export "deep") (call $deep))
  (func (export "spin") (loop (br 0)))
  (func (export "grow") (loop (drop (memory.grow (i32.const 16))) (br 0)))
  (func (export "table") (loop (drop (table.grow $t (ref.null func) (i32.const 1000))) (br 0)))
  (func (export "fill") (drop (memory.grow (i32.const 3000)))
    (loop (memory.fill (i32.const 0) (i32.const 7) (i32.const 196000000)) (br 0)))
  (func (export "trap") unreachable)"#;

fn small() -> Limits {
    Limits {
        cpu_ms_max: 50,
        ..Limits::default()
    }
}

#[tokio::test]
async fn guests_that_take_too_much_are_stopped() {
    let component = load(&around(
        GREEDY,
        &["deep", "spin", "grow", "table", "fill", "trap"],
    ));
    for (function, limit) in [
        ("deep", "stack_bytes_max"),
        ("spin", "cpu_ms_max"),
        ("grow", "memory_bytes_max"),
        ("table", "table_elements_max"),
        ("fill", "cpu_ms_max"),
    ] {
        assert_eq!(
            limit_of(&run(&component, function, small()).await),
            limit,
            "{function}"
        );
    }
    let trapped = run(&component, "trap", small()).await.result.unwrap_err();
    assert!(
        matches!(&trapped, Fault::Trap { message, .. } if message.contains("unreachable")),
        "{trapped}"
    );
}

#[tokio::test]
async fn time_on_the_wall_is_bounded_too() {
    let component = load(&around(GREEDY, &["spin"]));
    let limits = Limits {
        wall_ms_max: 30,
        ..Limits::default()
    };
    assert_eq!(
        limit_of(&run(&component, "spin", limits).await),
        "wall_ms_max"
    );
}

#[tokio::test]
async fn a_guest_that_spins_does_not_hold_up_others_on_its_thread() {
    let spinning = load(&around(GREEDY, &["spin"]));
    let spin = tokio::spawn(async move { run(&spinning, "spin", small()).await });
    // One thread: this only goes on when the guest gives way.
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    assert_eq!(limit_of(&spin.await.unwrap()), "cpu_ms_max");
}

#[tokio::test]
async fn a_start_function_that_never_ends_is_stopped() {
    let component = load(&around(
        "(func $s (loop (br 0))) (start $s) (func (export \"f\"))",
        &["f"],
    ));
    assert_eq!(limit_of(&run(&component, "f", small()).await), "cpu_ms_max");
}

#[tokio::test]
async fn initial_memory_and_tables_count() {
    let memory = load(&around(
        "(memory (export \"memory\") 100) (func (export \"f\"))",
        &["f"],
    ));
    let limits = Limits {
        memory_bytes_max: 1_000_000,
        ..small()
    };
    assert_eq!(
        limit_of(&run(&memory, "f", limits).await),
        "memory_bytes_max"
    );
    let table = load(&around(
        "(table 300000 funcref) (func (export \"f\"))",
        &["f"],
    ));
    assert_eq!(
        limit_of(&run(&table, "f", small()).await),
        "table_elements_max"
    );
}

#[tokio::test]
async fn a_component_of_very_many_instances_is_stopped() {
    let instances = "(core instance (instantiate $m))".repeat(300);
    let text = format!(
        r#"(component (core module $m (func (export "f"))) (core instance $i (instantiate $m)) {instances}
           (func (export "f") (canon lift (core func $i "f"))))"#
    );
    assert_eq!(
        limit_of(&run(&load(&text), "f", small()).await),
        "instances_max"
    );
}

#[tokio::test]
async fn a_component_too_big_for_a_slot_runs_outside_the_pool() {
    let instances = "(core instance (instantiate $m))".repeat(60);
    let text = format!(
        r#"(component (core module $m (memory 1) (func (export "f"))) (core instance $i (instantiate $m)) {instances}
           (func (export "f") (canon lift (core func $i "f"))))"#
    );
    let outcome = run(&load(&text), "f", small()).await;
    assert_eq!(outcome.result.unwrap(), json!(null));
    assert_eq!(outcome.usage.memory_bytes_peak, 61 * 65_536);
}

/// A function whose answer is a string of so many bytes, from a fixed place in memory.
fn string_of(bytes: u32) -> String {
    let pages = bytes / 65_536 + 2;
    format!(
        r#"(component
          (core module $m
            (memory (export "memory") {pages})
            (func (export "text") (result i32)
              (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const {bytes})) i32.const 0))
          (core instance $i (instantiate $m))
          (func (export "text") (result string) (canon lift (core func $i "text") (memory (core memory $i "memory")))))"#
    )
}

#[tokio::test]
async fn answers_and_arguments_are_bounded() {
    let limits = Limits {
        output_bytes_max: 10_000,
        argument_bytes_max: 10_000,
        ..small()
    };
    let over = load(&string_of(20_000));
    assert_eq!(
        limit_of(&run(&over, "text", limits.clone()).await),
        "output_bytes_max"
    );
    // So large that the engine must not even take it out of the guest.
    let huge = load(&string_of(200_000_000));
    assert_eq!(
        limit_of(&run(&huge, "text", limits.clone()).await),
        "output_bytes_max"
    );
    let call = call(
        "text",
        json!({ "padding": "x".repeat(20_000) }),
        &TestPort::default(),
    );
    assert_eq!(
        limit_of(&over.call(Call { limits, ..call }).await),
        "argument_bytes_max"
    );
}

const HOST_CALLS: &str = r#"
(component
  (import "wasi:random/insecure@0.2.0" (instance $random (export "get-insecure-random-u64" (func (result u64)))))
  (core func $draw (canon lower (func $random "get-insecure-random-u64")))
  (core module $m
    (import "host" "draw" (func $draw (result i64)))
    (func (export "flood") (loop (drop (call $draw)) (br 0)))
    (func (export "some") (local i32)
      (loop (drop (call $draw)) (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (br_if 0 (i32.lt_u (local.get 0) (i32.const 20)))))
    (func (export "draw") (result i64) (call $draw)))
  (core instance $i (instantiate $m (with "host" (instance (export "draw" (func $draw))))))
  (func (export "flood") (canon lift (core func $i "flood")))
  (func (export "some") (canon lift (core func $i "some")))
  (func (export "draw") (result u64) (canon lift (core func $i "draw"))))"#;

#[tokio::test]
async fn host_calls_and_randomness_are_counted() {
    let component = load(HOST_CALLS);
    let limits = Limits {
        host_calls_max: 1_000,
        ..Limits::default()
    };
    assert_eq!(
        limit_of(&run(&component, "flood", limits).await),
        "host_calls_max"
    );
    // Over before the next tick could notice: found at the end.
    let limits = Limits {
        host_calls_max: 19,
        ..Limits::default()
    };
    assert_eq!(
        limit_of(&run(&component, "some", limits).await),
        "host_calls_max"
    );
    let limits = Limits {
        random_bytes_max: 80,
        ..Limits::default()
    };
    assert_eq!(
        limit_of(&run(&component, "flood", limits).await),
        "random_bytes_max"
    );
    let fine = run(
        &component,
        "some",
        Limits {
            host_calls_max: 20,
            ..Limits::default()
        },
    )
    .await;
    assert_eq!((fine.result.is_ok(), fine.usage.host_calls), (true, 20));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bits() {
    let component = load(HOST_CALLS);
    let mut drawn = Vec::new();
    for seed in [1, 1, 2] {
        let call = call("draw", json!({}), &TestPort::default());
        drawn.push(component.call(Call { seed, ..call }).await.result.unwrap());
    }
    assert_eq!(drawn[0], drawn[1]);
    assert_ne!(drawn[0], drawn[2]);
}

/// Makes pollables and never drops them.
const POLLABLES: &str = r#"
(component
  (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $p)) (export "pollable" (type $own (eq $p)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $own))))))
  (core func $after (canon lower (func $clock "subscribe-duration")))
  (core module $m
    (import "host" "after" (func $after (param i64) (result i32)))
    (func (export "hoard") (loop (drop (call $after (i64.const 1))) (br 0))))
  (core instance $i (instantiate $m (with "host" (instance (export "after" (func $after))))))
  (func (export "hoard") (canon lift (core func $i "hoard"))))"#;

#[tokio::test]
async fn handles_are_bounded() {
    assert_eq!(
        limit_of(&run(&load(POLLABLES), "hoard", Limits::default()).await),
        "handles_max"
    );
}
