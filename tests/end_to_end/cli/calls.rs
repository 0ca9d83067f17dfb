//! `call: http` of workflows, through the real binary and a real server.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value as Json, json};
use writ_tests::{Said, net::Reply};

use crate::world::{LOOPBACK, PLACE, SECRET, World};

/// A workflow of these tasks that asks for its server and a secret.
fn document(world: &World, tasks: &Json) {
    let document = json!({
        "document": { "dsl": "1.0.3", "namespace": "tests", "name": "calls", "version": "0.1.0",
            "metadata": { "writ": { "requests": [
                { "capability": format!("http:GET,POST {}/**", world.origin()), "reason": "orders" },
                { "capability": "secret:use:erp", "reason": "to sign in" },
            ] } } },
        "use": { "secrets": ["erp"] },
        "do": tasks,
    });
    world.app.write("workflow.yaml", &document.to_string());
}

fn granted(world: &World, tasks: &Json) {
    document(world, tasks);
    world.secret();
    let all = format!("http:GET,POST {}/**", world.origin());
    world.grant_workflow(
        "tests/calls",
        &[(&all, LOOPBACK), ("secret:use:erp", PLACE)],
    );
}

fn http(with: Json) -> Json {
    json!([{ "ask": { "call": "http", "with": with } }])
}

fn run_with(world: &World, input: &Json) -> Said {
    world.app.write("input.json", &input.to_string());
    world
        .app
        .writ(&["run", ".", "--json", "--input", "input.json"])
}

#[test]
fn a_workflow_asks_and_signs_in() {
    let world = World::new(|request| {
        let seen = json!({
            "path": request.path,
            "signed": request.header("authorization"),
            "body": String::from_utf8_lossy(&request.body),
        });
        Reply::ok(seen.to_string()).header("content-type", "application/json")
    });
    let endpoint = json!({ "uri": world.url("/orders/{id}"), "authentication": { "bearer": { "use": "erp" } } });
    let with = json!({ "method": "post", "endpoint": endpoint, "query": { "full": "${ .full }" }, "body": { "of": "${ .id }" } });
    granted(&world, &http(with));
    let said = run_with(&world, &json!({ "id": "a b", "full": "yes" })).expect(0);
    let ended = said.json();
    let expected = json!({
        "path": "/orders/a%20b?full=yes",
        "signed": "Bearer [secret:erp]",
        "body": "{\"of\":\"a b\"}",
    });
    assert_eq!(ended["output"], expected);
    let received = world.http.received();
    assert_eq!(
        received[0].header("authorization"),
        Some(format!("Bearer {SECRET}").as_str())
    );
    assert_eq!(received[0].header("content-type"), Some("application/json"));
    let run = ended["run"].as_str().expect("a run");
    let events = world.app.writ(&["runs", "events", run, "--json"]).expect(0);
    assert!(
        events.out.contains("host.intended") && events.out.contains("wasi:http/outgoing-handler")
    );
    world.keeps_the_secret(&[&said, &events]);
}

#[test]
fn a_placeholder_in_a_header_expression_works_and_anywhere_else_is_refused() {
    let world = World::new(|_| Reply::ok("fine"));
    let header = json!({ "authorization": "${ \"Bearer \" + $secrets.erp }" });
    granted(
        &world,
        &http(json!({ "method": "get", "endpoint": world.url("/"), "headers": header })),
    );
    assert_eq!(
        run_with(&world, &json!({})).expect(0).json()["output"],
        "fine"
    );
    assert_eq!(
        world.http.received()[0].header("authorization"),
        Some(format!("Bearer {SECRET}").as_str())
    );
    for with in [
        json!({ "method": "get", "endpoint": world.url("/"), "headers": { "x-token": "${ $secrets.erp }" } }),
        json!({ "method": "get", "endpoint": world.url("/"), "query": { "token": "${ $secrets.erp }" } }),
        json!({ "method": "post", "endpoint": world.url("/"), "body": { "token": "${ $secrets.erp }" } }),
    ] {
        let world_again = World::new(|_| Reply::ok("fine"));
        let text = with
            .to_string()
            .replace(&world.origin(), &world_again.origin());
        granted(
            &world_again,
            &http(serde_json::from_str(&text).expect("JSON")),
        );
        let ended = run_with(&world_again, &json!({})).expect(1).json();
        assert_eq!(ended["error"]["status"], 403, "{text}: {ended}");
        assert_eq!(ended["error"]["capability"], "secret:use:erp", "{ended}");
        assert_eq!(world_again.http.received(), []);
    }
}

