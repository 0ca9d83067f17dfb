//! What a guest can reach by `wasi:http`, and what it can not, through the real binary and a real server.

use serde_json::{Value as Json, json};
use writ_tests::net::Reply;

use super::cases::{Cases, Outcomes};
use crate::world::{HOST, LOOPBACK, World};

const ALL: &str = "http:GET,POST ORIGIN/**";

fn fetch(method: &str, url: &str) -> Json {
    json!({ "method": method, "url": url, "headers": [], "body": "" })
}

/// A world whose server answers with the path that was asked for, and a plugin that may ask it for anything.
fn open() -> World {
    let world = World::new(|request| Reply::ok(request.path.clone()));
    world.plugin(&[ALL], "");
    world
}

fn run(world: &World, cases: Cases) -> Outcomes {
    cases.write(&world.app);
    world.grant(&[(ALL, LOOPBACK)]);
    Cases::started(&world.app)
}

#[test]
fn a_granted_server_is_asked_and_what_was_said_is_recorded() {
    let world = World::new(|request| {
        Reply::status(
            201,
            format!(
                "{} {}",
                request.method,
                String::from_utf8_lossy(&request.body)
            ),
        )
        .header("x-seen", "yes")
    });
    world.plugin(&[ALL], "");
    let post = json!({ "method": "POST", "url": world.url("/orders?a=b"), "headers": [["x-own", "1"]], "body": "two" });
    let outcomes = run(&world, Cases::default().call("post", "web", "fetch", post));
    let answer = outcomes.ok("post");
    assert_eq!(
        (&answer["status"], &answer["body"]),
        (&json!(201), &json!("POST two"))
    );
    let headers = answer["headers"].as_array().expect("headers");
    assert!(headers.contains(&json!(["x-seen", "yes"])), "{headers:?}");
    let received = world.http.received();
    assert_eq!(
        (received.len(), received[0].path.as_str()),
        (1, "/orders?a=b")
    );
    assert_eq!(received[0].header("x-own"), Some("1"));
    assert_eq!(
        received[0].header("host"),
        Some(format!("{HOST}:{}", world.http.port()).as_str())
    );
    let called = outcomes.told("host.called").next().expect("it is recorded");
    assert_eq!(called["call"]["interface"], "wasi:http/outgoing-handler");
    assert_eq!(called["call"]["arguments"]["method"], "POST");
    assert_eq!(called["call"]["arguments"]["body"], "two");
    assert_eq!(called["answer"]["Ok"]["status"], 201);
    let intended = outcomes
        .told("host.intended")
        .next()
        .expect("it is intended");
    assert_eq!(
        (&intended["index"], &intended["call"]),
        (&called["index"], &called["call"])
    );
}

#[test]
fn what_no_grant_names_is_denied_before_any_look_up() {
    let world = World::new(|_| Reply::ok("secret page"));
    world.plugin(&["http:GET,POST ORIGIN/v1/**"], "");
    let port = world.http.port();
    let urls = [
        ("elsewhere", format!("http://evil.example:{port}/v1/x")),
        ("port", format!("http://{HOST}:1/v1/x")),
        ("scheme", format!("https://{HOST}:{port}/v1/x")),
        ("sibling", world.url("/v1evil")),
        ("above", world.url("/v1/../admin")),
        ("encoded", world.url("/v1/%2e%2e/admin")),
        ("parameter", world.url("/v1/..;/admin")),
        ("overlong", world.url("/v1/%C0%AE%C0%AE/admin")),
        ("slash", world.url("/v1%2fx")),
        ("doubled", world.url("/v1//x")),
        ("literal", format!("http://127.0.0.1:{port}/v1/x")),
        ("six", format!("http://[::1]:{port}/v1/x")),
        ("mapped", format!("http://[::ffff:127.0.0.1]:{port}/v1/x")),
        ("metadata", "http://169.254.169.254/latest/".to_owned()),
        ("user", format!("http://{HOST}@127.0.0.1:{port}/v1/x")),
        ("odd", format!("http://0x7f.1:{port}/v1/x")),
    ];
    let mut cases =
        Cases::default().call("method", "web", "fetch", fetch("PUT", &world.url("/v1/x")));
    for (name, url) in &urls {
        cases = cases.call(name, "web", "fetch", fetch("GET", url));
    }
    cases.write(&world.app);
    world.grant(&[("http:GET ORIGIN/v1/**", LOOPBACK)]);
    let outcomes = Cases::started(&world.app);
    outcomes.refused("method", "HttpRequestDenied");
    for (name, url) in &urls {
        let payload = outcomes.error(name, super::cases::GUEST)["payload"].clone();
        let refused = [
            "HttpRequestDenied",
            "HttpRequestUriInvalid",
            "authority",
            "path",
        ];
        assert!(
            refused.iter().any(|refusal| payload == *refusal),
            "{url}: {payload}"
        );
    }
    assert_eq!(world.http.received(), []);
    assert_eq!(world.dns.asked(), Vec::<String>::new());
    let wanted = format!("http:PUT {}", world.url("/v1/x"));
    outcomes.denied("web", &wanted, "[[request]]");
    // What is no URL is noted too: where it was to go, and what it was.
    let root = format!("http:GET {}", world.url("/"));
    for path in [
        "/v1/../admin",
        "/v1/%2e%2e/admin",
        "/v1/..;/admin",
        "/v1//x",
    ] {
        outcomes.denied("web", &root, &format!("\"GET {}\"", world.url(path)));
    }
    outcomes.denied("web", "http:GET https://invalid/", "http://0x7f.1");
}

