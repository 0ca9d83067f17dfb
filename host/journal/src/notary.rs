//! Signs the log: keeps the log's own key, says when a checkpoint is due, and writes it. Is only ever shown a tree over
//! events that are durable, so no checkpoint promises more than the disk has.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::rand::{GetRandomFlags, getrandom};
use writ_trust::{Fresh, KeyFile, Note, PublicKey, SecretKey};
use zeroize::Zeroizing;

use crate::{
    Checkpoint, JournalError, Options,
    blobs::sync_dir,
    checkpoint::Promise,
    checkpoints::{Checkpoints, replace, small_text},
    error::At as _,
    merkle::Tree,
    repair::Repair,
};

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;
/// A key on its way to its place.
const NEW_SECRET: &str = "log.key.new";

/// Who signs for the log.
pub(crate) struct Notary {
    checkpoints: Checkpoints,
    key: SecretKey,
    /// Events that the newest checkpoint signed.
    signed: u64,
    every_events: u64,
    every: Duration,
    unsigned_since: Option<Instant>,
}

impl Notary {
    /// Takes the key of a folder, or makes one; and gives what the newest checkpoint promises.
    pub(crate) fn open(
        dir: &Path,
        options: &Options,
        repairs: &mut Vec<Repair>,
    ) -> Result<(Self, Option<Promise>), JournalError> {
        let checkpoints = Checkpoints::of(dir);
        checkpoints.prepare()?;
        let newest = checkpoints.list()?.pop();
        let key = match kept_key(dir, repairs)? {
            Some(key) => key,
            None if newest.is_none() => new_key(dir)?,
            None => {
                return Err(broken(
                    &secret_path(dir),
                    "the key that signed the checkpoints is gone",
                ));
            }
        };
        let promise = newest
            .map(|(size, path)| promised(path, size, key.public()))
            .transpose()?;
        let notary = Self {
            checkpoints,
            key,
            signed: promise.as_ref().map_or(0, Promise::size),
            every_events: options.checkpoint_events.max(1),
            every: options.checkpoint_every(),
            unsigned_since: None,
        };
        Ok((notary, promise))
    }

    /// Takes note that a tree grew.
    pub(crate) fn saw(&mut self, tree: &Tree) {
        if tree.size() > self.signed && self.unsigned_since.is_none() {
            self.unsigned_since = Some(Instant::now());
        }
    }

    /// When a checkpoint is due, whatever happens until then.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.unsigned_since.map(|since| since + self.every)
    }

    /// Whether one is due now.
    pub(crate) fn is_due(&self, tree: &Tree) -> bool {
        tree.size() - self.signed >= self.every_events
            || self.due().is_some_and(|due| due <= Instant::now())
    }

    /// Signs a tree over events that are durable, unless that was done.
    pub(crate) fn sign(&mut self, tree: &Tree) -> Result<(), JournalError> {
        self.unsigned_since = None;
        if tree.size() == self.signed {
            return Ok(());
        }
        let checkpoint = Checkpoint {
            origin: self.key.public().name().to_string(),
            size: tree.size(),
            root: tree.root(),
        };
        let note = Note::sign(&checkpoint.text(), &[&self.key]).map_err(|error| {
            JournalError::Invalid {
                cause: format!("a checkpoint: {error}"),
            }
        })?;
        self.checkpoints.write(tree.size(), &note)?;
        self.signed = tree.size();
        Ok(())
    }
}

fn secret_path(dir: &Path) -> PathBuf {
    dir.join("log.key")
}

fn public_path(dir: &Path) -> PathBuf {
    dir.join("log.vkey")
}

/// The public key that checkpoints of a folder are signed with, as the folder itself says; `None` before its first host.
pub(crate) fn public_key(dir: &Path) -> Result<Option<PublicKey>, JournalError> {
    let path = public_path(dir);
    let Some(text) = small_text(&path)? else {
        return Ok(None);
    };
    let key = text
        .strip_suffix('\n')
        .unwrap_or(&text)
        .parse()
        .map_err(|error| broken(&path, format!("it holds no public key: {error}")))?;
    Ok(Some(key))
}

