//! Sleeps.

use std::{
    thread,
    time::{Duration, Instant},
};

writ_test_guests::world!("writ:guests/sleeper");
use exports::writ::guests::sleep::Guest;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn sleep_forever() {
        thread::sleep(Duration::from_secs(100 * 365 * 24 * 3600));
    }

    fn nap(milliseconds: u64) -> u64 {
        let start = Instant::now();
        thread::sleep(Duration::from_millis(milliseconds));
        u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
