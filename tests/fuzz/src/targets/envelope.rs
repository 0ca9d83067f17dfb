//! Signed writs: envelopes and the statements in them. What verifies under a key is what was signed with it; a statement that is
//! read is written so that it is read as the same.

use std::sync::LazyLock;

use writ_grant::{Digest, Grants};
use writ_trust::{Envelope, Revocation, SecretKey, SignedWrit, Statement};

use super::Target;
use crate::words;

pub(super) const TARGET: Target = Target {
    name: "envelope",
    check,
    seeds,
    words: &[
        "\"payload\":",
        "\"payloadType\":",
        "\"signatures\":",
        "\"keyid\":",
        "\"sig\":",
        "\"_type\":",
        "\"subject\":",
        "\"predicate\":",
        "\"predicateType\":",
        "\"digest\":",
        "\"sha256\":",
        "\"grants\":",
        "\"epoch\":",
        "\"expires\":",
        "\"requests\":",
        "application/vnd.in-toto+json",
        "https://in-toto.io/Statement/v1",
        "==",
        "_",
        "{",
        "}",
    ],
    rounds: 1_500,
    bytes_max: 8_000,
};

static KEY: LazyLock<SecretKey> =
    LazyLock::new(|| SecretKey::from_seed("alice".parse().expect("a name"), &[5; 32]));

static STATEMENTS: LazyLock<Vec<Statement>> = LazyLock::new(|| {
    let text =
        String::from_utf8(crate::seeds::files(&["tests/fuzz/seeds/grants/one.toml"]).concat())
            .expect("TOML is text");
    let writ = Grants::parse(&text)
        .expect("a seed is sound")
        .writs
        .remove(0);
    let request = |grant: &writ_grant::Grant| writ_grant::Request {
        capability: grant.capability.clone(),
        reason: "to be tested".to_owned(),
        optional: true,
    };
    let requests = writ.grants.iter().map(request).collect();
    let imports = vec!["wasi:filesystem/types@0.2.6".to_owned()];
    let signed = SignedWrit {
        writ,
        place: Some("erp".to_owned()),
        epoch: 3,
        imports,
        requests,
    };
    let digest = Digest::from_bytes([7; 32]);
    let revocation = Revocation {
        name: "files".to_owned(),
        digest,
        revoked_ms: 1_800_000_000_123,
        reason: Some("it leaks".to_owned()),
    };
    vec![Statement::Writ(signed), Statement::Revocation(revocation)]
});

/// Envelopes, and what is in them alone: the first byte that is not `{` tells them apart for nobody, so both are tried on all.
fn seeds() -> Vec<Vec<u8>> {
    let signed = |statement: &Statement| {
        let envelope =
            Envelope::sign(statement.to_payload(), &[&KEY]).expect("a statement can be signed");
        envelope.to_json().into_bytes()
    };
    let bare = STATEMENTS.iter().map(Statement::to_payload);
    STATEMENTS.iter().map(signed).chain(bare).collect()
}

fn check(bytes: &[u8]) {
    statement(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Envelope::parse(text) {
        Ok(envelope) => {
            let again = Envelope::parse(&envelope.to_json()).expect("what was written can be read");
            assert_eq!(again.payload(), envelope.payload());
            words::tame(&envelope.claimed());
            statement(envelope.payload());
            match envelope.signers(&[KEY.public()]) {
                Ok(signers) => assert!(
                    signers.is_empty()
                        || STATEMENTS
                            .iter()
                            .any(|known| known.to_payload() == envelope.payload()),
                    "a statement that nobody signed is believed"
                ),
                Err(error) => words::tame(&error.to_string()),
            }
        }
        Err(error) => words::tame(&error.to_string()),
    }
}

/// What is read is written so that it is read as the same.
fn statement(payload: &[u8]) {
    match Statement::parse(payload) {
        Ok(statement) => assert_eq!(Statement::parse(&statement.to_payload()), Ok(statement)),
        Err(error) => words::tame(&error.to_string()),
    }
}
