//! Statements: read as written, and nothing else is read.

use writ_grant::Grants;

use super::*;

fn requests() -> Vec<Request> {
    let request = |capability: &str, optional| Request {
        capability: capability.parse().unwrap(),
        reason: "to \"compare\"\nthem".to_owned(),
        optional,
    };
    vec![
        request("fs:read:/orders", false),
        request("config:read:currency", true),
    ]
}

fn signed(name: &str) -> SignedWrit {
    let grants = Grants::parse(&format!(
        r#"
        version = 1
        [[writ]]
        {} = "{name}"
        version = "0.1.0"
        digest = "{}"
        approved = "2026-11-21T02:30:34.734Z"
        expires = "2027-11-21T02:30:34.734Z"
        [[writ.grant]]
        capability = "fs:read:/orders"
        folder = "data/ord\"ers é"
        [[writ.grant]]
        capability = "config:read:currency"
        value = "EUR\n'''"
        "#,
        Subject::of(name).key(),
        Digest::from_bytes([7; 32])
    ));
    SignedWrit {
        writ: grants.unwrap().writs.remove(0),
        place: Some("erp".to_owned()),
        epoch: 3,
        imports: vec!["wasi:filesystem/types@0.2.6".to_owned()],
        requests: requests(),
    }
}

fn word() -> AuthorsWord {
    AuthorsWord {
        name: "files".to_owned(),
        digest: Digest::from_bytes([7; 32]),
        version: "0.1.0".to_owned(),
        imports: vec!["wasi:filesystem/types@0.2.6".to_owned()],
        requests: requests(),
    }
}

fn revocation() -> Revocation {
    Revocation {
        name: "files".to_owned(),
        digest: Digest::from_bytes([7; 32]),
        revoked_ms: 1_800_000_000_123,
        reason: Some("it leaks".to_owned()),
    }
}

#[test]
fn what_is_written_is_read() {
    let mut bare = signed("files");
    (bare.place, bare.writ.expires_ms) = (None, None);
    (bare.writ.grants, bare.requests, bare.imports) = (Vec::new(), Vec::new(), Vec::new());
    for statement in [
        Statement::Writ(signed("files")),
        Statement::Writ(bare),
        Statement::Writ(signed("shop/orders")),
        Statement::Plugin(word()),
        Statement::Revocation(revocation()),
    ] {
        assert_eq!(Statement::parse(&statement.to_payload()), Ok(statement));
    }
}

#[test]
fn a_writ_is_an_in_toto_statement_with_the_keys_of_a_grants_file() {
    let json: Json =
        serde_json::from_slice(&Statement::Writ(signed("files")).to_payload()).unwrap();
    assert_eq!(json["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(json["subject"][0]["digest"]["sha256"], "07".repeat(32));
    assert_eq!(json["predicateType"], WRIT_TYPE);
    assert_eq!(json["predicate"]["epoch"], 3);
    assert_eq!(
        json["predicate"]["grants"][0],
        serde_json::json!({ "capability": "fs:read:/orders", "folder": "data/ord\"ers é" })
    );
}

#[test]
fn what_is_not_ours_is_refused() {
    let good = String::from_utf8(Statement::Writ(signed("files")).to_payload()).unwrap();
    let cases = [
        ("", "", "EOF"),
        (
            "Statement/v1",
            "Statement/v2",
            "no in-toto statement of version 1",
        ),
        (
            WRIT_TYPE,
            "https://writ.example/writ/v2",
            "its predicate is \"https://writ.example/writ/v2\"",
        ),
        (
            "\"epoch\":3",
            "\"epoch\":3,\"more\":1",
            "unknown field `more`",
        ),
        (
            "\"epoch\":3",
            "\"epoch\":3,\"epoch\":4",
            "duplicate field `epoch`",
        ),
        // Also where the fields are another reader's: a reviewer may read the first, a host the last.
        (
            "\"capability\":\"fs:read:/orders\",\"folder\"",
            "\"capability\":\"fs:read:/orders\",\"folder\":\"public\",\"folder\"",
            "duplicate field `folder`",
        ),
        ("\"epoch\":3", "\"epoch\":-3", "invalid value"),
        ("\"place\":\"erp\"", "\"place\":null", "not written the way"),
        (
            "\"place\":\"erp\"",
            "\"place\":\"\\u0007\"",
            "its place has no fit name",
        ),
        // Nor one that would look like another.
        (
            "\"place\":\"erp\"",
            "\"place\":\"e\u{200b}rp\"",
            "its place has no fit name",
        ),
        ("\"sha256\":\"07", "\"sha256\":\"0G", "a digest is written"),
        ("\"name\":\"files\"", "\"name\":\"\"", "no fit name"),
        ("\"folder\":", "\"fodler\":", "unknown field `fodler`"),
        (
            "\"value\":\"EUR",
            "\"valeu\":\"EUR",
            "unknown field `valeu`",
        ),
        (
            "2027-11-21T02:30:34.734Z",
            "2027-11-21T02:30:34.7340Z",
            "not written the way",
        ),
        ("2027-11-21T02:30:34.734Z", "later", "is no time"),
        (
            "\"capability\":\"fs:read:/orders\",\"folder\"",
            "\"capability\":\"fs:raed:/orders\",\"folder\"",
            "unknown capability",
        ),
        (
            "{\"capability\":\"fs:read:/orders\",\"folder\"",
            "[\"x\"],{\"capability\":\"fs:read:/orders\",\"folder\"",
            "invalid type",
        ),
        ("\"optional\":true", "\"optional\":\"yes\"", "invalid type"),
    ];
    for (from, to, part) in cases {
        let text = if from.is_empty() {
            String::new()
        } else {
            good.replace(from, to)
        };
        let error = Statement::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(part), "{to}: {error}");
    }
    let two = good.replace(
        "\"subject\":[",
        "\"subject\":[{\"name\":\"x\",\"digest\":{\"sha256\":\"00\"}},",
    );
    assert!(
        Statement::parse(two.as_bytes())
            .unwrap_err()
            .to_string()
            .contains("exactly one subject")
    );
}

#[test]
fn strangers_bytes_are_refused_quietly() {
    for bytes in [
        &b"\xff"[..],
        b"[]",
        b"{}",
        b"null",
        "[".repeat(100_000).as_bytes(),
    ] {
        assert!(Statement::parse(bytes).is_err());
    }
}
