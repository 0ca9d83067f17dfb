//! What bad servers and bad requests come to: a typed failure, in bounded time and memory.

use std::time::{Duration, Instant};

use writ_tests::net::{Dns, Http, Received, Reply};

use super::support::{action, client, get, grant, granting, quick, request};
use crate::{HttpFailure, Injection, Request, Response};

/// What a server with this answer comes to.
async fn from(
    answer: impl Fn(&Received) -> Reply + Send + Sync + 'static,
) -> Result<Response, HttpFailure> {
    let http = Http::start(answer);
    let dns = Dns::start();
    let url = format!("GET http://127.0.0.1:{}/", http.port());
    let began = Instant::now();
    let result = get(&client(&dns), &granting(vec![grant(&url, &[])]), &url).await;
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
    result
}

async fn raw(text: &'static str) -> Result<Response, HttpFailure> {
    from(move |_| Reply::raw(text)).await
}

async fn code(text: &'static str) -> &'static str {
    raw(text).await.unwrap_err().code()
}

#[tokio::test]
async fn a_body_of_a_byte_now_and_then_ends_with_the_exchange() {
    let head = "HTTP/1.1 200 X\r\n\r\n";
    let failure = from(move |_| Reply::drip(head, b'x', 50))
        .await
        .unwrap_err();
    assert_eq!(
        (failure.code(), failure.sent()),
        ("HTTP-response-timeout", true)
    );
    assert!(
        failure
            .to_string()
            .contains("did not answer to the end within 1500 ms"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_head_of_a_byte_now_and_then_ends_with_the_first_byte_bound() {
    for head in ["HTTP/1.1 200 X\r\nx-long: ", ""] {
        let failure = from(move |_| Reply::drip(head, b'x', 50))
            .await
            .unwrap_err();
        if head.is_empty() {
            assert!(failure.sent(), "{failure}");
        } else {
            assert!(
                failure
                    .to_string()
                    .contains("did not begin to answer within 400 ms"),
                "{failure}"
            );
        }
    }
    let failure = from(|_| Reply::hang()).await.unwrap_err();
    assert_eq!(
        (failure.code(), failure.sent()),
        ("HTTP-response-timeout", true)
    );
}

#[tokio::test]
async fn no_answer_at_all() {
    let failure = from(|_| Reply::close()).await.unwrap_err();
    assert!(failure.sent());
    assert!(
        ["connection-terminated", "HTTP-response-incomplete"].contains(&failure.code()),
        "{failure}"
    );
}

#[tokio::test]
async fn bodies_that_are_too_large() {
    let declared = "HTTP/1.1 200 X\r\ncontent-length: 100001\r\n\r\n";
    assert_eq!(code(declared).await, "HTTP-response-body-size");
    let huge = "HTTP/1.1 200 X\r\ncontent-length: 99999999999999999999\r\n\r\n";
    assert_eq!(code(huge).await, "HTTP-protocol-error");
    let endless =
        from(|_| Reply::raw([b"HTTP/1.1 200 X\r\n\r\n".to_vec(), vec![b'x'; 100_001]].concat()));
    assert_eq!(endless.await.unwrap_err().code(), "HTTP-response-body-size");
    let chunked = from(|_| {
        let chunk = format!("2710\r\n{}\r\n", "x".repeat(10_000)).repeat(11);
        Reply::raw(format!(
            "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n{chunk}0\r\n\r\n"
        ))
    });
    assert_eq!(chunked.await.unwrap_err().code(), "HTTP-response-body-size");
    let full = from(|_| Reply::ok(vec![b'x'; 100_000]));
    assert_eq!(full.await.unwrap().body.len(), 100_000);
}

#[tokio::test]
async fn headers_that_are_too_large_or_too_many() {
    let large = from(|_| Reply::ok("").header("x", &"x".repeat(10_001)));
    assert_eq!(
        large.await.unwrap_err().code(),
        "HTTP-response-header-section-size"
    );
    let endless = from(|_| {
        Reply::raw(format!(
            "HTTP/1.1 200 X\r\n{}",
            "x: y\r\n".repeat(1_000_000)
        ))
    });
    assert_eq!(
        endless.await.unwrap_err().code(),
        "HTTP-response-header-section-size"
    );
    let many = from(|_| {
        let reply = Reply::ok("");
        (0..21).fold(reply, |reply, n| reply.header(&format!("x-{n}"), "y"))
    });
    assert_eq!(
        many.await.unwrap_err().code(),
        "HTTP-response-header-section-size"
    );
}

#[tokio::test]
async fn a_response_says_once_where_it_ends() {
    for bad in [
        "HTTP/1.1 200 X\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        "HTTP/1.1 200 X\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 200 X\r\ncontent-length: 5, 5\r\n\r\nhello",
        "HTTP/1.1 200 X\r\ncontent-length: +5\r\n\r\nhello",
        "HTTP/1.1 200 X\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 X\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 X\r\ntransfer-encoding: identity\r\n\r\nhello",
        "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let failure = raw(bad).await.unwrap_err();
        assert!(
            ["HTTP-response-transfer-coding", "HTTP-protocol-error"].contains(&failure.code()),
            "{bad}: {failure}"
        );
    }
    let good = raw("HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\nkeep-alive: 5\r\n\r\n5\r\nhello\r\n0\r\nx: y\r\n\r\n").await.unwrap();
    assert_eq!((&good.body[..], good.headers.len()), (&b"hello"[..], 0));
    let to_the_end = raw("HTTP/1.1 200 X\r\nconnection: close, x-hop\r\nx-hop: 1\r\n\r\nhello")
        .await
        .unwrap();
    assert_eq!(
        (&to_the_end.body[..], to_the_end.headers.len()),
        (&b"hello"[..], 0)
    );
}

#[tokio::test]
async fn what_is_cut_short_is_not_handed_on() {
    for bad in [
        "HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\nhello",
        "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 X\r\nx: y\r\n",
    ] {
        assert_eq!(code(bad).await, "HTTP-response-incomplete", "{bad}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_not_handed_on() {
    for bad in [
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "HTTP/1.1 abc X\r\n\r\n",
        "HTTP/2.0 200 X\r\n\r\n",
        "HTTP/1.1 200 X\r\nx y: z\r\n\r\n",
        "HTTP/1.1 200 X\r\n folded: z\r\n\r\n",
        "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    ] {
        let failure = raw(bad).await.unwrap_err();
        assert!(
            ["HTTP-protocol-error", "HTTP-response-incomplete"].contains(&failure.code()),
            "{bad}: {failure}"
        );
    }
}

#[tokio::test]
async fn informational_responses_come_before_the_one_that_counts() {
    let good = raw("HTTP/1.1 103 X\r\nlink: x\r\n\r\nHTTP/1.1 204 X\r\n\r\n")
        .await
        .unwrap();
    assert_eq!((good.status, good.body.len()), (204, 0));
}

#[tokio::test]
async fn a_request_may_not_say_what_the_host_says() {
    let http = Http::start(|_| Reply::ok(""));
    let dns = Dns::start();
    let client = client(&dns);
    let url = format!("POST http://127.0.0.1:{}/", http.port());
    let authority = granting(vec![grant(&url, &[])]);
    let send = async |request: Request| {
        let permit = authority.permit(action(&url)).unwrap();
        let limits = quick();
        client
            .exchange(permit, request, Injection::none(), &limits)
            .await
    };
    for name in [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "via",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "x-http-method-override",
        "x-original-url",
        "x-forwarded-prefix",
        "authorization",
        "cookie",
    ] {
        let failure = send(request(&[(name, "x")], "")).await.unwrap_err();
        assert!(
            matches!(&failure, HttpFailure::RequestHeader { name: found, .. } if found == name),
            "{failure}"
        );
        assert!(!failure.sent() && failure.remedy().is_some());
    }
    let body = "x".repeat(1_001);
    assert_eq!(
        send(request(&[], &body)).await.unwrap_err().code(),
        "HTTP-request-body-size"
    );
    let large = "x".repeat(10_000);
    let failure = send(request(&[("x-large", &large)], "")).await.unwrap_err();
    assert_eq!(failure.code(), "HTTP-request-header-section-size");
    let failure = send(request(&[("x-many", "x"); 21], "")).await.unwrap_err();
    assert_eq!(failure.code(), "HTTP-request-header-section-size");
    assert!(http.received().is_empty());
}
