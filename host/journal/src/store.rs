//! Opens sled, and sets aside what cannot be trusted: the state can be made again, so no doubt about it is worth a risk.
//!
//! sled survives a killed process, but not a machine that stops: what it called flushed may be gone, or gone in parts. So
//! a note beside it says under which boot of the machine it was written, or that it was closed and synced. As long as the
//! log is short, the state is not synced at all: it is made again after the machine was started anew.

use std::{
    fs::{self, File},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use crate::{
    JournalError, Options, blobs::sync_dir, checkpoints::small_text, error::At as _, regular,
    repair::Repair, state::State,
};

const CLOSED: &str = "closed";
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
const LOCK_TRIES_MAX: u32 = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(10);
const DAMAGED_KEPT_MAX: u32 = 1000;

/// Where the state is.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    dir: PathBuf,
    cache_bytes: u64,
    /// A log of at most so many bytes is folded again in less time than many syncs take.
    short_log_bytes_max: u64,
    boot: BootId,
}

/// Why sled did not open.
enum Unopened {
    /// Somebody has it open: whoever took its files away would take them from a host that works.
    InUse,
    Damaged(String),
}

/// Which boot of the machine this is; empty if that cannot be known, and then nothing unclosed is trusted.
#[derive(Debug, Clone)]
pub(crate) struct BootId(String);

impl BootId {
    /// Lies outside the journal's folder, so it is read while that is allowed.
    pub(crate) fn of_this_machine() -> Self {
        let id = fs::read_to_string(BOOT_ID).map(|id| id.trim().to_owned());
        Self(id.unwrap_or_default())
    }
}

impl Store {
    pub(crate) fn at(journal: &Path, options: &Options, boot: BootId) -> Self {
        Self {
            dir: journal.to_owned(),
            cache_bytes: options.sled_cache_bytes,
            short_log_bytes_max: options.short_log_bytes_max,
            boot,
        }
    }

    /// The journal's folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    fn is_log_short(&self) -> bool {
        let files = fs::read_dir(self.dir.join("log")).and_then(|files| {
            files
                .map(|file| Ok(file?.metadata()?.len()))
                .sum::<io::Result<u64>>()
        });
        files.is_ok_and(|bytes| bytes <= self.short_log_bytes_max)
    }

    fn state_dir(&self) -> PathBuf {
        self.dir.join("state")
    }

    fn note(&self) -> PathBuf {
        self.dir.join("state.session")
    }

    /// Opens the state; begins a new one if there is none that can be trusted.
    pub(crate) fn open(&self, repairs: &mut Vec<Repair>) -> Result<State, JournalError> {
        let dir = self.state_dir();
        if dir.exists() && !self.is_trusted() {
            fs::remove_dir_all(&dir).at("remove", &dir)?;
            if !self.is_log_short() {
                repairs.push(Repair::new("the machine stopped before the state was closed; the state is made again from the log"));
            }
        }
        self.write_note(&self.boot.0)?;
        remove_half_snapshots(&dir)?;
        match self.try_open() {
            Ok(state) => Ok(state),
            Err(Unopened::InUse) => Err(self.in_use()),
            Err(Unopened::Damaged(cause)) => {
                self.set_aside(&format!("the state cannot be opened ({cause})"), repairs)?;
                self.open_new()
            }
        }
    }

    /// The folder's lock is this process's own, so it does not say who.
    fn in_use(&self) -> JournalError {
        JournalError::InUse {
            dir: self.dir.clone(),
            pid: None,
        }
    }

    fn open_new(&self) -> Result<State, JournalError> {
        self.try_open().map_err(|unopened| match unopened {
            Unopened::InUse => self.in_use(),
            Unopened::Damaged(cause) => JournalError::StateRecord { cause },
        })
    }

    /// Gives up a state, keeps its files, and begins a new one.
    pub(crate) fn renew(
        &self,
        state: State,
        why: &str,
        repairs: &mut Vec<Repair>,
    ) -> Result<State, JournalError> {
        drop(state);
        self.set_aside(why, repairs)?;
        self.open_new()
    }

    fn is_trusted(&self) -> bool {
        self.kept_note()
            .is_some_and(|note| note == CLOSED || (note == self.boot.0 && !note.is_empty()))
    }

    fn kept_note(&self) -> Option<String> {
        small_text(&self.note()).ok().flatten()
    }

    fn write_note(&self, content: &str) -> Result<(), JournalError> {
        let path = self.note();
        if self.kept_note().is_some_and(|note| note == content) {
            return Ok(());
        }
        let is_new = !path.exists();
        regular::write(&path, content.as_bytes())
            .and_then(|file| file.sync_all())
            .at("write", &path)?;
        if is_new { sync_dir(&self.dir) } else { Ok(()) }
    }

    /// After sled has let go: makes its files durable and says so, if that is worth while.
    pub(crate) fn closed(&self) -> Result<(), JournalError> {
        if self.is_log_short() {
            return Ok(());
        }
        let dir = self.state_dir();
        sync_all(&dir).at("sync", &dir)?;
        self.write_note(CLOSED)
    }

    /// sled may panic over damaged files, and lets go of its own lock a little after it is dropped.
    fn try_open(&self) -> Result<State, Unopened> {
        let config = sled::Config::new()
            .path(self.state_dir())
            .cache_capacity(self.cache_bytes.max(1 << 20));
        let mut tries = 0;
        loop {
            let opened = catch_unwind(AssertUnwindSafe(|| {
                let state = State::new(config.open()?);
                state.applied().map(|_| state)
            }));
            match opened {
                Ok(Ok(state)) => return Ok(state),
                Ok(Err(error)) if is_locked(&error) && tries < LOCK_TRIES_MAX => tries += 1,
                Ok(Err(error)) if is_locked(&error) => return Err(Unopened::InUse),
                Ok(Err(JournalError::State { source })) => {
                    return Err(Unopened::Damaged(source.to_string()));
                }
                Ok(Err(error)) => return Err(Unopened::Damaged(error.to_string())),
                Err(_) => return Err(Unopened::Damaged("sled gave up over its files".to_owned())),
            }
            thread::sleep(LOCK_PAUSE);
        }
    }

    fn set_aside(&self, why: &str, repairs: &mut Vec<Repair>) -> Result<(), JournalError> {
        let dir = self.state_dir();
        let aside = (1..DAMAGED_KEPT_MAX)
            .map(|number| self.dir.join(format!("state.damaged-{number}")))
            .find(|path| !path.exists())
            .unwrap_or_else(|| self.dir.join("state.damaged"));
        if dir.exists() {
            fs::rename(&dir, &aside).at("set aside", &dir)?;
        }
        let sentence = format!(
            "{why}; the state is made again from the log, and the old one kept as {}",
            aside.display()
        );
        repairs.push(Repair::new(sentence));
        Ok(())
    }
}

fn is_locked(error: &JournalError) -> bool {
    matches!(error, JournalError::State { source } if source.to_string().contains("could not acquire lock"))
}

/// A process that was killed while it opened sled leaves a snapshot half written, over which sled then gives up.
fn remove_half_snapshots(dir: &Path) -> Result<(), JournalError> {
    if !dir.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(dir).at("list", dir)? {
        let entry = entry.at("list", dir)?;
        let name = entry.file_name();
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("snap.") && name.ends_with(".generating"))
        {
            fs::remove_file(entry.path()).at("remove", entry.path())?;
        }
    }
    Ok(())
}

fn sync_all(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_all(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(dir)?.sync_all()
}
