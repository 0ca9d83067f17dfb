//! The one thread that writes: takes what all runs appended, writes it at once, syncs once for all who wait, and then
//! folds it into the state and the tree, and has the tree signed at times. At the first failure it stops, and the journal
//! with it.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    task::Waker,
    time::{Duration, Instant},
};

use crate::{
    JournalError,
    blobs::{Shards, Unsynced},
    entry::{Entry, Location},
    log::Log,
    merkle::Tree,
    notary::Notary,
    queue::Queue,
    shared::Shared,
};

/// The committer's own.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    log: Log,
    background_sync: Duration,
    written: VecDeque<(Arc<Entry>, Location)>,
    shards: Shards,
    /// Over all that is durable and applied.
    tree: Tree,
    notary: Notary,
}

/// What there is to do next.
enum Todo {
    Commit(Round),
    Sign,
    End,
}

struct Round {
    entries: Vec<Arc<Entry>>,
    blobs: Vec<Unsynced>,
    blobs_put: u64,
    sync: bool,
}

impl Committer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        log: Log,
        background_sync: Duration,
        tree: Tree,
        mut notary: Notary,
    ) -> Self {
        notary.saw(&tree);
        let (written, shards) = (VecDeque::new(), Shards::none_known());
        Self {
            shared,
            log,
            background_sync,
            written,
            shards,
            tree,
            notary,
        }
    }

    /// Runs until the journal is closed or fails.
    pub(crate) fn run(mut self) {
        let done = catch_unwind(AssertUnwindSafe(|| self.rounds()));
        let cause = match done {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "a fault in the committer".to_owned(),
        };
        tracing::error!(%cause, "journal.failed");
        let wakers = self.shared.queue.lock().fail(&cause);
        self.shared.space.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    fn rounds(&mut self) -> Result<(), JournalError> {
        loop {
            match self.next() {
                Todo::Commit(round) => self.commit(round)?,
                Todo::Sign => self.notary.sign(&self.tree)?,
                Todo::End => return self.finish(),
            }
        }
    }

    fn finish(&mut self) -> Result<(), JournalError> {
        self.log.finish()?;
        self.notary.sign(&self.tree)?;
        self.shared.state.keep(&self.tree)?;
        self.shared.state.flush()?;
        self.shared.finished()
    }

    /// Waits for something to do.
    fn next(&self) -> Todo {
        let mut queue = self.shared.queue.lock();
        loop {
            let idle = queue.is_idle();
            if idle && queue.closing {
                return Todo::End;
            }
            let now = Instant::now();
            let since = queue.unsynced_since.filter(|_| !idle);
            let sync_at = since.map(|since| since + self.background_sync);
            let due = sync_at.is_some_and(|sync_at| sync_at <= now);
            let urgent = queue.closing || queue.is_pressing() || due;
            let wanted = urgent || !queue.waiters.is_empty();
            if !idle && (wanted || queue.is_group(self.shared.group_events_max)) {
                return Todo::Commit(self.round(&mut queue, urgent));
            }
            let sign_at = self.notary.due();
            if sign_at.is_some_and(|sign_at| sign_at <= now) {
                return Todo::Sign;
            }
            match sync_at.into_iter().chain(sign_at).min() {
                Some(next) => drop(self.shared.work.wait_until(&mut queue, next)),
                None => self.shared.work.wait(&mut queue),
            }
        }
    }

    fn round(&self, queue: &mut Queue, urgent: bool) -> Round {
        let entries = queue.take(self.shared.group_events_max);
        let taken = queue.taken;
        let sync = urgent || queue.waiters.iter().any(|waiter| waiter.events <= taken);
        Round {
            entries,
            blobs: std::mem::take(&mut queue.blobs),
            blobs_put: queue.blobs_put,
            sync,
        }
    }

    fn commit(&mut self, mut round: Round) -> Result<(), JournalError> {
        if !round.blobs.is_empty() {
            self.shared.blobs.sync(&mut round.blobs, &mut self.shards)?;
        }
        let locations = self.log.write(&round.entries)?;
        let counters = &self.shared.counters;
        counters
            .events
            .fetch_add(round.entries.len() as u64, Ordering::Relaxed);
        let bytes: usize = round.entries.iter().map(|entry| entry.frame.len()).sum();
        counters.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.written
            .extend(round.entries.into_iter().zip(locations));
        if round.sync && self.log.sync()? {
            counters.flushes.fetch_add(1, Ordering::Relaxed);
        }
        self.tell(round.sync, round.blobs_put);
        if round.sync { self.apply() } else { Ok(()) }
    }

    /// Wakes those whose events are durable, before the state is looked after.
    fn tell(&self, synced: bool, blobs_put: u64) {
        let wakers = {
            let mut queue = self.shared.queue.lock();
            let durable = if synced { queue.taken } else { queue.durable };
            queue.settle(durable, blobs_put)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    fn apply(&mut self) -> Result<(), JournalError> {
        let events = self.written.make_contiguous();
        let Some((last, _)) = events.last() else {
            return Ok(());
        };
        let applied = last.position + 1;
        self.shared.state.apply(events, &mut self.tree)?;
        self.written.clear();
        self.shared.queue.lock().forget(applied);
        self.shared.space.notify_all();
        self.notary.saw(&self.tree);
        if self.notary.is_due(&self.tree) {
            self.notary.sign(&self.tree)?;
        }
        Ok(())
    }
}
