//! Redirects: each asks for a permit of its own, and what belongs to one origin stays there.

use writ_grant::{Authority, Denied, HttpRequest, Permit, SecretUse};
use writ_tests::net::{Dns, Http, Received, Reply};

use super::support::{action, client, grant, granting, quick, request, secret_grant, secrets};
use crate::{Followed, Gate, Hop, HttpFailure, Request, Secrets};

/// A gate that keeps what it was asked and told.
struct Log<'a> {
    authority: &'a Authority,
    asked: Vec<String>,
    answered: Vec<u16>,
}

impl Gate for Log<'_> {
    fn request(&mut self, action: HttpRequest) -> Result<Permit<HttpRequest>, Denied> {
        self.asked
            .push(format!("{} {}", action.method, action.target.path()));
        self.authority.permit(action)
    }

    fn secret(&mut self, action: SecretUse) -> Result<Permit<SecretUse>, Denied> {
        self.asked.push(action.name.clone());
        self.authority.permit(action)
    }

    fn answered(&mut self, hop: &Hop) {
        self.answered.push(hop.status);
    }
}

async fn follow(
    authority: &Authority,
    dns: &Dns,
    text: &str,
    request: Request,
    secrets: &Secrets,
) -> (Result<Followed, HttpFailure>, Vec<String>) {
    let mut gate = Log {
        authority,
        asked: Vec::new(),
        answered: Vec::new(),
    };
    let first = action(text);
    let client = client(dns);
    let limits = quick();
    let result = client
        .follow(
            first.method,
            first.target,
            request,
            &mut gate,
            secrets,
            3,
            &limits,
        )
        .await;
    if let Ok(followed) = &result {
        let told: Vec<u16> = followed.hops.iter().map(|hop| hop.status).collect();
        assert_eq!(told, gate.answered);
    }
    (result, gate.asked)
}

fn server() -> Http {
    Http::start(|request: &Received| match request.path.as_str() {
        "/end" => Reply::ok("end"),
        "/a" => Reply::redirect(302, "/b"),
        "/b" => Reply::redirect(307, "/end?x=1"),
        "/loop" => Reply::redirect(301, "/loop"),
        "/other" => Reply::redirect(302, "http://other.example/x"),
        "/private" => Reply::redirect(302, "http://private.example/x"),
        "/metadata" => Reply::redirect(302, "http://169.254.169.254/latest"),
        "/dots" => Reply::redirect(302, "/v1/%2e%2e/admin"),
        "/file" => Reply::redirect(302, "file:///etc/passwd"),
        "/nowhere" => Reply::status(302, "no location"),
        path if path.starts_with("/see/") => Reply::redirect(path[5..].parse().unwrap(), "/end"),
        path if path.starts_with("/end") => Reply::ok("end"),
        _ => Reply::status(404, ""),
    })
}

#[tokio::test]
async fn permitted_hops_are_followed_and_kept() {
    let (http, dns) = (server(), Dns::start());
    let base = format!("http://127.0.0.1:{}", http.port());
    let authority = granting(vec![grant(&format!("GET {base}/**"), &[])]);
    let (result, asked) = follow(
        &authority,
        &dns,
        &format!("GET {base}/a"),
        Request::default(),
        &Secrets::new(),
    )
    .await;
    let followed = result.unwrap();
    assert_eq!(&followed.response.body[..], b"end");
    assert_eq!(asked, ["GET /a", "GET /b", "GET /end"]);
    let hops: Vec<String> = followed
        .hops
        .iter()
        .map(|hop| format!("{} {}", hop.status, hop.target))
        .collect();
    assert_eq!(
        hops,
        [
            format!("302 {base}/a"),
            format!("307 {base}/b"),
            format!("200 {base}/end?x=1")
        ]
    );
}

#[tokio::test]
async fn a_hop_without_a_grant_is_denied() {
    let (http, dns) = (server(), Dns::start());
    dns.answer("other.example", &[&["127.0.0.1"]]);
    dns.answer("private.example", &[&["10.0.0.1"]]);
    let base = format!("http://127.0.0.1:{}", http.port());
    let authority = granting(vec![
        grant(&format!("GET {base}/**"), &[]),
        grant("GET http://private.example/**", &[]),
    ]);
    for (path, code) in [
        ("other", "HTTP-request-denied"),
        ("metadata", "HTTP-request-denied"),
        ("private", "destination-IP-prohibited"),
    ] {
        let first = format!("GET {base}/{path}");
        let (result, _) = follow(
            &authority,
            &dns,
            &first,
            Request::default(),
            &Secrets::new(),
        )
        .await;
        let failure = result.unwrap_err();
        assert_eq!(failure.code(), code, "{failure}");
        assert!(failure.denied().is_some() && failure.sent(), "{failure}");
    }
    assert!(
        !dns.asked().contains(&"other.example".to_owned()),
        "it was not granted, so not looked up"
    );
}

