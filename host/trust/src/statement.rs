//! In-toto statements of ours: what a reviewer, an author, or a revoking reviewer says of one exact component or document. Their
//! grants have the keys and the rules of `grants.toml`, and are read by its reader. Knows nothing of who signed.

mod write;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use writ_grant::{Digest, Grants, Request, Subject, Writ, parse_rfc3339};

use crate::json;

/// What a statement says that it is.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The predicate of a writ.
pub const WRIT_TYPE: &str = "https://writ.example/writ/v1";
/// The predicate of an author's word for a plugin.
pub const PLUGIN_TYPE: &str = "https://writ.example/plugin/v1";
/// The predicate of a revocation.
pub const REVOCATION_TYPE: &str = "https://writ.example/revocation/v1";
/// Longest text that a statement says in words, in bytes.
const TEXT_BYTES_MAX: usize = 1024;
/// Most imports and requests that a statement lists.
const LISTED_MAX: usize = 4096;

/// What somebody says of one exact component or workflow document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// A reviewer: this is what it may do.
    Writ(SignedWrit),
    /// An author: this is mine, and this is what it asks for.
    Plugin(AuthorsWord),
    /// A reviewer: it may do nothing any more.
    Revocation(Revocation),
}

/// A writ with what the reviewer had before the eyes, and where and for how long it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedWrit {
    /// The grants. Always with the time of approval.
    pub writ: Writ,
    /// The place that it is for; any place that has no name when there is none.
    pub place: Option<String>,
    /// The epoch of the trust root that it was made under.
    pub epoch: u64,
    /// What the component imports.
    pub imports: Vec<String>,
    /// What was asked for, with the reasons.
    pub requests: Vec<Request>,
}

/// What an author vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorsWord {
    /// The plugin's name.
    pub name: String,
    /// Its component.
    pub digest: Digest,
    /// Its version.
    pub version: String,
    /// What the component imports.
    pub imports: Vec<String>,
    /// What it asks for.
    pub requests: Vec<Request>,
}

/// The end of all writs of one component that were approved until then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The name in the writs.
    pub name: String,
    /// The component.
    pub digest: Digest,
    /// When it was revoked, in milliseconds since 1970. A later approval stands.
    pub revoked_ms: u64,
    /// Why, in the reviewer's words.
    pub reason: Option<String>,
}

/// A payload that is no statement of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no statement that this host knows: {0}")]
pub struct StatementError(String);

