//! `wasi:filesystem`: always linked, and empty without a grant. A guest sees its granted folders and nothing else.
//!
//! Two walls. The policy is asked, by guest path, before every operation that reads, lists or changes; and every path is
//! walked by cap-std handles that never leave the granted folder, whatever links or `..` it goes through. A refusal by either is
//! told to the guest as `not-permitted`, in the interface's own word, so that a tool which probes goes on; and it is noted,
//! so that the record shows the attempt. Raw file access is not recorded byte for byte: what was touched and how much moved is.
//!
//! Write access doesn't imply read access: reading data through a write-only folder is refused, and so is giving it a name where it
//! could be read. What a file is (size, times, kind) can be asked in any granted folder.

use std::sync::atomic::Ordering;

use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use crate::interface::file_path;
use crate::interface::file_stream::CountedInput;
use crate::port::FileOperation;
use crate::state::State;

use types::{DescriptorFlags, ErrorCode, HostDescriptor, OpenFlags, PathFlags};

impl preopens::Host for State {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let folders = preopens::Host::get_directories(&mut self.filesystem())?;
        for (descriptor, path) in &folders {
            self.files.remember(descriptor.rep(), path.clone(), None);
        }
        self.tell_taken_folders();
        Ok(folders)
    }
}

impl types::Host for State {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        types::Host::convert_error_code(&mut self.filesystem(), error)
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        types::Host::filesystem_error_code(&mut self.filesystem(), error)
    }
}

impl types::HostDirectoryEntryStream for State {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<types::DirectoryEntryStream>,
    ) -> FsResult<Option<types::DirectoryEntry>> {
        types::HostDirectoryEntryStream::read_directory_entry(&mut self.filesystem(), stream).await
    }

    fn drop(&mut self, stream: Resource<types::DirectoryEntryStream>) -> wasmtime::Result<()> {
        types::HostDirectoryEntryStream::drop(&mut self.filesystem(), stream)
    }
}

type Fd = Resource<Descriptor>;

impl HostDescriptor for State {
    async fn open_at(
        &mut self,
        fd: Fd,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Fd> {
        let (target, path) = self.way(&fd, &path)?.into_parts();
        let writes = open_flags.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE)
            || flags.contains(DescriptorFlags::WRITE);
        let folder = open_flags.contains(OpenFlags::DIRECTORY);
        let reads = !folder && (flags.contains(DescriptorFlags::READ) || !writes);
        let allowed = if folder {
            self.may_see(&target)?
        } else if writes {
            self.may_write(&target)?
        } else {
            self.may_read(&target)?
        };
        if reads && writes {
            self.may_read(&target)?;
        }
        self.refuse_special(&fd, &path, path_flags.contains(PathFlags::SYMLINK_FOLLOW))?;
        let place = self.place()?;
        let begun = self.begin(allowed, FileOperation::Open)?;
        let opened = HostDescriptor::open_at(
            &mut self.filesystem(),
            fd,
            path_flags,
            path,
            open_flags,
            flags,
        )
        .await;
        let opened = self.ended(begun, opened)?;
        self.files.remember(opened.rep(), target, Some(place));
        Ok(opened)
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        self.files.forget(fd.rep());
        HostDescriptor::drop(&mut self.filesystem(), fd)
    }

    async fn read(&mut self, fd: Fd, length: u64, offset: u64) -> FsResult<(Vec<u8>, bool)> {
        let path = self.files.path_of(&fd)?;
        self.may_read(&path)?;
        let moved = self.files.moved(&fd);
        let (bytes, end) = HostDescriptor::read(&mut self.filesystem(), fd, length, offset).await?;
        moved.read.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok((bytes, end))
    }

    async fn write(&mut self, fd: Fd, bytes: Vec<u8>, offset: u64) -> FsResult<u64> {
        let path = self.files.path_of(&fd)?;
        self.may_write(&path)?;
        if !self
            .files
            .budget
            .spend(bytes.len() as u64, self.limits.file_write_bytes_max)
        {
            return Err(FsError::trap(self.write_limit()));
        }
        // All of it counts from the beginning: if the call is ended meanwhile, the writing goes on.
        let (moved, length) = (self.files.moved(&fd), bytes.len() as u64);
        moved.written.fetch_add(length, Ordering::Relaxed);
        let written = HostDescriptor::write(&mut self.filesystem(), fd, bytes, offset).await;
        let unwritten = length.saturating_sub(written.as_ref().map_or(0, |written| *written));
        moved.written.fetch_sub(unwritten, Ordering::Relaxed);
        written
    }

