//! Calls the host without end.

use std::hint::black_box;

use wasip2::clocks::monotonic_clock;

writ_test_guests::world!("writ:guests/call-flood");
use exports::writ::guests::flood::Guest;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn call(times: u64) -> u64 {
        for _ in 0..times {
            black_box(monotonic_clock::now());
        }
        times
    }
}