#[test]
fn statuses_are_errors_that_can_be_caught_and_retried() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let world = World::new(move |request| match request.path.as_str() {
        "/busy" if count.fetch_add(1, Ordering::SeqCst) < 2 => Reply::status(503, "later"),
        "/busy" => Reply::ok("[1]").header("content-type", "application/json"),
        _ => Reply::status(404, "{\"why\":\"gone\"}").header("content-type", "application/json"),
    });
    let busy =
        json!({ "call": "http", "with": { "method": "get", "endpoint": world.url("/busy") } });
    let gone =
        json!({ "call": "http", "with": { "method": "get", "endpoint": world.url("/gone") } });
    let retry = json!({ "delay": { "milliseconds": 10 }, "limit": { "attempt": { "count": 5 } } });
    let communication = "https://serverlessworkflow.io/spec/1.0.0/errors/communication";
    let tasks = json!([
        { "busy": { "try": [{ "ask": busy }], "catch": { "errors": { "with": { "status": 503 } }, "retry": retry }, "export": { "as": "${ {busy: .} }" } } },
        { "gone": { "try": [{ "look": gone }], "catch": { "errors": { "with": { "type": communication, "status": 404 } },
            "do": [{ "keep": { "set": { "busy": "${ $context.busy }", "gone": "${ $error.content.why }" } } }] } } },
    ]);
    granted(&world, &tasks);
    let ended = run_with(&world, &json!({})).expect(0).json();
    assert_eq!(ended["output"], json!({ "busy": [1], "gone": "gone" }));
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[test]
fn redirects_are_errors_unless_followed_and_each_hop_needs_a_grant() {
    let answer = |request: &writ_tests::net::Received| match request.path.as_str() {
        "/old" => Reply::redirect(302, "/new"),
        "/away" => Reply::redirect(302, "http://127.0.0.1:9/"),
        "/new" => Reply::ok("new"),
        _ => Reply::status(404, ""),
    };
    for (path, redirect, code, expected) in [
        ("/old", false, 1, json!(302)),
        ("/old", true, 0, json!("new")),
        ("/away", true, 1, json!(403)),
    ] {
        let world = World::new(answer);
        granted(
            &world,
            &http(json!({ "method": "get", "endpoint": world.url(path), "redirect": redirect })),
        );
        let ended = run_with(&world, &json!({})).expect(code).json();
        let found = if code == 0 {
            &ended["output"]
        } else {
            &ended["error"]["status"]
        };
        assert_eq!(*found, expected, "{path} {redirect}: {ended}");
    }
}

