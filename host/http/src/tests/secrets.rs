//! Secrets: where they go, where they don't, and what becomes of them on the way back.

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use writ_grant::Authority;
use writ_tests::net::{Dns, Http, Received, Reply};

use super::support::{
    action, client, grant, granting, quick, request, secret_grant, secrets, target,
};
use crate::{HttpFailure, Injection, Limits, Request, Response, SecretError, Secrets, placeholder};

const VALUE: &str = "s3cr/et \"tok+en\"";

fn world(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> (Http, String, Authority) {
    let http = Http::start(answer);
    let base = format!("http://127.0.0.1:{}", http.port());
    let authority = granting(vec![
        grant(&format!("POST {base}/**"), &[]),
        secret_grant("erp", &base),
    ]);
    (http, base, authority)
}

async fn post(
    base: &str,
    mut authority: &Authority,
    request: Request,
) -> Result<Response, HttpFailure> {
    let url = format!("{base}/x");
    let all = secrets(&[("erp", VALUE), ("other", "another secret")], base);
    let injection = Injection::permitted(&request, &target(&url), &all, &mut authority)?;
    let permit = authority.permit(action(&format!("POST {url}"))).unwrap();
    let dns = Dns::start();
    client(&dns)
        .exchange(permit, request, injection, &quick())
        .await
}

fn bearer(body: &str) -> Request {
    request(&[("authorization", "Bearer {{secret:erp}}")], body)
}

#[tokio::test]
async fn the_server_gets_the_value_and_nobody_else_does() {
    let (http, base, authority) = world(|request| {
        let got = request.header("authorization").unwrap_or_default();
        let value = got.trim_start_matches("Bearer ");
        let body = [
            got.to_owned(),
            STANDARD.encode(value),
            STANDARD.encode(format!("user:{value}")),
            STANDARD.encode(format!("u:{value}:x")),
            "s3cr%2Fet%20%22tok%2Ben%22".to_owned(),
            "s3cr%2fet+%22tok%2ben%22".to_owned(),
            "s3cr/et \\\"tok+en\\\"".to_owned(),
            "s3cr\\/et \\\"tok+en\\\"".to_owned(),
            "s3cr/et \\u0022tok\\u002Ben\\u0022".to_owned(),
            "s3cr&#x2F;et &#34;tok&#43;en&quot;".to_owned(),
            "another secret".to_owned(),
        ];
        Reply::ok(body.join("\n"))
            .header("x-echo", got)
            .header("x-b64", &STANDARD.encode(got))
    });
    let response = post(&base, &authority, bearer("")).await.unwrap();
    assert_eq!(
        http.received()[0].header("authorization"),
        Some(format!("Bearer {VALUE}").as_str())
    );
    let body = String::from_utf8(response.body.to_vec()).unwrap();
    let lines: Vec<&str> = body.lines().collect();
    assert_eq!(lines[0], "Bearer [secret:erp]");
    for line in &lines[1..10] {
        assert!(line.contains("[secret:erp]"), "{body}");
    }
    assert_eq!(lines[10], "[secret:other]");
    assert_eq!(response.headers["x-echo"], "Bearer [secret:erp]");
    assert!(
        response.headers["x-b64"]
            .to_str()
            .unwrap()
            .contains("[secret:erp]")
    );
    assert_eq!(response.headers["content-length"], body.len().to_string());
    for form in ["s3cr", "tok", "czNjc", "anoth"] {
        assert!(
            !format!("{body}{:?}", response.headers).contains(form),
            "{form}: {body}"
        );
    }
}

#[tokio::test]
async fn a_request_is_no_larger_for_the_secrets_in_it() {
    let (http, base, authority) = world(|_| Reply::ok(""));
    let twice = request(&[("authorization", "{{secret:erp}} {{secret:erp}}")], "");
    let failure = post(&base, &authority, twice).await.unwrap_err();
    assert_eq!(failure.code(), "HTTP-request-header-section-size");
    assert!(
        failure.to_string().contains("16430 bytes of headers"),
        "the longest values count, not these: {failure}"
    );
    assert!(http.received().is_empty());
}

#[tokio::test]
async fn a_response_is_no_larger_for_what_is_taken_out_of_it() {
    // What stands in its place is shorter than the first value, and longer than the second.
    for (text, times, code) in [
        (VALUE, 5_000, None),
        ("12345678", 8_000, None),
        ("12345678", 9_000, Some("HTTP-response-body-size")),
    ] {
        let http = Http::start(move |_| Reply::ok(text.repeat(times)));
        assert_eq!(code_of(&http, text).await, code, "{times} times {text}");
    }
    let http = Http::start(|_| Reply::ok("").header("x-echo", &"12345678".repeat(1_200)));
    assert_eq!(
        code_of(&http, "12345678").await,
        Some("HTTP-response-header-section-size")
    );
}

/// How a request for a response with this secret in it fails, if it does.
async fn code_of(http: &Http, value: &str) -> Option<&'static str> {
    let base = format!("http://127.0.0.1:{}", http.port());
    let authority = granting(vec![grant(&format!("POST {base}/**"), &[])]);
    let (request, url) = (request(&[], ""), format!("{base}/x"));
    let all = secrets(&[("erp", value)], &base);
    let injection = Injection::permitted(&request, &target(&url), &all, &mut &authority).unwrap();
    let permit = authority.permit(action(&format!("POST {url}"))).unwrap();
    let (dns, limits) = (Dns::start(), quick());
    let sent = client(&dns)
        .exchange(permit, request, injection, &limits)
        .await;
    sent.err().map(|failure| failure.code())
}

