//! A call of a component by a component, beside the same two calls made by the host one after the other.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use writ_grant::Authority;
use writ_sandbox::{
    Call, Component, Fault, Limits, ResolvedFolders, Sandbox, Settings, Tool, Tools,
};

use crate::guest;
use crate::report::{Report, in_turn};
use crate::sandbox::runtime;

const CALLS: u32 = 2_000;
const ROUNDS: u32 = 9;

/// `go(times)`: calls `adder/add` so many times.
const CALLER: &str = r#"(component
    (import "writ:agent/tools@0.1.0" (instance $tools
        (type $d (record (field "capability" string) (field "remedy" string)))
        (export "denial" (type $denial (eq $d)))
        (type $m (record (field "place" string) (field "what" string)))
        (export "mismatch" (type $mismatch (eq $m)))
        (type $b (record (field "name" string) (field "allowed" u64)))
        (export "bound" (type $bound (eq $b)))
        (type $e (variant (case "denied" $denial) (case "unknown" string) (case "invalid-arguments" $mismatch)
            (case "failed" string) (case "too-deep" u32) (case "cycle" (list string)) (case "limit" $bound)))
        (export "tool-error" (type $error (eq $e)))
        (export "call" (func (param "tool" string) (param "arguments" string) (result (result string (error $error)))))))
    (core module $libc
        (memory (export "memory") 1)
        (data (i32.const 16) "adder/add")
        (data (i32.const 64) "{\"a\":1,\"b\":2}")
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
    (core instance $libc (instantiate $libc))
    (core func $call (canon lower (func $tools "call") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
    (core module $m
        (import "libc" "memory" (memory 1))
        (import "host" "call" (func $call (param i32 i32 i32 i32 i32)))
        (func (export "go") (param $times i32) (result i32)
            (local $failed i32)
            (loop $again
                (if (local.get $times) (then
                    (call $call (i32.const 16) (i32.const 9) (i32.const 64) (i32.const 13) (i32.const 1024))
                    (local.set $failed (i32.add (local.get $failed) (i32.load8_u (i32.const 1024))))
                    (local.set $times (i32.sub (local.get $times) (i32.const 1)))
                    (br $again))))
            (local.get $failed)))
    (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "host" (instance (export "call" (func $call))))))
    (func (export "go") (param "times" u32) (result u32) (canon lift (core func $i "go"))))"#;

/// One tool.
struct Adder(Component);

impl Tools for Adder {
    fn find(&self, _: &str, _: &str) -> Option<Tool> {
        Some(Tool {
            component: self.0.clone(),
            authority: Authority::none("adder"),
            folders: ResolvedFolders::new(),
            limits: Limits::default(),
            idempotent: false,
            settings: Arc::new(Settings::default()),
        })
    }

    fn problem(&self, _: &str, _: &str, fault: Fault) -> Json {
        Json::from(fault.to_string())
    }
}

pub(crate) fn measure(report: &mut Report) {
    let runtime = runtime();
    let sandbox = Sandbox::new(writ_sandbox::Config::default()).expect("the engine starts");
    let adder = guest::load_into(&sandbox, &guest::adder());
    let caller = guest::load_into(&sandbox, &guest::with_manifest(CALLER));
    let authority = guest::authority("bench", &["tool:call:adder/add"], ".");
    let none = Authority::none("bench");
    let settings = Arc::new(Settings::default());
    let tools: Arc<dyn Tools> = Arc::new(Adder(adder.clone()));
    let call = |times: u32| {
        let call = guest::call("go", json!({ "times": times }), &authority, &settings);
        let call = Call {
            tools: Arc::clone(&tools),
            ..call
        };
        let outcome = runtime.block_on(caller.call(call));
        assert_eq!(outcome.result.ok(), Some(json!(0)), "the tool answers");
    };
    let add = || {
        let arguments = json!({ "a": 1, "b": 2 });
        let call = guest::call("add", arguments, &none, &settings);
        assert!(runtime.block_on(adder.call(call)).result.is_ok(), "it adds");
    };
    let (plain, nested) = in_turn(
        ROUNDS,
        || {
            for _ in 0..CALLS {
                call(0);
                add();
            }
        },
        || (0..CALLS).for_each(|_| call(1)),
    );
    let us = |seconds: f64| seconds * 1e6 / f64::from(CALLS);
    report.line("tools.two-calls-by-the-host", us(plain), "us");
    report.line("tools.call-with-a-tool-call", us(nested), "us");
    report.line("tools.call-ratio", nested / plain, "times");
}
