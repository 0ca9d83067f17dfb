//! The journal's handle: what a host does with a journal, each a few lines that say in which order things happen.

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
};

use parking_lot::Mutex;
use writ_run::{Event, RunId};

use crate::{
    BlobDigest, Flush, JournalError, KvView, Opened, Options, RunSummary, TakenFolder,
    blobs::Blobs,
    committer::Committer,
    error::At as _,
    index::{Stored, has_prefix, lowest_with_prefix},
    kv::encode_key,
    opening,
    queue::Queue,
    records::Records,
    shared::Shared,
    store::Store,
    view::{View, invalid},
};

/// How much of the log: all events before this position. Given by appending, taken by flushing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Position(pub u64);

/// What was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Durable when all before this is flushed.
    pub position: Position,
    /// How long it is, as JSON.
    pub bytes: u64,
}

/// What a journal did since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Times that the log was synced.
    pub flushes: u64,
    /// Events that were written.
    pub events: u64,
    /// Bytes of the log that they took.
    pub bytes: u64,
}

/// The journal of a data folder: cheap to clone, and closed with its last clone.
///
/// The folder must be on a local file system: locks and syncs of network file systems promise less than this needs.
#[derive(Clone)]
pub struct Journal(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    committer: Mutex<Option<JoinHandle<()>>>,
}

impl Journal {
    /// Opens the journal in a folder, or begins one; mends what a stopped host or machine left.
    pub fn open(dir: &Path, options: Options) -> Result<(Self, Opened), JournalError> {
        TakenFolder::take(dir)?.open(options)
    }

    pub(crate) fn open_taken(
        folder: TakenFolder,
        options: Options,
    ) -> Result<(Self, Opened), JournalError> {
        let TakenFolder {
            dir,
            lock,
            is_clean,
            boot,
        } = folder;
        let blobs = Blobs::at(dir.join("blobs")).known_durable(is_clean);
        let log_dir = dir.join("log");
        blobs.prepare()?;
        let store = Store::at(&dir, &options, boot);
        let ready = opening::ready(&dir, &log_dir, &store, &blobs, is_clean, &options)?;
        let opened = Opened {
            repairs: ready.repairs,
            unfinished: ready.state.unfinished()?,
        };
        let queue = Queue::new(ready.next, ready.head);
        let shared = Shared::new(
            queue,
            ready.state,
            blobs,
            &log_dir,
            store,
            lock,
            options.group_events(),
        );
        let committer = Committer::new(
            Arc::clone(&shared),
            ready.log,
            options.background_sync(),
            ready.tree,
            ready.notary,
        );
        let committer = start(committer).at("start the committer of", &dir)?;
        Ok((
            Self(Arc::new(Handle {
                shared,
                committer: Mutex::new(Some(committer)),
            })),
            opened,
        ))
    }

    /// Appends events of a run, in order: all or, on an error, none. Seen by every read at once; durable only after a
    /// [`flush`](Self::flush) of the position given. Blocks while too much waits for the disk.
    ///
    /// # Errors
    /// When an event can't be kept ([`JournalError::is_of_event`]); after every other error nothing is appended any more.
    pub fn append(
        &self,
        run: RunId,
        at_ms: u64,
        events: &[Event],
    ) -> Result<Position, JournalError> {
        let appended = self.try_append(run, at_ms, events);
        self.settled(appended).map(|appended| appended.position)
    }

