//! Grants files by example: what they say, and where their errors are.

use proptest::prelude::*;

use super::*;
use crate::{Digest, Grant, Writ};

const GOOD: &str = r#"# comments are welcome
version = 1

[[writ]]
plugin = "reader"
version = "0.1.0"
digest = "sha256:0707070707070707070707070707070707070707070707070707070707070707"
approved = "2026-11-21T01:08:03.250Z"
expires = "2027-11-21T01:08:03Z"
revoked = true

[[writ.grant]]
capability = "fs:read:/orders"
folder = "data/orders"

[[writ.grant]]
capability = "config:read:currency"
value = "EUR"

[[writ]]
plugin = "idle"
version = "0.1.0"
digest = "sha256:0808080808080808080808080808080808080808080808080808080808080808"
"#;

#[test]
fn says_what_it_says() {
    let grants = Grants::parse(GOOD).unwrap();
    let writ = grants.find(&Digest::from_bytes([7; 32])).unwrap();
    assert_eq!(
        (writ.plugin.as_str(), writ.version.as_str(), writ.revoked),
        ("reader", "0.1.0", true)
    );
    assert_eq!(
        (writ.approved_ms, writ.expires_ms),
        (Some(1_795_223_283_250), Some(1_826_759_283_000))
    );
    assert_eq!(writ.grants[0].folder.as_deref(), Some("data/orders"));
    assert_eq!(writ.grants[1].value.as_deref(), Some("EUR"));
    let idle = grants.find(&Digest::from_bytes([8; 32])).unwrap();
    assert_eq!(
        (
            idle.grants.len(),
            idle.approved_ms,
            idle.expires_ms,
            idle.revoked
        ),
        (0, None, None, false)
    );
    assert!(grants.find(&Digest::from_bytes([9; 32])).is_none());
}

#[test]
fn is_written_as_it_is_read() {
    let grants = Grants::parse(GOOD).unwrap();
    let text = grants.to_toml();
    assert_eq!(Grants::parse(&text).unwrap(), grants);
    assert!(
        text.contains(
            "[[writ.grant]]\ncapability = \"fs:read:/orders\"\nfolder = \"data/orders\"\n"
        ),
        "{text}"
    );
    assert_eq!(
        Grants::parse(&Grants::default().to_toml()).unwrap(),
        Grants::default()
    );
}

/// The good file with one piece replaced, and the error that this gives.
fn broken(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    Grants::parse(&GOOD.replacen(from, to, 1))
        .unwrap_err()
        .to_string()
}

