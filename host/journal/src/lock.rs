//! One host at a time: an exclusive lock on the journal's folder, held until it is dropped. The locked file names the host
//! as long as it did not end in order.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use crate::{JournalError, error::At as _, regular};

/// How long a lock that somebody has is waited for. A process that forks to start another shares its lock with the child
/// until the other begins, so a lock that was just given up may still be held for a moment.
const PATIENCE: Duration = Duration::from_millis(300);
const NOTE_BYTES_MAX: u64 = 64;
const PAUSE: Duration = Duration::from_millis(10);

/// Held as long as the file is open.
#[derive(Debug)]
pub(crate) struct FolderLock(File);

impl FolderLock {
    /// Takes note that everything in the folder is synced and nothing more will be written. The note itself is not synced:
    /// if an older one is read in its place, the machine was started anew, and what is read then comes from the disk.
    pub(crate) fn ended_in_order(&self) -> io::Result<()> {
        let note = ended(&self.0)?;
        self.0.set_len(0)?;
        self.0.write_all_at(note.as_bytes(), 0)
    }
}

/// Names this very file, so that a copy of the folder, which nobody may have synced, does not say it of itself.
fn ended(file: &File) -> io::Result<String> {
    Ok(format!("ended {}", file.metadata()?.ino()))
}

/// Takes the lock, and leaves word of who has it. Says whether the host before ended in order.
pub(crate) fn take(dir: &Path) -> Result<(FolderLock, bool), JournalError> {
    let path = dir.join("lock");
    let mut file = regular::open_to_change(&path).at("open", &path)?;
    let patience_ends = Instant::now() + PATIENCE;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => break,
            Err(Errno::WOULDBLOCK) if Instant::now() < patience_ends => thread::sleep(PAUSE),
            Err(Errno::WOULDBLOCK) => {
                return Err(JournalError::InUse {
                    dir: dir.to_owned(),
                    pid: holder(&mut file),
                });
            }
            Err(error) => return Err(io::Error::from(error)).at("lock", &path),
        }
    }
    let mut note = String::new();
    // What is no text was not written by a host that ended in order.
    let is_read = (&file)
        .take(NOTE_BYTES_MAX)
        .read_to_string(&mut note)
        .is_ok();
    let is_clean = is_read && note == ended(&file).at("read", &path)?;
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| write!(file, "{}", std::process::id()))
        .at("write", &path)?;
    Ok((FolderLock(file), is_clean))
}

/// Whether a host has the folder now. Needs the right to read only.
pub(crate) fn is_held(dir: &Path) -> Result<bool, JournalError> {
    let path = dir.join("lock");
    let file = match regular::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error).at("open", &path),
    };
    // Given up again at once; a host that starts at this moment waits longer than that.
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(false),
        Err(Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(io::Error::from(error)).at("lock", &path),
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_orderly_end_of_this_very_folder_is_believed() {
        let dir = tempfile::tempdir().unwrap();
        let (lock, is_clean) = take(dir.path()).unwrap();
        assert!(!is_clean, "nobody was here");
        assert!(is_held(dir.path()).unwrap());
        drop(lock);
        let (lock, is_clean) = take(dir.path()).unwrap();
        assert!(!is_clean, "it did not end in order");
        lock.ended_in_order().unwrap();
        drop(lock);
        assert!(!is_held(dir.path()).unwrap());
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(dir.path().join("lock"), copy.path().join("lock")).unwrap();
        assert!(!take(copy.path()).unwrap().1);
        assert!(take(dir.path()).unwrap().1);
        assert!(!take(dir.path()).unwrap().1);
        std::fs::write(dir.path().join("lock"), [0xff; 100]).unwrap();
        assert!(!take(dir.path()).unwrap().1);
    }
}