#[tokio::test]
async fn a_coded_echo_is_decoded_to_be_searched() {
    let (_http, base, authority) = world(|request| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder
            .write_all(request.header("authorization").unwrap().as_bytes())
            .unwrap();
        Reply::ok(encoder.finish().unwrap()).header("content-encoding", "gzip")
    });
    let response = post(&base, &authority, bearer("")).await.unwrap();
    assert_eq!(&response.body[..], b"Bearer [secret:erp]");
    assert!(!response.headers.contains_key("content-encoding"));

    let (_http, base, authority) = world(|_| Reply::ok("x").header("content-encoding", "br"));
    let failure = post(&base, &authority, bearer("")).await.unwrap_err();
    assert_eq!(
        failure.code(),
        "HTTP-response-content-coding",
        "what can't be searched is not handed on"
    );
}

#[tokio::test]
async fn elsewhere_a_placeholder_is_denied() {
    let (http, base, authority) = world(|_| Reply::ok(""));
    for elsewhere in [
        request(&[("x-key", "{{secret:erp}}")], ""),
        request(&[("authorization", "{{secret:other}}")], ""),
        request(&[("authorization", "{{secret:erp}} {{secret:other}}")], ""),
        request(&[("authorization", "{{secret:../erp}}")], ""),
        bearer("{\"token\": \"{{secret:erp}}\"}"),
    ] {
        let failure = post(&base, &authority, elsewhere).await.unwrap_err();
        let denied = failure.denied().expect("a denial");
        assert!(
            denied.capability.to_string().starts_with("secret:use:"),
            "{failure}"
        );
        assert_eq!(failure.code(), "HTTP-request-denied");
    }
    let elsewhere = granting(vec![
        grant(&format!("POST {base}/**"), &[]),
        secret_grant("erp", "https://erp.example"),
    ]);
    let failure = post(&base, &elsewhere, bearer("")).await.unwrap_err();
    assert!(
        failure
            .to_string()
            .contains("for the header authorization to https://erp.example only"),
        "{failure}"
    );
    assert!(http.received().is_empty());
    assert_eq!(
        placeholder(b"https://a.example/?t={{secret:erp}}").as_deref(),
        Some("erp")
    );
    assert_eq!(placeholder(b"https://a.example/?t={{secret:erp}"), None);
}

#[tokio::test]
async fn a_permit_for_one_request_fills_no_other() {
    let (http, base, authority) = world(|_| Reply::ok(""));
    let all = secrets(&[("erp", VALUE)], &base);
    let asked = Injection::permitted(
        &bearer(""),
        &target(&format!("{base}/x")),
        &all,
        &mut &authority,
    )
    .unwrap();
    let sneaked = request(
        &[
            ("authorization", "{{secret:erp}}"),
            ("x-key", "{{secret:erp}}"),
        ],
        "",
    );
    let permit = authority.permit(action(&format!("POST {base}/x"))).unwrap();
    let dns = Dns::start();
    let limits = Limits {
        header_bytes_max: 32 << 10,
        ..quick()
    };
    let failure = client(&dns)
        .exchange(permit, sneaked, asked, &limits)
        .await
        .unwrap_err();
    assert!(
        matches!(&failure, HttpFailure::RequestHeader { name, .. } if name == "x-key"),
        "{failure}"
    );
    assert!(http.received().is_empty());
}

