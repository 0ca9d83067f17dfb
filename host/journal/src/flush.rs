//! Waiting until events are durable, as a future of no particular runtime.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use crate::{JournalError, queue::Waiter, shared::Shared};

/// Resolves once the events it was made for are durable, and all blobs put before.
#[must_use = "nothing is waited for until this is awaited"]
pub struct Flush {
    shared: Arc<Shared>,
    events: u64,
    /// How many blobs must be durable; known from the first poll on.
    blobs: Option<u64>,
    waiter: Option<u64>,
}

impl Flush {
    pub(crate) const fn new(shared: Arc<Shared>, events: u64) -> Self {
        Self {
            shared,
            events,
            blobs: None,
            waiter: None,
        }
    }

    /// Waits on this thread.
    pub(crate) fn block(self) -> Result<(), JournalError> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut flush = pin!(self);
        loop {
            match flush.as_mut().poll(&mut context) {
                Poll::Ready(result) => return result,
                Poll::Pending => thread::park(),
            }
        }
    }
}

impl Future for Flush {
    type Output = Result<(), JournalError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = Arc::clone(&self.shared);
        let mut queue = shared.queue.lock();
        let events = self.events.min(queue.next);
        let blobs = *self.blobs.get_or_insert(queue.blobs_put);
        if queue.durable >= events && queue.blobs_durable >= blobs {
            return Poll::Ready(Ok(()));
        }
        if queue.failed.is_some() {
            return Poll::Ready(queue.check());
        }
        let mut waker = context.waker().clone();
        let known = self
            .waiter
            .and_then(|id| queue.waiters.iter_mut().find(|waiter| waiter.id == id));
        if let Some(waiter) = known {
            std::mem::swap(&mut waiter.waker, &mut waker);
            // The old waker may own a task, whose end must not find the queue locked.
            drop(queue);
            drop(waker);
        } else {
            let id = queue.waiters_seen;
            queue.waiters_seen += 1;
            queue.waiters.push(Waiter {
                id,
                events,
                blobs,
                waker,
            });
            shared.work.notify_one();
            drop(queue);
            self.waiter = Some(id);
        }
        Poll::Pending
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        if let Some(id) = self.waiter {
            let mut queue = self.shared.queue.lock();
            let gone: Vec<Waiter> = queue
                .waiters
                .extract_if(.., |waiter| waiter.id == id)
                .collect();
            // As above.
            drop(queue);
            drop(gone);
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
