//! The corners of URLs: each of these spellings once let a request through somewhere.

use super::*;

fn path(text: &str) -> UrlPath {
    text.parse().unwrap()
}

#[test]
fn methods_are_a_sorted_set() {
    assert_eq!(
        "POST,GET,GET".parse::<Methods>().unwrap().to_string(),
        "GET,POST"
    );
    for bad in ["", "get", "GET,", "GET, POST", "CONNECT", "TRACE", "*"] {
        assert!(bad.parse::<Methods>().is_err(), "{bad}");
    }
}

#[test]
fn hosts() {
    for good in [
        "erp.example",
        "localhost",
        "10.0.0.1",
        "[::1]",
        "xn--bcher-kva.example",
        "1a.x2",
    ] {
        assert_eq!(good.parse::<Host>().unwrap().to_string(), good);
    }
    assert_eq!("[0:0::1]".parse::<Host>().unwrap().to_string(), "[::1]");
    for bad in [
        "",
        "ERP.example",
        "*.example",
        "a..b",
        "a.",
        ".a",
        "-a",
        "a-",
        "a_b",
        "bücher.example",
        "127.1",
        "0x7f.0x0.0.0x1",
        "2130706433",
        "0177.0.0.1",
        "256.1.1.1",
        "::1",
        "[::1",
        "[::1%25lo]",
        "[127.0.0.1]",
        "a.0x",
        &"a".repeat(64),
    ] {
        assert!(bad.parse::<Host>().is_err(), "{bad}");
    }
}

#[test]
fn paths() {
    for good in [
        "/",
        "/**",
        "/orders",
        "/orders/",
        "/orders/**",
        "/a%20b",
        "/a:b@c",
        "/~x/.y/...z",
        "/it%27s",
        "/%C3%BC",
        "/%C3%BC%20%E2%82%AC%F0%9F%90%8E",
        "/orders;v=1/7",
        "/a..;x",
        "/a;../b",
        "/a%3B..",
    ] {
        assert_eq!(path(good).to_string(), good);
    }
    for (bad, reason) in [
        ("", HttpError::NoPath),
        ("orders/**", HttpError::NoPath),
        ("//", HttpError::Segment),
        ("/a//b", HttpError::Segment),
        ("/a//", HttpError::Segment),
        ("//**", HttpError::Segment),
        ("/a/../b", HttpError::Segment),
        ("/./**", HttpError::Segment),
        ("/orders/..;/admin", HttpError::Segment),
        ("/orders/.;x/admin", HttpError::Segment),
        ("/..;a=b;c/**", HttpError::Segment),
        ("/..%3B/x", HttpError::Segment),
        ("/.%3B;x", HttpError::Segment),
        ("/a/;x/b", HttpError::Segment),
        ("/a/..;", HttpError::Segment),
        ("/;", HttpError::Segment),
        ("/*", HttpError::Wildcard),
        ("/a/*/b", HttpError::Wildcard),
        ("/**/b", HttpError::Wildcard),
        ("/a**", HttpError::Wildcard),
        ("/%2e%2e", HttpError::Percent),
        ("/%2E%2E/x", HttpError::Percent),
        ("/%2F", HttpError::Percent),
        ("/%5C", HttpError::Percent),
        ("/%00", HttpError::Percent),
        ("/%41", HttpError::Percent),
        ("/%c3", HttpError::Percent),
        ("/%2", HttpError::Percent),
        ("/%", HttpError::Percent),
        ("/%25", HttpError::Percent),
        ("/..%3b/x", HttpError::Percent),
        ("/%C0%AE%C0%AE/x", HttpError::Utf8),
        ("/%C0%AF", HttpError::Utf8),
        ("/%E0%80%AE", HttpError::Utf8),
        ("/%FF", HttpError::Utf8),
        ("/%C3", HttpError::Utf8),
        ("/%C3/%BC", HttpError::Utf8),
        ("/%C3x", HttpError::Utf8),
        ("/%ED%A0%80", HttpError::Utf8),
        ("/a?b", HttpError::Query),
        ("/a#b", HttpError::Query),
        ("/a'b", HttpError::Character { found: '\'' }),
        ("/a b", HttpError::Character { found: ' ' }),
        ("/a\\b", HttpError::Character { found: '\\' }),
        ("/ü", HttpError::Character { found: 'ü' }),
    ] {
        assert_eq!(bad.parse::<UrlPath>(), Err(reason), "{bad}");
    }
    assert!(
        format!("/{}", "a".repeat(URL_PATH_BYTES_MAX))
            .parse::<UrlPath>()
            .is_err()
    );
}

