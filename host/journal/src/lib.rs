//! The journal of all runs: the log is the truth, and the state is folded from it.
//!
//! The log is a row of segment files. Each event in it is framed, checksummed, and carries the hashes of the event before
//! it in the log and in its run. One thread writes what all runs append, and one sync serves all who wait. Large payloads
//! are files named by their content. The state, in sled, is an index and a store of key-value pairs; it is never ahead of
//! what is durable, and it can be thrown away.
//!
//! This crate does not know what a workflow, a plugin or a grant is, what time it is, or any async runtime; of an event
//! it knows its JSON, and what it says that it changes. No other crate names sled.
//!
//! The hash chains show any change, removal or reorder of what is there. A Merkle tree over the log is signed at times: such
//! a checkpoint shows also that events were cut off, or that all hashes were made anew; surely so if it was kept elsewhere.

#![forbid(unsafe_code)]

mod audit;
mod blobs;
mod checkpoint;
mod checkpoints;
mod committer;
mod digest;
mod entry;
mod error;
mod flush;
mod frame;
mod index;
mod journal;
mod kv;
mod lock;
mod log;
pub mod merkle;
mod notary;
mod opening;
mod options;
mod queue;
mod reader;
mod records;
mod recover;
mod regular;
mod repair;
mod rewrite;
mod scan;
mod segment;
mod shared;
mod state;
mod store;
mod taken;
mod unfinished;
mod view;
mod window;

#[cfg(test)]
mod tests;

pub use audit::{
    AuditFault, Audited, BadEvent, Claim, Claims, Exported, Scope, Verified, audit, export,
};
pub use checkpoint::Checkpoint;
pub use digest::{BlobDigest, NoDigest};
pub use error::JournalError;
pub use flush::Flush;
pub use index::RunSummary;
pub use journal::{Appended, Journal, Position, Stats};
pub use kv::KvView;
pub use options::{
    BLOB_BYTES_MAX, EVENT_BYTES_MAX, KV_BUCKET_BYTES_MAX, KV_KEY_BYTES_MAX, KV_LIST_KEYS_MAX,
    Options, Progress,
};
pub use reader::Reader;
pub use records::{Record, Records};
pub use repair::{Opened, Repair};
pub use taken::TakenFolder;
