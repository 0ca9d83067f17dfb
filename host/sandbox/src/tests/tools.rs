//! Components that call each other: what is asked, recorded and refused; who may do what on a chain; that nobody waits for a slot that
//! the own chain holds; and that a caller lives on, whatever becomes of its callee.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::links::SLEEPER;
use super::support::{TestPort, around, authority, call, state, try_load};
use crate::bindings::writ::agent::tools::{Host, ToolCall, ToolError};
use crate::state::State;
use crate::tools::{Chain, Tool, Tools};
use crate::{Authority, Component, Config, Fault, Limits, ResolvedFolders, Sandbox, Settings};

/// Tools by plugin: the component, and what it may do by itself.
#[derive(Clone, Default)]
struct Registry(BTreeMap<String, (Component, Authority, Limits)>);

impl Tools for Registry {
    fn find(&self, plugin: &str, function: &str) -> Option<Tool> {
        let (component, authority, limits) = self.0.get(plugin)?.clone();
        component.plugin().function(function)?;
        Some(Tool {
            component,
            authority,
            folders: ResolvedFolders::new(),
            limits,
            settings: Arc::new(Settings::default()),
            idempotent: false,
        })
    }

    fn problem(&self, plugin: &str, function: &str, fault: Fault) -> Json {
        let limit = if let Fault::Limit { limit, .. } = &fault {
            *limit
        } else {
            ""
        };
        json!({ "of": format!("{plugin}/{function}"), "detail": fault.to_string(), "limit": limit })
    }
}

impl Registry {
    fn add(&mut self, sandbox: &Sandbox, plugin: &str, text: &str, capabilities: &[&str]) {
        let component = try_load(sandbox, text).unwrap();
        let limits = Limits {
            cpu_ms_max: 200,
            memory_bytes_max: 8 << 20,
            ..Limits::default()
        };
        self.0.insert(
            plugin.to_owned(),
            (component, authority(capabilities), limits),
        );
    }
}

fn one_at_a_time() -> Sandbox {
    Sandbox::new(Config {
        concurrency: 1,
        ..Config::default()
    })
    .unwrap()
}

const ADDER: &str = r#"(component
  (core module $m (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (core instance $i (instantiate $m))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add"))))"#;

/// `look`: the monotonic clock, which is small unless it is the real one.
const LOOKER: &str = r#"(component
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))))
  (core func $now (canon lower (func $clock "now")))
  (core module $m (import "host" "now" (func $now (result i64))) (func (export "look") (result i64) (call $now)))
  (core instance $i (instantiate $m (with "host" (instance (export "now" (func $now))))))
  (func (export "look") (result u64) (canon lift (core func $i "look"))))"#;

/// `go`: calls one tool without arguments; 0 when it answered, else the number of its error case, from 1.
fn relay(tool: &str) -> String {
    let length = tool.len();
    format!(
        r#"(component
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
    (memory (export "memory") 2)
    (data (i32.const 16) "{tool}")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
  (core instance $libc (instantiate $libc))
  (core func $call (canon lower (func $tools "call") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core module $main
    (import "libc" "memory" (memory 1))
    (import "host" "call" (func $call (param i32 i32 i32 i32 i32)))
    (data (i32.const 1024) "{{}}")
    (func (export "go") (result i32)
      (call $call (i32.const 16) (i32.const {length}) (i32.const 1024) (i32.const 2) (i32.const 2048))
      (if (result i32) (i32.load8_u (i32.const 2048))
        (then (i32.add (i32.const 1) (i32.load8_u (i32.const 2056))))
        (else (i32.const 0)))))
  (core instance $i (instantiate $main (with "libc" (instance $libc)) (with "host" (instance (export "call" (func $call))))))
  (func (export "go") (result u32) (canon lift (core func $i "go"))))"#
    )
}

/// A guest's side of a call, with these tools granted and there.
fn with_tools(capabilities: &[&str], port: &TestPort, registry: &Registry) -> State {
    let mut state = state(capabilities, port);
    let chain = Chain::start("test", "run");
    state.toolbox =
        crate::interface::tools::Toolbox::new(Arc::new(registry.clone()), chain, 1_000, 7);
    state
}

async fn ask(state: &mut State, tool: &str, arguments: &str) -> Result<String, ToolError> {
    let answer = Host::call(state, tool.to_owned(), arguments.to_owned()).await;
    answer.expect("the caller lives on")
}

fn adder() -> Registry {
    let mut registry = Registry::default();
    registry.add(&one_at_a_time(), "adder", ADDER, &[]);
    registry
}

