//! What a guest may do with files and what it did: the policy asked by guest path, the operations noted, the bounds kept. Does
//! none of the operations; `filesystem.rs` does, and needs an [`Allowed`] from here for each.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::fs::FileType;
use rustix::io::Errno;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::{DynOutputStream, FsError, FsResult};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use writ_grant::{Access, Authority, Capability, FileRead, FileWrite, Permit};

use crate::fault::{Fault, Usage};
use crate::folders::{FolderError, Mounts};
use crate::interface::file_path::{self, Way};
use crate::interface::file_stream::{Budget, CountedOutput, Moved, Place, Places};
use crate::port::{FileNote, FileOperation};
use crate::state::State;

/// Longest path that a guest may use, in bytes: the kernel takes no longer one.
const PATH_BYTES_MAX: usize = 4096;

/// The files of one call.
pub(crate) struct Files {
    mounts: Mounts,
    /// Made at the first use: most calls touch no file.
    context: Option<Box<WasiCtx>>,
    /// What is behind every open descriptor.
    open: HashMap<u32, Opened>,
    places: Places,
    /// Of the granted folders.
    kept: Vec<Arc<Place>>,
    touched: HashMap<(String, FileOperation), Touched>,
    /// How many are told already, or were touched by callees.
    told: u64,
    pub(super) budget: Arc<Budget>,
    entries: u64,
    /// Whether it was told which folders the guest's callers don't have.
    told_taken: bool,
}

/// A file or folder behind a descriptor.
struct Opened {
    /// As the guest sees it.
    path: String,
    /// Granted folders have theirs as long as the call goes on.
    place: Option<Arc<Place>>,
    moved: Arc<Moved>,
}

#[derive(Default)]
struct Touched {
    order: usize,
    /// How many times with read access, and with write access.
    reads: u64,
    writes: u64,
    moved: Arc<Moved>,
}

impl Touched {
    fn count(&mut self, write: bool) -> &mut u64 {
        if write {
            &mut self.writes
        } else {
            &mut self.reads
        }
    }
}

/// An operation that may be under way. It is noted already: a call can be ended in the middle of it, and what was begun then goes on.
pub(super) struct Begun {
    allowed: Allowed,
    operation: FileOperation,
}

/// Proof that the policy allowed touching a path, kept until the operation is noted. Made from a permit only.
pub(super) struct Allowed {
    write: bool,
    path: String,
}

impl Allowed {
    fn read(permit: Permit<FileRead<'_>>) -> Self {
        Self {
            write: false,
            path: permit.into_action().path.to_owned(),
        }
    }

    fn write(permit: Permit<FileWrite<'_>>) -> Self {
        Self {
            write: true,
            path: permit.into_action().path.to_owned(),
        }
    }
}

impl Files {
    pub(crate) fn new(mounts: Mounts) -> Self {
        Self {
            mounts,
            context: None,
            open: HashMap::new(),
            places: Places::default(),
            kept: Vec::new(),
            touched: HashMap::new(),
            told: 0,
            budget: Arc::default(),
            entries: 0,
            told_taken: false,
        }
    }

    /// Opens the granted folders, so that a missing one is told before the guest runs.
    fn open(&mut self, most: u64) -> Result<(), Fault> {
        for _ in &self.mounts {
            let place = self.places.take(most).ok_or_else(|| too_many_open(most))?;
            self.kept.push(place);
        }
        if !self.mounts.is_empty() {
            self.context = Some(Box::new(context(&self.mounts)?));
        }
        Ok(())
    }

    /// How many files and folders are open.
    pub(crate) fn opened(&self) -> u64 {
        self.places.taken()
    }

    /// Remembers what is behind a descriptor.
    pub(super) fn remember(&mut self, descriptor: u32, path: String, place: Option<Arc<Place>>) {
        let touched = self.touched.get(&(path.clone(), FileOperation::Open));
        let moved = touched.map(|touched| Arc::clone(&touched.moved));
        let opened = Opened {
            path,
            place,
            moved: moved.unwrap_or_default(),
        };
        self.open.insert(descriptor, opened);
    }