#[test]
fn errors_have_a_place_and_a_remedy() {
    for (from, to, error) in [
        (
            "version = 1",
            "version = 2",
            "2:11: version 2 of grants files is not known to this host; this host reads version = 1",
        ),
        (
            "revoked",
            "revoke",
            "10:1: unknown field `revoke`, expected one of `plugin`, ",
        ),
        (
            "folder",
            "foldr",
            "14:1: unknown field `foldr`, expected one of `capability`, `folder`, `value`",
        ),
        (
            "fs:read",
            "fs:raed",
            "13:14: unknown capability \"fs:raed:/orders\"; did you mean `fs:read:/path`?",
        ),
        (
            "folder = \"data/orders\"",
            "",
            "13:14: fs:read:/orders says no host folder; add `folder = ",
        ),
        (
            "value",
            "folder",
            "18:10: config:read:currency takes no `folder`; ",
        ),
        (
            "folder =",
            "value = \"x\"\nfolder =",
            "14:9: fs:read:/orders takes no `value`; ",
        ),
        (
            "value = \"EUR\"",
            "addresses = [\"10.0.0.0/8\"]",
            "18:13: config:read:currency takes no `addresses`; take it out; only http grants to a host with a name have one",
        ),
        (
            "config:read:currency\"\nvalue = \"EUR\"",
            "secret:use:erp\"\nheader = \"authorization\"",
            "17:14: secret:use:erp says not which host the secret goes to; add `host = ",
        ),
        (
            "config:read:currency\"\nvalue = \"EUR\"",
            "secret:use:erp\"\nhost = \"https://a.example\"",
            "17:14: secret:use:erp says not which header the secret goes into; add `header = ",
        ),
        (
            "config:read:currency\"\nvalue = \"EUR\"",
            "secret:use:erp\"\nhost = \"https://a.example/\"\nheader = \"authorization\"",
            "18:8: an origin is scheme, host and port alone",
        ),
        (
            "config:read:currency\"\nvalue = \"EUR\"",
            "secret:use:erp\"\nhost = \"https://a.example\"\nheader = \"Authorization\"",
            "19:10: \"Authorization\" is no header: write its name in lower case",
        ),
        (
            "config:read:currency\"\nvalue = \"EUR\"",
            "secret:use:erp\"\nhost = \"https://a.example\"\nheader = \"host\"",
            "19:10: the header host is written by the host alone",
        ),
        (
            "config:read:currency\"\nvalue = \"EUR\"",
            "http:GET https://a.example/\"\naddresses = [\"10.0.0.0/8\", \"10.1.0.1/16\"]",
            "18:28: write this range as 10.1.0.0/16",
        ),
        (
            "config:read:currency\"\nvalue = \"EUR\"",
            "http:GET https://a.example/\"\naddresses = [\"0.0.0.0/0\"]",
            "18:14: 0.0.0.0/0 is not within one block of special addresses",
        ),
        (
            "config:read:currency\"\nvalue = \"EUR\"",
            "http:GET https://a.example/\"\naddresses = []",
            "18:13: `addresses` is empty; take it out, or name a range",
        ),
        (
            "config:read:currency\"\nvalue = \"EUR\"",
            "http:GET http://10.0.0.1/\"\naddresses = [\"10.0.0.0/8\"]",
            "18:13: http:GET http://10.0.0.1/ takes no `addresses`; ",
        ),
        ("data/orders", "", "14:10: `folder` is empty"),
        (
            "data/orders",
            "data\\u0000",
            "14:10: `folder` contains '\\0', which is not allowed there",
        ),
        (
            "sha256:07",
            "sha256:7",
            "7:10: a digest is written `sha256:` and 64 lower-case hex digits",
        ),
        (
            "2027-11-21T01:08:03Z",
            "2027-11-31T01:08:03Z",
            "9:11: \"2027-11-31T01:08:03Z\" is no time; write it like ",
        ),
        ("revoked = true", "revoked = 1", "10:11: invalid type"),
        (
            "revoked = true",
            "revoked = false\nrevoked = true",
            "11:1: duplicate key",
        ),
        (
            "plugin = \"reader\"",
            "",
            "4:1: the writ says neither `plugin` nor `workflow`; add `plugin = ",
        ),
        (
            "plugin = \"reader\"",
            "plugin = \"reader\"\nworkflow = \"a/b\"",
            "6:12: a writ is for one `plugin` or for one `workflow`, not for both; ",
        ),
        (
            "plugin = \"reader\"",
            "plugin = \"a/b\"",
            "5:10: \"a/b\" is the name of no plugin; ",
        ),
        (
            "plugin = \"reader\"",
            "workflow = \"reader\"",
            "5:12: \"reader\" is the name of no workflow; ",
        ),
        ("[[writ.grant]]", "[[writ.grant]", "12:"),
    ] {
        let found = broken(from, to);
        assert!(
            found.starts_with(error),
            "{from} -> {to}\n  expected {error}\n  found    {found}"
        );
    }
    assert!(
        Grants::parse("")
            .unwrap_err()
            .to_string()
            .contains("missing field `version`")
    );
}

#[test]
fn a_writ_can_be_for_a_workflow() {
    let text = GOOD.replace("plugin = \"reader\"", "workflow = \"shop/orders\"");
    let grants = Grants::parse(&text).unwrap();
    let writ = grants.find(&Digest::from_bytes([7; 32])).unwrap();
    assert_eq!(
        crate::Subject::of(&writ.plugin).to_string(),
        "workflow shop/orders"
    );
    assert_eq!(Grants::parse(&grants.to_toml()).unwrap(), grants);
}

#[test]
fn one_writ_for_a_digest() {
    let found = broken(&"08".repeat(32), &"07".repeat(32));
    assert_eq!(
        found,
        "23:10: a second writ for the same digest; keep one of them: a component has one writ"
    );
}

#[test]
fn columns_count_characters() {
    let found = Grants::parse("version = 1\nwrit = [{ plugin = 'ä', versio = '1' }]").unwrap_err();
    assert_eq!((found.line, found.column), (2, 25));
}