    fn read_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynInputStream>> {
        let path = self.files.path_of(&fd)?;
        self.may_read(&path)?;
        let (moved, _place) = self.files.shared_with_stream(&fd);
        let stream = HostDescriptor::read_via_stream(&mut self.filesystem(), fd, offset)?;
        let inner = self.table.delete(stream)?;
        let counted: DynInputStream = Box::new(CountedInput {
            inner,
            moved,
            _place,
        });
        Ok(self.table.push(counted)?)
    }

    fn write_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynOutputStream>> {
        let path = self.files.path_of(&fd)?;
        self.may_write(&path)?;
        let shared = self.files.shared_with_stream(&fd);
        let stream = HostDescriptor::write_via_stream(&mut self.filesystem(), fd, offset)?;
        self.counted_output(shared, stream)
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        let path = self.files.path_of(&fd)?;
        self.may_write(&path)?;
        let shared = self.files.shared_with_stream(&fd);
        let stream = HostDescriptor::append_via_stream(&mut self.filesystem(), fd)?;
        self.counted_output(shared, stream)
    }

    async fn advise(
        &mut self,
        fd: Fd,
        offset: u64,
        length: u64,
        advice: types::Advice,
    ) -> FsResult<()> {
        HostDescriptor::advise(&mut self.filesystem(), fd, offset, length, advice).await
    }

    async fn sync_data(&mut self, fd: Fd) -> FsResult<()> {
        HostDescriptor::sync_data(&mut self.filesystem(), fd).await
    }

    async fn sync(&mut self, fd: Fd) -> FsResult<()> {
        HostDescriptor::sync(&mut self.filesystem(), fd).await
    }

    async fn get_flags(&mut self, fd: Fd) -> FsResult<DescriptorFlags> {
        HostDescriptor::get_flags(&mut self.filesystem(), fd).await
    }

    async fn get_type(&mut self, fd: Fd) -> FsResult<types::DescriptorType> {
        HostDescriptor::get_type(&mut self.filesystem(), fd).await
    }

    async fn stat(&mut self, fd: Fd) -> FsResult<types::DescriptorStat> {
        HostDescriptor::stat(&mut self.filesystem(), fd).await
    }

    async fn is_same_object(&mut self, a: Fd, b: Fd) -> wasmtime::Result<bool> {
        HostDescriptor::is_same_object(&mut self.filesystem(), a, b).await
    }

    async fn metadata_hash(&mut self, fd: Fd) -> FsResult<types::MetadataHashValue> {
        HostDescriptor::metadata_hash(&mut self.filesystem(), fd).await
    }

    async fn stat_at(
        &mut self,
        fd: Fd,
        path_flags: PathFlags,
        path: String,
    ) -> FsResult<types::DescriptorStat> {
        let (guest, path) = self.way(&fd, &path)?.into_parts();
        let allowed = self.may_see(&guest)?;
        let stat = HostDescriptor::stat_at(&mut self.filesystem(), fd, path_flags, path).await;
        self.seen(&allowed, stat)
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Fd,
        path_flags: PathFlags,
        path: String,
    ) -> FsResult<types::MetadataHashValue> {
        let (guest, path) = self.way(&fd, &path)?.into_parts();
        let allowed = self.may_see(&guest)?;
        let hash =
            HostDescriptor::metadata_hash_at(&mut self.filesystem(), fd, path_flags, path).await;
        self.seen(&allowed, hash)
    }

    async fn readlink_at(&mut self, fd: Fd, path: String) -> FsResult<String> {
        let (guest, path) = self.way(&fd, &path)?.into_parts();
        let allowed = self.may_read(&guest)?;
        let link = HostDescriptor::readlink_at(&mut self.filesystem(), fd, path).await;
        self.seen(&allowed, link)
    }

    async fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<types::DirectoryEntryStream>> {
        let path = self.files.path_of(&fd)?;
        let allowed = self.may_read(&path)?;
        self.count_entries(&fd)?;
        let begun = self.begin(allowed, FileOperation::List)?;
        let listing = HostDescriptor::read_directory(&mut self.filesystem(), fd).await;
        self.ended(begun, listing)
    }

    async fn set_size(&mut self, fd: Fd, size: u64) -> FsResult<()> {
        let allowed = self.may_write(&self.files.path_of(&fd)?)?;
        if size > self.limits.file_write_bytes_max {
            return Err(FsError::trap(self.write_limit()));
        }
        let begun = self.begin(allowed, FileOperation::Change)?;
        let set = HostDescriptor::set_size(&mut self.filesystem(), fd, size).await;
        self.ended(begun, set)
    }

