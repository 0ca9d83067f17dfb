//! A host that dies while a request is under way, or after it: the server counts.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::{Value as Json, json};
use writ_tests::net::Reply;

use super::{
    journal::{events_of, only_run, resume, shown},
    process::{Victim, until},
};
use crate::world::{LOOPBACK, World};

const ALL: &str = "http:GET,POST,PUT ORIGIN/**";

/// A server that leaves the first request without an answer, and answers the others.
fn silent_at_first() -> World {
    let asked = Arc::new(AtomicUsize::new(0));
    World::new(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::hang(),
        _ => Reply::ok("done"),
    })
}

fn call(world: &World, function: &str, with: &Json) {
    let document = json!({
        "document": { "dsl": "1.0.3", "namespace": "tests", "name": "requests", "version": "0.1.0" },
        "do": [{ "send": { "call": format!("{function}:0.1.0@web"), "with": with } }],
    });
    world.app.write("workflow.yaml", &document.to_string());
}

fn fetch(world: &World, method: &str) -> Json {
    json!({ "method": method, "url": world.url("/pay"), "headers": [], "body": "10 EUR" })
}

/// Starts the app, kills it while its request waits for an answer, and goes on with the run.
fn killed_before_the_answer(world: &World, method: &str, manifest: &str) -> String {
    world.plugin(&[ALL], manifest);
    call(world, "fetch", &fetch(world, method));
    world.grant(&[(ALL, LOOPBACK)]);
    let host = Victim::start(world.app.path(), &["run", "."]);
    until("the request", || world.http.received().len() == 1);
    assert!(host.kill().struck);
    let run = only_run(&world.app);
    assert_eq!(events_of(&world.app, &run, "host.intended").len(), 1);
    assert_eq!(events_of(&world.app, &run, "host.called").len(), 0);
    resume(&world.app);
    run
}

#[test]
fn a_request_without_an_answer_is_in_doubt_and_never_sent_again() {
    let world = silent_at_first();
    let run = killed_before_the_answer(&world, "POST", "");
    let shown = shown(&world.app, &run);
    assert_eq!(shown["status"], "faulted");
    assert_eq!(shown["error"]["type"], "urn:writ:error:in-doubt", "{shown}");
    assert_eq!(world.http.received().len(), 1, "it was sent again");
}

/// A workflow of its own requests, each tried twice, that may take so long.
fn tried(world: &World, seconds: u32, tasks: &[Json]) {
    let (get, all) = (
        only_get(world),
        format!("http:POST,PUT {}/**", world.origin()),
    );
    let requests = json!([
        { "capability": get, "reason": "to look" },
        { "capability": all, "reason": "to pay", "optional": true },
    ]);
    let document = json!({
        "document": { "dsl": "1.0.3", "namespace": "tests", "name": "tried", "version": "0.1.0",
            "metadata": { "writ": { "requests": requests } } },
        "do": [{ "outer": {
            "try": [{ "pay": { "timeout": { "after": { "seconds": seconds } }, "do": tasks } }],
            "catch": { "retry": { "limit": { "attempt": { "count": 3 } } } },
        } }],
    });
    world.app.write("workflow.yaml", &document.to_string());
    world.grant_workflow("tests/tried", &[(&get, LOOPBACK), (&all, LOOPBACK)]);
}

fn only_get(world: &World) -> String {
    format!("http:GET {}/**", world.origin())
}

fn ask(world: &World, name: &str, method: &str) -> Json {
    json!({ name: { "call": "http", "with": { "method": method, "endpoint": world.url("/pay") } } })
}

