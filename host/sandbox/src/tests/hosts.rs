//! Host functions without a guest: what each asks the policy, what it records, and that the record gives the same answers.

use serde_json::json;
use wasmtime_wasi::p2::bindings::cli::environment;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::random::random;

use super::support::{TestPort, load, run, state};
use crate::bindings::wasi::config::store as config;
use crate::bindings::wasi::keyvalue::{atomics, store as keyvalue};
use crate::{Fault, Limits};
use keyvalue::HostBucket;

#[test]
fn a_bucket_opens_with_a_grant_only_and_each_access_is_asked() {
    let port = TestPort::default();
    let mut state = state(&["kv:read:notes"], &port);
    let refused = keyvalue::Host::open(&mut state, "other".into()).unwrap();
    assert!(matches!(refused, Err(keyvalue::Error::AccessDenied)));
    let open = |state: &mut _| {
        keyvalue::Host::open(state, "notes".into())
            .unwrap()
            .unwrap()
    };
    let bucket = open(&mut state);
    assert_eq!(
        HostBucket::get(&mut state, bucket, "k".into())
            .unwrap()
            .unwrap(),
        None
    );
    let bucket = open(&mut state);
    let refused = HostBucket::set(&mut state, bucket, "k".into(), b"v".to_vec()).unwrap();
    assert!(matches!(refused, Err(keyvalue::Error::AccessDenied)));
    let bucket = open(&mut state);
    let refused = atomics::Host::increment(&mut state, bucket, "k".into(), 1).unwrap();
    assert!(matches!(refused, Err(keyvalue::Error::AccessDenied)));
    let story = port.0.lock();
    let denied: Vec<_> = story
        .denied
        .iter()
        .map(|denied| denied.capability.to_string())
        .collect();
    assert_eq!(
        denied,
        ["kv:write:other", "kv:write:notes", "kv:write:notes"]
    );
    let recorded: Vec<_> = story
        .recorded
        .iter()
        .map(|(call, _, grant)| (call.function.as_str(), grant.as_str()))
        .collect();
    assert_eq!(recorded, [("get", "kv:read:notes")]);
}

#[test]
fn recorded_operations_are_not_done_again() {
    let capabilities = ["kv:read:n", "kv:write:n"];
    let increment = |port: &TestPort, delta| {
        let mut state = state(&capabilities, port);
        let bucket = keyvalue::Host::open(&mut state, "n".into())
            .unwrap()
            .unwrap();
        let answer = atomics::Host::increment(&mut state, bucket, "k".into(), delta);
        (answer.map(|answer| answer.unwrap()).ok(), state.take_stop())
    };
    let first = TestPort::default();
    assert_eq!(increment(&first, 5).0, Some(5));
    let again = TestPort::replaying(&first);
    assert_eq!(increment(&again, 5).0, Some(5));
    assert_eq!(again.0.lock().number, 0);
    let other = TestPort::replaying(&first);
    let (answer, stop) = increment(&other, 6);
    assert!(answer.is_none() && matches!(stop, Some(Fault::Diverged { .. })));
}

#[test]
fn config_shows_the_granted_keys() {
    let port = TestPort::default();
    let mut state = state(&["config:read:region", "config:read:unset"], &port);
    let get = |state: &mut _, key: &str| config::Host::get(state, key.into()).unwrap();
    assert_eq!(get(&mut state, "region").unwrap(), Some("north".into()));
    assert_eq!(get(&mut state, "unset").unwrap(), None);
    assert!(
        matches!(get(&mut state, "password"), Err(config::Error::Upstream(text)) if text.contains("password"))
    );
    assert_eq!(
        config::Host::get_all(&mut state).unwrap().unwrap(),
        [("region".to_owned(), "north".to_owned())]
    );
    assert_eq!(port.0.lock().denied.len(), 1);
}

