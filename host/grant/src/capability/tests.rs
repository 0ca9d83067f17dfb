//! The grammar by example. The laws are in `crate::laws`.

use super::*;

fn capability(text: &str) -> Capability {
    text.parse().unwrap()
}

fn refused(text: &str) -> String {
    text.parse::<Capability>().unwrap_err().to_string()
}

/// One of each kind, as it is written, and what the host says of it: available, effect, recorded.
const ALL: [(&str, bool, Effect, bool); 15] = [
    ("fs:read:/orders", true, Effect::Reads, false),
    ("fs:write:/payments", true, Effect::Changes, false),
    (
        "http:GET,POST https://erp.example/orders/**",
        true,
        Effect::Changes,
        true,
    ),
    ("kv:read:seen", true, Effect::None, true),
    ("kv:write:seen", true, Effect::None, true),
    ("config:read:erp.currency", true, Effect::None, true),
    ("env:read:LANG", true, Effect::None, true),
    ("secret:use:erp-token", true, Effect::None, true),
    ("model:chat:default", false, Effect::Changes, true),
    ("memory:read:notes", false, Effect::None, true),
    ("memory:write:notes", false, Effect::None, true),
    ("tool:call:invoice-tools/check", true, Effect::None, true),
    ("human:ask:approver", false, Effect::Changes, true),
    ("clock:real", true, Effect::None, true),
    ("random:real", true, Effect::None, true),
];

#[test]
fn every_kind_is_read_and_written() {
    for (text, available, effect, recorded) in ALL {
        let capability = capability(text);
        assert_eq!(capability.to_string(), text);
        assert_eq!(
            (
                capability.available(),
                capability.effect(),
                capability.recorded()
            ),
            (available, effect, recorded),
            "{text}"
        );
    }
}

#[test]
fn kinds_never_cover_each_other() {
    for (i, (a, ..)) in ALL.iter().enumerate() {
        for (j, (b, ..)) in ALL.iter().enumerate() {
            assert_eq!(capability(a).covers(&capability(b)), i == j, "{a} {b}");
        }
    }
}

#[test]
fn a_grant_of_each_kind_says_at_most_one_thing_more() {
    let taken = |text: &str| {
        let capability = capability(text);
        [
            ("folder", capability.takes_folder()),
            ("addresses", capability.takes_addresses()),
            ("place", capability.takes_place()),
            ("value", capability.takes_value()),
        ]
        .into_iter()
        .filter_map(|(what, takes)| takes.then_some(what))
        .collect::<Vec<_>>()
    };
    let all: Vec<&str> = ALL.iter().flat_map(|(text, ..)| taken(text)).collect();
    assert_eq!(
        all,
        ["folder", "folder", "addresses", "value", "value", "place"]
    );
    for address in ["http:GET http://127.0.0.1/", "http:GET http://[::1]/"] {
        assert!(taken(address).is_empty(), "{address} names itself");
    }
}

#[test]
fn every_kind_is_described_in_its_own_words() {
    let said: std::collections::BTreeSet<String> = ALL
        .iter()
        .map(|(text, ..)| capability(text).describe())
        .collect();
    assert_eq!(said.len(), ALL.len());
    assert_eq!(
        capability("fs:read:/orders").describe(),
        "read files below /orders"
    );
    assert_eq!(
        capability("http:POST http://a.example:81/x").describe(),
        "send POST requests to http port 81 of host a.example, path /x"
    );
}

#[test]
fn http_has_one_spelling() {
    assert_eq!(
        capability("http:POST,GET,GET https://a.example:443/**").to_string(),
        "http:GET,POST https://a.example/**"
    );
    assert_eq!(
        capability("http:GET http://a.example:443/").to_string(),
        "http:GET http://a.example:443/"
    );
}

#[test]
fn requests_that_only_ask_change_nothing() {
    for (methods, effect) in [
        ("GET", Effect::Reads),
        ("GET,HEAD,OPTIONS", Effect::Reads),
        ("GET,POST", Effect::Changes),
        ("DELETE", Effect::Changes),
        ("PUT", Effect::Changes),
        ("PATCH", Effect::Changes),
    ] {
        let capability = capability(&format!("http:{methods} https://a.example/**"));
        assert_eq!(capability.effect(), effect, "{methods}");
    }
}

