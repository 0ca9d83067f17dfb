//! What the handle, the committer and everything given out share. Owns the folder's lock and the state's end of life.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use parking_lot::{Condvar, Mutex, MutexGuard};
use writ_run::Event;

use crate::{
    JournalError,
    blobs::Blobs,
    entry::{Location, Place, event_of, kv_of},
    lock::FolderLock,
    options::{EVENT_BYTES_MAX, INLINE_EVENT_BYTES_MAX, JSON_DEPTH_MAX},
    queue::{Body, Prepared, Queue},
    scan::{Scan, Step},
    segment,
    state::{State, Value},
    store::Store,
    unfinished,
};

/// Counts since the journal was opened.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) flushes: AtomicU64,
    pub(crate) events: AtomicU64,
    pub(crate) bytes: AtomicU64,
}

/// The journal itself. Fields are dropped in order: the state, then what is to do once it is gone, with the lock.
pub(crate) struct Shared {
    pub(crate) queue: Mutex<Queue>,
    /// Told when the committer has something to do.
    pub(crate) work: Condvar,
    /// Told when there is room in the queue again.
    pub(crate) space: Condvar,
    pub(crate) state: State,
    pub(crate) blobs: Blobs,
    pub(crate) log_dir: PathBuf,
    pub(crate) counters: Counters,
    pub(crate) group_events_max: u64,
    ending: Ending,
}

struct Ending {
    store: Store,
    finished: AtomicBool,
    /// The log and all blobs are durable.
    settled: AtomicBool,
    lock: FolderLock,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if self.finished.load(Ordering::Acquire)
            && let Err(error) = self.store.closed()
        {
            // The state is made again if the machine stops before the next start: slow, but nothing is lost.
            tracing::warn!(%error, "journal.state_not_synced");
        }
        if self.settled.load(Ordering::Acquire)
            && let Err(error) = self.lock.ended_in_order()
        {
            // The next host syncs again what it finds.
            tracing::warn!(%error, "journal.end_not_noted");
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Somebody may have put a blob when the committer had ended.
        let finished = self.ending.finished.load(Ordering::Acquire);
        let settled = finished && self.blobs.is_settled();
        self.ending.settled.store(settled, Ordering::Release);
    }
}

impl Shared {
    pub(crate) fn new(
        queue: Queue,
        state: State,
        blobs: Blobs,
        log_dir: &Path,
        store: Store,
        lock: FolderLock,
        group_events_max: u64,
    ) -> Arc<Self> {
        Arc::new(Self {
            queue: Mutex::new(queue),
            work: Condvar::new(),
            space: Condvar::new(),
            state,
            blobs,
            log_dir: log_dir.to_owned(),
            counters: Counters::default(),
            group_events_max,
            ending: Ending {
                store,
                finished: AtomicBool::new(false),
                settled: AtomicBool::new(false),
                lock,
            },
        })
    }

    /// Notes that all was written and synced, and for the next host what is unfinished.
    pub(crate) fn finished(&self) -> Result<(), JournalError> {
        unfinished::leave_note(self.ending.store.dir(), &self.state)?;
        self.ending.finished.store(true, Ordering::Release);
        Ok(())
    }

    /// The queue, once it has room and unless the journal has stopped.
    pub(crate) fn admit(&self) -> Result<MutexGuard<'_, Queue>, JournalError> {
        let mut queue = self.queue.lock();
        loop {
            queue.check()?;
            if !queue.is_full() {
                return Ok(queue);
            }
            self.work.notify_one();
            self.space.wait(&mut queue);
        }
    }

    /// The queue, unless the journal has stopped.
    pub(crate) fn queue(&self) -> Result<MutexGuard<'_, Queue>, JournalError> {
        let queue = self.queue.lock();
        queue.check()?;
        Ok(queue)
    }

    /// Accepts nothing more after an error that an event is not to blame for: what was told by then and is not written may be the
    /// record of something that happened.
    pub(crate) fn stop_after(&self, error: &JournalError) {
        if error.is_of_event()
            || matches!(error, JournalError::Failed { .. } | JournalError::Closed)
        {
            return;
        }
        let wakers = self.queue.lock().fail(&error.to_string());
        self.work.notify_one();
        self.space.notify_all();
        for waker in wakers {
            waker.wake();
        }
    }

    /// Turns an event into bytes; a long one into a blob.
    pub(crate) fn prepare(&self, event: &Event) -> Result<Prepared, JournalError> {
        let invalid = |cause: String| JournalError::Invalid { cause };
        let kv = kv_of(event.kv()).map_err(invalid)?;
        let json = serde_json::to_vec(event).map_err(|error| invalid(error.to_string()))?;
        if depth_of(&json) > JSON_DEPTH_MAX {
            return Err(invalid(format!(
                "its values are nested deeper than {JSON_DEPTH_MAX} levels"
            )));
        }
        let bytes = json.len() as u64;
        if bytes > EVENT_BYTES_MAX {
            return Err(JournalError::TooLarge {
                what: "an event",
                bytes,
                bytes_max: EVENT_BYTES_MAX,
            });
        }
        let body = if json.len() <= INLINE_EVENT_BYTES_MAX {
            Body::Inline(json)
        } else {
            let (digest, unsynced) = self.blobs.put(&json)?;
            Body::Blob {
                digest,
                bytes,
                unsynced,
            }
        };
        Ok(Prepared {
            body,
            kv,
            change: event.summary(),
        })
    }

    /// The value of a pair as the state has it.
    pub(crate) fn stored_value(&self, name: &[u8]) -> Result<Option<Vec<u8>>, JournalError> {
        match self.state.value(name)? {
            None => Ok(None),
            Some(Value::Inline(value)) => Ok(Some(value)),
            Some(Value::InLog { location, index }) => self.value_in_log(location, index).map(Some),
        }
    }

    fn value_in_log(&self, location: Location, index: usize) -> Result<Vec<u8>, JournalError> {
        let path = segment::path_of(&self.log_dir, location.segment);
        let place = Place {
            segment: &path,
            offset: location.offset,
            position: location.segment,
        };
        let mut scan = Scan::at_once(&path, location.offset)?;
        let Step::Frame { frame, .. } = scan.step()? else {
            return Err(place.corrupt("the event that set a key is unreadable"));
        };
        let event = event_of(&frame, &self.blobs, &place)?;
        let sets = kv_of(event.kv()).map_err(|cause| place.corrupt(cause))?;
        let value = sets.into_iter().nth(index).and_then(|set| set.value);
        value
            .map(|value| value.to_vec())
            .ok_or_else(|| place.corrupt("the event does not set the key it was kept for"))
    }
}

/// How deep the values in a JSON text are nested.
fn depth_of(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::depth_of;

    #[test]
    fn brackets_in_texts_do_not_nest() {
        assert_eq!(depth_of(br#"{"a":[1,{"b":"[[[\"{{{"}],"c":[]}"#), 3);
        assert_eq!(depth_of(b"7"), 0);
    }
}
