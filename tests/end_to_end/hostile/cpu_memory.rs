//! Guests that want all the time, all the memory or all the stack.

use serde_json::json;
use writ_tests::App;

use super::cases::{AUTHORIZATION, Cases, LIMIT, TIMEOUT, TRAP, call, document};

const MIB: u64 = 1 << 20;

#[test]
fn what_never_returns_is_ended_at_the_cpu_limit() {
    let app = App::new("");
    for name in ["infinite-loop", "start-loop", "huge-fill"] {
        app.plugin(name, "");
        app.config(&format!("[plugins.{name}.limits]\ncpu_ms_max = 100\n"));
    }
    let outcomes = Cases::default()
        .call("loop", "infinite-loop", "run", json!({}))
        .call("start", "start-loop", "hello", json!({}))
        .call(
            "fill",
            "huge-fill",
            "fill",
            json!({ "mebibytes": 64, "times": 1_000_000_000 }),
        )
        .run(&app);
    for (name, plugin) in [
        ("loop", "infinite-loop"),
        ("start", "start-loop"),
        ("fill", "huge-fill"),
    ] {
        outcomes.limit(name, plugin, "cpu_ms_max", 100);
    }
}

#[test]
fn a_fault_that_nothing_catches_ends_the_run_and_the_next_run_goes_on() {
    let app = App::new(&document(
        &[json!({ "spin": call("infinite-loop", "run", &json!({})) })],
        &[],
    ));
    app.plugin("infinite-loop", "[limits]\ncpu_ms_max = 50\n");
    app.approve();
    let said = app.run().expect(1);
    let result = said.json();
    assert_eq!(result["status"], "faulted");
    assert_eq!(result["error"]["type"], LIMIT);
    assert_eq!(result["error"]["instance"], "/do/0/spin");
    let events = app.events(result["run"].as_str().expect("an id"));
    let last = &events.last().expect("events")["event"];
    assert_eq!(
        (&last["type"], &last["error"]["limit"]),
        (&json!("run.faulted"), &json!("cpu_ms_max"))
    );
    let people = app.writ(&["run", "."]).expect(1).err;
    assert!(
        people.contains("cpu_ms_max = 50")
            && people.contains("help: ")
            && people.contains("/do/0/spin"),
        "{people}"
    );

    app.plugin("double", "");
    app.write(
        "workflow.yaml",
        &document(
            &[json!({ "twice": call("double", "double", &json!({ "n": 4 })) })],
            &[],
        ),
    );
    assert_eq!(app.run().expect(0).json()["output"], 8);
}

#[test]
fn recursion_ends_at_the_stack_limit_that_only_the_operator_raises() {
    let app = App::new("");
    // What the author asks for is more than the host gives.
    app.plugin("recursion", "[limits]\nstack_bytes_max = 4194304\n");
    let cases = || {
        Cases::default()
            .call("shallow", "recursion", "descend", json!({ "depth": 100 }))
            .call(
                "deep",
                "recursion",
                "descend",
                json!({ "depth": 1_000_000_000 }),
            )
            .call(
                "sunk",
                "recursion",
                "sink",
                json!({ "depth": 1_000_000_000 }),
            )
    };
    let outcomes = cases().run(&app);
    assert!(outcomes.ok("shallow").is_u64());
    outcomes.limit("deep", "recursion", "stack_bytes_max", 512 * 1024);
    let _ = outcomes.trap("sunk");

    app.config("[plugins.recursion.limits]\nstack_bytes_max = 1048576\n");
    Cases::started(&app).limit("deep", "recursion", "stack_bytes_max", MIB);
}

#[test]
fn memory_stops_at_its_limit() {
    let app = App::new("");
    app.plugin("memory-growth", "");
    app.config("[plugins.memory-growth.limits]\nmemory_bytes_max = 16777216\n");
    let outcomes = Cases::default()
        .call("little", "memory-growth", "grow", json!({ "mebibytes": 4 }))
        .call(
            "much",
            "memory-growth",
            "grow",
            json!({ "mebibytes": 4_000 }),
        )
        .call(
            "grab",
            "memory-growth",
            "grab",
            json!({ "bytes": 1024 * MIB }),
        )
        .run(&app);
    assert_eq!(*outcomes.ok("little"), json!(4));
    for name in ["much", "grab"] {
        outcomes.limit(name, "memory-growth", "memory_bytes_max", 16 * MIB);
    }
}