    /// The same with one event, for whoever counts bytes.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    pub fn append_one(
        &self,
        run: RunId,
        at_ms: u64,
        event: &Event,
    ) -> Result<Appended, JournalError> {
        self.settled(self.try_append(run, at_ms, std::slice::from_ref(event)))
    }

    /// Nothing is accepted after an error that no event is to blame for.
    fn settled<T>(&self, appended: Result<T, JournalError>) -> Result<T, JournalError> {
        appended.inspect_err(|error| self.0.shared.stop_after(error))
    }

    fn try_append(
        &self,
        run: RunId,
        at_ms: u64,
        events: &[Event],
    ) -> Result<Appended, JournalError> {
        let shared = &self.0.shared;
        let prepared = events
            .iter()
            .map(|event| shared.prepare(event))
            .collect::<Result<Vec<_>, _>>()?;
        let bytes = prepared.iter().map(|event| event.body.bytes()).sum();
        let mut queue = shared.admit()?;
        let was_idle = queue.is_idle();
        queue.push(&shared.state, run, at_ms, prepared)?;
        self.tell(&queue, was_idle);
        let position = Position(queue.next);
        Ok(Appended { position, bytes })
    }

    /// The committer sleeps until its deadline, until somebody waits, or until a group is full.
    fn tell(&self, queue: &Queue, was_idle: bool) {
        if was_idle || queue.is_group(self.0.shared.group_events_max) || queue.is_pressing() {
            self.0.shared.work.notify_one();
        }
    }

    /// Resolves once all before a position is durable, and all blobs put before the first poll. One sync serves all who
    /// wait.
    pub fn flush(&self, upto: Position) -> Flush {
        Flush::new(Arc::clone(&self.0.shared), upto.0)
    }

    /// The same, waiting on this thread.
    pub fn flush_blocking(&self, upto: Position) -> Result<(), JournalError> {
        self.flush(upto).block()
    }

    /// All that was appended up to now.
    pub fn head(&self) -> Position {
        Position(self.0.shared.queue.lock().next)
    }

    /// The events of a run as of now, in order, each checked; none for a run that is not known. Those that are not
    /// durable yet are among them.
    pub fn read(&self, run: RunId) -> Result<Records, JournalError> {
        Records::of(&self.0.shared, run)
    }

    /// All runs, in the order in which they were accepted.
    pub fn runs(&self) -> Result<Vec<RunSummary>, JournalError> {
        self.summaries([0; 16])?.collect()
    }

    /// Runs from an id on, at most `limit`.
    pub fn runs_from(&self, first: RunId, limit: usize) -> Result<Vec<RunSummary>, JournalError> {
        self.summaries(*first.as_bytes())?.take(limit).collect()
    }

    fn summaries(
        &self,
        lowest: [u8; 16],
    ) -> Result<impl Iterator<Item = Result<RunSummary, JournalError>> + '_, JournalError> {
        let shared = &self.0.shared;
        let queue = shared.queue()?;
        let fresh: Vec<RunId> = queue
            .runs
            .keys()
            .copied()
            .filter(|run| *run.as_bytes() >= lowest)
            .collect();
        drop(queue);
        let mut runs = std::collections::BTreeSet::from_iter(fresh);
        for stored in shared.state.summaries_from(lowest) {
            runs.insert(stored?.0);
        }
        Ok(runs.into_iter().filter_map(|run| self.run(run).transpose()))
    }

    /// One run.
    pub fn run(&self, run: RunId) -> Result<Option<RunSummary>, JournalError> {
        let shared = &self.0.shared;
        let queue = shared.queue()?;
        let summary: Option<Arc<Stored>> = queue.summary(&shared.state, run)?;
        let tail = queue.tail(&shared.state, run)?;
        Ok(summary
            .zip(tail)
            .map(|(summary, tail)| summary.with(run, &tail)))
    }

    /// The one run whose id begins so, hyphens and case aside; an error if several do.
    pub fn find(&self, prefix: &str) -> Result<Option<RunSummary>, JournalError> {
        let Some(lowest) = lowest_with_prefix(prefix) else {
            return Ok(None);
        };
        let mut fitting = self.summaries(lowest)?.take_while(|summary| {
            summary
                .as_ref()
                .map_or(true, |summary| has_prefix(summary.run, prefix))
        });
        let Some(first) = fitting.next().transpose()? else {
            return Ok(None);
        };
        match fitting.next().transpose()? {
            None => Ok(Some(first)),
            Some(second) => Err(JournalError::Ambiguous {
                prefix: prefix.to_owned(),
                first: first.run,
                second: second.run,
            }),
        }
    }

    /// Decides a change of key-value pairs and appends it, as one step: nothing is appended between what `f` sees and the
    /// event that it gives. `f` must not call this journal.
    pub fn kv<R>(
        &self,
        run: RunId,
        at_ms: u64,
        f: impl FnOnce(&dyn KvView) -> (Option<Event>, R),
    ) -> Result<(R, Option<Appended>), JournalError> {
        self.settled(self.try_kv(run, at_ms, f))
    }

    fn try_kv<R>(
        &self,
        run: RunId,
        at_ms: u64,
        f: impl FnOnce(&dyn KvView) -> (Option<Event>, R),
    ) -> Result<(R, Option<Appended>), JournalError> {
        let shared = &self.0.shared;
        let mut queue = shared.admit()?;
        let (event, answer) = f(&View {
            queue: &queue,
            shared,
        });
        let Some(event) = event else {
            return Ok((answer, None));
        };
        let was_idle = queue.is_idle();
        let prepared = shared.prepare(&event)?;
        let bytes = prepared.body.bytes();
        queue.push(&shared.state, run, at_ms, vec![prepared])?;
        self.tell(&queue, was_idle);
        let position = Position(queue.next);
        Ok((answer, Some(Appended { position, bytes })))
    }

    /// The value of a key as of now.
    pub fn kv_get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, JournalError> {
        let name = encode_key(bucket, key).map_err(invalid)?;
        let fresh = self.0.shared.queue()?.kv.get(&name).cloned();
        match fresh {
            Some(fresh) => Ok(fresh.value.map(|value| value.to_vec())),
            None => self.0.shared.stored_value(&name),
        }
    }

    /// Keys of a bucket in order, after `after`, at most `limit` and at most
    /// [`KV_LIST_KEYS_MAX`](crate::KV_LIST_KEYS_MAX).
    pub fn kv_keys(
        &self,
        bucket: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, JournalError> {
        let shared = &self.0.shared;
        View {
            queue: &*shared.queue()?,
            shared,
        }
        .keys(bucket, after, limit)
    }

    /// Keeps content under its digest. Durable with the next [`flush`](Self::flush) that is begun.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    pub fn put_blob(&self, content: &[u8]) -> Result<BlobDigest, JournalError> {
        let shared = &self.0.shared;
        drop(shared.queue()?);
        let (digest, unsynced) = self.settled(shared.blobs.put(content))?;
        let Some(unsynced) = unsynced else {
            return Ok(digest);
        };
        let mut queue = shared.admit()?;
        let was_idle = queue.is_idle();
        queue.push_blob(unsynced);
        self.tell(&queue, was_idle);
        Ok(digest)
    }

    /// Content by its digest, checked.
    pub fn get_blob(&self, digest: &BlobDigest) -> Result<Vec<u8>, JournalError> {
        self.0.shared.blobs.read(digest, None)
    }

    /// What was done since the journal was opened.
    pub fn stats(&self) -> Stats {
        let counters = &self.0.shared.counters;
        Stats {
            flushes: counters.flushes.load(Ordering::Relaxed),
            events: counters.events.load(Ordering::Relaxed),
            bytes: counters.bytes.load(Ordering::Relaxed),
        }
    }

    /// Writes and syncs all that was appended; every other clone gets [`JournalError::Closed`] from now on. The folder is
    /// free once the last clone is gone.
    pub fn close(self) -> Result<(), JournalError> {
        self.0.stop()
    }
}

impl Handle {
    fn stop(&self) -> Result<(), JournalError> {
        self.shared.queue.lock().closing = true;
        self.shared.work.notify_one();
        self.shared.space.notify_all();
        let committer = self.committer.lock().take();
        // A waker that drops the last clone would have the committer wait for itself.
        if let Some(committer) =
            committer.filter(|committer| committer.thread().id() != thread::current().id())
        {
            // It catches its panics and notes them as failures.
            let _ = committer.join();
        }
        match self.shared.queue.lock().check() {
            Ok(()) | Err(JournalError::Closed) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::error!(%error, "journal.not_closed");
        }
    }
}

fn start(committer: Committer) -> std::io::Result<JoinHandle<()>> {
    thread::Builder::new()
        .name("writ-journal".to_owned())
        .spawn(move || committer.run())
}