    /// What is open goes along with its name: from now on it is asked for and noted where it is.
    pub(super) fn renamed(&mut self, from: &str, to: &str) {
        for opened in self.open.values_mut() {
            if let Some(rest) = opened.path.strip_prefix(from)
                && (rest.is_empty() || rest.starts_with('/'))
            {
                opened.path = format!("{to}{rest}");
            }
        }
    }

    pub(super) fn forget(&mut self, descriptor: u32) {
        self.open.remove(&descriptor);
    }

    /// What a stream takes along of the file that it comes from.
    pub(super) fn shared_with_stream(
        &self,
        descriptor: &Resource<Descriptor>,
    ) -> (Arc<Moved>, Option<Arc<Place>>) {
        let opened = self.open.get(&descriptor.rep());
        let place = opened.and_then(|opened| opened.place.clone());
        (self.moved(descriptor), place)
    }

    /// The host folders that the guest has.
    pub(crate) fn mounts(&self) -> &Mounts {
        &self.mounts
    }

    /// Counts bytes that a callee wrote.
    pub(crate) fn charge(&mut self, usage: &Usage, write_bytes_max: u64) {
        self.budget.spend(usage.file_write_bytes, write_bytes_max);
        self.told = self.told.saturating_add(usage.files);
        self.entries = self.entries.saturating_add(usage.directory_entries);
    }

    /// Distinct files and folders, those of callees too.
    pub(crate) fn files(&self) -> u64 {
        self.told.saturating_add(self.touched.len() as u64)
    }

    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    pub(crate) fn bytes_written(&self) -> u64 {
        self.budget.written()
    }

    /// Whether the guest wrote past its limit.
    pub(crate) fn over(&self) -> bool {
        self.budget.over()
    }

    /// What was done to which file, in the order it was first done.
    pub(crate) fn notes(&mut self, authority: &Authority) -> Vec<FileNote> {
        if self.touched.is_empty() {
            return Vec::new();
        }
        self.told = self.files();
        let mut touched: Vec<_> = self.touched.drain().collect();
        touched.sort_by_key(|(_, touched)| touched.order);
        let note = |((path, operation), touched): ((String, FileOperation), Touched)| FileNote {
            grant: granted_by(authority, &path, touched.writes > 0),
            path,
            operation,
            write: touched.writes > 0,
            times: touched.reads + touched.writes,
            bytes_read: touched.moved.read.load(Ordering::Relaxed),
            bytes_written: touched.moved.written.load(Ordering::Relaxed),
        };
        touched.into_iter().map(note).collect()
    }

    pub(super) fn path_of(&self, descriptor: &Resource<Descriptor>) -> FsResult<String> {
        self.open
            .get(&descriptor.rep())
            .map(|opened| opened.path.clone())
            .ok_or_else(|| ErrorCode::BadDescriptor.into())
    }

    fn take_back(&mut self, begun: &Begun) {
        let Entry::Occupied(mut entry) =
            (self.touched).entry((begun.allowed.path.clone(), begun.operation))
        else {
            return;
        };
        let touched = entry.get_mut();
        let count = touched.count(begun.allowed.write);
        *count = count.saturating_sub(1);
        if touched.reads + touched.writes == 0 {
            entry.remove();
        }
    }

    /// Where the bytes of an open file are counted.
    pub(super) fn moved(&self, descriptor: &Resource<Descriptor>) -> Arc<Moved> {
        let opened = self.open.get(&descriptor.rep());
        opened
            .map(|opened| Arc::clone(&opened.moved))
            .unwrap_or_default()
    }
}