fn flaw<T>(text: impl Into<String>) -> Result<T, StatementError> {
    Err(StatementError(text.into()))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw<P> {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<RawSubject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: P,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSubject {
    name: String,
    digest: RawDigest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDigest {
    sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWrit {
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    epoch: u64,
    approved: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    imports: Vec<String>,
    requests: Vec<Request>,
    grants: Vec<Map<String, Json>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPlugin {
    version: String,
    imports: Vec<String>,
    requests: Vec<Request>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRevocation {
    revoked: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Statement {
    /// Reads the payload of an envelope.
    ///
    /// # Errors
    /// When it is none of the three statements, or not written as this crate writes it, white space and order aside.
    pub fn parse(payload: &[u8]) -> Result<Self, StatementError> {
        // Which predicate it is decides how the rest is read.
        #[derive(Deserialize)]
        struct Peek {
            #[serde(rename = "predicateType")]
            predicate_type: String,
        }
        let peek: Peek =
            serde_json::from_slice(payload).map_err(|error| StatementError(json::said(error)))?;
        match peek.predicate_type.as_str() {
            WRIT_TYPE => writ(payload).map(Self::Writ),
            PLUGIN_TYPE => word(payload).map(Self::Plugin),
            REVOCATION_TYPE => revocation(payload).map(Self::Revocation),
            other => flaw(format!(
                "its predicate is {:?}",
                other.chars().take(80).collect::<String>()
            )),
        }
    }

    /// The name of what it is about.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Writ(signed) => &signed.writ.plugin,
            Self::Plugin(word) => &word.name,
            Self::Revocation(revocation) => &revocation.name,
        }
    }

    /// The digest of what it is about.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        match self {
            Self::Writ(signed) => &signed.writ.digest,
            Self::Plugin(word) => &word.digest,
            Self::Revocation(revocation) => &revocation.digest,
        }
    }
}

/// The subject and the predicate of a statement with this predicate.
fn parts<P: Serialize + serde::de::DeserializeOwned>(
    payload: &[u8],
) -> Result<(RawSubject, Digest, P), StatementError> {
    let raw: Raw<P> = json::exactly(payload).map_err(StatementError)?;
    if raw.kind != STATEMENT_TYPE {
        return flaw("it is no in-toto statement of version 1");
    }
    let Ok([subject]) = <[RawSubject; 1]>::try_from(raw.subject) else {
        return flaw("it needs exactly one subject");
    };
    let digest = format!("sha256:{}", subject.digest.sha256).parse();
    let digest = digest.or_else(|error| flaw(format!("{error}")))?;
    if !is_text(&subject.name) {
        return flaw("its subject has no fit name");
    }
    Ok((subject, digest, raw.predicate))
}

fn writ(payload: &[u8]) -> Result<SignedWrit, StatementError> {
    let (subject, digest, raw): (_, _, RawWrit) = parts(payload)?;
    bounded(&raw.imports, &raw.requests)?;
    if raw.place.as_ref().is_some_and(|place| !is_text(place)) {
        return flaw("its place has no fit name");
    }
    let writ = grants_reader(&subject.name, &digest, &raw)?;
    let signed = SignedWrit {
        writ,
        place: raw.place,
        epoch: raw.epoch,
        imports: raw.imports,
        requests: raw.requests,
    };
    // The grants went through another reader: they too have to be what they would be written as.
    let again: Json = serde_json::from_slice(&write::writ(&signed)).expect("statements are JSON");
    if serde_json::from_slice::<Json>(payload).ok() != Some(again) {
        return flaw(
            "its grants or times are not written the way that they would be written again",
        );
    }
    Ok(signed)
}

/// Lets the reader of grants files read the grants: one grammar, one set of rules.
fn grants_reader(name: &str, digest: &Digest, raw: &RawWrit) -> Result<Writ, StatementError> {
    let mut table = toml::Table::new();
    table.insert(Subject::of(name).key().to_owned(), name.into());
    table.insert("version".to_owned(), raw.version.as_str().into());
    table.insert("digest".to_owned(), digest.to_string().into());
    table.insert("approved".to_owned(), raw.approved.as_str().into());
    if let Some(expires) = &raw.expires {
        table.insert("expires".to_owned(), expires.as_str().into());
    }
    let grants = raw
        .grants
        .iter()
        .map(toml::Value::try_from)
        .collect::<Result<Vec<_>, _>>();
    let grants = grants.or_else(|_| flaw("a grant has a value that no grant has"))?;
    table.insert("grant".to_owned(), grants.into());
    let mut file = toml::Table::new();
    file.insert("version".to_owned(), 1.into());
    file.insert("writ".to_owned(), toml::Value::Array(vec![table.into()]));
    // The place in a text that nobody wrote would mislead.
    let read = Grants::parse(&file.to_string()).map_err(|error| StatementError(error.message))?;
    match <[Writ; 1]>::try_from(read.writs) {
        Ok([writ]) => Ok(writ),
        Err(_) => flaw("it is not one writ"),
    }
}

fn word(payload: &[u8]) -> Result<AuthorsWord, StatementError> {
    let (subject, digest, raw): (_, _, RawPlugin) = parts(payload)?;
    bounded(&raw.imports, &raw.requests)?;
    if !is_text(&raw.version) {
        return flaw("it has no fit version");
    }
    Ok(AuthorsWord {
        name: subject.name,
        digest,
        version: raw.version,
        imports: raw.imports,
        requests: raw.requests,
    })
}

fn revocation(payload: &[u8]) -> Result<Revocation, StatementError> {
    let (subject, digest, raw): (_, _, RawRevocation) = parts(payload)?;
    let Some(revoked_ms) = parse_rfc3339(&raw.revoked) else {
        return flaw("it does not say when");
    };
    if raw.reason.as_ref().is_some_and(|reason| !is_text(reason)) {
        return flaw("its reason is no fit text");
    }
    Ok(Revocation {
        name: subject.name,
        digest,
        revoked_ms,
        reason: raw.reason,
    })
}

fn bounded(imports: &[String], requests: &[Request]) -> Result<(), StatementError> {
    let many = imports.len() > LISTED_MAX || requests.len() > LISTED_MAX;
    if many {
        flaw(format!(
            "it lists more than {LISTED_MAX} imports or requests"
        ))
    } else {
        Ok(())
    }
}

/// Whether a text can be shown to a person as one line, and is all that stands there.
fn is_text(text: &str) -> bool {
    (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.chars().any(writ_grant::is_unsafe)
}

#[cfg(test)]
mod tests;
