//! Checkpoints that a log is held against: those in its folder, and those that were kept elsewhere. Reads them, and takes
//! none whose signature does not hold.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use writ_trust::PublicKey;

use super::walk::Result;
use crate::{
    Checkpoint, JournalError,
    checkpoints::{CHECKPOINT_BYTES_MAX, Checkpoints, small_text},
    notary::{public_key, read_note},
};

/// What a log is held against.
#[derive(Debug, Default)]
pub struct Claims {
    /// Keys of the log that were learned elsewhere; when empty, the one that the folder names itself.
    pub keys: Vec<PublicKey>,
    /// Checkpoints that were kept elsewhere: what to call them, and their text.
    pub outside: Vec<(String, String)>,
    /// Keys of auditors, whose signatures are to be told.
    pub auditors: Vec<PublicKey>,
}

/// A checkpoint whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its file.
    pub name: String,
    /// What it says.
    pub checkpoint: Checkpoint,
    /// Names of the keys that signed it, the log's among them.
    pub signers: Vec<String>,
    /// Names of the auditors among them, each once. A log does not audit itself.
    pub auditors: Vec<String>,
    /// It was kept elsewhere than in the folder.
    pub is_outside: bool,
    /// The whole signed note.
    pub note: String,
}

impl Claim {
    pub(super) fn broken(&self, cause: String) -> JournalError {
        JournalError::Checkpoint {
            path: PathBuf::from(&self.name),
            cause,
        }
    }
}

impl Claims {
    /// All of them, the smallest first.
    pub(super) fn read(&self, dir: &Path) -> Result<Vec<Claim>> {
        let own = if self.keys.is_empty() {
            public_key(dir)?.into_iter().collect()
        } else {
            self.keys.clone()
        };
        let keys = Keys {
            own: own.iter().collect(),
            auditors: self.auditors.iter().collect(),
        };
        let mut claims = Vec::new();
        for (size, path) in Checkpoints::of(dir).list()? {
            // A host that thins them out may have removed it just now.
            let Some(note) = small_text(&path)? else {
                continue;
            };
            let claim = claim(path.display().to_string(), note, &keys, false)?;
            if claim.checkpoint.size != size {
                let cause = "its name is not that of what it signed".to_owned();
                return Err(claim.broken(cause).into());
            }
            claims.push(claim);
        }
        for (name, note) in &self.outside {
            claims.push(claim(name.clone(), note.clone(), &keys, true)?);
        }
        claims.sort_by_key(|claim| claim.checkpoint.size);
        Ok(claims)
    }
}

/// Whose signatures are looked at.
struct Keys<'a> {
    own: Vec<&'a PublicKey>,
    auditors: Vec<&'a PublicKey>,
}

impl Keys<'_> {
    /// The names of those who signed as auditors. Neither a name nor a key of the log counts.
    fn auditors_among(&self, signers: &[&PublicKey]) -> Vec<String> {
        let is_own = |key: &PublicKey| {
            let same = |own: &&PublicKey| own.name() == key.name() || own.bytes() == key.bytes();
            self.own.iter().any(same)
        };
        let names: BTreeSet<&str> = signers
            .iter()
            .filter(|key| self.auditors.contains(key) && !is_own(key))
            .map(|key| key.name().as_str())
            .collect();
        names.into_iter().map(str::to_owned).collect()
    }
}

fn claim(name: String, note: String, keys: &Keys<'_>, is_outside: bool) -> Result<Claim> {
    let broken = |cause| JournalError::Checkpoint {
        path: PathBuf::from(&name),
        cause,
    };
    if note.len() as u64 > CHECKPOINT_BYTES_MAX {
        let cause = format!("it is larger than {CHECKPOINT_BYTES_MAX} bytes");
        return Err(broken(cause).into());
    }
    if keys.own.is_empty() {
        let cause =
            "there is no key to check it with: `log.vkey` is gone, and none was given".to_owned();
        return Err(broken(cause).into());
    }
    let (checkpoint, signers) = read_note(&note, &keys.own, &keys.auditors).map_err(broken)?;
    Ok(Claim {
        checkpoint,
        auditors: keys.auditors_among(&signers),
        signers: signers.iter().map(|key| key.name().to_string()).collect(),
        is_outside,
        note,
        name,
    })
}
