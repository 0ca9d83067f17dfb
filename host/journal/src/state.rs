//! The state folded from the log, in sled: whatever is here could be made again from the log. It is never ahead of what
//! is durable there.
//!
//! One tree, so that a batch is atomic; the first byte of a key says what it is:
//! `e` run, first number → where events are · `h` the tree over the log, at times · `k` pair → value · `m` how far the log is
//! applied · `r` run → index · `t` run → its last event · `u` run that is not finished.

use std::{collections::HashMap, sync::Arc};

use sled::{Batch, Db, IVec};
use writ_run::RunId;

use crate::{
    JournalError,
    digest::Hash,
    entry::{Entry, Location, Tail},
    frame::array,
    index::Stored,
    merkle::{self, Tree},
    options::{INLINE_VALUE_BYTES_MAX, STATE_BATCH_EVENTS_MAX},
};

const FORMAT: u8 = 1;
const APPLIED: &[u8] = b"m";
const TREE: &[u8] = b"h";
const APPLIED_BYTES: usize = 57;
const TAIL_BYTES: usize = 56;
const EXTENT_HEAD_BYTES: usize = 8;
const EXTENT_EVENT_BYTES: usize = 8;
const INLINE: u8 = 0;
const IN_LOG: u8 = 1;
const IN_LOG_BYTES: usize = 21;
/// The tree is kept whenever so many events more are in it: at the next start, no more than these are hashed again.
const TREE_KEPT_EVERY_EVENTS: u64 = 256;

/// The state, at hand.
pub(crate) struct State {
    db: Db,
}

/// How far the log is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Applied {
    /// How many events.
    pub(crate) events: u64,
    /// Hash of the last.
    pub(crate) head: Hash,
    /// Where the last is.
    pub(crate) last: Location,
}

/// A value, or the event that set it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Inline(Vec<u8>),
    InLog { location: Location, index: usize },
}

/// Where an event of a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) number: u64,
    pub(crate) position: u64,
    pub(crate) location: Location,
}

impl State {
    pub(crate) const fn new(db: Db) -> Self {
        Self { db }
    }

    pub(crate) fn applied(&self) -> Result<Option<Applied>, JournalError> {
        let Some(bytes) = self.db.get(APPLIED)? else {
            return Ok(None);
        };
        if bytes.len() != APPLIED_BYTES || bytes[0] != FORMAT {
            return Err(malformed("how far the log is applied"));
        }
        Ok(Some(Applied {
            events: u64::from_le_bytes(array(&bytes, 1)),
            head: array(&bytes, 9),
            last: Location {
                segment: u64::from_le_bytes(array(&bytes, 41)),
                offset: u64::from_le_bytes(array(&bytes, 49)),
            },
        }))
    }

    /// The tree over the log as it was last kept, which may be behind what is applied; empty if it never was.
    pub(crate) fn tree(&self) -> Result<Tree, JournalError> {
        match self.db.get(TREE)? {
            Some(bytes) => {
                Tree::from_bytes(&bytes).ok_or_else(|| malformed("the tree over the log"))
            }
            None => Ok(Tree::default()),
        }
    }

    /// Keeps the tree as it is now.
    pub(crate) fn keep(&self, tree: &Tree) -> Result<(), JournalError> {
        self.db.insert(TREE, tree.to_bytes())?;
        Ok(())
    }

    /// Folds events in, and appends them to the tree. They follow those applied before, and are durable.
    pub(crate) fn apply(
        &self,
        events: &[(Arc<Entry>, Location)],
        tree: &mut Tree,
    ) -> Result<(), JournalError> {
        for chunk in events.chunks(STATE_BATCH_EVENTS_MAX) {
            self.apply_chunk(chunk, tree)?;
        }
        Ok(())
    }

