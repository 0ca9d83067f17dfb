//! Secrets: one place each, and nobody on this side of it ever sees the value.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::{Value as Json, json};
use writ_tests::{Said, command, net::Reply};

use super::cases::{Cases, GUEST};
use crate::world::{LOOPBACK, PLACE, SECRET, World};

const ALL: &str = "http:GET,POST ORIGIN/**";
const ERP: &str = "secret:use:erp";

/// A server that says back all that it was told.
fn echo() -> World {
    let world = World::new(|request| {
        let said: Vec<String> = request
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        Reply::ok(said.join("\n"))
            .header("x-echo", request.header("authorization").unwrap_or("none"))
    });
    world.plugin(&[ALL, ERP], "");
    world.secret();
    world
}

fn with(world: &World, headers: Json) -> Json {
    json!({ "method": "GET", "url": world.url("/"), "headers": headers, "body": "" })
}

#[test]
fn it_reaches_its_server_and_nobody_else() {
    let world = echo();
    let bearer = json!([["authorization", "Bearer {{secret:erp}}"]]);
    Cases::default()
        .call("fetch", "web", "fetch", with(&world, bearer.clone()))
        .call(
            "tell",
            "web",
            "tell",
            json!({ "url": world.url("/"), "headers": bearer }),
        )
        .write(&world.app);
    world.grant(&[(ALL, LOOPBACK), (ERP, PLACE)]);
    let debug = Said::of(
        command(world.app.path(), &["run", ".", "--json"])
            .env("WRIT_LOG", "trace")
            .output()
            .expect("writ can be started"),
    )
    .expect(0);
    let ended = debug.json();
    let run = ended["run"].as_str().expect("a run").to_owned();
    let events = world
        .app
        .writ(&["runs", "events", &run, "--json"])
        .expect(0);
    let shown = world.app.writ(&["runs", "show", &run, "--json"]).expect(0);
    let answer = &ended["output"]["fetch"]["ok"];
    let body = answer["body"].as_str().unwrap_or_default();
    assert!(body.contains("Bearer [secret:erp]"), "{answer}");
    assert!(
        events.out.contains("Bearer {{secret:erp}}"),
        "the record shows where it went"
    );
    let received = world.http.received();
    assert_eq!(
        received[0].header("authorization"),
        Some(format!("Bearer {SECRET}").as_str())
    );
    world.keeps_the_secret(&[&debug, &events, &shown]);
}

#[test]
fn a_placeholder_elsewhere_and_an_own_credential_are_refused() {
    let world = echo();
    let secret = "{{secret:erp}}";
    let url = |url: String| json!({ "method": "GET", "url": url, "headers": [], "body": "" });
    let posted = json!({ "method": "POST", "url": world.url("/"), "headers": [], "body": format!("x {secret}") });
    Cases::default()
        .call(
            "other-header",
            "web",
            "fetch",
            with(&world, json!([["x-token", secret]])),
        )
        .call("body", "web", "fetch", posted)
        .call(
            "path",
            "web",
            "fetch",
            url(world.url(&format!("/{secret}"))),
        )
        .call(
            "unknown",
            "web",
            "fetch",
            with(&world, json!([["authorization", "{{secret:other}}"]])),
        )
        .call(
            "own",
            "web",
            "fetch",
            with(&world, json!([["authorization", "Bearer mine"]])),
        )
        .call(
            "cookie",
            "web",
            "fetch",
            with(&world, json!([["cookie", "a=b"]])),
        )
        .call(
            "host",
            "web",
            "fetch",
            with(&world, json!([["host", "evil.example"]])),
        )
        .write(&world.app);
    world.grant(&[(ALL, LOOPBACK), (ERP, PLACE)]);
    let outcomes = Cases::started(&world.app);
    for name in ["other-header", "body", "path", "unknown"] {
        outcomes.refused(name, "HttpRequestDenied");
    }
    for name in ["own", "cookie", "host"] {
        let _ = outcomes.error(name, GUEST);
    }
    outcomes.denied("web", ERP, "only there");
    outcomes.denied("web", "secret:use:other", "[[request]]");
    assert_eq!(world.http.received(), []);
}

