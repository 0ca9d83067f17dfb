//! One host at a time: an exclusive lock on the journal's folder, held until it is dropped.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, Write as _},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use crate::{JournalError, error::At as _};

/// How long a lock that somebody has is waited for. A process that forks to start another shares its lock with the child
/// until the other begins, so a lock that was just given up may still be held for a moment.
const PATIENCE: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_millis(10);

/// Held as long as the file is open.
#[derive(Debug)]
pub(crate) struct FolderLock(#[expect(dead_code, reason = "held for its lock")] File);

/// Takes the lock, and leaves word of who has it.
pub(crate) fn take(dir: &Path) -> Result<FolderLock, JournalError> {
    let path = dir.join("lock");
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .at("open", &path)?;
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
            Err(error) => return Err(std::io::Error::from(error)).at("lock", &path),
        }
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| write!(file, "{}", std::process::id()))
        .at("write", &path)?;
    Ok(FolderLock(file))
}

/// Whether a host has the folder now. Needs the right to read only.
pub(crate) fn is_held(dir: &Path) -> Result<bool, JournalError> {
    let path = dir.join("lock");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error).at("open", &path),
    };
    // Given up again at once; a host that starts at this moment waits longer than that.
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(false),
        Err(Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(std::io::Error::from(error)).at("lock", &path),
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
