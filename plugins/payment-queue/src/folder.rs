//! Files that appear whole or not at all, and last once they were reported. Knows bytes and names, not what they mean.
//!
//! Bytes go to a temporary file and to the disk first; then one step gives it its name: a hard link, which fails when
//! the name is taken, or a rename, which replaces.

use std::{
    collections::hash_map::RandomState,
    fs::{self, File, OpenOptions},
    hash::{BuildHasher, Hasher},
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use crate::bindings::exports::writ::payment_queue::queue::{Filing, FilingError};

/// Adds a file under a name that no other file has. The same bytes under it are fine; others are a conflict.
pub(crate) fn add(folder: &Path, name: &str, bytes: &[u8]) -> Result<Filing, FilingError> {
    add_through(&temporary(folder, name), folder, name, bytes)
}

/// The same, through a temporary file of this call's own. It may be there from before the call was stopped and executed again.
pub(crate) fn add_through(
    temporary: &Path,
    folder: &Path,
    name: &str,
    bytes: &[u8],
) -> Result<Filing, FilingError> {
    let path = folder.join(name);
    remove(temporary)?;
    if let Some(same) = is_same(&path, bytes)? {
        return settle(folder, name, same);
    }
    write_temporary(temporary, bytes)?;
    let linked = fs::hard_link(temporary, &path);
    // Whether it worked or not, the name under which it was written is of no more use.
    remove(temporary)?;
    match linked {
        Ok(()) => sync_folder(folder).map(|()| Filing::Filed),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // Somebody else was quicker, between the look and the link.
            let same = is_same(&path, bytes)?;
            settle(
                folder,
                name,
                same.ok_or_else(|| FilingError::Unavailable(format!("{name} came and went")))?,
            )
        }
        Err(error) => Err(unavailable(&path, &error)),
    }
}

/// Puts a file under a name and replaces what was there.
pub(crate) fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<Filing, FilingError> {
    let (path, temporary) = (folder.join(name), temporary(folder, name));
    remove(&temporary)?;
    if is_same(&path, bytes)? == Some(true) {
        return sync_folder(folder).map(|()| Filing::AlreadyFiled);
    }
    write_temporary(&temporary, bytes)?;
    fs::rename(&temporary, &path).map_err(|error| unavailable(&path, &error))?;
    sync_folder(folder).map(|()| Filing::Filed)
}

fn settle(folder: &Path, name: &str, same: bool) -> Result<Filing, FilingError> {
    if !same {
        return Err(FilingError::Conflict(name.to_owned()));
    }
    // Whoever added it may have been stopped before the folder was on the disk.
    sync_folder(folder).map(|()| Filing::AlreadyFiled)
}

/// Whether a file has these bytes; none when there is no such file. It reads no more of it than it must.
fn is_same(path: &Path, bytes: &[u8]) -> Result<Option<bool>, FilingError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unavailable(path, &error)),
    };
    let mut present = Vec::new();
    file.take(bytes.len() as u64 + 1)
        .read_to_end(&mut present)
        .map_err(|error| unavailable(path, &error))?;
    Ok(Some(present == bytes))
}

/// This name is the call's own, so that no other call can write into what this one links. A call that is executed again has
/// the same randomness, so it finds its own leftover.
fn temporary(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!(
        ".{name}.{:016x}.tmp",
        RandomState::new().build_hasher().finish()
    ))
}

fn write_temporary(path: &Path, bytes: &[u8]) -> Result<(), FilingError> {
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| unavailable(path, &error))
}

fn remove(path: &Path) -> Result<(), FilingError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unavailable(path, &error)),
    }
}

/// A name is on the disk when its folder is.
fn sync_folder(folder: &Path) -> Result<(), FilingError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| unavailable(folder, &error))
}

fn unavailable(path: &Path, error: &io::Error) -> FilingError {
    FilingError::Unavailable(format!("{}: {error}", path.display()))
}
