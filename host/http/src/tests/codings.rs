//! Content codings: undone where asked, never further than the bounds.

use std::io::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use http::header;

use crate::{HeaderMap, HeaderValue, HttpFailure, Response, decoded};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn response(coding: &'static str, body: Vec<u8>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    Response {
        status: 200,
        headers,
        body: body.into(),
    }
}

fn undone(coding: &'static str, body: Vec<u8>, bytes_max: u64) -> Result<Response, HttpFailure> {
    decoded(
        response(coding, body),
        &"https://a.example".parse().unwrap(),
        bytes_max,
    )
}

#[test]
fn gzip_and_both_kinds_of_deflate() {
    let text = b"hello ".repeat(100);
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(&text).unwrap();
    let mut bare = DeflateEncoder::new(Vec::new(), Compression::fast());
    bare.write_all(&text).unwrap();
    for (coding, body) in [
        ("gzip", gzip(&text)),
        ("GZIP", gzip(&text)),
        ("x-gzip", gzip(&text)),
        ("deflate", zlib.finish().unwrap()),
        ("deflate", bare.finish().unwrap()),
        ("identity", text.clone()),
    ] {
        let response = undone(coding, body, 1_000).unwrap();
        assert_eq!(response.body, text, "{coding}");
        assert_eq!(response.headers[header::CONTENT_LENGTH], "600", "{coding}");
        assert!(coding == "identity" || !response.headers.contains_key(header::CONTENT_ENCODING));
    }
}

#[test]
fn bombs_and_bodies_that_are_too_large() {
    let bomb = gzip(&vec![0; 64 << 20]);
    assert!(bomb.len() < 100_000);
    let failure = undone("gzip", bomb.clone(), 1 << 30).unwrap_err();
    assert!(
        failure.to_string().contains("out of proportion"),
        "{failure}"
    );
    let failure = undone("gzip", bomb, 1_000).unwrap_err();
    assert!(
        failure.to_string().contains("more than 1000 bytes"),
        "{failure}"
    );
    assert_eq!(failure.code(), "HTTP-response-body-size");
}

#[test]
fn what_is_broken_or_unknown() {
    let cut = gzip(b"hello")[..12].to_vec();
    for (coding, body) in [
        ("gzip", b"not gzip".to_vec()),
        ("gzip", cut),
        ("deflate", b"\x78\x9cxx".to_vec()),
        ("br", b"x".to_vec()),
        ("zstd", b"x".to_vec()),
        ("gzip, gzip", gzip(&gzip(b"hello"))),
    ] {
        let failure = undone(coding, body, 1_000).unwrap_err();
        assert_eq!(
            failure.code(),
            "HTTP-response-content-coding",
            "{coding}: {failure}"
        );
    }
    // A response to HEAD has a coding and no body.
    assert!(undone("gzip", Vec::new(), 1_000).unwrap().body.is_empty());
}