#[test]
fn sleep_takes_no_time_or_ends_at_the_wall_clock() {
    let app = App::new("");
    app.plugin("sleeper", "");
    let outcomes = Cases::default()
        .call("ages", "sleeper", "sleep-forever", json!({}))
        .call("nap", "sleeper", "nap", json!({ "milliseconds": 5_000 }))
        .run(&app);
    assert!(outcomes.ok("ages").is_null());
    assert!(
        outcomes
            .ok("nap")
            .as_u64()
            .is_some_and(|passed| (5_000..6_000).contains(&passed))
    );
}

#[test]
fn real_sleep_is_ended_by_the_wall_clock_and_by_a_timeout_of_the_task() {
    let app = App::new("");
    app.plugin(
        "sleeper",
        "[[request]]\ncapability = \"clock:real\"\nreason = \"to sleep for real\"\n",
    );
    app.config("[plugins.sleeper.limits]\nwall_ms_max = 2000\n");
    let mut timed = call("sleeper", "sleep-forever", &json!({}));
    timed["timeout"] = json!({ "after": { "milliseconds": 150 } });
    let outcomes = Cases::default()
        .call("ages", "sleeper", "sleep-forever", json!({}))
        .task("timed", timed)
        .run(&app);
    outcomes.limit("ages", "sleeper", "wall_ms_max", 2_000);
    assert_eq!(outcomes.error("timed", TIMEOUT)["status"], 408);
}

#[test]
fn a_guest_that_ends_itself_ends_nothing_else() {
    let app = App::new("");
    app.plugin("ending", "");
    let outcomes = Cases::default()
        .call(
            "panic",
            "ending",
            "panic",
            json!({ "message": "all is lost" }),
        )
        .call("trap", "ending", "trap", json!({}))
        .call("failure", "ending", "exit", json!({ "success": false }))
        .call("success", "ending", "exit", json!({ "success": true }))
        .run(&app);
    for name in ["panic", "trap"] {
        let trap = outcomes.error(name, TRAP);
        assert!(
            trap["backtrace"]
                .as_array()
                .is_some_and(|frames| !frames.is_empty()),
            "{trap}"
        );
    }
    assert!(outcomes.told("guest.logged").any(|line| {
        line["text"]
            .as_str()
            .is_some_and(|text| text.contains("all is lost"))
    }));
    assert!(outcomes.trap("failure").contains("exited with code 1"));
    assert!(outcomes.trap("success").contains("exited with code 0"));
}

#[test]
fn hostile_and_good_calls_run_side_by_side() {
    let app = App::new("");
    for name in ["infinite-loop", "memory-growth", "ending"] {
        app.plugin(name, "");
        app.config(&format!(
            "[plugins.{name}.limits]\ncpu_ms_max = 200\nmemory_bytes_max = 16777216\n"
        ));
    }
    app.plugin("double", "");
    app.plugin("surroundings", "");
    let tried = |name: &str, task: serde_json::Value| json!({ name: { "try": [{ "inner": task }], "catch": { "do": [{ "was": { "set": { "type": "${ $error.type }" } } }] } } });
    let branches = json!([
        tried("spin", call("infinite-loop", "run", &json!({}))),
        tried("grow", call("memory-growth", "grow", &json!({ "mebibytes": 1_000 }))),
        tried("trap", call("ending", "trap", &json!({}))),
        tried("reach", call("surroundings", "connect", &json!({ "address": "127.0.0.1:80" }))),
        { "good": call("double", "double", &json!({ "n": 5 })) },
    ]);
    app.write(
        "workflow.yaml",
        &document(
            &[json!({ "all": { "fork": { "branches": branches } } })],
            &[],
        ),
    );
    app.approve();
    let output = app.run().expect(0).json()["output"].clone();
    let types = [LIMIT, LIMIT, TRAP, AUTHORIZATION].map(|kind| json!({ "type": kind }));
    assert_eq!(output.as_array().expect("an array")[..4], types);
    assert_eq!(output[4], 10);
}
