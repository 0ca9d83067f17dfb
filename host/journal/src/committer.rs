//! The one thread that writes: takes what all runs appended, writes it at once, syncs once for all who wait, and then
//! folds it into the state. At the first failure it stops, and the journal with it.

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
}

struct Round {
    entries: Vec<Arc<Entry>>,
    blobs: Vec<Unsynced>,
    blobs_put: u64,
    sync: bool,
}

impl Committer {
    pub(crate) fn new(shared: Arc<Shared>, log: Log, background_sync: Duration) -> Self {
        let (written, shards) = (VecDeque::new(), Shards::none_known());
        Self {
            shared,
            log,
            background_sync,
            written,
            shards,
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
        while let Some(round) = self.next() {
            self.commit(round)?;
        }
        self.log.finish()?;
        self.shared.state.flush()?;
        self.shared.finished();
        Ok(())
    }

    /// Waits for something to do; `None` once the journal is closing and all is done.
    fn next(&self) -> Option<Round> {
        let mut queue = self.shared.queue.lock();
        loop {
            let idle = queue.is_idle();
            if idle && queue.closing {
                return None;
            }
            let deadline = queue
                .unsynced_since
                .map(|since| since + self.background_sync);
            let due = deadline.is_some_and(|deadline| deadline <= Instant::now());
            let urgent = queue.closing || queue.is_pressing() || due;
            let wanted = urgent || !queue.waiters.is_empty();
            if !idle && (wanted || queue.is_group(self.shared.group_events_max)) {
                return Some(self.round(&mut queue, urgent));
            }
            match deadline {
                Some(deadline) if !idle => drop(self.shared.work.wait_until(&mut queue, deadline)),
                Some(_) | None => self.shared.work.wait(&mut queue),
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
        self.shared.state.apply(events)?;
        self.written.clear();
        self.shared.queue.lock().forget(applied);
        self.shared.space.notify_all();
        Ok(())
    }
}
