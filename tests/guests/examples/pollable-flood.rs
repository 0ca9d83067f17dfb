//! Opens handles and keeps them.

use wasip2::clocks::monotonic_clock;

writ_test_guests::world!("writ:guests/pollable-flood");
use exports::writ::guests::hoard::Guest;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn hold(count: u64) -> u64 {
        for _ in 0..count {
            std::mem::forget(monotonic_clock::subscribe_duration(u64::MAX));
        }
        count
    }

    fn churn(count: u64) -> u64 {
        for _ in 0..count {
            drop(monotonic_clock::subscribe_duration(u64::MAX));
        }
        count
    }
}
