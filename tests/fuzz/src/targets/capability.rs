//! The grammar of capabilities, one a line: each has one spelling, and "covers" is a partial order among them.

use writ_grant::{CAPABILITY_BYTES_MAX, Capability};

use super::Target;
use crate::{seeds, words};

/// Lines that are read of one input: pairs of them are compared.
const LINES_MAX: usize = 16;

pub(super) const TARGET: Target = Target {
    name: "capability",
    check,
    seeds,
    words: &[
        "fs:",
        "read:",
        "write:",
        "http:",
        "GET",
        "POST,GET",
        "https://",
        "http://",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "127.0.0.1",
        "0x7f.1",
        ":443",
        ":0",
        "/**",
        "/*",
        "/..",
        "/./",
        "%2E",
        "%C3%A4",
        "?a=b",
        "#f",
        "user:pass@",
        "kv:",
        "config:",
        "env:",
        "secret:use:",
        "model:chat:",
        "memory:",
        "tool:call:",
        "human:ask:",
        "clock:real",
        "random:real",
        "xn--",
        "a.b.",
        "\\",
    ],
    rounds: 6_000,
    bytes_max: 2_000,
};

fn seeds() -> Vec<Vec<u8>> {
    seeds::folder("tests/fuzz/seeds/capability", &[".txt"])
}

fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let known: Vec<Capability> = text.split('\n').take(LINES_MAX).filter_map(one).collect();
    for a in &known {
        for b in &known {
            ordered(a, b, &known);
        }
    }
}

fn one(line: &str) -> Option<Capability> {
    match line.parse::<Capability>() {
        Ok(capability) => {
            let written = capability.to_string();
            assert_eq!(
                written.parse::<Capability>().as_ref(),
                Ok(&capability),
                "{line:?}"
            );
            words::tame(&written);
            assert!(line.len() <= CAPABILITY_BYTES_MAX && capability.covers(&capability));
            Some(capability)
        }
        Err(error) => {
            words::tame(&error.to_string());
            None
        }
    }
}

fn ordered(a: &Capability, b: &Capability, all: &[Capability]) {
    if !a.covers(b) {
        return;
    }
    assert!(a == b || !b.covers(a), "{a} and {b} cover each other");
    assert!(b.effect() <= a.effect(), "{a} covers {b}, which does more");
    for c in all {
        assert!(!b.covers(c) || a.covers(c), "{a} covers {b} covers {c}");
    }
}
