//! `grants.toml` as text: read with the place of every error, written so that reading gives the same back. No files.

mod read;
#[cfg(test)]
mod tests;
mod write;

use crate::writ::Grants;

/// Longest grants file, in bytes.
pub const GRANTS_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most writs in one grants file.
pub const WRITS_MAX: usize = 4096;
/// Most grants in one writ.
pub const GRANTS_PER_WRIT_MAX: usize = 256;

/// What is wrong in a grants file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}{}", if help.is_empty() { String::new() } else { format!("; {help}") })]
pub struct GrantsError {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it; may be empty.
    pub help: String,
}

impl Grants {
    /// Reads the text of a `grants.toml`.
    ///
    /// # Errors
    /// With the place, when the text is not TOML, has an unknown key, or says something that no writ can say.
    pub fn parse(text: &str) -> Result<Self, GrantsError> {
        read::parse(text)
    }

    /// The text of a `grants.toml` that says the same.
    #[must_use]
    pub fn to_toml(&self) -> String {
        write::to_toml(self)
    }
}