fn context(mounts: &Mounts) -> Result<WasiCtx, FolderError> {
    let mut builder = WasiCtx::builder();
    for folder in mounts {
        let access = if folder.write {
            FsPerms::ReadWrite
        } else {
            FsPerms::ReadOnly
        };
        builder
            .preopened_dir(&folder.host, &folder.guest, access)
            .map_err(|error| FolderError::Unopenable {
                guest: folder.guest.clone(),
                folder: folder.host.clone(),
                cause: format!("{error:#}"),
            })?;
    }
    Ok(builder.build())
}

/// Without granted folders the context is empty: it denies everything.
impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let ctx = self
            .files
            .context
            .get_or_insert_with(|| Box::new(WasiCtx::builder().build()));
        WasiCtxView {
            ctx,
            table: &mut self.table,
        }
    }
}

impl State {
    pub(super) fn may_read(&mut self, path: &str) -> FsResult<Allowed> {
        self.alive().map_err(FsError::trap)?;
        self.permit(FileRead { path })
            .map(Allowed::read)
            .map_err(|_| ErrorCode::NotPermitted.into())
    }

    pub(super) fn may_write(&mut self, path: &str) -> FsResult<Allowed> {
        self.alive().map_err(FsError::trap)?;
        self.permit(FileWrite { path })
            .map(Allowed::write)
            .map_err(|_| ErrorCode::NotPermitted.into())
    }

    /// Either access will do: for opening folders and asking what a file is.
    pub(super) fn may_see(&mut self, path: &str) -> FsResult<Allowed> {
        match self.authority.allows(FileWrite { path }) {
            Some(permit) => Ok(Allowed::write(permit)),
            None => self.may_read(path),
        }
    }

    /// Notes an operation that is allowed, before it begins.
    pub(super) fn begin(&mut self, allowed: Allowed, operation: FileOperation) -> FsResult<Begun> {
        let order = self.files.touched.len();
        let key = (allowed.path.clone(), operation);
        if self.files.files() >= self.limits.files_max && !self.files.touched.contains_key(&key) {
            let stop = self.stop_at_limit("files_max", self.limits.files_max, "files touched");
            return Err(FsError::trap(stop));
        }
        let fresh = || Touched {
            order,
            ..Touched::default()
        };
        let touched = self.files.touched.entry(key).or_insert_with(fresh);
        *touched.count(allowed.write) += 1;
        Ok(Begun { allowed, operation })
    }

    /// What came of it: one that failed did not happen. A refusal by the second wall is noted as denied.
    pub(super) fn ended<T>(&mut self, begun: Begun, result: FsResult<T>) -> FsResult<T> {
        if result.is_err() {
            self.files.take_back(&begun);
        }
        self.seen(&begun.allowed, result)
    }

    /// The policy allowed the path as written, but it leads out of the granted folder.
    /// To the policy that is the same as a path written with `..`, which nothing can allow.
    pub(super) fn note_escape(&mut self, allowed: &Allowed) {
        let path = &format!("{}/..", allowed.path);
        let denied = if allowed.write {
            self.authority.permit(FileWrite { path }).err()
        } else {
            self.authority.permit(FileRead { path }).err()
        };
        if let Some(denied) = denied {
            self.port.denied(&denied);
        }
    }

    pub(super) fn write_limit(&mut self) -> wasmtime::Error {
        self.stop_at_limit(
            "file_write_bytes_max",
            self.limits.file_write_bytes_max,
            "bytes written to files",
        )
    }

    /// A folder that the chain of calls takes from this guest is simply not there. That it looked for its folders is told, once.
    pub(super) fn tell_taken_folders(&mut self) {
        if std::mem::replace(&mut self.files.told_taken, true) {
            return;
        }
        let authority = self.authority.clone();
        for capability in authority.taken() {
            if let Capability::Fs { access, path } = capability {
                let path = path.as_str();
                // A refusal is noted by the asking.
                let _ = match access {
                    Access::Read => self.permit(FileRead { path }).map(drop),
                    Access::Write => self.permit(FileWrite { path }).map(drop),
                };
            }
        }
    }

