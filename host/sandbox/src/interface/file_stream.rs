//! Streams of a file, counted: what moved is in the record, and writing stops at the call's limit. Knows nothing of paths.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};

use crate::state::Stopped;

/// Bytes that moved to and from one file.
#[derive(Default)]
pub(crate) struct Moved {
    pub(crate) read: AtomicU64,
    pub(crate) written: AtomicU64,
}

/// Bytes that one call may still write, over all its files.
#[derive(Default)]
pub(crate) struct Budget {
    written: AtomicU64,
    over: AtomicBool,
}

impl Budget {
    /// Takes so many bytes out of what is allowed; false when they aren't there.
    pub(crate) fn spend(&self, bytes: u64, allowed: u64) -> bool {
        let total = self
            .written
            .fetch_add(bytes, Ordering::Relaxed)
            .saturating_add(bytes);
        if total > allowed {
            self.over.store(true, Ordering::Relaxed);
            self.written.fetch_sub(bytes, Ordering::Relaxed);
        }
        total <= allowed
    }

    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub(crate) fn over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// The files and folders of one call that are open at once.
#[derive(Default)]
pub(crate) struct Places(Arc<AtomicU64>);

/// The place of one of them. A stream keeps its file open after the guest has let go of the file itself, and so keeps the place.
pub(crate) struct Place(Arc<AtomicU64>);

impl Places {
    /// A place, if there is one.
    pub(crate) fn take(&self, most: u64) -> Option<Arc<Place>> {
        if self.taken() >= most {
            return None;
        }
        self.0.fetch_add(1, Ordering::Relaxed);
        Some(Arc::new(Place(Arc::clone(&self.0))))
    }

    pub(crate) fn taken(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(crate) struct CountedInput {
    pub(crate) inner: DynInputStream,
    pub(crate) moved: Arc<Moved>,
    /// Held, not used.
    pub(crate) _place: Option<Arc<Place>>,
}

impl CountedInput {
    fn count(&self, bytes: &StreamResult<Bytes>) {
        if let Ok(bytes) = bytes {
            self.moved
                .read
                .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
    }
}

#[async_trait]
impl Pollable for CountedInput {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[async_trait]
impl InputStream for CountedInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let bytes = self.inner.read(size);
        self.count(&bytes);
        bytes
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        let bytes = self.inner.blocking_read(size).await;
        self.count(&bytes);
        bytes
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}

pub(crate) struct CountedOutput {
    pub(crate) inner: DynOutputStream,
    pub(crate) moved: Arc<Moved>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) allowed: u64,
    /// Held, not used.
    pub(crate) _place: Option<Arc<Place>>,
}

#[async_trait]
impl Pollable for CountedOutput {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[async_trait]
impl OutputStream for CountedOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let length = bytes.len() as u64;
        if !self.budget.spend(length, self.allowed) {
            return Err(StreamError::Trap(Stopped.into()));
        }
        self.inner.write(bytes)?;
        self.moved.written.fetch_add(length, Ordering::Relaxed);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.check_write()
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}
