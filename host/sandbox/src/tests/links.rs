//! What is linked and what is not: unknown imports, imports without a grant, imports linked to deny, and time.

use serde_json::json;
use writ_grant::Authority;

use super::support::{TestPort, authority, call, load, run, sandbox, try_load};
use crate::{Fault, Limits, LoadError};

fn importing(name: &str) -> String {
    format!(
        r#"(component (import "{name}" (instance (export "x" (func))))
           (core module $m (func (export "f"))) (core instance $i (instantiate $m))
           (func (export "f") (canon lift (core func $i "f"))))"#
    )
}

#[test]
fn what_the_host_does_not_have_is_refused_at_load() {
    for name in ["wasi:http/incoming-handler@0.2.0", "evil:corp/backdoor"] {
        let error = try_load(&sandbox(), &importing(name)).err().unwrap();
        assert!(
            matches!(&error, LoadError::UnknownImport { import, .. } if import == name),
            "{error}"
        );
    }
}

#[tokio::test]
async fn what_is_not_granted_is_refused_with_the_capability_and_a_remedy() {
    let component = load(
        r#"(component
          (import "wasi:config/store@0.2.0-rc.1" (instance
            (type $error' (variant (case "upstream" string) (case "io" string)))
            (export "error" (type $error (eq $error')))
            (export "get" (func (param "key" string) (result (result (option string) (error $error)))))))
          (core module $m (func (export "f"))) (core instance $i (instantiate $m))
          (func (export "f") (canon lift (core func $i "f"))))"#,
    );
    let error = component.check(&Authority::none("test")).unwrap_err();
    assert!(
        matches!(
            error,
            LoadError::NotGranted {
                capability: "config:read:KEY",
                ..
            }
        ),
        "{error}"
    );
    let outcome = run(&component, "f", Limits::default()).await;
    assert!(matches!(
        outcome.result,
        Err(Fault::Import(LoadError::NotGranted { .. }))
    ));
    component
        .check(&authority(&["config:read:region"]))
        .unwrap();
}

#[tokio::test]
async fn a_socket_call_ends_the_guest() {
    let component = load(
        r#"(component
          (import "wasi:sockets/network@0.2.0" (instance $net (export "network" (type (sub resource)))))
          (alias export $net "network" (type $network))
          (import "wasi:sockets/instance-network@0.2.0" (instance $in
            (alias outer 1 $network (type $n)) (export "network" (type $own (eq $n)))
            (export "instance-network" (func (result (own $own))))))
          (core func $open (canon lower (func $in "instance-network")))
          (core module $m (import "host" "open" (func $open (result i32)))
            (func (export "quiet")) (func (export "dial") (drop (call $open))))
          (core instance $i (instantiate $m (with "host" (instance (export "open" (func $open))))))
          (func (export "quiet") (canon lift (core func $i "quiet")))
          (func (export "dial") (canon lift (core func $i "dial"))))"#,
    );
    assert!(
        run(&component, "quiet", Limits::default())
            .await
            .result
            .is_ok()
    );
    let fault = run(&component, "dial", Limits::default())
        .await
        .result
        .unwrap_err();
    assert!(
        matches!(&fault, Fault::Unavailable { function, .. } if function == "instance-network"),
        "{fault}"
    );
}

/// Sleeps a million seconds, then reads the clock.
pub(super) const SLEEPER: &str = r#"
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $p)) (export "pollable" (type $own (eq $p)))
    (export "now" (func (result u64)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $own))))))
  (core func $after (canon lower (func $clock "subscribe-duration")))
  (core func $now (canon lower (func $clock "now")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core module $m
    (import "host" "after" (func $after (param i64) (result i32)))
    (import "host" "now" (func $now (result i64)))
    (import "host" "block" (func $block (param i32)))
    (func (export "nap") (result i64)
      (call $block (call $after (i64.const 1000000000000000))) (call $now)))
  (core instance $i (instantiate $m (with "host" (instance
    (export "after" (func $after)) (export "now" (func $now)) (export "block" (func $block))))))
  (func (export "nap") (result u64) (canon lift (core func $i "nap"))))"#;

#[tokio::test]
async fn sleeping_takes_no_time_and_moves_the_guests_clock() {
    let component = load(SLEEPER);
    let outcome = run(&component, "nap", Limits::default()).await;
    assert_eq!(outcome.result.unwrap(), json!(1_000_000_000_001_000_u64));
}

#[tokio::test]
async fn real_sleep_ends_at_the_wall() {
    let component = load(SLEEPER);
    let call = call("nap", json!({}), &TestPort::default());
    let limits = Limits {
        wall_ms_max: 30,
        ..Limits::default()
    };
    let outcome = component
        .call(crate::Call {
            authority: authority(&["clock:real"]),
            limits,
            ..call
        })
        .await;
    assert!(matches!(
        outcome.result,
        Err(Fault::Limit {
            limit: "wall_ms_max",
            ..
        })
    ));
}
