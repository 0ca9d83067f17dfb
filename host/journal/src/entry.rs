//! One event on its way: appended, then written, then folded into the state. Knows the form of the log, not where it is.

use std::{path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use writ_run::{Event, KvChange, RunId};

use crate::{
    JournalError,
    blobs::Blobs,
    digest::Hash,
    frame::{Frame, Payload},
    index::Stored,
    kv::encode_key,
};

/// An event and all that the state must learn from it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) position: u64,
    pub(crate) run: RunId,
    pub(crate) number: u64,
    pub(crate) at_ms: u64,
    pub(crate) hash: Hash,
    /// As it goes into the log; empty if it was read from there.
    pub(crate) frame: Vec<u8>,
    pub(crate) kv: Vec<KvSet>,
    /// What the index says of the run as of this event, if the event changes it.
    pub(crate) summary: Option<Arc<Stored>>,
}

/// One key and its new value.
#[derive(Debug, Clone)]
pub(crate) struct KvSet {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Arc<[u8]>>,
}

/// Where a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Location {
    /// First position of the segment.
    pub(crate) segment: u64,
    /// Byte in it.
    pub(crate) offset: u64,
}

/// The last event of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tail {
    /// How many events the run has.
    pub(crate) events: u64,
    pub(crate) hash: Hash,
    pub(crate) changed_ms: u64,
    /// Position in the log.
    pub(crate) position: u64,
}

/// A place in the log that an error can name.
pub(crate) struct Place<'a> {
    pub(crate) segment: &'a Path,
    pub(crate) offset: u64,
    pub(crate) position: u64,
}

impl Place<'_> {
    pub(crate) fn corrupt(&self, cause: impl Into<String>) -> JournalError {
        JournalError::Corrupt {
            segment: self.segment.to_owned(),
            offset: self.offset,
            position: self.position,
            cause: cause.into(),
        }
    }
}

/// The event that a frame holds or names.
pub(crate) fn event_of(
    frame: &Frame<'_>,
    blobs: &Blobs,
    place: &Place<'_>,
) -> Result<Event, JournalError> {
    let parsed = match frame.payload {
        Payload::Inline(json) => serde_json::from_slice(json),
        Payload::Blob { digest, bytes } => {
            serde_json::from_slice(&blobs.read(&digest, Some(bytes))?)
        }
    };
    parsed
        .map_err(|error| place.corrupt(format!("the event is none that this Writ knows: {error}")))
}

/// The key-value changes of an event, decoded; or what is wrong with them.
pub(crate) fn kv_of(changes: &[KvChange]) -> Result<Vec<KvSet>, String> {
    changes.iter().map(kv_set).collect()
}

fn kv_set(change: &KvChange) -> Result<KvSet, String> {
    let key = encode_key(&change.bucket, &change.key)?;
    let value = change.value.as_deref().map(value_of).transpose()?;
    Ok(KvSet { key, value })
}

fn value_of(text: &str) -> Result<Arc<[u8]>, String> {
    STANDARD
        .decode(text)
        .map(Arc::from)
        .map_err(|error| format!("a key-value change whose value is no base64: {error}"))
}
