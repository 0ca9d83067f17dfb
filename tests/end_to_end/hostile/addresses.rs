//! Where names lead, through the real binary, a real name server and a real server: a granted name is no way to an address that no
//! grant names. And what a server may send that is larger than it looks.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value as Json, json};
use writ_tests::net::{Received, Reply};

use super::cases::Cases;
use crate::world::{LOOPBACK, PLACE, SECRET, World};

const ALL: &str = "http:GET,POST ORIGIN/**";
const ERP: &str = "secret:use:erp";

fn get(url: &str) -> Json {
    json!({ "method": "GET", "url": url, "headers": [], "body": "" })
}

#[test]
fn a_granted_name_that_leads_inside_is_refused_in_every_form() {
    let inner = [
        "127.0.0.1",
        "0.0.0.0",
        "10.0.0.5",
        "100.64.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "fd00::1",
        "fe80::1",
    ];
    let world = World::new(|_| Reply::ok("inside"));
    let port = world.http.port();
    let origin = |n: usize| format!("http://n{n}.example:{port}");
    let capabilities: Vec<String> = (0..inner.len())
        .map(|n| format!("http:GET {}/**", origin(n)))
        .collect();
    let asked: Vec<&str> = capabilities.iter().map(String::as_str).collect();
    world.plugin(&asked, "");
    let mut cases = Cases::default();
    for (n, address) in inner.iter().enumerate() {
        world.dns.answer(&format!("n{n}.example"), &[&[address]]);
        cases = cases.call(
            &format!("n{n}"),
            "web",
            "fetch",
            get(&format!("{}/", origin(n))),
        );
    }
    cases.write(&world.app);
    let grants: Vec<(&str, &str)> = asked.iter().map(|capability| (*capability, "")).collect();
    world.grant(&grants);
    let outcomes = Cases::started(&world.app);
    for (n, capability) in capabilities.iter().enumerate() {
        outcomes.refused(&format!("n{n}"), "DestinationIpProhibited");
        outcomes.denied("web", capability, "");
    }
    assert_eq!(world.http.received(), []);
}

#[test]
fn a_name_that_leads_elsewhere_the_second_time_is_checked_again() {
    let world = World::new(|request| Reply::ok(request.path.clone()));
    let port = world.http.port();
    let capability = format!("http:GET http://rebound.example:{port}/**");
    world.plugin(&[&capability], "");
    world
        .dns
        .answer("rebound.example", &[&["127.0.0.1"], &["127.0.0.2"]]);
    let url = |path: &str| get(&format!("http://rebound.example:{port}{path}"));
    Cases::default()
        .call("first", "web", "fetch", url("/first"))
        .call("second", "web", "fetch", url("/second"))
        .write(&world.app);
    world.grant(&[(&capability, LOOPBACK)]);
    let outcomes = Cases::started(&world.app);
    assert_eq!(outcomes.ok("first")["body"], "/first");
    outcomes.refused("second", "DestinationIpProhibited");
    let paths: Vec<String> = received(&world);
    assert_eq!(paths, ["/first"]);
}

fn received(world: &World) -> Vec<String> {
    let all = world.http.received().into_iter();
    all.map(|request| request.path).collect()
}

/// A workflow that asks its server for one path, and may also ask another name of it.
fn asking(world: &World, path: &str, inner: &str) {
    let (own, other) = (
        format!("http:GET {}/**", world.origin()),
        format!("http:GET {inner}/**"),
    );
    let requests = [&own, &other]
        .map(|capability| json!({ "capability": capability, "reason": "to be tested" }));
    let document = json!({
        "document": { "dsl": "1.0.3", "namespace": "tests", "name": "asks", "version": "0.1.0",
            "metadata": { "writ": { "requests": requests } } },
        "do": [{ "ask": { "call": "http", "with": { "method": "get", "endpoint": world.url(path), "redirect": true } } }],
    });
    world.app.write("workflow.yaml", &document.to_string());
    world.grant_workflow("tests/asks", &[(&own, LOOPBACK), (&other, "")]);
}

