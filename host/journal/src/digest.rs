//! Digests: the links of the hash chains, and the names of blobs. Knows nothing of files.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A sha256.
pub(crate) type Hash = [u8; 32];

/// What the first event of a chain names as its predecessor.
pub(crate) const NO_HASH: Hash = [0; 32];

/// The sha256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// The name of a blob: the sha256 of its content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlobDigest([u8; 32]);

impl BlobDigest {
    /// The digest of some content.
    pub fn of(content: &[u8]) -> Self {
        Self(sha256(content))
    }

    /// From its thirty-two bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its thirty-two bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for BlobDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobDigest({self})")
    }
}

/// A text is no sha256.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no sha256: 64 hexadecimal digits are wanted")]
pub struct NoDigest(String);

impl FromStr for BlobDigest {
    type Err = NoDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        decode(text).ok_or_else(|| NoDigest(text.chars().take(80).collect()))
    }
}

fn decode(text: &str) -> Option<BlobDigest> {
    let text = text.as_bytes();
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let digit = |d: u8| char::from(d).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(BlobDigest(bytes))
}

impl TryFrom<String> for BlobDigest {
    type Error = NoDigest;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<BlobDigest> for String {
    fn from(digest: BlobDigest) -> Self {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::BlobDigest;

    #[test]
    fn text_and_back() {
        let digest = BlobDigest::of(b"abc");
        let text = digest.to_string();
        assert_eq!(
            text,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(text.parse(), Ok(digest));
        assert_eq!(text.to_uppercase().parse(), Ok(digest));
        assert!("".parse::<BlobDigest>().is_err());
        assert!("é".repeat(32).parse::<BlobDigest>().is_err());
    }
}
