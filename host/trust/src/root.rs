//! The trust root: which keys count, for what, and from which epoch on. Read with the place of every error. No files.

mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::{key::PublicKey, role::Role};

/// Longest trust root, in bytes.
pub const ROOT_BYTES_MAX: usize = 256 * 1024;
/// Most keys in one trust root.
pub const ROOT_KEYS_MAX: usize = 64;

/// Which keys count: the contents of `trust.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustRoot {
    epoch: u64,
    thresholds: [usize; 3],
    keys: Vec<TrustedKey>,
}

/// A key that counts for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// The key.
    pub key: PublicKey,
    /// What it counts for.
    pub roles: BTreeSet<Role>,
    /// From when on, in milliseconds since 1970.
    pub not_before_ms: Option<u64>,
    /// Until when, in milliseconds since 1970.
    pub not_after_ms: Option<u64>,
}

/// What is wrong in a trust root, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}{}", if help.is_empty() { String::new() } else { format!("; {help}") })]
pub struct RootError {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it; may be empty.
    pub help: String,
}

impl TrustRoot {
    /// Reads the text of a `trust.toml`.
    ///
    /// # Errors
    /// With the place, when the text is not TOML, has an unknown key, or says what no root can say.
    pub fn parse(text: &str) -> Result<Self, RootError> {
        read::parse(text)
    }

    /// What writs must be as new as. Raising it ends every writ that was signed before.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How many parties of a role have to sign.
    #[must_use]
    pub fn threshold(&self, role: Role) -> usize {
        self.thresholds[place(role)]
    }

    /// All keys.
    #[must_use]
    pub fn all(&self) -> &[TrustedKey] {
        &self.keys
    }

    /// The keys of a role, whenever they count.
    pub fn keys(&self, role: Role) -> impl Iterator<Item = &PublicKey> {
        let of_role = self
            .keys
            .iter()
            .filter(move |known| known.roles.contains(&role));
        of_role.map(|known| &known.key)
    }

    /// What is known of a key.
    #[must_use]
    pub fn find(&self, key: &PublicKey) -> Option<&TrustedKey> {
        self.keys.iter().find(|known| known.key == *key)
    }
}

impl TrustedKey {
    /// Why it does not count for a role at this time, if it doesn't.
    #[must_use]
    pub fn idle(&self, role: Role, now_ms: u64) -> Option<String> {
        let time = writ_grant::rfc3339;
        match (self.not_before_ms, self.not_after_ms) {
            _ if !self.roles.contains(&role) => Some(format!("{} is no {role}", self.key.hint())),
            (Some(from), _) if now_ms < from => {
                Some(format!("{} counts from {} on", self.key.hint(), time(from)))
            }
            (_, Some(until)) if until <= now_ms => {
                Some(format!("{} counted until {}", self.key.hint(), time(until)))
            }
            _ => None,
        }
    }
}

fn place(role: Role) -> usize {
    match role {
        Role::Author => 0,
        Role::Reviewer => 1,
        Role::Auditor => 2,
    }
}