#[test]
fn every_hop_and_every_secret_is_recorded_with_its_grant() {
    let world = World::new(|request| match request.path.as_str() {
        "/old?q=1" => Reply::redirect(302, "/new"),
        _ => Reply::ok("new"),
    });
    let endpoint =
        json!({ "uri": world.url("/old"), "authentication": { "bearer": { "use": "erp" } } });
    let with =
        json!({ "method": "get", "endpoint": endpoint, "query": { "q": "1" }, "redirect": true });
    granted(&world, &http(with));
    let ended = run_with(&world, &json!({})).expect(0).json();
    let run = ended["run"].as_str().expect("a run");
    let events = world.app.events(run);
    let called: Vec<_> = events
        .iter()
        .map(|event| &event["event"])
        .filter(|event| event["type"] == "host.called")
        .collect();
    let grant = format!("http:GET,POST {}/**", world.origin());
    assert_eq!((called.len(), &called[0]["grant"]), (1, &json!(grant)));
    let hop = |path: &str, status: u16| json!({ "method": "GET", "url": world.url(path), "grant": grant, "status": status });
    assert_eq!(
        called[0]["answer"]["hops"],
        json!([hop("/old?q=1", 302), hop("/new", 200)])
    );
    assert_eq!(
        called[0]["answer"]["secrets"],
        json!([{ "name": "erp", "grant": "secret:use:erp" }])
    );
    let first = format!("http:GET {}/old", world.origin());
    world.grant_workflow("tests/calls", &[(&first, LOOPBACK)]);
    let judged = world
        .app
        .writ(&["grant", "dry-run", "--policy", "grants.toml", "--json"])
        .json();
    let denied: Vec<_> = judged["would_deny"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| row["capability"].clone())
        .collect();
    let second = format!("http:GET {}/new", world.origin());
    assert_eq!(denied, [json!(second), json!("secret:use:erp")], "{judged}");
}

#[test]
fn a_compressed_body_is_undone_within_bounds() {
    // Bombs are the network client's own tests; here, that what is announced is undone at all.
    let world =
        World::new(|_| Reply::ok(b"no gzip at all".as_slice()).header("content-encoding", "gzip"));
    granted(
        &world,
        &http(json!({ "method": "get", "endpoint": world.url("/") })),
    );
    let ended = run_with(&world, &json!({})).expect(1).json();
    assert_eq!(ended["error"]["title"], "communication", "{ended}");
}

#[test]
fn what_is_not_granted_is_found_before_anything_runs() {
    let world = World::new(|_| Reply::ok("x"));
    document(
        &world,
        &http(json!({ "method": "get", "endpoint": world.url("/orders") })),
    );
    let checked = world.app.writ(&["check", "."]);
    assert_eq!(checked.code, 3, "{}", checked.err);
    assert!(
        checked.err.contains("the workflow needs `http:GET,POST"),
        "{}",
        checked.err
    );
    let run = world.app.run();
    assert_eq!(run.code, 4, "{}", run.err);
    granted(
        &world,
        &http(json!({ "method": "get", "endpoint": "http://other.example/x" })),
    );
    let elsewhere = world.app.writ(&["check", "."]);
    assert_eq!(elsewhere.code, 3, "{}", elsewhere.err);
    assert!(
        elsewhere
            .err
            .contains("does not ask to be allowed `GET http://other.example/x`"),
        "{}",
        elsewhere.err
    );
    assert_eq!(world.http.received(), []);
}

#[test]
fn an_endpoint_that_data_leads_elsewhere_is_denied_when_it_is_known() {
    let world = World::new(|_| Reply::ok("x"));
    granted(
        &world,
        &http(json!({ "method": "get", "endpoint": "${ .to }" })),
    );
    for (to, status) in [
        (json!("http://169.254.169.254/latest/"), 403),
        (json!(world.origin().replace("erp", "www") + "/"), 403),
        (json!(world.url("/../x")), 400),
        (json!(5), 400),
    ] {
        let ended = run_with(&world, &json!({ "to": to })).expect(1).json();
        assert_eq!(ended["error"]["status"], status, "{to}: {ended}");
    }
    assert_eq!(world.http.received(), []);
    assert_eq!(world.dns.asked(), Vec::<String>::new());
}

