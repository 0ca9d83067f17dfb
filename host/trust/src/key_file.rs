//! A secret key at rest: a small TOML text, sealed with a passphrase (argon2id, XChaCha20-Poly1305) or, for machines that start by
//! themselves, open. Bytes in, key out: where the text is kept, and who may read it, is the caller's business.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    encoding::{base64, exactly},
    key::{PublicKey, SecretKey},
};

/// Longest key file, in bytes.
pub const KEY_FILE_BYTES_MAX: usize = 4096;
/// Longest passphrase, in bytes.
pub const PASSPHRASE_BYTES_MAX: usize = 1024;
const VERSION: u32 = 1;
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 24;
/// The seed, and the 16 bytes that authenticate it.
const BOX_BYTES: usize = 32 + 16;
const HEADER: &str =
    "# A signing key of Writ. Who has this file and its passphrase can sign in this name.\n";

/// What guessing one passphrase costs: RFC 9106's choice for where memory is scarce.
const USUAL: Cost = Cost {
    memory_kib: 64 * 1024,
    passes: 3,
    lanes: 4,
};
/// The most that reading a file may cost: a stranger's file must not take the machine down.
const MOST: Cost = Cost {
    memory_kib: 1024 * 1024,
    passes: 16,
    lanes: 16,
};

/// A key file that was read and not opened yet.
#[derive(Clone)]
pub struct KeyFile {
    public: PublicKey,
    kept: Kept,
}

#[derive(Clone)]
enum Kept {
    Open(Zeroizing<[u8; 32]>),
    Sealed {
        cost: Cost,
        salt: [u8; SALT_BYTES],
        nonce: [u8; NONCE_BYTES],
        sealed: [u8; BOX_BYTES],
    },
}

#[derive(Clone, Copy)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Randomness for one sealing. Never use it twice.
pub struct Fresh {
    /// For the passphrase.
    pub salt: [u8; SALT_BYTES],
    /// For the cipher.
    pub nonce: [u8; NONCE_BYTES],
}

/// Why a key can't be read or opened. Says nothing of what is inside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// Not a key file.
    #[error("this is no key file: {0}")]
    Form(String),
    /// Parameters beyond what is read.
    #[error("the key file wants {what}, which is out of bounds")]
    Bounds {
        /// What it wants.
        what: String,
    },
    /// A passphrase is needed and there is none.
    #[error("the key {0} is sealed with a passphrase, and none was given")]
    NoPassphrase(String),
    /// The passphrase is wrong, or the file was changed: nobody can tell which.
    #[error("the passphrase does not open the key {0}, or the key file was changed")]
    Passphrase(String),
    /// The key inside is another.
    #[error("the key file says {0}, but holds another key")]
    OtherKey(String),
    /// There is no passphrase to seal with.
    #[error("a passphrase has 1 to {PASSPHRASE_BYTES_MAX} bytes")]
    Unfit,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: u32,
    public: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<Zeroizing<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<RawSealed>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSealed {
    kdf: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    cipher: String,
    nonce: String,
    #[serde(rename = "box")]
    sealed: String,
}

impl KeyFile {
    /// The text of a key file. Without a passphrase the key lies open in it.
    ///
    /// # Errors
    /// When the passphrase is empty or too long.
    pub fn seal(
        key: &SecretKey,
        passphrase: Option<&[u8]>,
        fresh: &Fresh,
    ) -> Result<Zeroizing<String>, KeyFileError> {
        let public = key.public().to_string();
        let (seed, sealed) = match passphrase {
            None => (Some(Zeroizing::new(base64(key.seed()))), None),
            Some(passphrase) => (None, Some(seal(key, passphrase, fresh)?)),
        };
        let raw = Raw {
            version: VERSION,
            public,
            seed,
            sealed,
        };
        let body = toml::to_string(&raw).expect("strings and numbers are TOML");
        Ok(Zeroizing::new(format!("{HEADER}{}", *Zeroizing::new(body))))
    }