#[test]
fn bounds() {
    let large = format!("version = 1\n#{}", "x".repeat(GRANTS_BYTES_MAX));
    assert!(Grants::parse(&large).unwrap_err().message.contains("bytes"));
    let grant = "[[writ.grant]]\ncapability = \"clock:real\"\n";
    let head = GOOD.split("[[writ.grant]]").next().unwrap();
    assert!(Grants::parse(&format!("{head}{}", grant.repeat(GRANTS_PER_WRIT_MAX))).is_ok());
    let many = format!("{head}{}", grant.repeat(GRANTS_PER_WRIT_MAX + 1));
    assert!(
        Grants::parse(&many)
            .unwrap_err()
            .message
            .contains("more than 256 grants")
    );
    let nested = format!("version = {}1{}", "[".repeat(50_000), "]".repeat(50_000));
    assert!(Grants::parse(&nested).is_err());
    let value = format!(
        "{head}[[writ.grant]]\ncapability = \"config:read:a\"\nvalue = \"{}\"\n",
        "x".repeat(crate::VALUE_BYTES_MAX + 1)
    );
    assert!(
        Grants::parse(&value)
            .unwrap_err()
            .message
            .contains("at most 65536")
    );
    let writs: String = (0..=WRITS_MAX)
        .map(|i| format!("[[writ]]\nplugin='p'\nversion='1'\ndigest='sha256:{i:064x}'\n"))
        .collect();
    assert!(
        Grants::parse(&format!("version = 1\n{writs}"))
            .unwrap_err()
            .message
            .contains("more than 4096 writs")
    );
}

fn any_grant() -> impl Strategy<Value = Grant> {
    let kinds = prop_oneof![
        Just("fs:read:/a"),
        Just("fs:write:/b c"),
        Just("config:read:k"),
        Just("env:read:E"),
        Just("http:GET https://a.example/**"),
        Just("secret:use:s"),
        Just("clock:real")
    ];
    (
        kinds,
        "[^\\p{C}\\p{Zl}\\p{Zp}]{1,8}".prop_map(|text| text.replace(crate::text::is_unsafe, "x")),
        proptest::option::of("\\PC{0,8}|[\\n\\t\"'\\\\\0\u{7f}]{0,8}"),
    )
        .prop_map(|(text, folder, value)| {
            let capability: crate::Capability = text.parse().unwrap();
            let folder = capability.takes_folder().then_some(folder);
            let value = value.filter(|_| capability.takes_value());
            let ranges = ["10.0.0.0/8", "::1/128"].map(|range| range.parse().unwrap());
            let named = capability.takes_addresses() && value.is_none();
            let place = capability.takes_place();
            Grant {
                folder,
                value,
                addresses: ranges.into_iter().filter(|_| named).collect(),
                host: place.then(|| "http://[::1]:81".parse().unwrap()),
                header: place.then(|| "x-api-key".parse().unwrap()),
                ..Grant::of(capability)
            }
        })
}

fn any_writ() -> impl Strategy<Value = Writ> {
    let ms = || proptest::option::of(0..253_402_300_799_999_u64);
    let grants = proptest::collection::vec(any_grant(), 0..4);
    (
        any::<[u8; 32]>(),
        "[a-z\"\\\\é]{1,8}",
        grants,
        ms(),
        ms(),
        any::<bool>(),
    )
        .prop_map(
            |(digest, plugin, grants, approved_ms, expires_ms, revoked)| Writ {
                plugin,
                version: "1.0.0".to_owned(),
                digest: Digest::from_bytes(digest),
                grants,
                approved_ms,
                expires_ms,
                revoked,
            },
        )
}

proptest! {
    #[test]
    fn text_and_back(writs in proptest::collection::vec(any_writ(), 0..4)) {
        let grants = Grants { writs };
        prop_assert_eq!(Grants::parse(&grants.to_toml()), Ok(grants));
    }

    #[test]
    fn strange_text_has_a_place(text in "\\PC{0,40}") {
        if let Err(error) = Grants::parse(&text) {
            prop_assert!(error.line >= 1 && error.column >= 1);
        }
    }

    #[test]
    fn a_damaged_file_never_panics(at in 0..GOOD.len(), with in "\\PC{0,3}") {
        if let (Some(before), Some(after)) = (GOOD.get(..at), GOOD.get(at + 1..)) {
            let _ = Grants::parse(&format!("{before}{with}{after}"));
        }
    }
}
