//! What a key may count for.

use std::{fmt, str::FromStr};

/// A role of a key in the trust root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Vouches for plugins: who made them and what they ask for.
    Author,
    /// Decides what they may do.
    Reviewer,
    /// Signs the heads of logs.
    Auditor,
}

/// A text that names no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of author, reviewer, auditor")]
pub struct RoleError;

impl Role {
    /// All roles.
    pub const ALL: [Role; 3] = [Role::Author, Role::Reviewer, Role::Auditor];

    /// The word in files and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Author => "author",
            Role::Reviewer => "reviewer",
            Role::Auditor => "auditor",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(RoleError)
    }
}
