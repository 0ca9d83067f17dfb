//! A pure function that takes its time.

use std::hint::black_box;

writ_test_guests::world!("writ:guests/slow");
use exports::writ::guests::patience::Guest;

struct Plugin;

export!(Plugin);

/// Steps that take about a millisecond.
const STEPS: u64 = 500_000;

impl Guest for Plugin {
    fn slow(milliseconds: u32) -> u64 {
        work(milliseconds)
    }

    fn fail(milliseconds: u32, reason: String) -> Result<u64, String> {
        black_box(work(milliseconds));
        Err(reason)
    }
}

fn work(milliseconds: u32) -> u64 {
    let mut state = u64::from(milliseconds) + 1;
    for _ in 0..u64::from(milliseconds) * STEPS {
        state = black_box(
            state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1),
        );
    }
    state
}
