//! What can be set about a journal, and what cannot: the bounds. Knows nothing of files.

use std::time::Duration;

/// Told how many bytes of the log were folded into the state, of how many.
pub type Progress = Box<dyn Fn(u64, u64) + Send + Sync>;

/// The largest event, as JSON.
pub const EVENT_BYTES_MAX: u64 = 64 << 20;
/// The largest blob.
pub const BLOB_BYTES_MAX: u64 = 256 << 20;
/// The longest name of a key-value bucket.
pub const KV_BUCKET_BYTES_MAX: usize = 255;
/// The longest key in a bucket.
pub const KV_KEY_BYTES_MAX: usize = 1024;
/// The most keys that one listing gives.
pub const KV_LIST_KEYS_MAX: usize = 1000;

/// How deep the values of an event may be nested: a little less than JSON readers take.
pub(crate) const JSON_DEPTH_MAX: usize = 120;
/// Events whose JSON is longer go to a blob.
pub(crate) const INLINE_EVENT_BYTES_MAX: usize = 4096;
/// Key-value pairs whose value is longer are read back from the log instead of the state.
pub(crate) const INLINE_VALUE_BYTES_MAX: usize = 2048;
/// Events that may wait for the disk before appending blocks.
pub(crate) const QUEUE_EVENTS_MAX: usize = 4096;
/// Bytes that may wait for the disk before appending blocks.
pub(crate) const QUEUE_BYTES_MAX: usize = 32 << 20;
/// Events that go into the state in one batch.
pub(crate) const STATE_BATCH_EVENTS_MAX: usize = 256;
/// Runs whose last event is kept in memory.
pub(crate) const TAILS_RUNS_MAX: usize = 4096;
/// Written blobs whose files are kept open until they are synced together.
pub(crate) const OPEN_BLOBS_MAX: usize = 64;
/// How much of a segment is set aside at a time.
pub(crate) const PREALLOCATE_BYTES: u64 = 4 << 20;

const SEGMENT_BYTES_RANGE: (u64, u64) = (1 << 10, 1 << 30);

/// How a journal is kept.
pub struct Options {
    /// How large a segment of the log grows before the next is begun: between 1 KiB and 1 GiB.
    pub segment_bytes_max: u64,
    /// The most events that share one write and one sync.
    pub group_events_max: usize,
    /// Memory for sled's cache.
    pub sled_cache_bytes: u64,
    /// The latest that an event is synced after it was appended, if nobody waits for it.
    pub background_sync_ms: u64,
    /// As long as the log is not longer than this, the state is not synced when the journal is closed: after the machine was
    /// started anew it is made again from the log.
    pub short_log_bytes_max: u64,
    /// How many events may be without a signed checkpoint.
    pub checkpoint_events: u64,
    /// How long an event may be without a signed checkpoint.
    pub checkpoint_ms: u64,
    /// Told about long work while opening.
    pub progress: Option<Progress>,
    #[cfg(test)]
    pub(crate) fault: Option<crate::log::Fault>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes_max: 64 << 20,
            group_events_max: 256,
            sled_cache_bytes: 8 << 20,
            background_sync_ms: 50,
            short_log_bytes_max: 4 << 20,
            checkpoint_events: 16_384,
            checkpoint_ms: 10_000,
            progress: None,
            #[cfg(test)]
            fault: None,
        }
    }
}

impl Options {
    pub(crate) fn segment_bytes(&self) -> u64 {
        self.segment_bytes_max
            .clamp(SEGMENT_BYTES_RANGE.0, SEGMENT_BYTES_RANGE.1)
    }

    pub(crate) fn group_events(&self) -> u64 {
        u64::try_from(self.group_events_max.clamp(1, QUEUE_EVENTS_MAX)).unwrap_or(1)
    }

    pub(crate) fn checkpoint_every(&self) -> Duration {
        Duration::from_millis(self.checkpoint_ms.clamp(1, 86_400_000))
    }

    pub(crate) fn background_sync(&self) -> Duration {
        Duration::from_millis(self.background_sync_ms.clamp(1, 60_000))
    }
}