#[test]
fn a_time_that_is_over_hides_no_doubt_and_sends_nothing_again() {
    for (method, dies, status, requests) in [
        ("post", false, "faulted", 1),
        ("post", true, "faulted", 1),
        ("put", false, "completed", 2),
    ] {
        let world = silent_at_first();
        tried(&world, 2, &[ask(&world, "send", method)]);
        if dies {
            let host = Victim::start(world.app.path(), &["run", "."]);
            until("the request", || world.http.received().len() == 1);
            assert!(host.kill().struck);
            thread::sleep(Duration::from_millis(2_500));
            resume(&world.app);
        } else {
            let _ = world.app.writ(&["run", "."]);
        }
        let run = only_run(&world.app);
        let shown = shown(&world.app, &run);
        assert_eq!(shown["status"], status, "{method}: {shown}");
        if status == "faulted" {
            assert_eq!(shown["error"]["status"], 408, "{shown}");
            assert_eq!(
                shown["error"]["inDoubt"], "/do/0/outer/try/0/pay/do/0/send",
                "{shown}"
            );
        }
        assert_eq!(world.http.received().len(), requests, "{method}");
    }
}

#[test]
fn what_was_sent_is_in_doubt_also_when_its_grant_is_gone() {
    let world = silent_at_first();
    tried(&world, 60, &[ask(&world, "send", "post")]);
    let host = Victim::start(world.app.path(), &["run", "."]);
    until("the request", || world.http.received().len() == 1);
    assert!(host.kill().struck);
    let run = only_run(&world.app);
    world.grant_workflow("tests/tried", &[(&only_get(&world), LOOPBACK)]);
    resume(&world.app);
    let shown = shown(&world.app, &run);
    assert_eq!(shown["error"]["type"], "urn:writ:error:in-doubt", "{shown}");
    assert_eq!(world.http.received().len(), 1);
}

/// While one branch computes, the other's call is sent and its answer taken in.
#[test]
fn a_branch_that_computes_starves_no_other() {
    let world = World::new(|_| Reply::ok("done"));
    let busy = json!({ "busy": { "for": { "in": "${ [range(20000)] }" }, "do": [{ "step": { "set": { "n": 1 } } }] } });
    let document_tasks = [json!({ "both": { "fork": {
        "compete": true,
        "branches": [ask(&world, "send", "post"), busy],
    } } })];
    tried(&world, 600, &document_tasks);
    let said = world.app.writ(&["run", ".", "--json"]).expect(0).json();
    assert_eq!(said["output"], "done");
    assert_eq!(world.http.received().len(), 1);
}

#[test]
fn a_method_that_changes_nothing_more_is_sent_again() {
    let world = silent_at_first();
    let run = killed_before_the_answer(&world, "PUT", "");
    assert_eq!(shown(&world.app, &run)["status"], "completed");
    let received = world.http.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(
        events_of(&world.app, &run, "host.intended").len(),
        1,
        "one intent for both"
    );
}

#[test]
fn an_idempotent_function_sends_again_under_the_same_key() {
    let world = silent_at_first();
    let run = killed_before_the_answer(
        &world,
        "POST",
        "[functions.fetch]\neffects = \"idempotent\"\n",
    );
    assert_eq!(shown(&world.app, &run)["status"], "completed");
    let received = world.http.received();
    let keys: Vec<_> = received
        .iter()
        .map(|request| request.header("idempotency-key"))
        .collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
    assert!(keys[0].is_some_and(|key| key.starts_with(&run)), "{keys:?}");
}