fn kept_key(dir: &Path, repairs: &mut Vec<Repair>) -> Result<Option<SecretKey>, JournalError> {
    let path = secret_path(dir);
    let Some(text) = small_text(&path)?.map(Zeroizing::new) else {
        return Ok(None);
    };
    keep_private(dir, &text, repairs)?;
    let key = KeyFile::parse(&text)
        .and_then(|file| file.open(None))
        .map_err(|error| broken(&path, format!("it holds no key of a log: {error}")))?;
    match public_key(dir)? {
        Some(public) if public == *key.public() => {}
        Some(_) => {
            return Err(broken(
                &public_path(dir),
                "it is not the public half of `log.key`",
            ));
        }
        // The machine stopped between the two.
        None => publish(dir, &key)?,
    }
    Ok(Some(key))
}

/// Replaced, not changed: a host that gave up what it doesn't need can't change a file's rights.
fn keep_private(dir: &Path, text: &str, repairs: &mut Vec<Repair>) -> Result<(), JournalError> {
    let path = secret_path(dir);
    let mode = fs::metadata(&path).at("read", &path)?.mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    replace(&path, &dir.join(NEW_SECRET), text.as_bytes(), PRIVATE)?;
    repairs.push(Repair::new(format!(
        "{}: others could read the key that signs checkpoints; it is private again, but they may have it",
        path.display()
    )));
    Ok(())
}

fn new_key(dir: &Path) -> Result<SecretKey, JournalError> {
    let path = secret_path(dir);
    let (mut name, mut seed) = ([0; 8], Zeroizing::new([0; 32]));
    let mut fresh = Fresh {
        salt: [0; 16],
        nonce: [0; 24],
    };
    for bytes in [
        &mut name[..],
        &mut seed[..],
        &mut fresh.salt,
        &mut fresh.nonce,
    ] {
        fill(bytes).at("make", &path)?;
    }
    let name = format!("writ-log-{:016x}", u64::from_be_bytes(name));
    let name = name
        .parse()
        .expect("letters, digits and hyphens are a name");
    let key = SecretKey::from_seed(name, &seed);
    let text = KeyFile::seal(&key, None, &fresh)
        .map_err(|error| broken(&path, format!("it cannot be made: {error}")))?;
    replace(&path, &dir.join(NEW_SECRET), text.as_bytes(), PRIVATE)?;
    publish(dir, &key)?;
    Ok(key)
}

fn publish(dir: &Path, key: &SecretKey) -> Result<(), JournalError> {
    let text = format!("{}\n", key.public());
    replace(
        &public_path(dir),
        &dir.join("log.vkey.new"),
        text.as_bytes(),
        PUBLIC,
    )?;
    sync_dir(dir)
}

fn fill(bytes: &mut [u8]) -> std::io::Result<()> {
    let mut filled = 0;
    while filled < bytes.len() {
        filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty())?;
    }
    Ok(())
}

fn promised(path: PathBuf, size: u64, key: &PublicKey) -> Result<Promise, JournalError> {
    let note = small_text(&path)?.ok_or_else(|| broken(&path, "it is gone"))?;
    let (checkpoint, _) = read_note(&note, &[key], &[]).map_err(|cause| broken(&path, cause))?;
    if checkpoint.size != size {
        return Err(broken(&path, "its name is not that of what it signed"));
    }
    Ok(Promise { path, checkpoint })
}

/// What a signed checkpoint says, and which of the given keys signed it. One that is the log's own is among them: whoever else
/// has a key, an auditor too, could sign a checkpoint whose first line is their own name.
pub(crate) fn read_note<'k>(
    note: &str,
    own: &[&'k PublicKey],
    auditors: &[&'k PublicKey],
) -> Result<(Checkpoint, Vec<&'k PublicKey>), String> {
    let parsed = Note::parse(note).map_err(|error| format!("it is no signed note: {error}"))?;
    let signers = parsed
        .verify(&[own, auditors].concat())
        .map_err(|error| format!("its signature does not hold: {error}"))?;
    let checkpoint = Checkpoint::parse(parsed.text())
        .map_err(|cause| format!("it is no checkpoint: {cause}"))?;
    let is_of_log = signers
        .iter()
        .any(|key| key.name().as_str() == checkpoint.origin && own.contains(key));
    if is_of_log {
        Ok((checkpoint, signers))
    } else {
        Err(format!(
            "no key of the log {} that was given signed it",
            checkpoint.origin
        ))
    }
}

fn broken(path: &Path, cause: impl Into<String>) -> JournalError {
    JournalError::Checkpoint {
        path: path.to_owned(),
        cause: cause.into(),
    }
}