#[tokio::test]
async fn a_permitted_secret_without_a_value_says_so() {
    let (_http, base, authority) = world(|_| Reply::ok(""));
    let request = bearer("");
    let injection = Injection::permitted(
        &request,
        &target(&format!("{base}/x")),
        &Secrets::new(),
        &mut &authority,
    );
    let permit = authority.permit(action(&format!("POST {base}/x"))).unwrap();
    let dns = Dns::start();
    let failure = client(&dns)
        .exchange(permit, request, injection.unwrap(), &quick())
        .await
        .unwrap_err();
    assert_eq!(
        failure.to_string(),
        "the secret erp has no value on this host"
    );
    assert!(failure.remedy().unwrap().contains("[secrets.erp]"));
}

#[test]
fn values_that_are_refused() {
    let mut all = Secrets::new();
    let mut add = |value: &[u8]| all.add("x".parse().unwrap(), value.to_vec(), Default::default());
    assert!(matches!(add(b"1234567"), Err(SecretError::Short { .. })));
    assert!(matches!(add(b"1234567\n"), Err(SecretError::Short { .. })));
    assert!(matches!(
        add(&[b'x'; 8 * 1024 + 1]),
        Err(SecretError::Long { .. })
    ));
    for unfit in [
        "12345678\r\nx: y",
        "1234\u{0}5678",
        " 12345678",
        "12345678 ",
        "1234\t5678",
        "12345678\n\n",
    ] {
        assert!(
            matches!(add(unfit.as_bytes()), Err(SecretError::Unfit { .. })),
            "{unfit:?}"
        );
    }
    assert!(
        add(b"12345678\r\n").is_ok(),
        "a line break at the end of a file is not the value's"
    );
    assert!(matches!(
        add(b"12345678"),
        Err(SecretError::Repeated { .. })
    ));
    assert_eq!(all.redact_text("<12345678>"), "<[secret:x]>");
    assert_eq!(all.redact_text("nothing"), "nothing");
}

#[test]
fn nothing_prints_a_value() {
    let all = secrets(&[("erp", VALUE)], "https://erp.example");
    let printed = format!("{all:?} {all:#?}");
    assert!(
        printed.contains("erp") && !printed.contains("s3cr"),
        "{printed}"
    );
}

#[test]
fn a_secret_is_known_where_it_goes_and_nowhere_else() {
    let all = secrets(&[("erp", VALUE)], "https://erp.example");
    let known = |origin: &str| !all.of(&origin.parse().unwrap()).is_empty();
    assert!(known("https://erp.example"));
    for other in [
        "http://erp.example",
        "https://erp.example:8443",
        "https://erp.example.evil.example",
    ] {
        assert!(!known(other), "{other}");
    }
}

#[tokio::test]
async fn a_guess_at_another_hosts_secret_comes_back_as_it_was_sent() {
    let http = Http::start(|request| Reply::ok(request.body.clone()));
    let base = format!("http://127.0.0.1:{}", http.port());
    let authority = granting(vec![grant(&format!("POST {base}/**"), &[])]);
    let (guess, url) = (request(&[], VALUE), format!("{base}/x"));
    for (bound, shown) in [("https://erp.example", VALUE), (&base, "[secret:erp]")] {
        let all = secrets(&[("erp", VALUE)], bound);
        let injection = Injection::permitted(&guess, &target(&url), &all, &mut &authority).unwrap();
        let permit = authority.permit(action(&format!("POST {url}"))).unwrap();
        let dns = Dns::start();
        let response = client(&dns)
            .exchange(permit, guess.clone(), injection, &quick())
            .await
            .unwrap();
        assert_eq!(&response.body[..], shown.as_bytes(), "{bound}");
    }
}

#[test]
fn values_within_values_are_taken_out_whole() {
    let all = secrets(
        &[
            ("long", "abcdefghijkl"),
            ("short", "cdefghij"),
            ("next", "ijklmnop"),
        ],
        "https://erp.example",
    );
    assert_eq!(all.redact_text("-abcdefghijkl-"), "-[secret:long]-");
    assert_eq!(all.redact_text("-abcdefghijklmnop-"), "-[secret:long]-");
    assert_eq!(
        all.redact_text("-xcdefghij-abcdefghijkl"),
        "-x[secret:short]-[secret:long]"
    );
}