    /// Counts a listing's entries before anything collects them.
    pub(super) fn count_entries(&mut self, descriptor: &Resource<Descriptor>) -> FsResult<()> {
        let Descriptor::Dir(folder) = self.table.get(descriptor)? else {
            return Err(ErrorCode::NotDirectory.into());
        };
        let left = self
            .limits
            .directory_entries_max
            .saturating_sub(self.files.entries);
        let found = entries(&folder.dir, left.saturating_add(1)).map_err(std::io::Error::from)?;
        if found > left {
            let fault = self.stop_at_limit(
                "directory_entries_max",
                self.limits.directory_entries_max,
                "entries listed",
            );
            return Err(FsError::trap(fault));
        }
        self.files.entries += found;
        Ok(())
    }
}

/// Names that change. Who may write in two places could otherwise read in one what lies in the other.
impl State {
    /// For a new name in place of the old one: what may not be read does not come to where it may be. A folder does not go the other
    /// way either: what is open in it stays open, under the name that may be read.
    pub(super) fn may_move(
        &mut self,
        descriptor: &Resource<Descriptor>,
        (from, relative): (&str, &str),
        to: &str,
    ) -> FsResult<()> {
        if self.is_readable(to) {
            return self.may_read(from).map(drop);
        }
        if self.is_readable(from) && self.is_folder(descriptor, relative)? {
            return self.may_read(to).map(drop);
        }
        Ok(())
    }

    /// For a second name: a file has not one name that may be read and one that may not.
    pub(super) fn may_share(&mut self, from: &str, to: &str) -> FsResult<()> {
        if self.is_readable(from) || self.is_readable(to) {
            self.may_read(from)?;
            self.may_read(to)?;
        }
        Ok(())
    }

    /// The same as [`State::may_read`] for whoever only decides by it: nothing is noted.
    fn is_readable(&self, path: &str) -> bool {
        self.authority.allows(FileRead { path }).is_some()
    }

    fn is_folder(&self, descriptor: &Resource<Descriptor>, path: &str) -> FsResult<bool> {
        let Descriptor::Dir(folder) = self.table.get(descriptor)? else {
            return Ok(false);
        };
        Ok(matches!(
            kind(&folder.dir, path, false),
            Ok(FileType::Directory)
        ))
    }
}

impl State {
    /// Where a path below a descriptor leads. The kernel resolves a `..` after it followed a link; so one that steps out of anything
    /// but a real folder is left as it is written, for the policy to refuse. Otherwise the record would name another file than the
    /// one that is opened.
    pub(super) fn way(&self, descriptor: &Resource<Descriptor>, path: &str) -> FsResult<Way> {
        if path.len() > PATH_BYTES_MAX {
            return Err(ErrorCode::NameTooLong.into());
        }
        let base = self.files.path_of(descriptor)?;
        let way = file_path::way(&base, path);
        let Descriptor::Dir(folder) = self.table.get(descriptor)? else {
            return Ok(way);
        };
        for left in &way.left {
            match kind(&folder.dir, left, false) {
                Ok(FileType::Directory) => {}
                Ok(FileType::Symlink) | Err(Errno::XDEV | Errno::LOOP) => {
                    return Ok(file_path::untidied(&base, path));
                }
                Ok(
                    FileType::RegularFile
                    | FileType::Fifo
                    | FileType::Socket
                    | FileType::CharacterDevice
                    | FileType::BlockDevice
                    | FileType::Unknown,
                ) => return Err(ErrorCode::NotDirectory.into()),
                Err(error) => return Err(std::io::Error::from(error).into()),
            }
        }
        Ok(way)
    }