#[tokio::test]
async fn redirects_that_lead_to_no_url_or_never_end() {
    let (http, dns) = (server(), Dns::start());
    let base = format!("http://127.0.0.1:{}", http.port());
    let authority = granting(vec![grant(&format!("GET {base}/**"), &[])]);
    for (path, code) in [
        ("dots", "HTTP-protocol-error"),
        ("file", "HTTP-protocol-error"),
        ("loop", "loop-detected"),
    ] {
        let first = format!("GET {base}/{path}");
        let (result, asked) = follow(
            &authority,
            &dns,
            &first,
            Request::default(),
            &Secrets::new(),
        )
        .await;
        let failure = result.unwrap_err();
        assert_eq!(failure.code(), code, "{failure}");
        assert!(asked.len() <= 4, "{asked:?}");
    }
    let first = format!("GET {base}/nowhere");
    let (result, _) = follow(
        &authority,
        &dns,
        &first,
        Request::default(),
        &Secrets::new(),
    )
    .await;
    assert_eq!(result.unwrap().response.status, 302);
}

#[tokio::test]
async fn methods_and_bodies_change_as_http_says() {
    let (http, dns) = (server(), Dns::start());
    let base = format!("http://127.0.0.1:{}", http.port());
    let authority = granting(vec![grant(&format!("GET,HEAD,POST,PUT {base}/**"), &[])]);
    for (status, before, after, kept) in [
        (301, "POST", "GET", false),
        (302, "POST", "GET", false),
        (303, "POST", "GET", false),
        (307, "POST", "POST", true),
        (308, "POST", "POST", true),
        (301, "PUT", "PUT", true),
        (303, "PUT", "GET", false),
        (303, "HEAD", "HEAD", true),
    ] {
        let body = if before == "HEAD" { "" } else { "body" };
        let request = request(&[("content-type", "text/plain"), ("x-mine", "1")], body);
        let first = format!("{before} {base}/see/{status}");
        let (result, asked) = follow(&authority, &dns, &first, request, &Secrets::new()).await;
        assert_eq!(result.unwrap().response.status, 200);
        assert_eq!(asked[1], format!("{after} /end"), "{status}");
        let received = http.received();
        let last = received.last().unwrap();
        assert_eq!(last.method, after);
        assert_eq!(last.body == body.as_bytes(), kept, "{status} {before}");
        assert_eq!(
            last.header("content-type").is_some(),
            kept,
            "{status} {before}"
        );
        assert_eq!(last.header("x-mine"), Some("1"));
    }
}

#[tokio::test]
async fn a_secret_stays_with_its_origin() {
    let (here, there, dns) = (server(), Http::start(|_| Reply::ok("")), Dns::start());
    let there_url = format!("http://127.0.0.1:{}/end", there.port());
    let away = Http::start(move |request: &Received| match request.path.as_str() {
        "/away" => Reply::redirect(302, &there_url),
        "/stay" => Reply::redirect(302, "/end"),
        _ => Reply::ok(""),
    });
    let base = format!("http://127.0.0.1:{}", away.port());
    let authority = granting(vec![
        grant(&format!("GET {base}/**"), &[]),
        grant(&format!("GET http://127.0.0.1:{}/**", there.port()), &[]),
        secret_grant("erp", &base),
    ]);
    let secrets = secrets(&[("erp", "correct horse")], &base);
    let with = || {
        request(
            &[("authorization", "Bearer {{secret:erp}}"), ("x-mine", "1")],
            "",
        )
    };
    let (result, asked) = follow(
        &authority,
        &dns,
        &format!("GET {base}/away"),
        with(),
        &secrets,
    )
    .await;
    assert_eq!(result.unwrap().response.status, 200);
    assert_eq!(asked, ["GET /away", "erp", "GET /end"]);
    assert_eq!(
        away.received()[0].header("authorization"),
        Some("Bearer correct horse")
    );
    let last = &there.received()[0];
    assert_eq!(
        (last.header("authorization"), last.header("x-mine")),
        (None, Some("1"))
    );

    let (result, asked) = follow(
        &authority,
        &dns,
        &format!("GET {base}/stay"),
        with(),
        &secrets,
    )
    .await;
    assert_eq!(result.unwrap().response.status, 200);
    assert_eq!(asked, ["GET /stay", "erp", "GET /end", "erp"]);
    assert_eq!(
        away.received()[2].header("authorization"),
        Some("Bearer correct horse")
    );
    drop(here);
}
