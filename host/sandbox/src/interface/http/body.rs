//! The body of a request while a guest writes it: kept in memory, bounded over all requests of the call, and never slower than the
//! guest, so that what the guest sees of it depends on nothing but itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError};

use crate::limiter::{Hit, LimitHit};

/// Most bytes of one write.
const WRITE_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of one piece of a body. Small writes are joined, so that a piece costs no more than its bytes.
pub(super) const CHUNK_BYTES_MAX: usize = 2 * WRITE_BYTES_MAX;
/// Pieces of one body: so many that the limit on bytes is met before.
pub(super) const CHUNKS_MAX: usize = 1 << 24;

/// The bytes that all requests of a call may have together.
#[derive(Clone)]
pub(super) struct Budget {
    all: u64,
    used: Arc<AtomicU64>,
}

impl Budget {
    pub(super) fn new(all: u64) -> Self {
        Self {
            all,
            used: Arc::default(),
        }
    }

    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    pub(super) fn charge(&self, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    fn take(&self, bytes: usize) -> Result<(), StreamError> {
        let used = self.used.fetch_add(bytes as u64, Ordering::Relaxed);
        if used.saturating_add(bytes as u64) <= self.all {
            return Ok(());
        }
        let hit = Hit {
            limit: "http_request_bytes_max",
            allowed: self.all,
            unit: "bytes of http requests",
        };
        Err(StreamError::Trap(wasmtime::Error::from(LimitHit(hit))))
    }
}

/// What a guest writes a body to.
pub(super) struct Bounded {
    inner: Box<dyn OutputStream>,
    budget: Budget,
    pending: BytesMut,
}

impl Bounded {
    pub(super) fn new(inner: Box<dyn OutputStream>, budget: Budget) -> Self {
        Self {
            inner,
            budget,
            pending: BytesMut::new(),
        }
    }

    fn pass_on(&mut self) -> Result<(), StreamError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.inner.write(self.pending.split().freeze())
    }
}

#[async_trait]
impl OutputStream for Bounded {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        if bytes.len() > WRITE_BYTES_MAX {
            let error = wasmtime::format_err!("a write of more than was allowed");
            return Err(StreamError::Trap(error));
        }
        self.budget.take(bytes.len())?;
        self.pending.extend_from_slice(&bytes);
        if self.pending.len() >= WRITE_BYTES_MAX {
            return self.pass_on();
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        self.pass_on()
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        self.inner.check_write().map(|_| WRITE_BYTES_MAX)
    }
}

#[async_trait]
impl Pollable for Bounded {
    async fn ready(&mut self) {}
}

impl Drop for Bounded {
    fn drop(&mut self) {
        // What is more than the body may have is told by `outgoing-body.finish`.
        let _ = self.pass_on();
    }
}