#[test]
fn a_secret_that_is_nowhere_is_found_before_anything_runs() {
    let world = World::new(|_| Reply::ok("x"));
    let endpoint =
        json!({ "uri": world.url("/"), "authentication": { "bearer": { "use": "erp" } } });
    document(
        &world,
        &http(json!({ "method": "get", "endpoint": endpoint })),
    );
    let all = format!("http:GET,POST {}/**", world.origin());
    world.grant_workflow(
        "tests/calls",
        &[(&all, LOOPBACK), ("secret:use:erp", PLACE)],
    );
    let found = || {
        let said = world.app.writ(&["check", ".", "--json"]).expect(3).json();
        let found = said["diagnostics"][0].clone();
        assert_eq!(found["code"], "secret", "{said}");
        assert!(
            found["line"].as_u64().is_some_and(|line| line >= 1),
            "{said}"
        );
        found["message"].as_str().expect("a message").to_owned()
    };
    assert!(found().contains("does not say where its value is"));
    world.secret();
    let _ = world.app.writ(&["check", "."]).expect(0);
    world.app.write("erp.token", "short");
    let message = found();
    assert!(message.contains("[secrets.erp]"), "{message}");
    assert!(!message.contains("short\""), "{message}");
    assert_eq!(world.http.received(), []);
}

#[test]
fn a_loop_of_any_width_has_so_many_requests_under_way_and_no_more() {
    const AT_ONCE: usize = 64;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counter, peak) = (Arc::clone(&now), Arc::clone(&most));
    let world = World::new(move |_| {
        let under_way = counter.fetch_add(1, Ordering::SeqCst) + 1;
        peak.fetch_max(under_way, Ordering::SeqCst);
        // Until as many are here as may be, and then long enough for one too many to come.
        let patience = std::time::Instant::now();
        while peak.load(Ordering::SeqCst) < AT_ONCE && patience.elapsed().as_secs() < 20 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        std::thread::sleep(std::time::Duration::from_millis(300));
        counter.fetch_sub(1, Ordering::SeqCst);
        Reply::ok("fine")
    });
    let ask = http(json!({ "method": "get", "endpoint": world.url("/") }));
    let wide = json!([{ "wide": {
        "for": { "in": "${ [range(100)] }" },
        "metadata": { "writ": { "concurrency": 100 } },
        "do": ask,
    } }]);
    granted(&world, &wide);
    let _ = run_with(&world, &json!({})).expect(0);
    assert_eq!(world.http.received().len(), 100);
    assert_eq!(most.load(Ordering::SeqCst), AT_ONCE);
}

#[test]
fn the_operator_bounds_what_a_workflow_sends_and_gets() {
    let limits = |world: &World, text: &str| {
        world.app.config(&format!("\n[workflow.limits]\n{text}\n"));
    };
    let body = "x".repeat(3000);
    for (text, request, status) in [
        (
            "http_response_bytes_max = 2000",
            json!({ "method": "get" }),
            502,
        ),
        (
            "http_request_bytes_max = 2000",
            json!({ "method": "post", "body": body }),
            400,
        ),
        ("http_ms_max = 300", json!({ "method": "get" }), 504),
    ] {
        let late = text.starts_with("http_ms");
        let world = World::new(move |_| {
            if late {
                std::thread::sleep(std::time::Duration::from_secs(3));
            }
            Reply::ok("y".repeat(3000))
        });
        limits(&world, text);
        let mut with = request;
        with["endpoint"] = json!(world.url("/"));
        granted(&world, &http(with));
        let ended = run_with(&world, &json!({})).expect(1).json();
        assert_eq!(ended["error"]["status"], status, "{text}: {ended}");
    }
    let world = World::new(|_| Reply::ok("y".repeat(9 << 20)));
    granted(
        &world,
        &http(json!({ "method": "get", "endpoint": world.url("/") })),
    );
    let ended = run_with(&world, &json!({})).expect(1).json();
    assert_eq!(ended["error"]["status"], 502, "the bound without a word");
    limits(&world, "http_response_bytes_max = 10000000");
    let output = run_with(&world, &json!({})).expect(0).json()["output"].clone();
    assert_eq!(output.as_str().map(str::len), Some(9 << 20));
}
