//! One host at a time: an exclusive lock on the journal's folder, held until it is dropped. The folder itself is locked, since
//! it is there as long as anything in it; and the file `lock` in it, which names the host as long as it did not end in order, and
//! which earlier versions lock alone.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, Mode, OFlags, flock},
    io::Errno,
};

use crate::{JournalError, error::At as _, regular};

/// How long a lock that somebody has is waited for. A process that forks to start another shares its lock with the child
/// until the other begins, so a lock that was just given up may still be held for a moment.
const PATIENCE: Duration = Duration::from_millis(300);
const NOTE_BYTES_MAX: u64 = 64;
const PAUSE: Duration = Duration::from_millis(10);

/// Held as long as both are open.
#[derive(Debug)]
pub(crate) struct FolderLock {
    note: File,
    /// Whoever deletes or replaces the file lets nobody else in.
    _dir: File,
}

impl FolderLock {
    /// Takes note that everything in the folder is synced and nothing more will be written. The note itself is not synced:
    /// if an older one is read in its place, the machine was started anew, and what is read then comes from the disk.
    pub(crate) fn ended_in_order(&self) -> io::Result<()> {
        let note = ended(&self.note)?;
        self.note.set_len(0)?;
        self.note.write_all_at(note.as_bytes(), 0)
    }
}

/// Names this very file, so that a copy of the folder, which nobody may have synced, does not say it of itself.
fn ended(file: &File) -> io::Result<String> {
    Ok(format!("ended {}", file.metadata()?.ino()))
}

/// Takes the lock, and leaves word of who has it. Says whether the host before ended in order.
pub(crate) fn take(dir: &Path) -> Result<(FolderLock, bool), JournalError> {
    let path = path_in(dir);
    let patience_ends = Instant::now() + PATIENCE;
    let folder = open_folder(dir).at("open", dir)?;
    wait_for(&folder, dir, dir, patience_ends)?;
    let mut file = lock_file(dir, &path, patience_ends)?;
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
    let lock = FolderLock {
        note: file,
        _dir: folder,
    };
    Ok((lock, is_clean))
}

/// The locked file that has the name. One that was deleted while it was waited for locks nobody out.
fn lock_file(dir: &Path, path: &Path, patience_ends: Instant) -> Result<File, JournalError> {
    loop {
        let file = regular::open_to_change(path).at("open", path)?;
        wait_for(&file, dir, path, patience_ends)?;
        if is_at(&file, path).at("look at", path)? {
            return Ok(file);
        }
        if Instant::now() >= patience_ends {
            return Err(in_use(dir));
        }
    }
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let named = match fs::symlink_metadata(path) {
        Ok(named) => named,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let open = file.metadata()?;
    Ok((open.dev(), open.ino()) == (named.dev(), named.ino()))
}

fn wait_for(
    file: &File,
    dir: &Path,
    path: &Path,
    patience_ends: Instant,
) -> Result<(), JournalError> {
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK) if Instant::now() < patience_ends => thread::sleep(PAUSE),
            Err(Errno::WOULDBLOCK) => return Err(in_use(dir)),
            Err(error) => return Err(io::Error::from(error)).at("lock", path),
        }
    }
}

/// Whether a host has the folder now. Needs the right to read only.
pub(crate) fn is_held(dir: &Path) -> Result<bool, JournalError> {
    let path = path_in(dir);
    let file = is_open_locked(regular::open(&path)).at("look at", &path)?;
    Ok(file || is_open_locked(open_folder(dir)).at("look at", dir)?)
}

/// What is taken to find out is given up at once; a host that starts at this moment waits longer than that.
fn is_open_locked(opened: io::Result<File>) -> io::Result<bool> {
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(false),
        Err(Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

fn path_in(dir: &Path) -> PathBuf {
    dir.join("lock")
}

fn open_folder(dir: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(dir, flags, Mode::empty())?.into())
}

/// Somebody else has the folder: who, where the file still says it.
fn in_use(dir: &Path) -> JournalError {
    JournalError::InUse {
        dir: dir.to_owned(),
        pid: holder(&path_in(dir)),
    }
}

fn holder(path: &Path) -> Option<u32> {
    let mut text = String::new();
    let file = regular::open(path).ok()?;
    file.take(NOTE_BYTES_MAX).read_to_string(&mut text).ok()?;
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
        fs::copy(dir.path().join("lock"), copy.path().join("lock")).unwrap();
        assert!(!take(copy.path()).unwrap().1);
        assert!(take(dir.path()).unwrap().1);
        assert!(!take(dir.path()).unwrap().1);
        fs::write(dir.path().join("lock"), [0xff; 100]).unwrap();
        assert!(!take(dir.path()).unwrap().1);
    }

    #[test]
    fn a_deleted_file_lets_nobody_in() {
        let dir = tempfile::tempdir().unwrap();
        let lock = take(dir.path()).unwrap();
        fs::remove_file(dir.path().join("lock")).unwrap();
        assert!(is_held(dir.path()).unwrap());
        let refused = take(dir.path()).unwrap_err();
        assert!(
            matches!(refused, JournalError::InUse { pid: None, .. }),
            "{refused}"
        );
        drop(lock);
        assert!(!is_held(dir.path()).unwrap());
        take(dir.path()).unwrap();
    }

    /// Earlier versions lock the file alone.
    #[test]
    fn the_file_alone_keeps_others_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let earlier = regular::write(&path, b"77").unwrap();
        flock(&earlier, FlockOperation::NonBlockingLockExclusive).unwrap();
        assert!(is_held(dir.path()).unwrap());
        let refused = take(dir.path()).unwrap_err();
        assert!(
            matches!(refused, JournalError::InUse { pid: Some(77), .. }),
            "{refused}"
        );
    }

    #[test]
    fn a_file_that_lost_its_name_is_not_taken_for_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let old = regular::write(&path, b"").unwrap();
        assert!(is_at(&old, &path).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(!is_at(&old, &path).unwrap());
        let new = regular::write(&path, b"").unwrap();
        assert!(!is_at(&old, &path).unwrap() && is_at(&new, &path).unwrap());
    }
}