    fn apply_chunk(
        &self,
        events: &[(Arc<Entry>, Location)],
        tree: &mut Tree,
    ) -> Result<(), JournalError> {
        let mut batch = Batch::default();
        let mut extents: HashMap<(RunId, u64), (u64, Vec<u8>)> = HashMap::new();
        let mut lasts: HashMap<RunId, &Entry> = HashMap::new();
        let before = tree.size();
        for (entry, location) in events {
            let (_, extent) = extents
                .entry((entry.run, location.segment))
                .or_insert_with(|| (entry.number, location.segment.to_le_bytes().to_vec()));
            extend(extent, entry.position, *location)?;
            lasts.insert(entry.run, entry);
            put_summary(&mut batch, entry)?;
            put_kv(&mut batch, entry, *location);
            tree.push(merkle::leaf(&entry.hash));
        }
        for ((run, _), (number, extent)) in extents {
            batch.insert(extent_key(run, number), extent);
        }
        for (run, last) in lasts {
            batch.insert(run_key(b't', run), tail_bytes(last));
        }
        if let Some((last, location)) = events.last() {
            batch.insert(APPLIED, applied_bytes(last, *location));
        }
        if before / TREE_KEPT_EVERY_EVENTS != tree.size() / TREE_KEPT_EVERY_EVENTS {
            batch.insert(TREE, tree.to_bytes());
        }
        Ok(self.db.apply_batch(batch)?)
    }

    /// The last event of a run.
    pub(crate) fn tail(&self, run: RunId) -> Result<Option<Tail>, JournalError> {
        let Some(bytes) = self.db.get(run_key(b't', run))? else {
            return Ok(None);
        };
        if bytes.len() != TAIL_BYTES {
            return Err(malformed("the last event of a run"));
        }
        Ok(Some(Tail {
            events: u64::from_le_bytes(array(&bytes, 0)),
            hash: array(&bytes, 8),
            changed_ms: u64::from_le_bytes(array(&bytes, 40)),
            position: u64::from_le_bytes(array(&bytes, 48)),
        }))
    }

    /// What the index says of a run.
    pub(crate) fn summary(&self, run: RunId) -> Result<Option<Stored>, JournalError> {
        self.db
            .get(run_key(b'r', run))?
            .map(|bytes| stored(&bytes))
            .transpose()
    }

    /// What the index says of all runs from an id on, in order.
    pub(crate) fn summaries_from(
        &self,
        lowest: [u8; 16],
    ) -> impl Iterator<Item = Result<(RunId, Stored), JournalError>> + use<> {
        self.db
            .range(run_key(b'r', RunId::from_bytes(lowest))..vec![b'r' + 1])
            .map(|item| {
                let (key, value) = item?;
                Ok((run_of(&key)?, stored(&value)?))
            })
    }

    /// Runs that have not ended.
    pub(crate) fn unfinished(&self) -> Result<Vec<RunId>, JournalError> {
        self.db
            .scan_prefix(b"u")
            .keys()
            .map(|key| run_of(&key?))
            .collect()
    }

    /// The value of a pair.
    pub(crate) fn value(&self, name: &[u8]) -> Result<Option<Value>, JournalError> {
        let Some(bytes) = self.db.get(kv_key(name))? else {
            return Ok(None);
        };
        match bytes.split_first() {
            Some((&INLINE, value)) => Ok(Some(Value::Inline(value.to_vec()))),
            Some((&IN_LOG, _)) if bytes.len() == IN_LOG_BYTES => Ok(Some(Value::InLog {
                location: Location {
                    segment: u64::from_le_bytes(array(&bytes, 1)),
                    offset: u64::from_le_bytes(array(&bytes, 9)),
                },
                index: u32::from_le_bytes(array(&bytes, 17)) as usize,
            })),
            Some(_) | None => Err(malformed("the value of a key")),
        }
    }

    /// Names of pairs that begin with `prefix` and follow `after`, in order.
    pub(crate) fn names_after(
        &self,
        prefix: &[u8],
        after: &[u8],
    ) -> impl Iterator<Item = Result<Vec<u8>, JournalError>> + use<> {
        let (prefix, after) = (kv_key(prefix), kv_key(after));
        let from = after.clone().max(prefix.clone());
        self.db
            .range(from..)
            .keys()
            .take_while(move |key| key.as_ref().map_or(true, |key| key.starts_with(&prefix)))
            .filter(move |key| key.as_ref().map_or(true, |key| *key != after))
            .map(|key| Ok(key?[1..].to_vec()))
    }

    /// Where the events of a run are, in order.
    pub(crate) fn extents(&self, run: RunId) -> Extents {
        Extents(self.db.scan_prefix(run_key(b'e', run)))
    }

    /// Hands all to the operating system.
    pub(crate) fn flush(&self) -> Result<(), JournalError> {
        self.db.flush()?;
        Ok(())
    }
}

/// Where the events of a run are, one extent at a time.
pub(crate) struct Extents(sled::Iter);

