//! Signed notes as C2SP specifies them: a text, a blank line, and lines that each say who signed it. The form of log checkpoints.
//! Knows nothing of what a text means.

use std::fmt::Write;

use crate::{
    encoding::base64,
    key::{KeyId, PublicKey, SecretKey},
};

/// Longest note, in bytes.
pub const NOTE_BYTES_MAX: usize = 1024 * 1024;
/// Most signatures on one note.
pub const NOTE_SIGNATURES_MAX: usize = 100;
/// Longest signature that is read, in bytes: a stranger's may be of a kind that is not known here.
const SIGNATURE_BYTES_MAX: usize = 16 * 1024;
const MARK: &str = "\u{2014} ";
/// What a signature over an envelope begins with. No note may: a signature for one thing must not pass for another.
const ENVELOPE_MARK: &str = "DSSEv1 ";

/// A note that was read, and not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name that it claims; not restricted to the names of our own keys.
    pub name: String,
    /// The key of that name.
    pub id: KeyId,
    /// What that key made; 64 bytes if it is ed25519.
    pub bytes: Vec<u8>,
}

/// Why a note can't be made, read or believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Longer than any note that is read.
    #[error("the note has {bytes} bytes; a note has at most {NOTE_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The text can't be a note's.
    #[error(
        "the text of a note ends in a newline and has no other control characters, which this one does not keep to"
    )]
    Text,
    /// No signature lines after a blank line.
    #[error("the note has no blank line with signatures after it")]
    Unsigned,
    /// A line that should be a signature.
    #[error("signature line {line} of the note is not `— NAME BASE64`")]
    Signature {
        /// Which one, from 1.
        line: usize,
    },
    /// Too many of them.
    #[error("the note has more than {NOTE_SIGNATURES_MAX} signatures")]
    TooMany,
    /// None of the known keys signed it.
    #[error("the note is not signed by any key that is trusted for it; it is signed by {by}")]
    UnknownKey {
        /// The names that it claims.
        by: String,
    },
    /// A known key did not sign what stands there.
    #[error("the signature of {by} does not fit the note: one of them was altered")]
    Altered {
        /// The key that is claimed.
        by: String,
    },
}

impl Note {
    /// Signs a text, which ends in a newline.
    ///
    /// # Errors
    /// When a note can't hold the text.
    pub fn sign(text: &str, keys: &[&SecretKey]) -> Result<String, NoteError> {
        if !is_text(text) || text.starts_with(ENVELOPE_MARK) {
            return Err(NoteError::Text);
        }
        let note = Self {
            text: text.to_owned(),
            signatures: Vec::new(),
        };
        note.and_signed(keys)
    }

    /// The same note with further signatures. A key that has signed already does not sign again; lines in its name that it did
    /// not make are taken out, or nobody who knows the key would believe the note.
    ///
    /// # Errors
    /// When the note would be longer than notes are.
    pub fn and_signed(&self, keys: &[&SecretKey]) -> Result<String, NoteError> {
        let mut note = self.clone();
        for key in keys {
            let public = key.public();
            note.signatures
                .retain(|known| !known.claims(public) || known.holds(public, &self.text));
            if !note.signatures.iter().any(|known| known.claims(public)) {
                note.signatures.push(NoteSignature {
                    name: public.name().to_string(),
                    id: public.id(),
                    bytes: key.sign(self.text.as_bytes()).to_vec(),
                });
            }
        }
        match note.signatures.len() {
            0 => Err(NoteError::Unsigned),
            1..=NOTE_SIGNATURES_MAX => Self::parse(&note.write()).map(|note| note.write()),
            _ => Err(NoteError::TooMany),
        }
    }

    /// Reads a note. What it says is not to be believed before [`Note::verify`].
    ///
    /// # Errors
    /// When the text is no signed note.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong { bytes: note.len() });
        }
        if !is_text(note) {
            return Err(NoteError::Text);
        }
        // The text may have blank lines itself: the last one parts it from the signatures.
        let blank = note.rfind("\n\n").ok_or(NoteError::Unsigned)?;
        let (text, lines) = (&note[..=blank], &note[blank + 2..]);
        if lines.is_empty() {
            return Err(NoteError::Unsigned);
        }
        if lines.lines().count() > NOTE_SIGNATURES_MAX {
            return Err(NoteError::TooMany);
        }
        let signature = |(i, line)| signature(line).ok_or(NoteError::Signature { line: i + 1 });
        let signatures = lines
            .lines()
            .enumerate()
            .map(signature)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }

    /// The text, with its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, none of them believed.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Which of these keys signed the text; at least one did. Signatures of other keys are passed over.
    ///
    /// # Errors
    /// When none of the keys signed it, or the signature of one of them does not hold.
    pub fn verify<'k>(&self, keys: &[&'k PublicKey]) -> Result<Vec<&'k PublicKey>, NoteError> {
        let mut by: Vec<&PublicKey> = Vec::new();
        for signature in &self.signatures {
            for key in keys.iter().copied().filter(|key| signature.claims(key)) {
                if !signature.holds(key, &self.text) {
                    return Err(NoteError::Altered { by: key.hint() });
                }
                if !by.contains(&key) {
                    by.push(key);
                }
            }
        }
        if by.is_empty() {
            return Err(NoteError::UnknownKey { by: self.claimed() });
        }
        Ok(by)
    }

    /// The names that claim to have signed; a few of them, since they are a stranger's text.
    fn claimed(&self) -> String {
        let name = |known: &NoteSignature| {
            let shown: String = known.name.chars().take(80).collect();
            format!("{}+{}", shown.escape_debug(), known.id)
        };
        self.signatures
            .iter()
            .take(5)
            .map(name)
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn write(&self) -> String {
        let mut note = format!("{}\n", self.text);
        for NoteSignature { name, id, bytes } in &self.signatures {
            let whole = [&id.as_bytes()[..], bytes].concat();
            writeln!(note, "{MARK}{name} {}", base64(&whole))
                .expect("writing to a string does not fail");
        }
        note
    }
}

impl NoteSignature {
    fn claims(&self, key: &PublicKey) -> bool {
        self.name == key.name().as_str() && self.id == key.id()
    }

    fn holds(&self, key: &PublicKey, text: &str) -> bool {
        <&[u8; 64]>::try_from(&self.bytes[..])
            .is_ok_and(|bytes| key.verifies(text.as_bytes(), bytes))
    }
}

fn is_text(text: &str) -> bool {
    let plain = |byte: u8| byte >= b' ' || byte == b'\n';
    text.len() > 1 && text.ends_with('\n') && text.bytes().all(plain)
}

fn signature(line: &str) -> Option<NoteSignature> {
    let (name, text) = line.strip_prefix(MARK)?.split_once(' ')?;
    let odd = |c: char| c.is_whitespace() || c == '+';
    if name.is_empty() || name.contains(odd) || text.len() > SIGNATURE_BYTES_MAX {
        return None;
    }
    let bytes = crate::encoding::strict(text)?;
    let (id, bytes) = bytes.split_first_chunk::<4>()?;
    if bytes.is_empty() {
        return None;
    }
    Some(NoteSignature {
        name: name.to_owned(),
        id: KeyId::from_bytes(*id),
        bytes: bytes.to_vec(),
    })
}

#[cfg(test)]
mod tests;
