//! Ed25519 keys with names. A public key is one line that can be read aloud; a secret key can sign and nothing else: it can't be
//! shown, copied or compared, and is wiped when it is dropped. Knows nothing of files or formats that are signed.

use std::{fmt, str::FromStr};

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::{
    encoding::{base64, exactly},
    name::{KeyName, KeyNameError},
};

/// The C2SP identifier of plain ed25519 signatures.
const ED25519: u8 = 1;
/// Longest public key line, in bytes: name, id, and 33 bytes as base64.
const PUBLIC_KEY_BYTES_MAX: usize = 256;

/// What tells keys of one name apart: the first four bytes of a hash. Short, so a hint and never a proof.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 4]);

/// Who can be believed: a name with an ed25519 public key. Its text is a C2SP verifier key, `name+id+base64`.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: KeyName,
    id: KeyId,
    key: VerifyingKey,
}

/// The power to sign in a name. Wiped from memory when dropped.
pub struct SecretKey {
    key: SigningKey,
    public: PublicKey,
}

/// A text that is no public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// It does not have three parts.
    #[error("a public key is written NAME+ID+KEY, as `writ key show` prints it")]
    Form,
    /// The name can't be one.
    #[error(transparent)]
    Name(#[from] KeyNameError),
    /// The id is not the one of this name and key.
    #[error(
        "the id in this public key should be {expected}: a part of the line was mistyped or changed"
    )]
    Id {
        /// What it would be.
        expected: KeyId,
    },
    /// The key is not base64 of an ed25519 key.
    #[error("the last part of a public key is base64 of an ed25519 key, which this is not")]
    Key,
}

impl KeyId {
    fn of(name: &KeyName, key: &VerifyingKey) -> Self {
        let hash = Sha256::new()
            .chain_update(name.as_str())
            .chain_update([b'\n', ED25519])
            .chain_update(key.as_bytes())
            .finalize();
        Self([hash[0], hash[1], hash[2], hash[3]])
    }

    /// From the four bytes in front of a note's signature.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The four bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 4] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PublicKey {
    fn new(name: KeyName, key: VerifyingKey) -> Self {
        let id = KeyId::of(&name, &key);
        Self { name, id, key }
    }

    /// Who it belongs to.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// What tells it from other keys of that name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The 32 bytes of RFC 8032.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// `name+id`: how signatures say which key is meant, without being believed.
    #[must_use]
    pub fn hint(&self) -> String {
        format!("{}+{}", self.name, self.id)
    }

    /// Whether this key signed this message. Strict: one signature has one spelling, and weak keys sign nothing.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = Signature::from_bytes(signature);
        self.key.verify_strict(message, &signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut typed = [ED25519; 33];
        typed[1..].copy_from_slice(self.bytes());
        write!(f, "{}+{}+{}", self.name, self.id, base64(&typed))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = PublicKeyError;

    fn from_str(text: &str) -> Result<Self, PublicKeyError> {
        if text.len() > PUBLIC_KEY_BYTES_MAX {
            return Err(PublicKeyError::Form);
        }
        // Base64 may hold a `+`, so the parts are taken from the front.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(PublicKeyError::Form);
        };
        let name: KeyName = name.parse()?;
        let [ED25519, bytes @ ..] = exactly::<33>(key).ok_or(PublicKeyError::Key)? else {
            return Err(PublicKeyError::Key);
        };
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| PublicKeyError::Key)?;
        if key.is_weak() {
            return Err(PublicKeyError::Key);
        }
        let public = Self::new(name, key);
        if public.id.to_string() != id {
            return Err(PublicKeyError::Id {
                expected: public.id,
            });
        }
        Ok(public)
    }
}

impl SecretKey {
    /// The key of this name made from 32 random bytes.
    #[must_use]
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let public = PublicKey::new(name, key.verifying_key());
        Self { key, public }
    }

    /// The key that proves what this one signed.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs. What is signed must say of itself what it is: as envelopes and [notes](crate::Note) do.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// The seed, for sealing only.
    pub(crate) fn seed(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &str, seed: u8) -> SecretKey {
        SecretKey::from_seed(name.parse().unwrap(), &[seed; 32])
    }

    #[test]
    fn the_verifier_key_of_the_note_package_is_read() {
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key: PublicKey = text.parse().unwrap();
        assert_eq!(
            (key.name().as_str(), key.to_string().as_str()),
            ("PeterNeumann", text)
        );
        assert_eq!(key.id().to_string(), "c74f20a3");
    }

    #[test]
    fn signs_as_rfc_8032_says() {
        // Test 2 of section 7.1.
        let seed = [
            0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11,
            0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed,
            0x4f, 0xb8, 0xa6, 0xfb,
        ];
        let secret = SecretKey::from_seed("rfc".parse().unwrap(), &seed);
        assert_eq!(secret.public().bytes()[..4], [0x3d, 0x40, 0x17, 0xc3]);
        let signature = secret.sign(&[0x72]);
        assert_eq!(signature[..4], [0x92, 0xa0, 0x09, 0xa9]);
        assert!(secret.public().verifies(&[0x72], &signature));
        assert!(!secret.public().verifies(&[0x73], &signature));
    }

    #[test]
    fn text_and_back_and_nothing_else() {
        let text = secret("alice@example.org", 7).public().to_string();
        assert_eq!(text.parse::<PublicKey>().unwrap().to_string(), text);
        let other = secret("alice@example.org", 8).public().to_string();
        let head = &text[..text.len() - 44 - 1];
        let tail = &other[other.len() - 44..];
        assert!(matches!(
            format!("{head}+{tail}").parse::<PublicKey>(),
            Err(PublicKeyError::Id { .. })
        ));
        for bad in [
            "",
            "alice",
            "alice+00000000",
            "alice+00000000+AQ==",
            "+00000000+",
            &"x".repeat(999),
        ] {
            assert!(bad.parse::<PublicKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn weak_keys_are_no_keys() {
        // The identity: every message has a signature that holds under it.
        let mut typed = [0; 33];
        (typed[0], typed[1]) = (ED25519, 1);
        let text = format!("x+00000000+{}", base64(&typed));
        assert_eq!(text.parse::<PublicKey>(), Err(PublicKeyError::Key));
    }
}