    async fn set_times(
        &mut self,
        fd: Fd,
        access: types::NewTimestamp,
        change: types::NewTimestamp,
    ) -> FsResult<()> {
        let allowed = self.may_write(&self.files.path_of(&fd)?)?;
        let begun = self.begin(allowed, FileOperation::Change)?;
        let set = HostDescriptor::set_times(&mut self.filesystem(), fd, access, change).await;
        self.ended(begun, set)
    }

    async fn set_times_at(
        &mut self,
        fd: Fd,
        path_flags: PathFlags,
        path: String,
        access: types::NewTimestamp,
        change: types::NewTimestamp,
    ) -> FsResult<()> {
        let (guest, path) = self.way(&fd, &path)?.into_parts();
        let allowed = self.may_write(&guest)?;
        let begun = self.begin(allowed, FileOperation::Change)?;
        let set = HostDescriptor::set_times_at(
            &mut self.filesystem(),
            fd,
            path_flags,
            path,
            access,
            change,
        )
        .await;
        self.ended(begun, set)
    }

    async fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let (guest, path) = self.way(&fd, &path)?.into_parts();
        let allowed = self.may_write(&guest)?;
        let begun = self.begin(allowed, FileOperation::CreateFolder)?;
        let made = HostDescriptor::create_directory_at(&mut self.filesystem(), fd, path).await;
        self.ended(begun, made)
    }

    async fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let (guest, path) = self.way(&fd, &path)?.into_parts();
        let allowed = self.may_write(&guest)?;
        let begun = self.begin(allowed, FileOperation::Remove)?;
        let removed = HostDescriptor::remove_directory_at(&mut self.filesystem(), fd, path).await;
        self.ended(begun, removed)
    }

    async fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let (guest, path) = self.way(&fd, &path)?.into_parts();
        let allowed = self.may_write(&guest)?;
        let begun = self.begin(allowed, FileOperation::Remove)?;
        let removed = HostDescriptor::unlink_file_at(&mut self.filesystem(), fd, path).await;
        self.ended(begun, removed)
    }

    async fn rename_at(
        &mut self,
        fd: Fd,
        old_path: String,
        new_fd: Fd,
        new_path: String,
    ) -> FsResult<()> {
        let (from, old_path) = self.way(&fd, &old_path)?.into_parts();
        let (to, new_path) = self.way(&new_fd, &new_path)?.into_parts();
        let old = self.may_write(&from)?;
        let new = self.may_write(&to)?;
        self.may_move(&fd, (&from, &old_path), &to)?;
        let old = self.begin(old, FileOperation::Rename)?;
        let new = self.begin(new, FileOperation::Rename)?;
        let renamed =
            HostDescriptor::rename_at(&mut self.filesystem(), fd, old_path, new_fd, new_path).await;
        let renamed = self.ended(old, renamed);
        self.ended(new, renamed)?;
        self.files.renamed(&from, &to);
        Ok(())
    }

    async fn link_at(
        &mut self,
        fd: Fd,
        path_flags: PathFlags,
        old_path: String,
        new_fd: Fd,
        new_path: String,
    ) -> FsResult<()> {
        let (from, old_path) = self.way(&fd, &old_path)?.into_parts();
        let (to, new_path) = self.way(&new_fd, &new_path)?.into_parts();
        let old = self.may_write(&from)?;
        let new = self.may_write(&to)?;
        self.may_share(&from, &to)?;
        let old = self.begin(old, FileOperation::Link)?;
        let new = self.begin(new, FileOperation::Link)?;
        let linked = HostDescriptor::link_at(
            &mut self.filesystem(),
            fd,
            path_flags,
            old_path,
            new_fd,
            new_path,
        )
        .await;
        let linked = self.ended(old, linked);
        self.ended(new, linked)
    }

    /// A link that leads out of the folder couldn't be followed by a guest, but could by whoever reads the folder later.
    async fn symlink_at(&mut self, fd: Fd, target: String, path: String) -> FsResult<()> {
        let (guest, path) = self.way(&fd, &path)?.into_parts();
        let allowed = self.may_write(&guest)?;
        if file_path::may_lead_out(&target) {
            self.note_escape(&allowed);
            return Err(ErrorCode::NotPermitted.into());
        }
        let begun = self.begin(allowed, FileOperation::Link)?;
        let linked = HostDescriptor::symlink_at(&mut self.filesystem(), fd, target, path).await;
        self.ended(begun, linked)
    }
}
