//! Files that appear whole or not at all, and last once they were reported. Knows bytes and names, not what they mean.
//!
//! Bytes go to a temporary file and to the disk first; then one step gives it its name: a hard link, which fails when
//! the name is taken, or a rename, which replaces.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use crate::bindings::exports::writ::payment_queue::queue::{Filing, FilingError};

/// Adds a file under a name that no other file has. The same bytes under it are fine; others are a conflict.
pub(crate) fn add(folder: &Path, name: &str, bytes: &[u8]) -> Result<Filing, FilingError> {
    let path = folder.join(name);
    if let Some(present) = read(&path)? {
        return settle(folder, name, &present, bytes);
    }
    let temporary = write_temporary(folder, name, bytes)?;
    let linked = fs::hard_link(&temporary, &path);
    // Whether it worked or not, the name under which it was written is of no more use.
    remove(&temporary)?;
    match linked {
        Ok(()) => sync_folder(folder).map(|()| Filing::Filed),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // Somebody else was quicker, between the look and the link.
            let present = read(&path)?.ok_or_else(|| FilingError::Unavailable(format!("{name} came and went")))?;
            settle(folder, name, &present, bytes)
        }
        Err(error) => Err(unavailable(&path, &error)),
    }
}

/// Puts a file under a name and replaces what was there.
pub(crate) fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<Filing, FilingError> {
    let path = folder.join(name);
    if read(&path)?.is_some_and(|present| present == bytes) {
        return sync_folder(folder).map(|()| Filing::AlreadyFiled);
    }
    let temporary = write_temporary(folder, name, bytes)?;
    fs::rename(&temporary, &path).map_err(|error| unavailable(&path, &error))?;
    sync_folder(folder).map(|()| Filing::Filed)
}

fn settle(folder: &Path, name: &str, present: &[u8], bytes: &[u8]) -> Result<Filing, FilingError> {
    if present != bytes {
        return Err(FilingError::Conflict(name.to_owned()));
    }
    // Whoever added it may have been stopped before the folder was on the disk.
    sync_folder(folder).map(|()| Filing::AlreadyFiled)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, FilingError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unavailable(path, &error)),
    }
}

/// A leftover of an earlier try is removed, not written over: it may be the very file that another try is about to link.
fn write_temporary(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, FilingError> {
    let path = folder.join(format!(".{name}.tmp"));
    remove(&path)?;
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| unavailable(&path, &error))?;
    Ok(path)
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
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| unavailable(folder, &error))
}

fn unavailable(path: &Path, error: &io::Error) -> FilingError {
    FilingError::Unavailable(format!("{}: {error}", path.display()))
}