#[test]
fn a_header_that_names_another_method_or_path_is_refused() {
    let world = open();
    let origin = world.origin();
    let names = [
        "X-HTTP-Method-Override",
        "x-http-method",
        "x-method-override",
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-for",
        "x-forwarded-prefix",
        "x_http_method_override",
    ];
    let capability = format!("http:GET {origin}/**");
    let mut cases = Cases::default();
    for name in names {
        let mut with = fetch("GET", &world.url("/"));
        with["headers"] = json!([[name, "DELETE"]]);
        cases = cases.call(name, "web", "fetch", with);
    }
    cases.write(&world.app);
    world.grant(&[(ALL, LOOPBACK)]);
    let outcomes = Cases::started(&world.app);
    for name in names {
        outcomes.refused(name, "header: HeaderError::Forbidden");
    }
    let with = json!({ "method": "get", "endpoint": world.url("/"), "headers": { "x-original-url": "/admin" } });
    let document = json!({
        "document": { "dsl": "1.0.3", "namespace": "tests", "name": "asks", "version": "0.1.0",
            "metadata": { "writ": { "requests": [{ "capability": capability, "reason": "to ask" }] } } },
        "do": [{ "ask": { "call": "http", "with": with } }],
    });
    world.app.write("workflow.yaml", &document.to_string());
    world.grant_workflow("tests/asks", &[(&capability, LOOPBACK)]);
    let said = world.app.run();
    assert_ne!(said.code, 0);
    assert!(said.out.contains("x-original-url"), "{}", said.out);
    assert_eq!(world.http.received(), []);
}

#[test]
fn a_name_that_leads_into_this_machine_needs_its_addresses_granted() {
    let world = World::new(|_| Reply::ok("inside"));
    world.plugin(&[ALL], "");
    world
        .dns
        .answer("rebound.example", &[&["93.184.216.34"], &["127.0.0.1"]]);
    Cases::default()
        .call("inside", "web", "fetch", fetch("GET", &world.url("/")))
        .write(&world.app);
    world.grant(&[(ALL, "")]);
    let outcomes = Cases::started(&world.app);
    let fault = outcomes.error("inside", super::cases::GUEST);
    assert_eq!(fault["payload"], "DestinationIpProhibited", "{fault}");
    assert_eq!(world.http.received(), []);
    let capability = format!("http:GET,POST {}/**", world.origin());
    outcomes.denied("web", &capability, "127.0.0.1");
}

#[test]
fn a_redirect_is_shown_and_never_followed() {
    let world = World::new(|_| Reply::redirect(302, "http://169.254.169.254/latest/"));
    world.plugin(&[ALL], "");
    let get = fetch("GET", &world.url("/"));
    let outcomes = run(&world, Cases::default().call("moved", "web", "fetch", get));
    assert_eq!(outcomes.ok("moved")["status"], 302);
    assert_eq!(world.http.received().len(), 1);
}

#[test]
fn requests_are_sent_in_the_order_in_which_they_were_handed_over() {
    let world = open();
    let urls: Vec<String> = ["/a", "/b", "/c"].map(|path| world.url(path)).to_vec();
    let all = json!({ "method": "POST", "urls": urls });
    let outcomes = run(
        &world,
        Cases::default().call("all", "web", "fetch-all", all),
    );
    assert_eq!(
        *outcomes.ok("all"),
        json!(["/c", "/b", "/a"]),
        "asked for last to first"
    );
    let order: Vec<String> = world
        .http
        .received()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(order, ["/a", "/b", "/c"]);
    let indexes: Vec<&Json> = outcomes
        .told("host.called")
        .map(|called| &called["index"])
        .collect();
    assert_eq!(indexes, [&json!(0), &json!(1), &json!(2)]);
}

#[test]
fn the_answer_comes_before_a_timer_of_virtual_time_however_slow_it_is() {
    let world = World::new(|_| {
        std::thread::sleep(std::time::Duration::from_millis(300));
        Reply::ok("slow")
    });
    world.plugin(&[ALL], "");
    let url = json!({ "url": world.url("/") });
    let outcomes = run(&world, Cases::default().call("race", "web", "race", url));
    assert_eq!(*outcomes.ok("race"), json!("[0]"));
}

#[test]
fn a_request_whose_response_is_dropped_is_never_sent() {
    let world = open();
    let url = json!({ "url": world.url("/forgotten") });
    let outcomes = run(
        &world,
        Cases::default().call("forget", "web", "forget", url),
    );
    assert!(outcomes.ok("forget").is_null());
    assert_eq!(world.http.received(), []);
    assert_eq!(outcomes.told("host.intended").count(), 0);
}

