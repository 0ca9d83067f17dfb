//! URLs of requests, where redirects lead, and ranges of addresses: what is read has one spelling, and means the same to the
//! policy as to a reader of the text. The first line is a URL, each further one a `Location` or a range.

use std::net::IpAddr;

use writ_grant::{AddressKind, AddressRange, Capability, Target as HttpTarget};

use super::Target;
use crate::{seeds, words};

const LINES_MAX: usize = 16;

pub(super) const TARGET: Target = Target {
    name: "url",
    check,
    seeds,
    words: &[
        "https://",
        "http://",
        "//",
        "\\",
        "@",
        ":",
        ":443",
        ":65536",
        "?",
        "#",
        "..",
        "/./",
        "%2e",
        "%2F",
        "%252e",
        "%C3%A4",
        "%C0%AE",
        "..;",
        "%3B",
        "%00",
        "*",
        "[::1]",
        "[::ffff:7f00:1]",
        "[fe80::1%25eth0]",
        "127.1",
        "0177.0.0.1",
        "2130706433",
        "localhost",
        "a.example.",
        "xn--",
        "169.254.169.254",
        "10.0.0.0/8",
        "::ffff:10.0.0.0/104",
        "64:ff9b::/96",
        "/0",
        "/129",
        "javascript:",
    ],
    rounds: 6_000,
    bytes_max: 2_000,
};

fn seeds() -> Vec<Vec<u8>> {
    seeds::folder("tests/fuzz/seeds/url", &[".txt"])
}

fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut lines = text.split('\n').take(LINES_MAX);
    let target = lines.next().and_then(one);
    for line in lines {
        if let Some(target) = &target {
            redirected(target, line);
        }
        range(line);
    }
}

fn one(line: &str) -> Option<HttpTarget> {
    match line.parse::<HttpTarget>() {
        Ok(target) => {
            spelled(&target);
            Some(target)
        }
        Err(error) => {
            words::tame(&error.to_string());
            None
        }
    }
}

/// A target reads back as itself, and the capability of exactly its path means exactly this origin.
fn spelled(target: &HttpTarget) {
    let written = target.to_string();
    words::tame(&written);
    assert_eq!(written.parse::<HttpTarget>().as_ref(), Ok(target));
    assert!(target.path().starts_with('/') && written.starts_with(&target.origin().to_string()));
    for segment in target.path().split('/').skip(1) {
        stays(segment);
    }
    let exact = format!("http:GET {}{}", target.origin(), target.path());
    let wide = format!("http:GET {}/**", target.origin());
    let (Ok(exact), Ok(wide)) = (exact.parse::<Capability>(), wide.parse::<Capability>()) else {
        panic!("{written} can be requested and not granted");
    };
    assert!(wide.covers(&exact) && (exact == wide || !exact.covers(&wide)));
}

/// A segment is text, and no step to elsewhere, also where parameters are taken off it first.
fn stays(segment: &str) {
    let plain = segment.replace("%3B", ";");
    let name = plain.split(';').next().unwrap_or_default();
    assert!(!matches!(name, "." | ".."), "{segment}");
    assert!(segment.is_empty() || !name.is_empty(), "{segment}");
    assert!(std::str::from_utf8(&bytes_of(segment)).is_ok(), "{segment}");
}

/// The bytes that a segment stands for, read in the simplest way.
fn bytes_of(segment: &str) -> Vec<u8> {
    let mut pieces = segment.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let byte = u8::from_str_radix(&piece[..2], 16).expect("two digits follow");
        bytes.push(byte);
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    bytes
}

fn redirected(from: &HttpTarget, location: &str) {
    match from.join(location) {
        Ok(to) => {
            spelled(&to);
            let stays = !location.contains("//") && !location.contains(':');
            assert!(
                !stays || to.origin() == from.origin(),
                "{location:?} from {from} leads to {to}"
            );
        }
        Err(error) => words::tame(&error.to_string()),
    }
}

fn range(line: &str) {
    match line.parse::<AddressRange>() {
        Ok(range) => {
            assert_eq!(range.to_string().parse().as_ref(), Ok(&range));
            assert!(range.covers(&range));
            assert_ne!(range.kind(), AddressKind::Public, "{range}");
        }
        Err(error) => words::tame(&error.to_string()),
    }
    if let Ok(address) = line.parse::<IpAddr>() {
        let single = AddressRange::single(address);
        assert!(single.contains(address) && single.names(address));
    }
}