#[test]
fn the_environment_holds_what_was_granted() {
    let port = TestPort::default();
    let mut state_with = state(
        &[
            "env:read:TONE",
            "env:read:WRIT_IDEMPOTENCY_KEY",
            "env:read:PATH",
        ],
        &port,
    );
    let seen = environment::Host::get_environment(&mut state_with).unwrap();
    assert_eq!(
        seen,
        [
            ("TONE".to_owned(), "dry".to_owned()),
            ("WRIT_IDEMPOTENCY_KEY".to_owned(), "key-1".to_owned())
        ]
    );
    assert_eq!(port.0.lock().recorded.len(), 3);
    assert!(
        environment::Host::get_environment(&mut state(&[], &port))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn virtual_clocks_are_the_same_in_every_run() {
    let mut state = state(&[], &TestPort::default());
    let first = wall_clock::Host::now(&mut state).unwrap();
    assert_eq!((first.seconds, first.nanoseconds), (1, 1_000));
    assert_eq!(monotonic_clock::Host::now(&mut state).unwrap(), 2_000);
}

#[test]
fn real_clocks_and_randomness_are_recorded_and_recalled() {
    let live = |port: &TestPort| {
        let mut state = state(&["clock:real", "random:real"], port);
        let wall = wall_clock::Host::now(&mut state).unwrap();
        let bytes = random::Host::get_random_bytes(&mut state, 12).unwrap();
        (
            wall.seconds,
            wall.nanoseconds,
            monotonic_clock::Host::now(&mut state).unwrap(),
            bytes,
        )
    };
    let port = TestPort::default();
    let first = live(&port);
    assert!(first.0 > 1_600_000_000);
    assert_eq!(port.0.lock().recorded.len(), 3);
    let again = TestPort::replaying(&port);
    assert_eq!(live(&again), first);
    assert!(again.0.lock().recorded.is_empty());
}

#[tokio::test]
async fn a_panic_of_the_host_is_a_fault_of_the_call() {
    let component = load(
        r#"(component
          (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))))
          (core func $now (canon lower (func $clock "now")))
          (core module $m (import "host" "now" (func $now (result i64))) (func (export "look") (drop (call $now))))
          (core instance $i (instantiate $m (with "host" (instance (export "now" (func $now))))))
          (func (export "look") (canon lift (core func $i "look"))))"#,
    );
    struct Broken;
    impl crate::Port for Broken {
        fn intended(&mut self, _: &crate::HostCall) -> crate::Durable<'_> {
            Box::pin(async { Ok(()) })
        }
        fn answered(
            &mut self,
            _: crate::HostCall,
            _: serde_json::Value,
            _: &writ_grant::Capability,
        ) -> crate::Durable<'_> {
            Box::pin(async { Ok(()) })
        }
        fn expected(&self) -> Option<crate::HostCall> {
            None
        }

        fn recall(&mut self, _: &crate::HostCall) -> Option<crate::Recalled> {
            panic!("the port broke")
        }
        fn record(&mut self, _: crate::HostCall, _: serde_json::Value, _: &writ_grant::Capability) {
        }
        fn keyvalue(
            &mut self,
            _: crate::KvOperation,
            _: &writ_grant::Capability,
        ) -> Result<crate::KvAnswer, crate::KvError> {
            Err(crate::KvError::NoSuchStore)
        }
        fn tool_called(
            &mut self,
            _: &crate::HostCall,
            _: &[String],
            _: &writ_grant::Capability,
        ) -> crate::ToolRecord {
            crate::ToolRecord::New
        }
        fn tool_returned(&mut self, _: Option<serde_json::Value>) {}
        fn lost(&self) -> Option<crate::PortError> {
            None
        }
        fn recorded_bytes(&self) -> u64 {
            0
        }
        fn denied(&mut self, _: &writ_grant::Denied) {}
        fn opened(&mut self, _: crate::FileNote) {}
        fn log(&mut self, _: &str, _: &str) {}
    }
    let call = super::support::call("look", json!({}), &TestPort::default());
    let authority = super::support::authority(&["clock:real"]);
    let outcome = component
        .call(crate::Call {
            authority,
            port: Box::new(Broken),
            ..call
        })
        .await;
    assert!(
        matches!(outcome.result, Err(Fault::Host { message }) if message.contains("the port broke"))
    );
    assert!(
        run(&component, "look", Limits::default())
            .await
            .result
            .is_ok()
    );
}

#[tokio::test]
async fn what_can_not_be_recorded_ends_the_call() {
    let component = load(
        r#"(component
          (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))))
          (core func $now (canon lower (func $clock "now")))
          (core module $m (import "host" "now" (func $now (result i64)))
            (func (export "look") (drop (call $now)) (drop (call $now))))
          (core instance $i (instantiate $m (with "host" (instance (export "now" (func $now))))))
          (func (export "look") (canon lift (core func $i "look"))))"#,
    );
    for lost in [None, Some(crate::PortError("too long".to_owned()))] {
        let port = TestPort::default();
        port.0.lock().lost.clone_from(&lost);
        let call = super::support::call("look", json!({}), &port);
        let authority = super::support::authority(&["clock:real"]);
        let outcome = component.call(crate::Call { authority, ..call }).await;
        match lost {
            None => assert_eq!(
                (outcome.result.is_ok(), port.0.lock().recorded.len()),
                (true, 2)
            ),
            Some(_) => assert!(
                matches!(&outcome.result, Err(Fault::Host { message }) if message.contains("could not be recorded: too long")),
                "{:?}",
                outcome.result
            ),
        }
    }
}