#[test]
fn paths_cover_by_segments() {
    for (wide, narrow) in [
        ("/v1/**", "/v1/a"),
        ("/v1/**", "/v1/"),
        ("/v1/**", "/v1/a/**"),
        ("/v1/**", "/v1/**"),
        ("/**", "/"),
        ("/**", "/a/b"),
        ("/a", "/a"),
    ] {
        assert!(path(wide).covers(&path(narrow)), "{wide} {narrow}");
    }
    for (wide, other) in [
        ("/v1/**", "/v1evil"),
        ("/v1/**", "/v1evil/**"),
        ("/v1/**", "/v1"),
        ("/v1/**", "/**"),
        ("/v1", "/v1/a"),
        ("/", "/**"),
        ("/a", "/a/"),
    ] {
        assert!(!path(wide).covers(&path(other)), "{wide} {other}");
    }
}

#[test]
fn urls() {
    let (scheme, host, port, path) = parse_url("https://erp.example:8443/orders/**").unwrap();
    assert_eq!(
        (
            scheme,
            host.to_string().as_str(),
            port,
            path.to_string().as_str()
        ),
        (Scheme::Https, "erp.example", 8443, "/orders/**")
    );
    assert_eq!(parse_url("http://[::1]/").unwrap().2, 80);
    assert_eq!(parse_url("http://[::1]:81/").unwrap().2, 81);
    for (bad, reason) in [
        ("ftp://a/", HttpError::Scheme),
        ("HTTPS://a/", HttpError::Scheme),
        ("https:/a/", HttpError::Scheme),
        ("https://user@a/", HttpError::UserInfo),
        ("https://good.example@evil.example/", HttpError::UserInfo),
        ("https://a", HttpError::NoPath),
        ("https://a?x", HttpError::Query),
        (
            "https://a:0/",
            HttpError::Port {
                found: "\"0\"".to_owned(),
            },
        ),
        (
            "https://a:/",
            HttpError::Port {
                found: "\"\"".to_owned(),
            },
        ),
        (
            "https://a:+80/",
            HttpError::Port {
                found: "\"+80\"".to_owned(),
            },
        ),
        (
            "https://a:65536/",
            HttpError::Port {
                found: "\"65536\"".to_owned(),
            },
        ),
        (
            "https://a:080/",
            HttpError::Port {
                found: "\"080\"".to_owned(),
            },
        ),
        (
            "https:///x",
            HttpError::Host {
                found: "\"\"".to_owned(),
            },
        ),
    ] {
        assert_eq!(parse_url(bad), Err(reason), "{bad}");
    }
    assert!(parse_url("https://a\\evil/").is_err());
}

fn target(text: &str) -> Result<Target, HttpError> {
    text.parse()
}

#[test]
fn targets_have_one_spelling() {
    for good in [
        "https://a.example/",
        "http://a.example:8080/x/y?q=1&r=%20&s='?/../",
        "http://[::1]:81/?",
        "https://127.0.0.1/a%20b",
    ] {
        assert_eq!(target(good).unwrap().to_string(), good);
    }
    let parsed = target("https://a.example:443/x?y").unwrap();
    assert_eq!(parsed.to_string(), "https://a.example/x?y");
    assert_eq!((parsed.path(), parsed.query()), ("/x", Some("y")));
    assert_eq!(parsed.origin(), &"https://a.example".parse().unwrap());
}

