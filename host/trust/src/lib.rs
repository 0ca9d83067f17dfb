//! Who signed what, and whether that counts.
//!
//! Bytes in, verdicts out: no files, no clock, no randomness; all three are arguments. Knows of ours only `writ-grant`.
//!
//! - `name`, `key`: ed25519 keys with names. `key_file`: a key at rest.
//! - `note`: C2SP signed notes, the form of a log's checkpoints.

#![forbid(unsafe_code)]

mod encoding;
mod key;
mod key_file;
mod name;
mod note;

pub use key::{KeyId, PublicKey, PublicKeyError, SecretKey};
pub use key_file::{Fresh, KEY_FILE_BYTES_MAX, KeyFile, KeyFileError, PASSPHRASE_BYTES_MAX};
pub use name::{KEY_NAME_BYTES_MAX, KeyName, KeyNameError};
pub use note::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX, Note, NoteError, NoteSignature};
