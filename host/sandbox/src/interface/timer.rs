//! Timers that a guest can wait for: real ones, and virtual ones, whose waiting takes no time. Knows nothing of policy.
//!
//! When a guest waits for several virtual timers at once, the earliest must come first, as it would in real time. So each, when first
//! asked, only says when it is due; asked again, the earliest of all that wait moves the clock to its time and is ready.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::Pollable;

/// The virtual clock and who waits for it.
#[derive(Clone, Default)]
pub(crate) struct Timers(Arc<Mutex<Virtual>>);

#[derive(Default)]
struct Virtual {
    now_ns: u64,
    /// How many wait for each time.
    waiting: BTreeMap<u64, u64>,
}

impl Timers {
    /// Moves the clock on and reads it.
    pub(crate) fn advance(&self, ns: u64) -> u64 {
        let mut clock = self.0.lock();
        clock.now_ns = clock.now_ns.saturating_add(ns);
        clock.now_ns
    }

    fn due(&self, due_ns: u64) -> bool {
        self.0.lock().now_ns >= due_ns
    }

    /// Jumps to this time if nobody waits for an earlier one.
    fn jump(&self, due_ns: u64) -> bool {
        let mut clock = self.0.lock();
        let first = clock
            .waiting
            .keys()
            .next()
            .is_none_or(|&earliest| earliest >= due_ns);
        if first {
            clock.now_ns = clock.now_ns.max(due_ns);
        }
        first
    }

    fn wait(&self, due_ns: u64) -> Waiting<'_> {
        *self.0.lock().waiting.entry(due_ns).or_default() += 1;
        Waiting {
            timers: self,
            due_ns,
        }
    }
}

struct Waiting<'a> {
    timers: &'a Timers,
    due_ns: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut clock = self.timers.0.lock();
        if let Some(count) = clock.waiting.get_mut(&self.due_ns) {
            *count -= 1;
            if *count == 0 {
                clock.waiting.remove(&self.due_ns);
            }
        }
    }
}

/// A timer in virtual time.
pub(crate) struct VirtualTimer {
    timers: Timers,
    due_ns: u64,
}

impl VirtualTimer {
    pub(crate) fn after(timers: &Timers, wait_ns: u64) -> Self {
        Self {
            timers: timers.clone(),
            due_ns: timers.advance(0).saturating_add(wait_ns),
        }
    }
}

#[async_trait]
impl Pollable for VirtualTimer {
    async fn ready(&mut self) {
        if self.timers.due(self.due_ns) {
            return;
        }
        let _waiting = self.timers.wait(self.due_ns);
        loop {
            tokio::task::yield_now().await;
            if self.timers.due(self.due_ns) || self.timers.jump(self.due_ns) {
                return;
            }
        }
    }
}

/// A timer in real time.
pub(crate) struct RealTimer(Option<tokio::time::Instant>);

impl RealTimer {
    /// A wait too long for the clock is a wait for ever; the call's own deadline ends it.
    pub(crate) fn after(wait: Duration) -> Self {
        Self(tokio::time::Instant::now().checked_add(wait))
    }
}

#[async_trait]
impl Pollable for RealTimer {
    async fn ready(&mut self) {
        match self.0 {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_earlier_of_two_timers_comes_first_and_no_time_passes() {
        let timers = Timers::default();
        let hour = 3_600_000_000_000;
        let (mut late, mut early) = (
            VirtualTimer::after(&timers, 24 * hour),
            VirtualTimer::after(&timers, hour),
        );
        tokio::select! {
            biased;
            () = late.ready() => panic!("a day went by before an hour"),
            () = early.ready() => assert_eq!(timers.advance(0), hour),
        }
        late.ready().await;
        assert_eq!(timers.advance(0), 24 * hour);
    }
}
