//! DSSE envelopes: one payload with the signatures of one or more keys over it and its type. Knows nothing of what is inside.

use serde::{Deserialize, Serialize};

use crate::{
    encoding::{base64, either},
    json,
    key::{PublicKey, SecretKey},
};

/// The only payload that is read: an in-toto statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// Longest envelope, in bytes.
pub const ENVELOPE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most signatures on one envelope.
pub const ENVELOPE_SIGNATURES_MAX: usize = 16;
/// Longest hint at a key, in bytes.
const KEY_HINT_BYTES_MAX: usize = 256;

/// An envelope that was read, and not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    payload: Vec<u8>,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct EnvelopeSignature {
    /// Which key is meant, as a hint that is never believed.
    key_hint: Option<String>,
    bytes: Vec<u8>,
}

/// Why an envelope can't be read or signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Not an envelope.
    #[error("this is no signed envelope: {0}")]
    Form(String),
    /// Something else than a statement is inside.
    #[error("the envelope holds {found:?}, not {PAYLOAD_TYPE}")]
    PayloadType {
        /// What it says that it holds.
        found: String,
    },
    /// Too many signatures.
    #[error("an envelope has 1 to {ENVELOPE_SIGNATURES_MAX} signatures")]
    Signatures,
    /// Too long.
    #[error("the envelope has {bytes} bytes; an envelope has at most {ENVELOPE_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A known key is named beside a signature that it did not make.
    #[error("the signature of {by} does not fit what is signed: one of them was altered")]
    Altered {
        /// The key that is named.
        by: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(rename = "payloadType")]
    payload_type: String,
    payload: String,
    signatures: Vec<RawSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSignature {
    #[serde(skip_serializing_if = "Option::is_none")]
    keyid: Option<String>,
    sig: String,
}

/// What is signed: the type and the payload, each with its length, so that neither can pass for a part of the other.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    );
    [head.as_bytes(), payload].concat()
}

impl Envelope {
    /// Signs a statement.
    ///
    /// # Errors
    /// When an envelope can't hold it.
    pub fn sign(payload: Vec<u8>, keys: &[&SecretKey]) -> Result<Self, EnvelopeError> {
        let unsigned = Self {
            payload,
            signatures: Vec::new(),
        };
        unsigned.and_signed(keys)
    }

    /// The same with further signatures; the earlier one of the same key is replaced.
    ///
    /// # Errors
    /// When it would be more than an envelope holds.
    pub fn and_signed(&self, keys: &[&SecretKey]) -> Result<Self, EnvelopeError> {
        let mut envelope = self.clone();
        let message = pae(PAYLOAD_TYPE, &self.payload);
        for key in keys {
            let hint = key.public().hint();
            envelope
                .signatures
                .retain(|known| known.key_hint.as_ref() != Some(&hint));
            let bytes = key.sign(&message).to_vec();
            envelope.signatures.push(EnvelopeSignature {
                key_hint: Some(hint),
                bytes,
            });
        }
        envelope.bounded()
    }

    fn bounded(self) -> Result<Self, EnvelopeError> {
        if !(1..=ENVELOPE_SIGNATURES_MAX).contains(&self.signatures.len()) {
            return Err(EnvelopeError::Signatures);
        }
        Ok(self)
    }

    /// Reads the JSON of an envelope. What is in it is not to be believed before somebody asked for the signers.
    ///
    /// # Errors
    /// When it is none, or holds anything but a statement.
    pub fn parse(text: &str) -> Result<Self, EnvelopeError> {
        if text.len() > ENVELOPE_BYTES_MAX {
            return Err(EnvelopeError::TooLong { bytes: text.len() });
        }
        let raw: Raw = json::exactly(text.as_bytes()).map_err(EnvelopeError::Form)?;
        if raw.payload_type != PAYLOAD_TYPE {
            let found = raw.payload_type.chars().take(80).collect();
            return Err(EnvelopeError::PayloadType { found });
        }
        let no_base64 = || EnvelopeError::Form("a part of it is not base64".to_owned());
        let payload = either(&raw.payload).ok_or_else(no_base64)?;
        let signatures = raw.signatures.into_iter().map(|raw| {
            let hinted = raw
                .keyid
                .as_ref()
                .is_none_or(|hint| hint.len() <= KEY_HINT_BYTES_MAX);
            let bytes = either(&raw.sig).filter(|_| hinted).ok_or_else(no_base64)?;
            Ok(EnvelopeSignature {
                key_hint: raw.keyid,
                bytes,
            })
        });
        Self {
            payload,
            signatures: signatures.collect::<Result<_, _>>()?,
        }
        .bounded()
    }

    /// The envelope as JSON, one signature a line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let signatures = self.signatures.iter().map(|known| RawSignature {
            keyid: known.key_hint.clone(),
            sig: base64(&known.bytes),
        });
        let raw = Raw {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload: base64(&self.payload),
            signatures: signatures.collect(),
        };
        let mut text = serde_json::to_string_pretty(&raw).expect("texts are JSON");
        text.push('\n');
        text
    }

    /// What is signed.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// How many signatures there are, believed or not.
    #[must_use]
    pub fn signature_count(&self) -> usize {
        self.signatures.len()
    }

    /// The keys that are named beside the signatures, believed or not, in words.
    #[must_use]
    pub fn claimed(&self) -> String {
        let name = |known: &EnvelopeSignature| match &known.key_hint {
            Some(hint) => hint.escape_debug().to_string(),
            None => "a key without a name".to_owned(),
        };
        self.signatures
            .iter()
            .map(name)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Which of these keys signed it. Every key is tried, whatever the envelope says; signatures of others are passed over.
    ///
    /// # Errors
    /// When one of the keys is named beside a signature that no key here made: then something was altered, and nothing counts.
    pub fn signers<'k>(&self, keys: &[&'k PublicKey]) -> Result<Vec<&'k PublicKey>, EnvelopeError> {
        let message = pae(PAYLOAD_TYPE, &self.payload);
        let mut signers: Vec<&PublicKey> = Vec::new();
        for signature in &self.signatures {
            let made = |key: &&PublicKey| {
                <&[u8; 64]>::try_from(&signature.bytes[..])
                    .is_ok_and(|bytes| key.verifies(&message, bytes))
            };
            match keys.iter().copied().find(made) {
                Some(key) if signers.contains(&key) => {}
                Some(key) => signers.push(key),
                None => {
                    let named =
                        |key: &&&PublicKey| signature.key_hint.as_ref() == Some(&key.hint());
                    if let Some(named) = keys.iter().find(named) {
                        return Err(EnvelopeError::Altered { by: named.hint() });
                    }
                }
            }
        }
        Ok(signers)
    }
}

#[cfg(test)]
mod tests;
