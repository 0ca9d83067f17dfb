//! What this host has believed before, kept in its data folder with a key that only this user can read. It stands against an old
//! writ or trust root that is put back; not against somebody who can put back the whole data folder.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use writ_trust::{SEEN_BYTES_MAX, SEEN_KEY_BYTES, Seen};
use zeroize::Zeroizing;

use crate::{
    error::{Failure, Result},
    keys, read,
    whole::write_file,
};

fn paths(data: &Path) -> (PathBuf, PathBuf) {
    let folder = data.join("trust");
    (folder.join("seen"), folder.join("seen.key"))
}

/// What was believed before; nothing in a data folder that has no memory yet.
pub(super) fn recall(data: &Path) -> Result<Seen> {
    let (text, key) = paths(data);
    match (text.exists(), key.exists()) {
        (false, false) => Ok(Seen::default()),
        (true, true) => {
            let kept = read::text(&text, SEEN_BYTES_MAX as u64)?;
            Seen::parse(&kept, &*read_key(&key)?).map_err(|error| lost(&text, &error.to_string()))
        }
        (true, false) => Err(lost(
            &key,
            "it is gone, and what this host remembers of signed writs can't be checked without it",
        )),
        (false, true) => Err(lost(
            &text,
            "what this host remembers of signed writs is gone",
        )),
    }
}

fn lost(path: &Path, message: &str) -> Failure {
    let folder = path.parent().unwrap_or(path).display();
    Failure::journal(message).within(path.display()).help(format!(
        "find out who changed it. To go on without it, look that trust root and writs are the newest, and remove {folder}"
    ))
}

/// Keeps what is believed now, if that is more than before. It is on the disk when this returns: whether it is the first.
pub(super) fn keep(data: &Path, seen: &Seen, before: &Seen) -> Result<bool> {
    let (text, key_path) = paths(data);
    let first = !text.exists();
    if seen == before && !first {
        return Ok(false);
    }
    let key = if key_path.exists() {
        read_key(&key_path)?
    } else {
        make_key(&key_path)?
    };
    write_file(&text, seen.to_text(&key).as_bytes())?;
    fs::File::open(text.parent().unwrap_or(data))
        .and_then(|folder| folder.sync_all())
        .map_err(|error| Failure::file(&text, "write", &error))?;
    Ok(first)
}

fn read_key(path: &Path) -> Result<Zeroizing<[u8; SEEN_KEY_BYTES]>> {
    let bytes = Zeroizing::new(read::bytes(path, SEEN_KEY_BYTES as u64)?);
    let key = bytes
        .as_slice()
        .try_into()
        .map_err(|_| lost(path, "it is not the key that this host wrote"))?;
    Ok(Zeroizing::new(key))
}

fn make_key(path: &Path) -> Result<Zeroizing<[u8; SEEN_KEY_BYTES]>> {
    let mut key = Zeroizing::new([0; SEEN_KEY_BYTES]);
    keys::random(&mut *key)?;
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| Failure::file(folder, "make", &error))?;
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            file.write_all(&*key)?;
            file.sync_all()
        });
    written.map_err(|error| Failure::file(path, "write", &error))?;
    Ok(key)
}
