//! What was appended and is not yet in the state: the queue to the disk, and the layer that lets reads see it. Data under
//! one lock; knows nothing of threads or files.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    task::Waker,
    time::Instant,
};

use writ_run::{RunChange, RunId};

use crate::{
    JournalError,
    blobs::Unsynced,
    digest::{Hash, NO_HASH},
    entry::{Entry, KvSet, Tail},
    frame::{self, FLAG_KV, FLAG_SUMMARY, Head, Payload},
    index::Stored,
    options::{QUEUE_BYTES_MAX, QUEUE_EVENTS_MAX, TAILS_RUNS_MAX},
    state::State,
};

/// An event ready to be appended.
pub(crate) struct Prepared {
    pub(crate) body: Body,
    pub(crate) kv: Vec<KvSet>,
    pub(crate) change: Option<RunChange>,
}

/// Its JSON, or the blob that holds it.
pub(crate) enum Body {
    Inline(Vec<u8>),
    Blob {
        digest: crate::BlobDigest,
        bytes: u64,
        unsynced: Option<Unsynced>,
    },
}

impl Body {
    /// How long the JSON is.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Inline(json) => json.len() as u64,
            Self::Blob { bytes, .. } => *bytes,
        }
    }
}

/// A change of a pair that the state does not have yet.
#[derive(Debug, Clone)]
pub(crate) struct FreshValue {
    position: u64,
    pub(crate) value: Option<Arc<[u8]>>,
}

/// Whoever waits for a sync.
pub(crate) struct Waiter {
    pub(crate) id: u64,
    /// How many events must be durable.
    pub(crate) events: u64,
    /// How many blobs must be.
    pub(crate) blobs: u64,
    pub(crate) waker: Waker,
}

/// All of it.
pub(crate) struct Queue {
    /// How many events were appended.
    pub(crate) next: u64,
    head: Hash,
    /// Appended and not applied, in order; the first has position `applied`.
    pub(crate) fresh: VecDeque<Arc<Entry>>,
    fresh_bytes: usize,
    /// How many events the committer took.
    pub(crate) taken: u64,
    /// How many are durable.
    pub(crate) durable: u64,
    applied: u64,
    tails: HashMap<RunId, Tail>,
    pub(crate) runs: HashMap<RunId, (u64, Arc<Stored>)>,
    pub(crate) kv: BTreeMap<Vec<u8>, FreshValue>,
    pub(crate) blobs: Vec<Unsynced>,
    /// How many blobs were put, and how many are durable.
    pub(crate) blobs_put: u64,
    pub(crate) blobs_durable: u64,
    /// Since when something waits to be synced.
    pub(crate) unsynced_since: Option<Instant>,
    pub(crate) waiters: Vec<Waiter>,
    pub(crate) waiters_seen: u64,
    pub(crate) failed: Option<Arc<str>>,
    pub(crate) closing: bool,
}

