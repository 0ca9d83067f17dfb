//! Writes the log: one file at a time, set aside beforehand, synced as a whole. Knows nothing of runs or of waiters.
//! Nothing here is tried twice: whoever sees an error stops.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::fs::FallocateFlags;

use crate::{
    JournalError,
    blobs::sync_dir,
    digest::Hash,
    entry::{Entry, Location},
    error::At as _,
    frame,
    options::PREALLOCATE_BYTES,
    segment::{self, HEADER_BYTES, Header, Segment},
};

/// What a test lets fail.
#[cfg(test)]
pub(crate) type Fault = Arc<dyn Fn(Operation) -> io::Result<()> + Send + Sync>;

/// What the log does to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Write,
    Sync,
}

/// The end of the log.
pub(crate) struct Log {
    dir: PathBuf,
    segment_bytes_max: u64,
    file: File,
    path: PathBuf,
    first: u64,
    offset: u64,
    allocated: u64,
    next: u64,
    head: Hash,
    unsynced: bool,
    #[cfg(test)]
    fault: Option<Fault>,
}

impl Log {
    /// Begins a segment.
    pub(crate) fn create(
        dir: &Path,
        segment_bytes_max: u64,
        previous: Option<u64>,
        first: u64,
        head: Hash,
    ) -> Result<Self, JournalError> {
        let path = segment::path_of(dir, first);
        let file = born(
            &path,
            &Header {
                previous,
                first,
                before: head,
            },
        )
        .at("create", &path)?;
        sync_dir(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            segment_bytes_max,
            file,
            path,
            first,
            offset: HEADER_BYTES,
            allocated: HEADER_BYTES,
            next: first,
            head,
            unsynced: false,
            #[cfg(test)]
            fault: None,
        })
    }

    /// Goes on with a segment whose last frame ends at `offset`; what is behind it is cut off. What is before it was
    /// synced by whoever found that end.
    pub(crate) fn resume(
        dir: &Path,
        segment_bytes_max: u64,
        segment: &Segment,
        offset: u64,
        next: u64,
        head: Hash,
    ) -> Result<Self, JournalError> {
        let path = segment.path.clone();
        let file = OpenOptions::new()
            .write(true)
            .open(&path)
            .at("open", &path)?;
        if file.metadata().at("measure", &path)?.len() > offset {
            file.set_len(offset)
                .and_then(|()| file.sync_all())
                .at("cut", &path)?;
        }
        Ok(Self {
            dir: dir.to_owned(),
            segment_bytes_max,
            file,
            path,
            first: segment.header.first,
            offset,
            allocated: offset,
            next,
            head,
            unsynced: false,
            #[cfg(test)]
            fault: None,
        })
    }

    #[cfg(test)]
    pub(crate) fn failing(mut self, fault: Option<Fault>) -> Self {
        self.fault = fault;
        self
    }

    /// Writes frames behind each other, and says where each is.
    pub(crate) fn write(&mut self, entries: &[Arc<Entry>]) -> Result<Vec<Location>, JournalError> {
        let mut locations = Vec::with_capacity(entries.len());
        let mut buffer = Vec::with_capacity(entries.iter().map(|entry| entry.frame.len()).sum());
        for entry in entries {
            let end = self.offset + (buffer.len() + entry.frame.len()) as u64;
            if end > self.segment_bytes_max && self.next > self.first {
                self.put(&mut buffer)?;
                self.roll()?;
            }
            let start = buffer.len();
            buffer.extend_from_slice(&entry.frame);
            if start == 0 && !self.unsynced {
                frame::settle(&mut buffer);
            }
            locations.push(Location {
                segment: self.first,
                offset: self.offset + start as u64,
            });
            self.next = entry.position + 1;
            self.head = entry.hash;
        }
        self.put(&mut buffer)?;
        Ok(locations)
    }

    fn put(&mut self, buffer: &mut Vec<u8>) -> Result<(), JournalError> {
        if buffer.is_empty() {
            return Ok(());
        }
        self.unsynced = true;
        let end = self.offset + buffer.len() as u64;
        self.preallocate(end);
        self.try_write(buffer).at("write", &self.path)?;
        self.offset = end;
        buffer.clear();
        Ok(())
    }

    #[cfg(not(test))]
    fn try_write(&self, buffer: &[u8]) -> io::Result<()> {
        self.may(Operation::Write)
            .and_then(|()| self.file.write_all_at(buffer, self.offset))
    }

    /// A write that fails leaves half of it, as a full disk does.
    #[cfg(test)]
    fn try_write(&self, buffer: &[u8]) -> io::Result<()> {
        let may = self.may(Operation::Write);
        let bytes = if may.is_ok() {
            buffer.len()
        } else {
            buffer.len() / 2
        };
        self.file
            .write_all_at(&buffer[..bytes], self.offset)
            .and(may)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests let operations fail here")]
    const fn may(&self, _: Operation) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn may(&self, operation: Operation) -> io::Result<()> {
        self.fault.as_ref().map_or(Ok(()), |fault| fault(operation))
    }

    /// Sets space aside. Where that is refused, writing goes on without: a full disk shows when it is written to.
    fn preallocate(&mut self, end: u64) {
        if end <= self.allocated {
            return;
        }
        let until = (end + PREALLOCATE_BYTES)
            .min(self.segment_bytes_max)
            .max(end);
        let done = rustix::fs::fallocate(
            &self.file,
            FallocateFlags::empty(),
            self.allocated,
            until - self.allocated,
        );
        self.allocated = if done.is_ok() { until } else { u64::MAX };
    }

    /// Makes all that was written durable. Says whether there was anything to do.
    pub(crate) fn sync(&mut self) -> Result<bool, JournalError> {
        if !self.unsynced {
            return Ok(false);
        }
        self.may(Operation::Sync)
            .and_then(|()| self.file.sync_data())
            .at("sync", &self.path)?;
        self.unsynced = false;
        Ok(true)
    }

    fn roll(&mut self) -> Result<(), JournalError> {
        self.finish()?;
        let next = Self::create(
            &self.dir,
            self.segment_bytes_max,
            Some(self.first),
            self.next,
            self.head,
        )?;
        #[cfg(test)]
        let next = next.failing(self.fault.take());
        *self = next;
        Ok(())
    }

    /// Makes the segment durable, and gives back the space that it does not need. That it did may be forgotten: what is
    /// set aside reads as nothing, also in the middle of the log.
    pub(crate) fn finish(&mut self) -> Result<(), JournalError> {
        self.sync()?;
        self.file.set_len(self.offset).at("finish", &self.path)
    }
}

fn born(path: &Path, header: &Header) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all_at(&header.encode(), 0)?;
    file.sync_all()?;
    Ok(file)
}