#[test]
fn another_origin_does_not_get_it() {
    let world = echo();
    let elsewhere = format!("http://127.0.0.1:{}", world.http.port());
    let other = format!("http:GET {elsewhere}/");
    world.app.write("sources/web/plugin.toml", "");
    let world_requests = [ALL, ERP, other.as_str()];
    let again = World::new(|_| Reply::ok("x"));
    again.plugin(&world_requests, "");
    again.secret();
    Cases::default()
        .call("other", "web", "fetch", json!({ "method": "GET", "url": format!("{elsewhere}/"), "headers": [["authorization", "{{secret:erp}}"]], "body": "" }))
        .write(&again.app);
    again.grant(&[(other.as_str(), ""), (ERP, PLACE)]);
    let outcomes = Cases::started(&again.app);
    outcomes.refused("other", "HttpRequestDenied");
    outcomes.denied("web", ERP, "only there");
    assert_eq!(world.http.received(), []);
}

#[test]
fn a_guess_at_another_hosts_secret_is_not_answered() {
    let world = echo();
    let guess = json!([["x-guess", SECRET]]);
    Cases::default()
        .call("guess", "web", "fetch", with(&world, guess))
        .write(&world.app);
    let elsewhere = "host = \"https://bank.example\"\nheader = \"authorization\"";
    world.grant(&[(ALL, LOOPBACK), (ERP, elsewhere)]);
    let outcomes = Cases::started(&world.app);
    let body = outcomes.ok("guess")["body"].as_str().unwrap_or_default();
    assert!(
        body.contains(&format!("x-guess: {SECRET}")),
        "the guess was told from others: {body}"
    );
}

#[test]
fn a_secret_that_can_not_be_had_is_said_without_its_value() {
    let world = echo();
    Cases::default()
        .call("fetch", "web", "fetch", with(&world, json!([])))
        .write(&world.app);
    world.grant(&[(ALL, LOOPBACK), (ERP, PLACE)]);
    let path = world.app.path().join("erp.token");
    let mode =
        |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it can be set");
    mode(0o644);
    let open = world.app.run().expect(2);
    assert!(
        open.err.contains("can be read by every user") && open.err.contains("chmod 600"),
        "{}",
        open.err
    );
    mode(0o600);
    fs::write(&path, "x\n").expect("it can be written");
    let short = world.app.run().expect(2);
    assert!(short.err.contains("[secrets.erp]"), "{}", short.err);
    fs::remove_file(&path).expect("it can be removed");
    let gone = world.app.run().expect(2);
    assert!(gone.err.contains("erp.token"), "{}", gone.err);
    let config = fs::read_to_string(world.app.path().join("writ.toml")).expect("a text");
    world.app.write(
        "writ.toml",
        &config.replace("[secrets.erp]\nfile = \"erp.token\"\n", ""),
    );
    let unknown = world.app.run().expect(2);
    assert!(
        unknown.err.contains("secret erp") && unknown.err.contains("[secrets.erp]"),
        "{}",
        unknown.err
    );
    world.app.write(
        "writ.toml",
        &config.replace("file = \"erp.token\"", "file = \"erp.token\"\nenv = \"X\""),
    );
    let both = world.app.run().expect(2);
    assert!(both.err.contains("exactly one of"), "{}", both.err);
    assert_eq!(world.http.received(), []);
}

#[test]
fn it_comes_from_the_environment_or_a_descriptor_too() {
    for (place, shell) in [
        (
            "env = \"ERP_TOKEN\"",
            format!("ERP_TOKEN={SECRET} exec \"$0\" run . --json"),
        ),
        (
            "fd = 7",
            format!("exec \"$0\" run . --json 7<<EOF\n{SECRET}\nEOF"),
        ),
    ] {
        let world = echo();
        let config = fs::read_to_string(world.app.path().join("writ.toml")).expect("a text");
        world
            .app
            .write("writ.toml", &config.replace("file = \"erp.token\"", place));
        Cases::default()
            .call(
                "fetch",
                "web",
                "fetch",
                with(&world, json!([["authorization", "Basic {{secret:erp}}"]])),
            )
            .write(&world.app);
        world.grant(&[(ALL, LOOPBACK), (ERP, PLACE)]);
        let said = shelled(&world, &shell).expect(0);
        assert!(
            said.json()["output"]["fetch"]["ok"].is_object(),
            "{}",
            said.out
        );
        let received = world.http.received();
        assert_eq!(
            received[0].header("authorization"),
            Some(format!("Basic {SECRET}").as_str())
        );
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a shell hands a descriptor over as an operator would"
)]
fn shelled(world: &World, script: &str) -> Said {
    let output = std::process::Command::new("sh")
        .arg("-c")
        .arg(script)
        .arg(writ_tests::writ())
        .current_dir(world.app.path())
        .output();
    Said::of(output.expect("there is a shell"))
}
