//! Compiled components on disk, so that each is compiled once. What is found there is not believed: every entry carries a
//! code made with a key that only this user can read, and an entry that doesn't match is compiled again. This file must not know
//! what a component is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::SandboxError;
use crate::trusted::Compiled;

const KEY_FILE: &str = "cache.key";
const KEY_BYTES: usize = 32;
const CODE_BYTES: usize = 32;

/// A folder of authenticated entries.
pub(crate) struct Cache {
    folder: PathBuf,
    key: [u8; KEY_BYTES],
    writes: AtomicU64,
}

impl Cache {
    /// Opens the folder, making it and its key at first use.
    pub(crate) fn open(folder: &Path) -> Result<Self, SandboxError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error: io::Error| SandboxError::Cache {
                path,
                cause: error.to_string(),
            }
        };
        fs::create_dir_all(folder).map_err(at(folder))?;
        let path = folder.join(KEY_FILE);
        let key = match read_key(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => create_key(folder, &path),
            other => other,
        };
        Ok(Self {
            folder: folder.to_owned(),
            key: key.map_err(at(&path))?,
            writes: AtomicU64::new(0),
        })
    }

    /// The entry of this name, if there is one and it is ours.
    pub(crate) fn get(&self, name: &str) -> Option<Compiled> {
        let mut bytes = fs::read(self.path(name)).ok()?;
        let authentic = bytes
            .split_first_chunk::<CODE_BYTES>()
            .is_some_and(|(code, body)| self.mac(name, body).verify_slice(code).is_ok());
        if !authentic {
            tracing::warn!(
                entry = name,
                "compile cache entry is damaged or foreign; compiling again"
            );
            return None;
        }
        bytes.drain(..CODE_BYTES);
        Some(Compiled::vouch(bytes))
    }

    /// Keeps an entry. A failure costs time at the next start and nothing else, so it is only told.
    pub(crate) fn put(&self, name: &str, compiled: &Compiled) {
        if let Err(error) = self.write(name, compiled.bytes()) {
            tracing::warn!(entry = name, %error, "compile cache entry could not be written");
        }
    }

    fn write(&self, name: &str, body: &[u8]) -> io::Result<()> {
        let code = self.mac(name, body).finalize().into_bytes();
        let n = self.writes.fetch_add(1, Ordering::Relaxed);
        let temporary = self
            .folder
            .join(format!("{name}.{}.{n}.tmp", std::process::id()));
        let written = private_file(&temporary).and_then(|mut file| {
            file.write_all(&code)?;
            file.write_all(body)
        });
        written
            .and_then(|()| fs::rename(&temporary, self.path(name)))
            .inspect_err(|_| {
                let _ = fs::remove_file(&temporary);
            })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.cwasm"))
    }

    /// The name is part of what is authenticated, so that one entry can't stand in for another.
    fn mac(&self, name: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(&(name.len() as u64).to_le_bytes());
        mac.update(name.as_bytes());
        mac.update(body);
        mac
    }
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

fn read_key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    let mut file = File::open(path)?;
    file.read_exact(&mut key)?;
    Ok(key)
}

/// Two hosts may start at once: the key is written beside and linked into place, and whoever is second reads the first's.
fn create_key(folder: &Path, path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    rustix::rand::getrandom(&mut key, rustix::rand::GetRandomFlags::empty())?;
    let temporary = folder.join(format!("{KEY_FILE}.{}.tmp", std::process::id()));
    let mut file = private_file(&temporary)?;
    file.write_all(&key)?;
    file.sync_all()?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read_key(path),
        other => other.map(|()| key),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn entry() -> Compiled {
        Compiled::vouch(b"machine code".to_vec())
    }

    #[test]
    fn keeps_an_entry_across_openings() {
        let folder = tempfile::tempdir().unwrap();
        Cache::open(folder.path()).unwrap().put("a", &entry());
        let found = Cache::open(folder.path()).unwrap().get("a").unwrap();
        assert_eq!(found.bytes(), b"machine code");
        let mode = fs::metadata(folder.path().join(KEY_FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn believes_no_changed_renamed_truncated_or_foreign_entry() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        cache.put("a", &entry());
        let path = folder.path().join("a.cwasm");
        let good = fs::read(&path).unwrap();
        fs::write(folder.path().join("b.cwasm"), &good).unwrap();
        assert!(cache.get("b").is_none());
        for at in [0, CODE_BYTES, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&path, &bad).unwrap();
            assert!(cache.get("a").is_none(), "byte {at}");
        }
        fs::write(&path, &good[..10]).unwrap();
        assert!(cache.get("a").is_none());
        fs::write(&path, &good).unwrap();
        assert!(cache.get("a").is_some());
        let other = tempfile::tempdir().unwrap();
        let foreign = Cache::open(other.path()).unwrap();
        fs::write(other.path().join("a.cwasm"), &good).unwrap();
        assert!(foreign.get("a").is_none());
    }

    #[test]
    fn an_unusable_folder_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Cache::open(&file.path().join("x")).err().unwrap();
        assert!(error.to_string().contains(&*file.path().to_string_lossy()));
    }
}