#[test]
fn what_a_tool_sent_before_changes_no_key_of_its_caller() {
    let posts = Arc::new(AtomicUsize::new(0));
    let world = World::new(move |request| match request.method.as_str() {
        "POST" if posts.fetch_add(1, Ordering::SeqCst) == 0 => Reply::hang(),
        _ => Reply::ok("done"),
    });
    let authority = format!("127.0.0.1:{}", world.http.port());
    let request = |capability: &str| {
        format!("[[request]]\ncapability = \"{capability}\"\nreason = \"to be tested\"\n\n")
    };
    let own = request(&format!("http:GET,POST http://{authority}/**"));
    let idempotent = "[functions.ask-and-send]\neffects = \"idempotent\"\n";
    let call = request("tool:call:web/flood");
    (world.app).plugin("courier", &format!("{own}{call}{idempotent}"));
    world.app.plugin("web", &own);
    let asks = json!({ "url": format!("http://{authority}/ask"), "times": 3 }).to_string();
    let document = json!({
        "document": { "dsl": "1.0.3", "namespace": "tests", "name": "errands", "version": "0.1.0" },
        "do": [{ "send": { "call": "ask-and-send:0.1.0@courier", "with":
            { "tool": "web/flood", "arguments": asks, "authority": authority, "path": "/pay" } } }],
    });
    world.app.write("workflow.yaml", &document.to_string());
    world.app.approve();
    let host = Victim::start(world.app.path(), &["run", "."]);
    until("the request", || world.http.received().len() == 4);
    assert!(host.kill().struck);
    resume(&world.app);
    let run = only_run(&world.app);
    let shown = shown(&world.app, &run);
    assert_eq!(
        (&shown["status"], &shown["output"]),
        (&json!("completed"), &json!(200)),
        "{shown}"
    );
    let received = world.http.received();
    let sent: Vec<_> = received
        .iter()
        .filter(|request| request.method == "POST")
        .map(|request| request.header("idempotency-key"))
        .collect();
    assert_eq!(received.len(), 5, "the tool was called again");
    assert_eq!((sent.len(), sent[0]), (2, sent[1]));
    assert!(sent[0].is_some_and(|key| key.ends_with("/1")), "{sent:?}");
}

#[test]
fn an_answer_that_was_recorded_is_not_asked_for_again() {
    let world = World::new(|_| Reply::ok("paid"));
    world.plugin(&[ALL], "[limits]\ncpu_ms_max = 10000\n");
    let with = json!({ "method": "POST", "url": world.url("/pay"), "body": "10 EUR", "milliseconds": 3_000 });
    call(&world, "fetch-and-work", &with);
    world.grant(&[(ALL, LOOPBACK)]);
    let host = Victim::start(world.app.path(), &["run", "."]);
    until("the request", || world.http.received().len() == 1);
    thread::sleep(Duration::from_millis(700));
    assert!(
        host.kill().struck,
        "the call was over before it could be killed"
    );
    let run = only_run(&world.app);
    assert_eq!(events_of(&world.app, &run, "host.called").len(), 1);
    resume(&world.app);
    let shown = shown(&world.app, &run);
    assert_eq!(
        (&shown["status"], &shown["output"]["body"]),
        (&json!("completed"), &json!("paid")),
        "{shown}"
    );
    assert_eq!(world.http.received().len(), 1, "it was sent again");
}

#[test]
fn a_call_of_the_workflow_is_in_doubt_too() {
    let world = silent_at_first();
    let origin = world.origin();
    let capability = format!("http:POST {origin}/**");
    let document = json!({
        "document": { "dsl": "1.0.3", "namespace": "tests", "name": "pays", "version": "0.1.0",
            "metadata": { "writ": { "requests": [{ "capability": capability, "reason": "to pay" }] } } },
        "do": [{ "pay": { "call": "http", "with": { "method": "post", "endpoint": world.url("/pay"), "body": { "eur": 10 } } } }],
    });
    world.app.write("workflow.yaml", &document.to_string());
    world.grant_workflow("tests/pays", &[(&capability, LOOPBACK)]);
    let host = Victim::start(world.app.path(), &["run", "."]);
    until("the request", || world.http.received().len() == 1);
    assert!(host.kill().struck);
    resume(&world.app);
    let shown = shown(&world.app, &only_run(&world.app));
    assert_eq!(shown["error"]["type"], "urn:writ:error:in-doubt", "{shown}");
    assert_eq!(shown["error"]["instance"], "/do/0/pay");
    assert_eq!(world.http.received().len(), 1, "it was sent again");
}
