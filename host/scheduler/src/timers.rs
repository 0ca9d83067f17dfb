//! Parked runs by the time at which they go on.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{clock::now_ms, scheduler::Parked};

/// Longest single sleep: a clock that is set meanwhile is noticed after so long.
const SLEEP_MS_MAX: u64 = 60_000;

/// A heap, and a bell for earlier newcomers.
#[derive(Default)]
pub(crate) struct Timers {
    heap: Mutex<BinaryHeap<Reverse<Entry>>>,
    changed: Notify,
}

struct Entry {
    wake_ms: u64,
    parked: Parked,
}

impl Timers {
    pub(crate) fn insert(&self, wake_ms: u64, parked: Parked) {
        self.heap.lock().push(Reverse(Entry { wake_ms, parked }));
        self.changed.notify_one();
    }

    /// The next run whose time has come.
    pub(crate) async fn due(&self) -> Parked {
        loop {
            let now_ms = now_ms();
            let next_ms = {
                let mut heap = self.heap.lock();
                match heap.peek() {
                    Some(Reverse(entry)) if entry.wake_ms <= now_ms => {
                        if let Some(Reverse(entry)) = heap.pop() {
                            return entry.parked;
                        }
                        None
                    }
                    Some(Reverse(entry)) => Some(entry.wake_ms),
                    None => None,
                }
            };
            let sleep_ms = next_ms.map_or(SLEEP_MS_MAX, |at_ms| (at_ms - now_ms).min(SLEEP_MS_MAX));
            tokio::select! {
                () = self.changed.notified() => {}
                () = tokio::time::sleep(Duration::from_millis(sleep_ms)) => {}
            }
        }
    }

    pub(crate) fn take_all(&self) -> Vec<Parked> {
        self.heap
            .lock()
            .drain()
            .map(|Reverse(entry)| entry.parked)
            .collect()
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.wake_ms == other.wake_ms
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.wake_ms.cmp(&other.wake_ms)
    }
}