#[tokio::test]
async fn a_granted_tool_answers_and_all_of_it_is_recorded() {
    let port = TestPort::default();
    let mut state = with_tools(&["tool:call:adder/add"], &port, &adder());
    let answer = ask(&mut state, "adder/add", r#"{"a":1,"b":2}"#).await;
    assert_eq!(answer.unwrap(), "3");
    let mut story = port.0.lock();
    let (chain, call, grant) = story.called.remove(0);
    assert_eq!(chain, ["test/run", "adder/add"]);
    assert_eq!(
        call.to_string(),
        r#"writ:agent/tools call {"tool":"adder/add","arguments":{"a":1,"b":2}}"#
    );
    assert_eq!(grant, "tool:call:adder/add");
    assert_eq!(story.returned, [Some(json!({ "Ok": 3 }))]);
}

#[tokio::test]
async fn what_is_not_granted_is_denied_before_anybody_looks_whether_it_is_there() {
    let port = TestPort::default();
    let mut state = with_tools(&["tool:call:other/f"], &port, &adder());
    for tool in ["adder/add", "nobody/f", "adder", "../x", ""] {
        let Err(ToolError::Denied(denial)) = ask(&mut state, tool, "{}").await else {
            panic!("{tool} was not denied")
        };
        assert!(denial.capability.starts_with("tool:call:"), "{tool}");
    }
    let story = port.0.lock();
    assert_eq!(
        story.denied[0].capability.to_string(),
        "tool:call:adder/add"
    );
    assert_eq!((story.denied.len(), story.called.len()), (5, 0));
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_with_their_place() {
    let port = TestPort::default();
    let granted = [
        "tool:call:adder/add",
        "tool:call:adder/sub",
        "tool:call:gone/f",
    ];
    let mut state = with_tools(&granted, &port, &adder());
    for (arguments, place, what) in [
        (r#"{"a":1,"b":"x"}"#, "/b", "expected"),
        (r#"{"a":1}"#, "", "needs argument `b`"),
        (r#"{"a":1,"b":2,"c":3}"#, "", "no argument `c`"),
        ("[1,2]", "", "an object of arguments"),
        ("{", "", "not JSON"),
        ("", "", "not JSON"),
        (&"[".repeat(500), "", "not JSON"),
        (
            &format!("{}{}", "[".repeat(110), "]".repeat(110)),
            "",
            "deep",
        ),
    ] {
        let Err(ToolError::InvalidArguments(mismatch)) =
            ask(&mut state, "adder/add", arguments).await
        else {
            panic!("{arguments} fitted")
        };
        assert_eq!(mismatch.place, place, "{arguments}");
        assert!(mismatch.what.contains(what), "{}", mismatch.what);
    }
    for tool in ["adder/sub", "gone/f"] {
        let unknown = ask(&mut state, tool, "{}").await;
        assert!(matches!(unknown, Err(ToolError::Unknown(what)) if what.contains(tool)));
    }
    // What could not be read is in the record as the text it was; JSON that is too deep for a record too.
    let story = port.0.lock();
    let noted = |i: usize| story.called[i].1.arguments["arguments"].clone();
    assert_eq!((noted(4), noted(6)), (json!("{"), json!("[".repeat(500))));
    assert!(noted(7).is_string());
    assert_eq!(story.called.len(), story.returned.len());
}

#[tokio::test]
async fn bytes_and_calls_are_bounded() {
    let port = TestPort::default();
    let mut state = with_tools(&["tool:call:adder/add"], &port, &adder());
    let limit = |answer| {
        if let Err(ToolError::Limit(bound)) = answer {
            (bound.name, bound.allowed)
        } else {
            panic!("{answer:?}")
        }
    };
    let long = format!("{{\"a\":1,\"b\":2}}{}", " ".repeat(1 << 20));
    assert_eq!(
        limit(ask(&mut state, "adder/add", &long).await),
        ("tool_bytes_max".to_owned(), 1 << 20)
    );
    state.limits.tool_calls_max = 3;
    for _ in 0..2 {
        assert!(
            ask(&mut state, "adder/add", r#"{"a":1,"b":2}"#)
                .await
                .is_ok()
        );
    }
    for _ in 0..100 {
        let refused = limit(ask(&mut state, "adder/add", r#"{"a":1,"b":2}"#).await);
        assert_eq!(refused, ("tool_calls_max".to_owned(), 3));
    }
    // A flood of refusals is no flood in the record.
    assert_eq!(port.0.lock().called.len(), 2);
    let mut state = with_tools(&["tool:call:adder/add"], &port, &adder());
    state.limits.tool_bytes_total_max = 20;
    assert!(
        ask(&mut state, "adder/add", r#"{"a":1,"b":2}"#)
            .await
            .is_ok()
    );
    let refused = limit(ask(&mut state, "adder/add", r#"{"a":1,"b":2}"#).await);
    assert_eq!(refused.0, "tool_bytes_total_max");
    // Too long an answer: the bound is the caller's, not the callee's.
    let mut registry = Registry::default();
    registry.add(&one_at_a_time(), "relay", &relay("adder/add"), &[]);
    let mut state = with_tools(&["tool:call:relay/go"], &port, &registry);
    state.limits.tool_bytes_max = 2;
    assert!(ask(&mut state, "relay/go", "{}").await.is_err());
    registry.add(&one_at_a_time(), "look", LOOKER, &[]);
    let mut state = with_tools(&["tool:call:look/look"], &port, &registry);
    state.limits.tool_bytes_max = 3;
    let refused = limit(ask(&mut state, "look/look", "{}").await);
    assert_eq!(refused, ("tool_bytes_max".to_owned(), 3));
}

#[tokio::test]
async fn a_caller_outlives_a_callee_that_breaks() {
    let core = r#"(memory (export "memory") 1)
        (func (export "trap") unreachable)
        (func (export "spin") (loop (br 0)))
        (func (export "deep") (call 2))
        (func (export "grow") (loop (drop (memory.grow (i32.const 16))) (br 0)))"#;
    let mut registry = adder();
    let functions = ["trap", "spin", "deep", "grow"];
    registry.add(&one_at_a_time(), "bad", &around(core, &functions), &[]);
    let granted = functions.map(|function| format!("tool:call:bad/{function}"));
    let mut granted: Vec<&str> = granted.iter().map(String::as_str).collect();
    granted.push("tool:call:adder/add");
    let port = TestPort::default();
    let mut state = with_tools(&granted, &port, &registry);
    for (function, limit) in [
        ("trap", ""),
        ("spin", "cpu_ms_max"),
        ("deep", "stack_bytes_max"),
        ("grow", "memory_bytes_max"),
    ] {
        let tool = format!("bad/{function}");
        let Err(ToolError::Failed(problem)) = ask(&mut state, &tool, "{}").await else {
            panic!("{tool} did not fail")
        };
        let problem: Json = serde_json::from_str(&problem).unwrap();
        assert_eq!(
            (&problem["of"], &problem["limit"]),
            (&json!(tool), &json!(limit))
        );
    }
    assert_eq!(
        ask(&mut state, "adder/add", r#"{"a":1,"b":2}"#)
            .await
            .unwrap(),
        "3"
    );
    assert_eq!(port.0.lock().returned.len(), 5);
}

#[tokio::test]
async fn what_a_callee_uses_up_counts_for_its_caller() {
    let mut registry = Registry::default();
    let spin = around("(func (export \"spin\") (loop (br 0)))", &["spin"]);
    registry.add(&one_at_a_time(), "bad", &spin, &[]);
    registry.add(&one_at_a_time(), "look", LOOKER, &[]);
    let port = TestPort::default();
    let mut state = with_tools(
        &["tool:call:bad/spin", "tool:call:look/look"],
        &port,
        &registry,
    );
    assert!(ask(&mut state, "look/look", "{}").await.is_ok());
    assert_eq!(state.host_calls(), 1);
    // The callee's own limit is 200 ms; its caller has less, and is ended with it, at its own limit.
    state.limits.cpu_ms_max = 30;
    assert!(
        Host::call(&mut state, "bad/spin".into(), "{}".into())
            .await
            .is_err()
    );
    let stop = state.take_stop();
    assert!(
        matches!(
            stop,
            Some(Fault::Limit {
                limit: "cpu_ms_max",
                allowed: 30,
                ..
            })
        ),
        "{stop:?}"
    );
    assert_eq!(port.0.lock().returned.last(), Some(&None));
    let mut state = with_tools(&["tool:call:look/look"], &port, &registry);
    state.limits.host_calls_max = 0;
    assert!(
        Host::call(&mut state, "look/look".into(), "{}".into())
            .await
            .is_err()
    );
    assert!(matches!(
        state.take_stop(),
        Some(Fault::Limit {
            limit: "host_calls_max",
            ..
        })
    ));
}

#[tokio::test]
async fn a_callee_ends_before_its_caller_does_and_the_port_comes_back() {
    let mut registry = Registry::default();
    registry.add(&one_at_a_time(), "bed", SLEEPER, &["clock:real"]);
    let granted = ["tool:call:bed/nap", "clock:real"];
    let port = TestPort::default();
    let mut state = with_tools(&granted, &port, &registry);
    state.limits.wall_ms_max = 60;
    assert!(
        Host::call(&mut state, "bed/nap".into(), "{}".into())
            .await
            .is_err()
    );
    assert!(matches!(
        state.take_stop(),
        Some(Fault::Limit {
            limit: "wall_ms_max",
            allowed: 60,
            ..
        })
    ));
    // One that is dropped in the middle of the call gives the port back too.
    let mut state = with_tools(&granted, &port, &registry);
    let asking = Host::call(&mut state, "bed/nap".into(), "{}".into());
    assert!(
        tokio::time::timeout(Duration::from_millis(30), asking)
            .await
            .is_err()
    );
    state.finish();
    assert!(state.permit(writ_grant::RealRandom).is_err());
    assert_eq!(port.0.lock().denied.len(), 1);
    // What its caller is told of now is its caller's own.
    assert_eq!(port.0.lock().returned, [None, None]);
}

#[tokio::test]
async fn a_callee_may_do_what_both_may() {
    let mut registry = Registry::default();
    registry.add(&one_at_a_time(), "look", LOOKER, &["clock:real"]);
    for (granted, real) in [
        (vec!["tool:call:look/look"], false),
        (vec!["tool:call:look/look", "clock:real"], true),
    ] {
        let port = TestPort::default();
        let mut state = with_tools(&granted, &port, &registry);
        assert!(ask(&mut state, "look/look", "{}").await.is_ok());
        // Only the real clock's reading has to be recorded.
        assert_eq!(port.0.lock().recorded.len(), usize::from(real));
    }
}

/// Relays that each call the next; all of them may call all.
fn relays(count: usize, last: &str) -> (Registry, Component, Vec<String>) {
    let sandbox = one_at_a_time();
    let name = |i: usize| {
        if i < count {
            format!("p{i}/go")
        } else {
            last.to_owned()
        }
    };
    let mut grants: Vec<String> = (0..=count)
        .map(|i| format!("tool:call:{}", name(i)))
        .collect();
    grants.sort();
    grants.dedup();
    let granted: Vec<&str> = grants.iter().map(String::as_str).collect();
    let mut registry = Registry::default();
    for i in 1..count {
        registry.add(&sandbox, &format!("p{i}"), &relay(&name(i + 1)), &granted);
    }
    registry.add(&sandbox, "adder", ADDER, &granted);
    let first = try_load(&sandbox, &relay(&name(1))).unwrap();
    (registry, first, grants)
}

async fn start(
    (registry, first, grants): (Registry, Component, Vec<String>),
    port: &TestPort,
) -> Result<Json, Fault> {
    let granted: Vec<&str> = grants.iter().map(String::as_str).collect();
    let call = crate::Call {
        authority: authority(&granted),
        tools: Arc::new(registry),
        ..call("go", json!({}), port)
    };
    let ended = tokio::time::timeout(Duration::from_secs(30), first.call(call)).await;
    ended.expect("no chain waits for itself").result
}

#[tokio::test]
async fn a_chain_ends_at_its_depth_though_one_call_runs_at_a_time() {
    let port = TestPort::default();
    assert_eq!(
        start(relays(10, "adder/add"), &port).await.unwrap(),
        json!(0)
    );
    let story = port.0.lock();
    assert_eq!(story.called.len(), 9);
    assert_eq!(story.called[8].0.len(), 10);
    assert_eq!(story.returned[0], Some(json!({ "Err": { "too-deep": 8 } })));
    // The eighth was told so (its fifth kind of error), and the others were answered.
    assert_eq!(
        story.returned[1..3],
        [Some(json!({ "Ok": 5 })), Some(json!({ "Ok": 0 }))]
    );
}

#[tokio::test]
async fn a_cycle_is_refused() {
    // p1 calls p2 calls p1; and the first, which is `test`, itself.
    for (count, last, calls, chain) in [
        (3, "p1/go", 3, json!(["test/go", "p1/go", "p2/go"])),
        (1, "test/go", 1, json!(["test/go"])),
    ] {
        let port = TestPort::default();
        let (mut registry, first, mut grants) = relays(count, last);
        if !grants.contains(&"tool:call:test/go".to_owned()) {
            grants.push("tool:call:test/go".to_owned());
        }
        registry.0.insert(
            "test".to_owned(),
            (first.clone(), Authority::none("test"), Limits::default()),
        );
        let answer = start((registry, first, grants), &port).await.unwrap();
        let story = port.0.lock();
        assert_eq!(story.called.len(), calls, "{last}");
        assert_eq!(
            story.returned[0],
            Some(json!({ "Err": { "cycle": chain } })),
            "{last}"
        );
        assert_eq!(answer, json!(if calls == 1 { 6 } else { 0 }));
    }
}

#[tokio::test]
async fn many_chains_share_one_slot() {
    let (registry, first, grants) = relays(3, "adder/add");
    let port = TestPort::default();
    let chains = (0..20).map(|_| {
        let app = (registry.clone(), first.clone(), grants.clone());
        let port = port.clone();
        tokio::spawn(async move { start(app, &port).await })
    });
    let began = Instant::now();
    for chain in chains.collect::<Vec<_>>() {
        assert_eq!(chain.await.unwrap().unwrap(), json!(0));
    }
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_recorded_answer_is_given_again_and_nobody_runs() {
    let live = TestPort::default();
    let mut state = with_tools(&["tool:call:adder/add"], &live, &adder());
    let arguments = r#"{"a":1,"b":2}"#;
    assert!(ask(&mut state, "adder/add", arguments).await.is_ok());
    let recorded = live.0.lock().called[0].1.clone();
    let answered = |answer: Json| {
        let port = TestPort::default();
        port.0.lock().tools.push_back((recorded.clone(), answer));
        port
    };
    // Without any tool there, so that nothing can run.
    let empty = Registry::default();
    let port = answered(json!({ "Ok": 40 }));
    let mut state = with_tools(&["tool:call:adder/add"], &port, &empty);
    assert_eq!(ask(&mut state, "adder/add", arguments).await.unwrap(), "40");
    assert!(port.0.lock().called.is_empty() && port.0.lock().returned.is_empty());
    let failed = json!({ "Err": { "limit": { "name": "x", "allowed": 1 } } });
    let mut state = with_tools(&["tool:call:adder/add"], &answered(failed), &empty);
    assert!(matches!(
        ask(&mut state, "adder/add", arguments).await,
        Err(ToolError::Limit(_))
    ));
    // Another call, and an answer that is none, end the guest.
    for (port, arguments) in [
        (answered(json!({ "Ok": 40 })), r#"{"a":1,"b":3}"#),
        (answered(json!("odd")), arguments),
    ] {
        let mut state = with_tools(&["tool:call:adder/add"], &port, &empty);
        assert!(
            Host::call(&mut state, "adder/add".into(), arguments.into())
                .await
                .is_err()
        );
        assert!(matches!(state.take_stop(), Some(Fault::Diverged { .. })));
    }
}

#[tokio::test]
async fn the_list_shows_what_is_granted_and_there() {
    let port = TestPort::default();
    let granted = [
        "tool:call:adder/add",
        "tool:call:adder/gone",
        "tool:call:nobody/f",
    ];
    let mut state = with_tools(&granted, &port, &adder());
    let tools = Host::list(&mut state).unwrap();
    assert_eq!(tools.len(), 1);
    assert_eq!(
        (tools[0].plugin.as_str(), tools[0].function.as_str()),
        ("adder", "add")
    );
    let schema: Json = serde_json::from_str(&tools[0].arguments_schema).unwrap();
    assert_eq!(schema["required"], json!(["a", "b"]));
    assert!(
        serde_json::from_str::<Json>(&tools[0].result_schema)
            .unwrap()
            .is_object()
    );
    assert_eq!(port.0.lock().recorded[0].1, json!(["adder/add"]));
    let mut state = with_tools(&[], &TestPort::default(), &adder());
    assert!(Host::list(&mut state).unwrap().is_empty());
}

#[tokio::test]
async fn several_calls_are_answered_in_order() {
    let port = TestPort::default();
    let mut state = with_tools(&["tool:call:adder/add"], &port, &adder());
    let call = |tool: &str, arguments: &str| ToolCall {
        tool: tool.to_owned(),
        arguments: arguments.to_owned(),
    };
    let calls = vec![
        call("adder/add", r#"{"a":1,"b":2}"#),
        call("adder/sub", "{}"),
        call("adder/add", r#"{"a":3,"b":4}"#),
    ];
    let answers = Host::call_all(&mut state, calls).await.unwrap();
    assert_eq!(answers[0].as_deref().ok(), Some("3"));
    assert!(matches!(answers[1], Err(ToolError::Denied(_))));
    assert_eq!(answers[2].as_deref().ok(), Some("7"));
}