#[test]
fn http_covers_only_what_it_names() {
    let granted = capability("http:GET,POST https://erp.example/v1/**");
    for within in [
        "http:GET https://erp.example/v1/a",
        "http:POST,GET https://erp.example:443/v1/a/**",
    ] {
        assert!(granted.covers(&capability(within)), "{within}");
    }
    for outside in [
        "http:PUT https://erp.example/v1/a",
        "http:GET,PUT https://erp.example/v1/a",
        "http:GET http://erp.example/v1/a",
        "http:GET http://erp.example:443/v1/a",
        "http:GET https://erp.example:8443/v1/a",
        "http:GET https://evil.erp.example/v1/a",
        "http:GET https://erp.example/v1evil",
        "http:GET https://erp.example/v1",
    ] {
        assert!(!granted.covers(&capability(outside)), "{outside}");
    }
}

#[test]
fn writing_is_not_reading() {
    assert!(!capability("fs:write:/x").covers(&capability("fs:read:/x")));
    assert!(!capability("kv:write:x").covers(&capability("kv:read:x")));
    assert!(!capability("memory:write:x").covers(&capability("memory:read:x")));
}

#[test]
fn errors_say_what_to_write_instead() {
    assert_eq!(
        refused("fs:raed:/orders"),
        "unknown capability \"fs:raed:/orders\"; did you mean `fs:read:/path`?"
    );
    assert_eq!(
        refused("clock:reel"),
        "unknown capability \"clock:reel\"; did you mean `clock:real`?"
    );
    assert_eq!(
        refused("clock:real:x"),
        "unknown capability \"clock:real:x\"; did you mean `clock:real`?"
    );
    assert!(refused("everything").starts_with(
        "unknown capability \"everything\"; the capabilities are: fs:read:/path, fs:write:/path, "
    ));
    assert_eq!(
        refused("kv:read:*"),
        "capability \"kv:read:*\": '*' has no place in this name; a name is a letter or digit, then letters, digits, '.', '_' and \
         '-'; there are no wildcards"
    );
    assert_eq!(
        refused("fs:read:/a/../b"),
        "capability \"fs:read:/a/../b\": '.' and '..' are not allowed; write the path that is meant"
    );
    assert_eq!(
        refused("http:GET https://a.example"),
        "capability \"http:GET https://a.example\": the path is missing: write `/` for the root alone, `/**` for everything"
    );
    assert_eq!(
        refused("tool:call:invoice-tools"),
        "capability \"tool:call:invoice-tools\": the name is missing"
    );
}

#[test]
fn near_misses_are_refused() {
    for bad in [
        "",
        ":",
        "::",
        "fs",
        "fs:",
        "fs:read",
        "fs:read:",
        "FS:read:/x",
        "fs:read:x",
        " fs:read:/x",
        "fs:read:/x ",
        "fs: read:/x",
        "fs:write:/x/",
        "fs:read,write:/x",
        "kv:read:a:b",
        "kv:read:",
        "kv:delete:a",
        "config:write:a",
        "env:write:A",
        "env:read:1A",
        "secret:read:a",
        "tool:call:a/b/c",
        "tool:call:/b",
        "tool:call:a/",
        "tool:call:*/b",
        "http:",
        "http:GET",
        "http:GET  https://a/",
        "http:get https://a/",
        "http: https://a/",
        "http:GET https://a/ ",
        "https:GET https://a/",
        "http:* https://a/",
        "clock:",
        "clock",
        "random:real\n",
        "*",
        "human:ask:any one",
    ] {
        assert!(bad.parse::<Capability>().is_err(), "{bad:?}");
    }
    assert!(matches!(
        "x".repeat(CAPABILITY_BYTES_MAX + 1).parse::<Capability>(),
        Err(CapabilityError::TooLong { bytes }) if bytes == CAPABILITY_BYTES_MAX + 1
    ));
}