impl Iterator for Extents {
    type Item = Result<Vec<Spot>, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.0.next()?;
        Some(
            item.map_err(JournalError::from)
                .and_then(|(key, value)| spots(&key, &value)),
        )
    }
}

fn spots(key: &[u8], value: &[u8]) -> Result<Vec<Spot>, JournalError> {
    if key.len() != 25
        || value.len() < EXTENT_HEAD_BYTES
        || !value.len().is_multiple_of(EXTENT_EVENT_BYTES)
    {
        return Err(malformed("the places of a run's events"));
    }
    let first = u64::from_be_bytes(array(key, 17));
    let segment = u64::from_le_bytes(array(value, 0));
    let spot = |(number, event): (u64, &[u8])| Spot {
        number,
        position: segment + u64::from(u32::from_le_bytes(array(event, 0))),
        location: Location {
            segment,
            offset: u64::from(u32::from_le_bytes(array(event, 4))),
        },
    };
    Ok((first..)
        .zip(value[EXTENT_HEAD_BYTES..].chunks_exact(EXTENT_EVENT_BYTES))
        .map(spot)
        .collect())
}

fn extend(extent: &mut Vec<u8>, position: u64, location: Location) -> Result<(), JournalError> {
    let narrow = |value: u64| {
        u32::try_from(value).map_err(|_| malformed("a place beyond 4 GiB in a segment"))
    };
    extent.extend_from_slice(&narrow(position - location.segment)?.to_le_bytes());
    extent.extend_from_slice(&narrow(location.offset)?.to_le_bytes());
    Ok(())
}

fn put_summary(batch: &mut Batch, entry: &Entry) -> Result<(), JournalError> {
    let Some(summary) = &entry.summary else {
        return Ok(());
    };
    let bytes = serde_json::to_vec(&**summary).map_err(|error| malformed(&error.to_string()))?;
    batch.insert(run_key(b'r', entry.run), bytes);
    if summary.is_finished() {
        batch.remove(run_key(b'u', entry.run));
    } else {
        batch.insert(run_key(b'u', entry.run), &[][..]);
    }
    Ok(())
}

fn put_kv(batch: &mut Batch, entry: &Entry, location: Location) {
    for (index, set) in entry.kv.iter().enumerate() {
        match &set.value {
            Some(value) => batch.insert(kv_key(&set.key), value_bytes(value, location, index)),
            None => batch.remove(kv_key(&set.key)),
        }
    }
}

fn value_bytes(value: &[u8], location: Location, index: usize) -> Vec<u8> {
    if value.len() <= INLINE_VALUE_BYTES_MAX {
        return [&[INLINE], value].concat();
    }
    let index = u32::try_from(index).expect("an event of 64 MiB has fewer changes");
    [
        &[IN_LOG][..],
        &location.segment.to_le_bytes(),
        &location.offset.to_le_bytes(),
        &index.to_le_bytes(),
    ]
    .concat()
}

fn tail_bytes(last: &Entry) -> Vec<u8> {
    let events = (last.number + 1).to_le_bytes();
    [
        &events[..],
        &last.hash,
        &last.at_ms.to_le_bytes(),
        &last.position.to_le_bytes(),
    ]
    .concat()
}

fn applied_bytes(last: &Entry, location: Location) -> Vec<u8> {
    let events = (last.position + 1).to_le_bytes();
    [
        &[FORMAT][..],
        &events,
        &last.hash,
        &location.segment.to_le_bytes(),
        &location.offset.to_le_bytes(),
    ]
    .concat()
}

fn run_key(kind: u8, run: RunId) -> Vec<u8> {
    [&[kind][..], run.as_bytes()].concat()
}

fn extent_key(run: RunId, number: u64) -> Vec<u8> {
    [&[b'e'][..], run.as_bytes(), &number.to_be_bytes()].concat()
}

fn kv_key(name: &[u8]) -> Vec<u8> {
    [b"k", name].concat()
}

fn run_of(key: &IVec) -> Result<RunId, JournalError> {
    if key.len() == 17 {
        Ok(RunId::from_bytes(array(key, 1)))
    } else {
        Err(malformed("the key of a run"))
    }
}

fn stored(bytes: &[u8]) -> Result<Stored, JournalError> {
    serde_json::from_slice(bytes)
        .map_err(|error| malformed(&format!("the index of a run, {error}")))
}

fn malformed(what: &str) -> JournalError {
    JournalError::StateRecord {
        cause: format!("{what} is malformed"),
    }
}