#[test]
fn every_limit_of_requests_ends_or_answers_the_guest() {
    let world = World::new(|request| match request.path.as_str() {
        "/large" => Reply::ok(vec![b'x'; 30_000]),
        "/drip" => Reply::drip(
            "HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n",
            b'x',
            200,
        ),
        "/hang" => Reply::hang(),
        _ => Reply::ok(request.body.len().to_string()),
    });
    let limits = "[limits]\nhttp_requests_max = 5\nhttp_request_bytes_max = 10000\nhttp_response_bytes_max = 20000\nhttp_ms_max = 700\nwall_ms_max = 4000\n";
    world.plugin(&[ALL], limits);
    let upload =
        |bytes: u64, each: u32| json!({ "url": world.url("/"), "bytes": bytes, "each": each });
    let cases = Cases::default()
        .call(
            "few",
            "web",
            "flood",
            json!({ "url": world.url("/"), "times": 5 }),
        )
        .call(
            "many",
            "web",
            "flood",
            json!({ "url": world.url("/"), "times": 6 }),
        )
        .call("fits", "web", "upload", upload(10_000, 1_000))
        .call("small-writes", "web", "upload", upload(9_000, 1))
        .call("too-much", "web", "upload", upload(10_001, 1_000))
        .call("large", "web", "fetch", fetch("GET", &world.url("/large")))
        .call("drip", "web", "fetch", fetch("GET", &world.url("/drip")))
        .call("hang", "web", "fetch", fetch("GET", &world.url("/hang")))
        .call(
            "unfinished",
            "web",
            "unfinished",
            json!({ "url": world.url("/") }),
        );
    let outcomes = run(&world, cases);
    assert_eq!(*outcomes.ok("few"), json!(5));
    outcomes.limit("many", "web", "http_requests_max", 5);
    assert_eq!(*outcomes.ok("fits"), json!(200));
    assert_eq!(*outcomes.ok("small-writes"), json!(200));
    outcomes.limit("too-much", "web", "http_request_bytes_max", 10_000);
    outcomes.limit("large", "web", "http_response_bytes_max", 20_000);
    for name in ["drip", "hang"] {
        let fault = outcomes.error(name, super::cases::GUEST);
        let payload = fault["payload"].as_str().unwrap_or_default();
        assert!(payload.contains("Timeout"), "{name}: {fault}");
    }
    outcomes.limit("unfinished", "web", "wall_ms_max", 4_000);
    let uploads = world
        .http
        .received()
        .into_iter()
        .filter(|request| request.method == "POST");
    let sizes: Vec<usize> = uploads.map(|request| request.body.len()).collect();
    assert_eq!(
        sizes,
        [10_000, 9_000],
        "what is too much is not sent at all"
    );
}

#[test]
fn servers_that_break_the_rules_are_told_as_errors() {
    let world = World::new(|request| match request.path.as_str() {
        "/lengths" => {
            Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabcde")
        }
        "/short" => Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nabc"),
        "/garbage" => Reply::raw(vec![0xff_u8; 64]),
        _ => Reply::close(),
    });
    world.plugin(&[ALL], "");
    let mut cases = Cases::default();
    for name in ["lengths", "short", "garbage", "closed"] {
        cases = cases.call(
            name,
            "web",
            "fetch",
            fetch("GET", &world.url(&format!("/{name}"))),
        );
    }
    let outcomes = run(&world, cases);
    for name in ["lengths", "short", "garbage", "closed"] {
        let _ = outcomes.error(name, super::cases::GUEST);
    }
}

#[test]
fn a_function_without_effects_only_asks() {
    let world = World::new(|request| Reply::ok(request.path.clone()));
    world.plugin(&[ALL], "[functions.fetch]\neffects = \"none\"\n");
    let cases = Cases::default()
        .call("post", "web", "fetch", fetch("POST", &world.url("/x")))
        .call("get", "web", "fetch", fetch("GET", &world.url("/y")))
        .call(
            "other",
            "web",
            "flood",
            json!({ "url": world.url("/z"), "times": 1 }),
        );
    let outcomes = run(&world, cases);
    for name in ["post", "get"] {
        outcomes.refused(name, "HttpRequestDenied");
    }
    outcomes.denied(
        "web",
        &format!("http:GET,POST {}/**", world.origin()),
        "effects = \"none\"",
    );
    assert_eq!(*outcomes.ok("other"), json!(1));
    let paths: Vec<String> = world
        .http
        .received()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(paths, ["/z"]);
}

#[test]
fn without_a_grant_it_does_not_start() {
    let world = open();
    Cases::default()
        .call("fetch", "web", "fetch", fetch("GET", &world.url("/")))
        .write(&world.app);
    world.grant(&[]);
    let said = world.app.run();
    assert_ne!(said.code, 0);
    assert!(
        said.err.contains("wasi:http") && said.err.contains("http:"),
        "{}",
        said.err
    );
    assert_eq!(world.http.received(), []);
}
