//! The two keys as data: what an author requests, and what a reviewer's writ grants. Decides nothing.

use serde::{Deserialize, Serialize};

use crate::{
    address::AddressRange,
    capability::Capability,
    digest::Digest,
    http::{HeaderName, Origin},
    text::is_unsafe,
};

/// Longest host folder in a grant, in bytes.
const FOLDER_BYTES_MAX: usize = 4096;
/// Most ranges of addresses in one grant.
pub const ADDRESSES_PER_GRANT_MAX: usize = 64;
/// Longest fixed value in a grant, in bytes.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;

/// The author's key: a capability that a manifest asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What is asked for.
    pub capability: Capability,
    /// Why, in the author's words.
    pub reason: String,
    /// Whether the plugin can do without.
    #[serde(default)]
    pub optional: bool,
}

/// The reviewer's key: a capability that a writ allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What is allowed.
    pub capability: Capability,
    /// The host folder that a guest path is mapped to, relative to the grants file. For `fs` only, and needed there.
    pub folder: Option<String>,
    /// A fixed value that the guest is shown. For `config` and `env` only.
    pub value: Option<String>,
    /// The addresses that are not public and may be reached all the same. For `http` to a named host only; empty if there are none.
    pub addresses: Vec<AddressRange>,
    /// The one origin that a secret goes to. For `secret` only, and needed there.
    pub host: Option<Origin>,
    /// The one header that a secret goes into. For `secret` only, and needed there.
    pub header: Option<HeaderName>,
}

impl Grant {
    /// A grant that says nothing more than what is allowed.
    #[must_use]
    pub fn of(capability: Capability) -> Self {
        Self {
            capability,
            folder: None,
            value: None,
            addresses: Vec::new(),
            host: None,
            header: None,
        }
    }
}

/// The document of grants for one exact component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writ {
    /// The plugin's name, or a workflow's `namespace/name`: see [`Subject`](crate::Subject).
    pub plugin: String,
    /// Its version, as the reviewer saw it.
    pub version: String,
    /// The component that is meant, or the workflow's document, and no other.
    pub digest: Digest,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// When it was approved, in milliseconds since 1970.
    pub approved_ms: Option<u64>,
    /// From when on it says nothing, in milliseconds since 1970.
    pub expires_ms: Option<u64>,
    /// Whether it was taken back.
    pub revoked: bool,
}

/// All writs of one place: the contents of `grants.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// The writs, each for another digest.
    pub writs: Vec<Writ>,
}

impl Grants {
    /// The writ for exactly this component.
    #[must_use]
    pub fn find(&self, digest: &Digest) -> Option<&Writ> {
        self.writs.iter().find(|writ| writ.digest == *digest)
    }
}

/// What is wrong with a short text that people read, if anything is.
pub(crate) fn text_flaw(text: &str, bytes_max: usize) -> Option<String> {
    if text.is_empty() {
        return Some("is empty".to_owned());
    }
    if text.len() > bytes_max {
        return Some(format!(
            "has {} bytes; it may have at most {bytes_max}",
            text.len()
        ));
    }
    let odd = text.chars().find(|c| is_unsafe(*c))?;
    Some(format!("contains {odd:?}, which is not allowed there"))
}

/// What is wrong with the text of a host folder, if anything is.
pub(crate) fn folder_flaw(folder: &str) -> Option<String> {
    text_flaw(folder, FOLDER_BYTES_MAX)
}

/// What is wrong with a fixed value, if anything is.
pub(crate) fn value_flaw(value: &str) -> Option<String> {
    let long = value.len() > VALUE_BYTES_MAX;
    long.then(|| {
        format!(
            "has {} bytes; it may have at most {VALUE_BYTES_MAX}",
            value.len()
        )
    })
}