    /// Refuses what is neither a file nor a folder: opening a FIFO would hold a thread until somebody writes to it, and a device
    /// or socket is no data. Whatever can't be looked at is left to the opening, which says why. One that is put there between the
    /// look and the opening holds a thread, and nothing else: guests can't make one.
    pub(super) fn refuse_special(
        &self,
        descriptor: &Resource<Descriptor>,
        path: &str,
        follow: bool,
    ) -> FsResult<()> {
        let Descriptor::Dir(folder) = self.table.get(descriptor)? else {
            return Ok(());
        };
        match kind(&folder.dir, path, follow) {
            Ok(FileType::RegularFile | FileType::Directory | FileType::Symlink) | Err(_) => Ok(()),
            Ok(
                FileType::Fifo
                | FileType::Socket
                | FileType::CharacterDevice
                | FileType::BlockDevice
                | FileType::Unknown,
            ) => Err(ErrorCode::Unsupported.into()),
        }
    }
}

/// What a path below a folder leads to, without opening it.
fn kind(folder: &std::fs::File, path: &str, follow: bool) -> rustix::io::Result<FileType> {
    use rustix::fs::{Mode, OFlags, ResolveFlags, fstat, openat2};
    let links = if follow {
        OFlags::empty()
    } else {
        OFlags::NOFOLLOW
    };
    let seen = openat2(
        folder,
        path,
        OFlags::PATH | OFlags::CLOEXEC | links,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS,
    )?;
    Ok(FileType::from_raw_mode(fstat(&seen)?.st_mode))
}

/// How many entries a folder has, counted no further than a bound.
fn entries(folder: &std::fs::File, most: u64) -> rustix::io::Result<u64> {
    use rustix::fs::{Dir, Mode, OFlags, openat};
    // Opened anew: the handle at hand may be one that can be walked but not listed.
    let own = openat(
        folder,
        ".",
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let mut found = 0;
    for entry in Dir::new(own)? {
        found += u64::from(!matches!(entry?.file_name().to_bytes(), b"." | b".."));
        if found >= most {
            break;
        }
    }
    Ok(found)
}

impl State {
    pub(super) fn counted_output(
        &mut self,
        (moved, place): (Arc<Moved>, Option<Arc<Place>>),
        stream: Resource<DynOutputStream>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let inner = self.table.delete(stream)?;
        let budget = Arc::clone(&self.files.budget);
        let allowed = self.limits.file_write_bytes_max;
        let counted: DynOutputStream = Box::new(CountedOutput {
            inner,
            moved,
            budget,
            allowed,
            _place: place,
        });
        Ok(self.table.push(counted)?)
    }

    /// A look at a file is not worth a note, a refused one is.
    pub(super) fn seen<T>(&mut self, allowed: &Allowed, result: FsResult<T>) -> FsResult<T> {
        if let Err(error) = &result
            && error.downcast_ref() == Some(&ErrorCode::NotPermitted)
        {
            self.note_escape(allowed);
        }
        result
    }

    /// The files of a call, opened or refused before the guest starts.
    pub(crate) fn open_folders(&mut self) -> Result<(), Fault> {
        self.files.open(self.limits.open_files_max)
    }

    /// A place for one more open file or folder.
    pub(super) fn place(&mut self) -> FsResult<Arc<Place>> {
        let most = self.limits.open_files_max;
        let place = self.files.places.take(most);
        place.ok_or_else(|| FsError::trap(self.stop(too_many_open(most))))
    }
}

fn too_many_open(allowed: u64) -> Fault {
    Fault::Limit {
        limit: "open_files_max",
        allowed,
        unit: "files and folders open at once",
    }
}

/// The grant that covers a path; for the record of what was already allowed.
fn granted_by(authority: &Authority, path: &str, write: bool) -> String {
    let granted = if write {
        authority
            .allows(FileWrite { path })
            .map(|permit| permit.decided_by().to_string())
    } else {
        authority
            .allows(FileRead { path })
            .map(|permit| permit.decided_by().to_string())
    };
    granted.unwrap_or_default()
}
