//! From statements to the bytes that are signed.

use serde::Serialize;
use serde_json::{Map, Value as Json};
use writ_grant::{Digest, Grants, rfc3339};

use super::{
    AuthorsWord, PLUGIN_TYPE, REVOCATION_TYPE, Raw, RawDigest, RawPlugin, RawRevocation,
    RawSubject, RawWrit, Revocation, STATEMENT_TYPE, SignedWrit, Statement, WRIT_TYPE,
};

impl Statement {
    /// The payload that says this.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        match self {
            Self::Writ(signed) => writ(signed),
            Self::Plugin(word) => plugin(word),
            Self::Revocation(revocation) => revoke(revocation),
        }
    }
}

fn statement(
    name: &str,
    digest: &Digest,
    predicate_type: &str,
    predicate: impl Serialize,
) -> Vec<u8> {
    let hex = digest.to_string().trim_start_matches("sha256:").to_owned();
    let raw = Raw {
        kind: STATEMENT_TYPE.to_owned(),
        subject: vec![RawSubject {
            name: name.to_owned(),
            digest: RawDigest { sha256: hex },
        }],
        predicate_type: predicate_type.to_owned(),
        predicate,
    };
    serde_json::to_vec(&raw).expect("statements are JSON")
}

pub(super) fn writ(signed: &SignedWrit) -> Vec<u8> {
    let writ = &signed.writ;
    let raw = RawWrit {
        version: writ.version.clone(),
        place: signed.place.clone(),
        epoch: signed.epoch,
        approved: rfc3339(writ.approved_ms.unwrap_or_default()),
        expires: writ.expires_ms.map(rfc3339),
        imports: signed.imports.clone(),
        requests: signed.requests.clone(),
        grants: grants(signed),
    };
    statement(&writ.plugin, &writ.digest, WRIT_TYPE, raw)
}

/// The grants as the writer of grants files writes them, as JSON.
fn grants(signed: &SignedWrit) -> Vec<Map<String, Json>> {
    let text = Grants {
        writs: vec![signed.writ.clone()],
    }
    .to_toml();
    let file: Json = toml::from_str(&text).expect("grants files are TOML of texts and lists");
    let listed = file["writ"][0]["grant"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let object = |grant| match grant {
        Json::Object(grant) => Some(grant),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => None,
    };
    listed.into_iter().filter_map(object).collect()
}

fn plugin(word: &AuthorsWord) -> Vec<u8> {
    let raw = RawPlugin {
        version: word.version.clone(),
        imports: word.imports.clone(),
        requests: word.requests.clone(),
    };
    statement(&word.name, &word.digest, PLUGIN_TYPE, raw)
}

fn revoke(revocation: &Revocation) -> Vec<u8> {
    let raw = RawRevocation {
        revoked: rfc3339(revocation.revoked_ms),
        reason: revocation.reason.clone(),
    };
    statement(&revocation.name, &revocation.digest, REVOCATION_TYPE, raw)
}
