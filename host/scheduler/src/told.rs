//! How whoever waits for a run learns how it came to rest. Knows nothing of how runs go.
//!
//! A run may wait for months, and all that is kept of it meanwhile is small: the result gets its room when it is there.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::sync::oneshot::{self, error::RecvError};

use crate::scheduler::{Ended, SchedulerError};

type Outcome = Result<Ended, SchedulerError>;

/// Tells it, once.
pub(crate) struct Told(oneshot::Sender<Box<Outcome>>);

/// Resolves when a run comes to rest; an error if the scheduler went away without a word.
pub struct Waiting(oneshot::Receiver<Box<Outcome>>);

/// Both sides.
pub(crate) fn told() -> (Told, Waiting) {
    let (sender, receiver) = oneshot::channel();
    (Told(sender), Waiting(receiver))
}

impl Told {
    /// Tells how the run came to rest, if somebody still waits.
    pub(crate) fn tell(self, outcome: Outcome) {
        drop(self.0.send(Box::new(outcome)));
    }
}

impl Future for Waiting {
    type Output = Result<Outcome, RecvError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|told| told.map(|outcome| *outcome))
    }
}
