//! Who signed what, and whether that counts.
//!
//! Bytes in, verdicts out: no files, no clock, no randomness; all three are arguments. Knows of ours only `writ-grant`. Read in this
//! order:
//!
//! 1. `name`, `key`: ed25519 keys with names. `key_file`: a key at rest.
//! 2. `dsse`: envelopes, and which keys signed one. `statement`: what is inside them.
//! 3. `role`, `root`: which keys count for what.
//! 4. `verify`: the verdict on one plugin or workflow; `refusal`: every reason for a bad one; `seen`: what must not go back.
//! 5. `note`: C2SP signed notes, the form of a log's checkpoints.
//!
//! What it promises, and which test holds it:
//! - One changed byte of an envelope is refused, or changes neither payload nor signers: `one_changed_byte_changes_no_verdict`.
//! - A hint at a key is never believed: `a_hint_is_never_believed`.
//! - A statement that is read is exactly what would be written: `statement::tests`.
//! - Two keys of one name, or one key under two names, are one party: `root::tests`, `verify::tests`.

#![forbid(unsafe_code)]

mod dsse;
mod encoding;
mod json;
mod key;
mod key_file;
mod name;
mod note;
mod refusal;
mod role;
mod root;
mod seen;
mod statement;
mod verify;

pub use dsse::{
    ENVELOPE_BYTES_MAX, ENVELOPE_SIGNATURES_MAX, Envelope, EnvelopeError, PAYLOAD_TYPE, pae,
};
pub use key::{KeyId, PublicKey, PublicKeyError, SecretKey};
pub use key_file::{Fresh, KEY_FILE_BYTES_MAX, KeyFile, KeyFileError, PASSPHRASE_BYTES_MAX};
pub use name::{KEY_NAME_BYTES_MAX, KeyName, KeyNameError};
pub use note::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX, Note, NoteError, NoteSignature};
pub use refusal::Distrust;
pub use role::{Role, RoleError};
pub use root::{ROOT_BYTES_MAX, ROOT_KEYS_MAX, RootError, TrustRoot, TrustedKey};
pub use seen::{SEEN_BYTES_MAX, SEEN_KEY_BYTES, Seen, SeenError};
pub use statement::{
    AuthorsWord, PLUGIN_TYPE, REVOCATION_TYPE, Revocation, SignedWrit, Statement, StatementError,
    WRIT_TYPE,
};
pub use verify::{Artefact, CLOCK_SKEW_MS_MAX, Ground, Papers, Verdict, approved, verdict};
