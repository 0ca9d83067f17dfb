//! Kept instances: they keep their state, need no runtime, and die at a limit.

use writ_plugin::Value;

use super::support::load;
use crate::{Fault, Limits};

const COUNTER: &str = r#"
(component
  (import "wasi:cli/environment@0.2.0" (instance (export "get-arguments" (func (result (list string))))))
  (core module $m
    (memory (export "memory") 1)
    (global $calls (mut i32) (i32.const 0))
    (func (export "count") (param i32) (result i32)
      (global.set $calls (i32.add (global.get $calls) (local.get 0))) global.get $calls)
    (func (export "spin") (loop (br 0)))
    (func (export "fail") (result i32) (i32.store8 (i32.const 0) (i32.const 1)) (i32.store (i32.const 4) (i32.const 9))
      i32.const 0)
    (func (export "grow") (loop (drop (memory.grow (i32.const 16))) (br 0))))
  (core instance $i (instantiate $m))
  (func (export "count") (param "by" u32) (result u32) (canon lift (core func $i "count")))
  (func (export "fail") (result (result (error u32))) (canon lift (core func $i "fail") (memory (core memory $i "memory"))))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "grow") (canon lift (core func $i "grow"))))"#;

fn limits() -> Limits {
    Limits {
        cpu_ms_max: 50,
        memory_bytes_max: 8 * 1024 * 1024,
        ..Limits::default()
    }
}

#[tokio::test]
async fn keeps_state_between_calls_and_survives_error_answers() {
    let mut warm = load(COUNTER).warm(limits()).await.unwrap();
    assert_eq!(warm.call("count", &[Value::U32(2)]).unwrap(), Value::U32(2));
    assert!(
        matches!(warm.call("fail", &[]), Err(Fault::Guest { payload }) if payload == serde_json::json!(9))
    );
    assert!(matches!(
        warm.call("nothing", &[]),
        Err(Fault::UnknownFunction { .. })
    ));
    assert!(!warm.is_dead());
    assert_eq!(warm.call("count", &[Value::U32(3)]).unwrap(), Value::U32(5));
}

#[tokio::test]
async fn dies_at_a_limit() {
    let component = load(COUNTER);
    for (function, named) in [("spin", "cpu_ms_max"), ("grow", "memory_bytes_max")] {
        let mut warm = component.warm(limits()).await.unwrap();
        let fault = warm.call(function, &[]).unwrap_err();
        assert!(
            matches!(fault, Fault::Limit { limit, .. } if limit == named),
            "{function}: {fault}"
        );
        assert!(warm.is_dead());
        assert!(warm.call("count", &[Value::U32(1)]).is_err());
    }
}