#[test]
fn what_reads_in_two_ways_is_refused() {
    for bad in [
        "https://a.example",
        "https://A.example/",
        "https://a.example./",
        "https://ä.example/",
        "https://a.example/%2e%2e/b",
        "https://a.example/%2E%2E/b",
        "https://a.example/..",
        "https://a.example/a/./b",
        "https://a.example//b",
        "https://a.example/a//b",
        "https://a.example/a\\b",
        "https://a.example\\@evil.example/",
        "https://a.example/%2fb",
        "https://a.example/%5cb",
        "https://a.example/%c3%a4",
        "https://a.example/%C0%AE%C0%AE/b",
        "https://a.example/orders/..;/admin",
        "https://a.example/orders/..;x=y",
        "https://a.example/.%3B/admin",
        "https://a.example/%0a",
        "https://a.example/a b",
        "https://a.example/a\nb",
        "https://a.example/a\u{0}b",
        "https://a.example/a#b",
        "https://a.example/**",
        "https://a.example/?a b",
        "https://a.example/?%2",
        "https://a.example/?%zz",
        "https://a.example/?a\r\nb",
        "https://a.example/?{{secret:x}}",
        "https://user:pass@a.example/",
        "https://a.example@evil.example/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://127.0.0.1./",
        "https://127.0.0.1.5/",
        "https://[::1%25eth0]/",
        "https://[::1/",
        "https://[127.0.0.1]/",
        "https://a.example:/",
        "https://a.example:0443/",
        "https:///x",
        "//a.example/",
        "/x",
        "ftp://a.example/",
        "HTTPS://a.example/",
        " https://a.example/",
    ] {
        assert!(target(bad).is_err(), "{bad:?}");
    }
    assert!(
        target(&format!(
            "https://a.example/{}",
            "a".repeat(URL_PATH_BYTES_MAX)
        ))
        .is_err()
    );
    assert!(
        target(&format!(
            "https://a.example/?{}",
            "a".repeat(QUERY_BYTES_MAX)
        ))
        .is_ok()
    );
    assert_eq!(
        target(&format!(
            "https://a.example/?{}",
            "a".repeat(QUERY_BYTES_MAX + 1)
        )),
        Err(HttpError::QueryTooLong {
            bytes: QUERY_BYTES_MAX + 1
        })
    );
}

#[test]
fn redirects_lead_where_they_say() {
    let base = target("https://a.example/x/y?q").unwrap();
    for (location, leads) in [
        ("https://b.example/z", "https://b.example/z"),
        ("https://b.example", "https://b.example/"),
        ("https://b.example?r", "https://b.example/?r"),
        ("//b.example/z", "https://b.example/z"),
        ("/z?r#f", "https://a.example/z?r"),
        ("z", "https://a.example/x/z"),
        ("?r", "https://a.example/x/y?r"),
        ("", "https://a.example/x/y?q"),
        ("#f", "https://a.example/x/y?q"),
        ("http://a.example/x", "http://a.example/x"),
    ] {
        assert_eq!(
            base.join(location).unwrap().to_string(),
            leads,
            "{location}"
        );
    }
    for bad in [
        "../z",
        "/a/../b",
        "..;/z",
        "/a/..;b/c",
        "/%C0%AE%C0%AE/b",
        "/\\evil.example/",
        "\\\\evil.example/",
        "///evil.example/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https:b.example",
        "http://0x7f.1/",
        "/a b",
        "/a\r\nset-cookie: x",
    ] {
        assert!(base.join(bad).is_err(), "{bad}");
    }
}

#[test]
fn origins_and_headers() {
    for good in [
        "https://a.example",
        "http://[::1]:81",
        "http://127.0.0.1:8080",
    ] {
        assert_eq!(good.parse::<Origin>().unwrap().to_string(), good);
    }
    assert_eq!(
        "https://a.example:443"
            .parse::<Origin>()
            .unwrap()
            .to_string(),
        "https://a.example"
    );
    for bad in [
        "https://a.example/",
        "https://a.example?x",
        "a.example",
        "https://*.example",
    ] {
        assert!(bad.parse::<Origin>().is_err(), "{bad}");
    }
    for bad in [
        "",
        "Authorization",
        "a b",
        "a:b",
        "content-length",
        "host",
        "transfer-encoding",
        "x-http-method-override",
        "x-forwarded-prefix",
        "ä",
    ] {
        assert!(bad.parse::<HeaderName>().is_err(), "{bad}");
    }
    assert_eq!(
        "x-api_key2".parse::<HeaderName>().unwrap().as_str(),
        "x-api_key2"
    );
}

#[test]
fn what_names_another_method_or_path_is_the_hosts_own() {
    for own in [
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-prefix",
        "x-forwarded-uri",
        "x_http_method_override",
        "x_forwarded-for",
        "content_length",
    ] {
        assert!(HeaderName::is_hosts_own(own), "{own}");
    }
    for free in ["x-forward", "x-method", "x-original", "accept", "x-url"] {
        assert!(!HeaderName::is_hosts_own(free), "{free}");
    }
}
