//! The two keys as data: what an author requests, and what a reviewer's writ grants. Decides nothing.

use serde::{Deserialize, Serialize};

use crate::{capability::Capability, digest::Digest};

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
}

/// The document of grants for one exact component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writ {
    /// The plugin's name.
    pub plugin: String,
    /// Its version, as the reviewer saw it.
    pub version: String,
    /// The component that is meant, and no other.
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