#[test]
fn a_redirect_to_a_granted_name_that_leads_inside_is_not_followed() {
    let moved = |request: &Received| {
        let to = request.header("host").unwrap_or_default();
        Reply::redirect(
            302,
            &format!("http://{}/inside", to.replace("erp", "inner")),
        )
    };
    let world = World::new(moved);
    world.dns.answer("inner.example", &[&["127.0.0.1"]]);
    let inner = world.origin().replace("erp", "inner");
    asking(&world, "/moved", &inner);
    let ended = world.app.run().expect(1).json();
    assert_eq!(
        ended["error"]["code"], "destination-IP-prohibited",
        "{ended}"
    );
    assert_eq!(received(&world), ["/moved"]);
}

/// A hundred megabytes of nothing, which take a hundred kilobytes.
fn bomb() -> Reply {
    let mut coder = GzEncoder::new(Vec::new(), Compression::fast());
    let nothing = vec![0; 1 << 20];
    for _ in 0..100 {
        coder.write_all(&nothing).expect("memory");
    }
    Reply::ok(coder.finish().expect("memory")).header("content-encoding", "gzip")
}

#[test]
fn a_body_that_grows_when_it_is_undone_ends_at_the_bound() {
    let world = World::new(|_| bomb());
    asking(&world, "/bomb", "http://other.example");
    let ended = world.app.run().expect(1).json();
    assert_eq!(ended["error"]["status"], 502, "{ended}");
    // For a guest it is undone where there are secrets to look for, and handed on as it is where there are none.
    let world = World::new(|_| bomb());
    world.plugin(&[ALL, ERP], "");
    world.secret();
    let mut with_secret = get(&world.url("/"));
    with_secret["headers"] = json!([["authorization", "Bearer {{secret:erp}}"]]);
    Cases::default()
        .call("bomb", "web", "fetch", with_secret)
        .write(&world.app);
    world.grant(&[(ALL, LOOPBACK), (ERP, PLACE)]);
    let outcomes = Cases::started(&world.app);
    outcomes.limit("bomb", "web", "http_response_bytes_max", 8 << 20);
}

#[test]
fn a_secret_that_comes_back_in_an_error_is_seen_nowhere() {
    let world = World::new(|request| {
        let secret = request
            .header("authorization")
            .unwrap_or_default()
            .to_owned();
        match request.path.as_str() {
            "/garbage" => Reply::raw(format!("{secret} {secret}\r\n\r\n")),
            "/header" => Reply::raw(format!("HTTP/1.1 200 OK\r\n{secret}\r\n\r\n")),
            "/short" => Reply::raw(format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{secret}"
            )),
            "/status" => Reply::raw(format!("HTTP/1.1 500 {secret}\r\n\r\n{secret}")),
            _ => Reply::status(500, format!("no: {secret}")),
        }
    });
    world.plugin(&[ALL, ERP], "");
    world.secret();
    let mut cases = Cases::default();
    for name in ["garbage", "header", "short", "status", "error"] {
        let mut request = get(&world.url(&format!("/{name}")));
        request["headers"] = json!([["authorization", "Bearer {{secret:erp}}"]]);
        cases = cases.call(name, "web", "fetch", request);
    }
    cases.write(&world.app);
    world.grant(&[(ALL, LOOPBACK), (ERP, PLACE)]);
    let said = world.app.run().expect(0);
    let run = said.json()["run"].as_str().expect("a run").to_owned();
    let events = world
        .app
        .writ(&["runs", "events", &run, "--json"])
        .expect(0);
    assert_eq!(world.http.received().len(), 5);
    assert!(
        events.out.contains("[secret:erp]"),
        "the last one is shown without it"
    );
    assert!(
        world.http.received()[0]
            .header("authorization")
            .is_some_and(|value| value.contains(SECRET)),
        "it was sent"
    );
    world.keeps_the_secret(&[&said, &events]);
}
