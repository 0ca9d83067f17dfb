//! JSON in, JSON out: good answers, error answers, bad arguments, and that nothing stays from call to call.

use serde_json::json;

use super::support::{TestPort, call, load, run};
use crate::{Fault, Limits};

const ARITHMETIC: &str = r#"
(component
  (core module $m
    (memory (export "memory") 1)
    (global $calls (mut i32) (i32.const 0))
    (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
    (func (export "count") (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1))) global.get $calls)
    (func (export "half") (param i32) (result i32)
      (i32.store8 (i32.const 0) (i32.and (local.get 0) (i32.const 1)))
      (i32.store (i32.const 4) (i32.shr_u (local.get 0) (i32.const 1)))
      i32.const 0)
    (func (export "nothing")))
  (core instance $i (instantiate $m))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
  (func (export "count") (result u32) (canon lift (core func $i "count")))
  (func (export "half") (param "n" u32) (result (result u32 (error u32)))
    (canon lift (core func $i "half") (memory (core memory $i "memory"))))
  (func (export "nothing") (canon lift (core func $i "nothing"))))"#;

#[tokio::test]
async fn answers_as_json() {
    let component = load(ARITHMETIC);
    let port = TestPort::default();
    let outcome = component
        .call(call("add", json!({ "a": 40, "b": 2 }), &port))
        .await;
    assert_eq!(outcome.result.unwrap(), json!(42));
    assert_eq!(
        component
            .call(call("nothing", json!({}), &port))
            .await
            .result
            .unwrap(),
        json!(null)
    );
    assert!(outcome.usage.memory_bytes_peak >= 65_536);
}

#[tokio::test]
async fn the_outermost_result_is_unwrapped() {
    let component = load(ARITHMETIC);
    let port = TestPort::default();
    assert_eq!(
        component
            .call(call("half", json!({ "n": 8 }), &port))
            .await
            .result
            .unwrap(),
        json!(4)
    );
    let fault = component
        .call(call("half", json!({ "n": 7 }), &port))
        .await
        .result
        .unwrap_err();
    assert!(matches!(fault, Fault::Guest { payload } if payload == json!(3)));
}

/// Two parts, each with a memory of its own, and a text that goes from one to the other: as QuickJS and composed components have.
const COMPOSED: &str = r#"
(component
  (component $inner
    (core module $m (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
      (func (export "length") (param i32 i32) (result i32) local.get 1))
    (core instance $i (instantiate $m))
    (func (export "length") (param "text" string) (result u32)
      (canon lift (core func $i "length") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  (component $outer
    (import "length" (func $length (param "text" string) (result u32)))
    (core module $libc (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 2048))
    (core instance $libc (instantiate $libc))
    (core func $lowered (canon lower (func $length) (memory (core memory $libc "memory"))))
    (core module $m
      (import "host" "length" (func $length (param i32 i32) (result i32)))
      (func (export "twice") (param i32 i32) (result i32)
        (i32.mul (i32.const 2) (call $length (local.get 0) (local.get 1)))))
    (core instance $i (instantiate $m (with "host" (instance (export "length" (func $lowered))))))
    (func (export "twice") (param "text" string) (result u32)
      (canon lift (core func $i "twice") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc")))))
  (instance $i (instantiate $inner))
  (instance $o (instantiate $outer (with "length" (func $i "length"))))
  (export "twice" (func $o "twice")))"#;

#[tokio::test]
async fn parts_of_a_component_pass_values_to_each_other() {
    let component = load(COMPOSED);
    let port = TestPort::default();
    let outcome = component
        .call(call("twice", json!({ "text": "words" }), &port))
        .await;
    assert_eq!(outcome.result.unwrap(), json!(10));
    assert!(
        outcome.usage.memory_bytes_peak >= 2 * 65_536,
        "both memories count"
    );
}

#[tokio::test]
async fn every_call_has_a_fresh_instance() {
    let component = load(ARITHMETIC);
    for _ in 0..3 {
        assert_eq!(
            run(&component, "count", Limits::default())
                .await
                .result
                .unwrap(),
            json!(1)
        );
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_the_guest_runs() {
    let component = load(ARITHMETIC);
    let port = TestPort::default();
    let wrong = component
        .call(call("add", json!({ "a": -1, "b": 2 }), &port))
        .await;
    assert!(matches!(wrong.result, Err(Fault::Arguments(_))));
    let unknown = component
        .call(call("subtract", json!({}), &port))
        .await
        .result
        .unwrap_err();
    assert!(
        unknown.to_string().contains("add, count, half, nothing"),
        "{unknown}"
    );
}

#[tokio::test]
async fn many_calls_at_once_wait_for_a_slot() {
    let component = load(ARITHMETIC);
    let calls: Vec<_> = (0..40_u32)
        .map(|n| {
            let component = component.clone();
            tokio::spawn(async move {
                component
                    .call(call("add", json!({ "a": n, "b": 1 }), &TestPort::default()))
                    .await
                    .result
                    .unwrap()
            })
        })
        .collect();
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), json!(n + 1));
    }
}

#[tokio::test]
async fn a_dropped_call_gives_its_slot_back() {
    let spinning = load(&super::support::around(
        "(func (export \"spin\") (loop (br 0)))",
        &["spin"],
    ));
    for _ in 0..6 {
        let call = spinning.call(call("spin", json!({}), &TestPort::default()));
        let cut = tokio::time::timeout(std::time::Duration::from_millis(20), call).await;
        assert!(cut.is_err());
    }
}