    /// Reads a key file without opening it.
    ///
    /// # Errors
    /// When it is none, or would cost too much to open.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        let form = |message: &str| KeyFileError::Form(message.to_owned());
        if text.len() > KEY_FILE_BYTES_MAX {
            return Err(form("it is too long"));
        }
        // TOML's own message would quote the line, which may hold a key.
        let raw: Raw = toml::from_str(text).map_err(|_| form("its lines are not those of one"))?;
        if raw.version != VERSION {
            return Err(form("its version is not known to this host"));
        }
        let public = raw
            .public
            .parse()
            .map_err(|error| KeyFileError::Form(format!("{error}")))?;
        let kept = match (raw.seed, raw.sealed) {
            (Some(seed), None) => Kept::Open(Zeroizing::new(
                exactly(&seed).ok_or_else(|| form("its seed is not 32 bytes"))?,
            )),
            (None, Some(sealed)) => sealed.kept()?,
            _ => return Err(form("it needs exactly one of `seed` and `[sealed]`")),
        };
        Ok(Self { public, kept })
    }

    /// The public half, as the file claims it.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Whether a passphrase is needed.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        matches!(self.kept, Kept::Sealed { .. })
    }

    /// The key.
    ///
    /// # Errors
    /// When the passphrase is missing or wrong, or the file does not hold the key that it names.
    pub fn open(&self, passphrase: Option<&[u8]>) -> Result<SecretKey, KeyFileError> {
        let seed = match (&self.kept, passphrase) {
            (Kept::Open(seed), _) => seed.clone(),
            (Kept::Sealed { .. }, None) => {
                return Err(KeyFileError::NoPassphrase(self.public.hint()));
            }
            (
                Kept::Sealed {
                    cost,
                    salt,
                    nonce,
                    sealed,
                },
                Some(passphrase),
            ) => {
                let cipher = cost.cipher(passphrase, salt)?;
                let aad = aad(&self.public.to_string());
                let opened = cipher.decrypt(
                    &XNonce::from(*nonce),
                    Payload {
                        msg: sealed,
                        aad: aad.as_bytes(),
                    },
                );
                let wrong = || KeyFileError::Passphrase(self.public.hint());
                let opened = Zeroizing::new(opened.map_err(|_| wrong())?);
                Zeroizing::new(opened.as_slice().try_into().map_err(|_| wrong())?)
            }
        };
        let key = SecretKey::from_seed(self.public.name().clone(), &seed);
        if *key.public() == self.public {
            Ok(key)
        } else {
            Err(KeyFileError::OtherKey(self.public.hint()))
        }
    }
}

/// What is sealed together with the key, so that a file can't claim another's.
fn aad(public: &str) -> String {
    format!("writ key {VERSION}\n{public}\n")
}

fn seal(key: &SecretKey, passphrase: &[u8], fresh: &Fresh) -> Result<RawSealed, KeyFileError> {
    let cipher = USUAL.cipher(passphrase, &fresh.salt)?;
    let aad = aad(&key.public().to_string());
    let payload = Payload {
        msg: key.seed(),
        aad: aad.as_bytes(),
    };
    let sealed = cipher
        .encrypt(&XNonce::from(fresh.nonce), payload)
        .map_err(|_| KeyFileError::Unfit)?;
    Ok(RawSealed {
        kdf: "argon2id".to_owned(),
        memory_kib: USUAL.memory_kib,
        passes: USUAL.passes,
        lanes: USUAL.lanes,
        salt: base64(&fresh.salt),
        cipher: "xchacha20poly1305".to_owned(),
        nonce: base64(&fresh.nonce),
        sealed: base64(&sealed),
    })
}

impl RawSealed {
    fn kept(self) -> Result<Kept, KeyFileError> {
        if self.kdf != "argon2id" || self.cipher != "xchacha20poly1305" {
            return Err(KeyFileError::Form(
                "it is sealed in a way that is not known to this host".to_owned(),
            ));
        }
        let cost = Cost {
            memory_kib: self.memory_kib,
            passes: self.passes,
            lanes: self.lanes,
        };
        cost.within_bounds()?;
        let parts = (
            exactly(&self.salt),
            exactly(&self.nonce),
            exactly(&self.sealed),
        );
        let (Some(salt), Some(nonce), Some(sealed)) = parts else {
            return Err(KeyFileError::Form(
                "salt, nonce or box do not have their length".to_owned(),
            ));
        };
        Ok(Kept::Sealed {
            cost,
            salt,
            nonce,
            sealed,
        })
    }
}

impl Cost {
    fn within_bounds(self) -> Result<(), KeyFileError> {
        for (what, value, max) in [
            ("KiB of memory", self.memory_kib, MOST.memory_kib),
            ("passes", self.passes, MOST.passes),
            ("lanes", self.lanes, MOST.lanes),
        ] {
            if !(1..=max).contains(&value) {
                return Err(KeyFileError::Bounds {
                    what: format!("{value} {what}"),
                });
            }
        }
        Ok(())
    }

    /// The cipher that a passphrase stands for.
    fn cipher(self, passphrase: &[u8], salt: &[u8]) -> Result<XChaCha20Poly1305, KeyFileError> {
        if !(1..=PASSPHRASE_BYTES_MAX).contains(&passphrase.len()) {
            return Err(KeyFileError::Unfit);
        }
        let mut key = Zeroizing::new([0; 32]);
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(key.len()));
        let bounds = |error: argon2::Error| KeyFileError::Bounds {
            what: format!("{error}"),
        };
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(bounds)?);
        argon2
            .hash_password_into(passphrase, salt, key.as_mut_slice())
            .map_err(bounds)?;
        Ok(XChaCha20Poly1305::new((&*key).into()))
    }
}

#[cfg(test)]
mod tests;