impl Queue {
    /// For a log of `next` events, all of them applied.
    pub(crate) fn new(next: u64, head: Hash) -> Self {
        Self {
            next,
            head,
            fresh: VecDeque::new(),
            fresh_bytes: 0,
            taken: next,
            durable: next,
            applied: next,
            tails: HashMap::new(),
            runs: HashMap::new(),
            kv: BTreeMap::new(),
            blobs: Vec::new(),
            blobs_put: 0,
            blobs_durable: 0,
            unsynced_since: None,
            waiters: Vec::new(),
            waiters_seen: 0,
            failed: None,
            closing: false,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.fresh.len() >= QUEUE_EVENTS_MAX || self.fresh_bytes >= QUEUE_BYTES_MAX
    }

    /// Whether so much waits that it should be synced though nobody asked.
    pub(crate) fn is_pressing(&self) -> bool {
        self.fresh.len() >= QUEUE_EVENTS_MAX / 2 || self.fresh_bytes >= QUEUE_BYTES_MAX / 2
    }

    /// Whether so many events wait to be written that they fill a group.
    pub(crate) fn is_group(&self, group_events_max: u64) -> bool {
        self.next - self.taken >= group_events_max
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.durable == self.next && self.blobs.is_empty()
    }

    pub(crate) fn check(&self) -> Result<(), JournalError> {
        match &self.failed {
            Some(cause) => Err(JournalError::Failed {
                cause: Arc::clone(cause),
            }),
            None if self.closing => Err(JournalError::Closed),
            None => Ok(()),
        }
    }

    /// Appends events of a run: all or, on an error, none.
    pub(crate) fn push(
        &mut self,
        state: &State,
        run: RunId,
        at_ms: u64,
        events: Vec<Prepared>,
    ) -> Result<(), JournalError> {
        let mut tail = self.tail(state, run)?;
        let mut summary = None;
        if events.iter().any(|event| event.change.is_some()) {
            summary = self.summary(state, run)?;
        }
        for event in events {
            self.push_one(run, at_ms, event, &mut tail, &mut summary);
        }
        if let Some(tail) = tail {
            self.tails.insert(run, tail);
        }
        self.note_unsynced();
        Ok(())
    }

    fn push_one(
        &mut self,
        run: RunId,
        at_ms: u64,
        event: Prepared,
        tail: &mut Option<Tail>,
        summary: &mut Option<Arc<Stored>>,
    ) {
        let changed = event
            .change
            .map(|change| Arc::new(Stored::after(summary.as_deref(), change, at_ms)));
        let flags = if changed.is_some() { FLAG_SUMMARY } else { 0 }
            | if event.kv.is_empty() { 0 } else { FLAG_KV };
        let head = Head {
            flags,
            run,
            number: tail.as_ref().map_or(0, |tail| tail.events),
            at_ms,
            before_in_log: self.head,
            before_in_run: tail.as_ref().map_or(NO_HASH, |tail| tail.hash),
        };
        let (frame, hash) = match &event.body {
            Body::Inline(json) => frame::encode(&head, Payload::Inline(json)),
            Body::Blob { digest, bytes, .. } => frame::encode(
                &head,
                Payload::Blob {
                    digest: *digest,
                    bytes: *bytes,
                },
            ),
        };
        if let Body::Blob {
            unsynced: Some(unsynced),
            ..
        } = event.body
        {
            self.push_blob(unsynced);
        }
        let position = self.next;
        *tail = Some(Tail {
            events: head.number + 1,
            hash,
            changed_ms: at_ms,
            position,
        });
        if let Some(changed) = &changed {
            *summary = Some(Arc::clone(changed));
            self.runs.insert(run, (position, Arc::clone(changed)));
        }
        for set in &event.kv {
            self.kv.insert(
                set.key.clone(),
                FreshValue {
                    position,
                    value: set.value.clone(),
                },
            );
        }
        let entry = Entry {
            position,
            run,
            number: head.number,
            at_ms,
            hash,
            frame,
            kv: event.kv,
            summary: changed,
        };
        self.fresh_bytes += weight(&entry);
        self.fresh.push_back(Arc::new(entry));
        self.head = hash;
        self.next += 1;
    }

    /// Takes note of a blob that must become durable.
    pub(crate) fn push_blob(&mut self, unsynced: Unsynced) {
        self.blobs.push(unsynced);
        self.blobs_put += 1;
        self.note_unsynced();
    }

    fn note_unsynced(&mut self) {
        if self.unsynced_since.is_none() && !self.is_idle() {
            self.unsynced_since = Some(Instant::now());
        }
    }

    /// The last event of a run.
    pub(crate) fn tail(&self, state: &State, run: RunId) -> Result<Option<Tail>, JournalError> {
        match self.tails.get(&run) {
            Some(tail) => Ok(Some(tail.clone())),
            None => state.tail(run),
        }
    }

    /// What the index says of a run.
    pub(crate) fn summary(
        &self,
        state: &State,
        run: RunId,
    ) -> Result<Option<Arc<Stored>>, JournalError> {
        match self.runs.get(&run) {
            Some((_, summary)) => Ok(Some(Arc::clone(summary))),
            None => Ok(state.summary(run)?.map(Arc::new)),
        }
    }

    /// Up to `events_max` that the committer did not take before.
    pub(crate) fn take(&mut self, events_max: u64) -> Vec<Arc<Entry>> {
        let skip = usize::try_from(self.taken - self.applied).expect("the queue is bounded");
        let count =
            usize::try_from(events_max.min(self.next - self.taken)).expect("the queue is bounded");
        self.taken += count as u64;
        self.fresh.range(skip..skip + count).cloned().collect()
    }

    /// Notes what is durable, and gives the wakers of all who waited for that.
    pub(crate) fn settle(&mut self, durable: u64, blobs_durable: u64) -> Vec<Waker> {
        let advanced = durable > self.durable;
        self.durable = self.durable.max(durable);
        self.blobs_durable = self.blobs_durable.max(blobs_durable);
        if self.is_idle() {
            self.unsynced_since = None;
        } else if advanced {
            self.unsynced_since = Some(Instant::now());
        }
        let (events, blobs) = (self.durable, self.blobs_durable);
        let met = |waiter: &mut Waiter| waiter.events <= events && waiter.blobs <= blobs;
        self.waiters
            .extract_if(.., met)
            .map(|waiter| waiter.waker)
            .collect()
    }

    /// Forgets what the state has now.
    pub(crate) fn forget(&mut self, applied: u64) {
        while self.applied < applied {
            let Some(entry) = self.fresh.pop_front() else {
                return;
            };
            self.applied += 1;
            self.fresh_bytes -= weight(&entry);
            for set in &entry.kv {
                if self
                    .kv
                    .get(&set.key)
                    .is_some_and(|fresh| fresh.position < applied)
                {
                    self.kv.remove(&set.key);
                }
            }
            if self
                .runs
                .get(&entry.run)
                .is_some_and(|(position, _)| *position < applied)
            {
                self.runs.remove(&entry.run);
            }
        }
        if self.tails.len() > TAILS_RUNS_MAX {
            self.tails.retain(|_, tail| tail.position >= applied);
        }
    }

    /// Stops everything for good, and gives the wakers of all who wait.
    pub(crate) fn fail(&mut self, cause: &str) -> Vec<Waker> {
        self.failed.get_or_insert_with(|| Arc::from(cause));
        self.waiters.drain(..).map(|waiter| waiter.waker).collect()
    }

    /// Events of a run that the state may not have yet, in order.
    pub(crate) fn fresh_of(&self, run: RunId) -> Vec<Arc<Entry>> {
        self.fresh
            .iter()
            .filter(|entry| entry.run == run)
            .cloned()
            .collect()
    }
}

fn weight(entry: &Entry) -> usize {
    let kv: usize = entry
        .kv
        .iter()
        .map(|set| set.key.len() + set.value.as_ref().map_or(0, |value| value.len()))
        .sum();
    entry.frame.len() + kv
}
