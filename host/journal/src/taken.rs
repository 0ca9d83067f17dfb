//! A data folder that is taken before a journal is opened in it. Whoever must know what is unfinished while the process has one
//! thread still, asks here: this starts none, and a journal's own are immortal.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use writ_run::{Event, RunId};

use crate::{
    BlobDigest, Journal, JournalError, Opened, Options,
    blobs::{Blobs, sync_dir},
    error::At as _,
    lock::{self, FolderLock},
    store::BootId,
    unfinished,
};

/// A data folder, locked by this process. All that lies outside it, or changes its place in the file system, is done by now: what
/// follows needs the folder only.
pub struct TakenFolder {
    pub(crate) dir: PathBuf,
    pub(crate) lock: FolderLock,
    /// The last host in it ended in order.
    pub(crate) is_clean: bool,
    pub(crate) boot: BootId,
}

impl TakenFolder {
    /// Takes a folder, made if there is none.
    pub fn take(dir: &Path) -> Result<Self, JournalError> {
        fs::create_dir_all(dir).at("create", dir)?;
        let (lock, is_clean) = lock::take(dir)?;
        let log_dir = dir.join("log");
        let is_new = !log_dir.exists();
        fs::create_dir_all(&log_dir).at("create", &log_dir)?;
        if is_new {
            // Inputs and answers lie in it in the clear.
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).at("close", dir)?;
            sync_dir(dir)?;
            sync_dir(
                dir.parent()
                    .filter(|parent| !parent.as_os_str().is_empty())
                    .unwrap_or(Path::new(".")),
            )?;
        }
        Ok(Self {
            dir: dir.to_owned(),
            lock,
            is_clean,
            boot: BootId::of_this_machine(),
        })
    }

    /// The runs that seem unfinished, with the event that began each; in the order in which they were accepted. What can't be
    /// read is left out: opening the journal is what judges it.
    pub fn unfinished(&self) -> Vec<(RunId, Event)> {
        unfinished::find(&self.dir, &self.blobs())
    }

    /// Content by its digest, checked.
    pub fn get_blob(&self, digest: &BlobDigest) -> Result<Vec<u8>, JournalError> {
        self.blobs().read(digest, None)
    }

    fn blobs(&self) -> Blobs {
        Blobs::at(self.dir.join("blobs"))
    }

    /// Opens the journal, or begins one; mends what a stopped host or machine left.
    pub fn open(self, options: Options) -> Result<(Journal, Opened), JournalError> {
        Journal::open_taken(self, options)
    }
}
