//! Uses handles that it does not have.

use std::hint::black_box;

use wasip2::{clocks::monotonic_clock, io::poll::Pollable};

writ_test_guests::world!("writ:guests/forger");
use exports::writ::guests::forge::Guest;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn drop_twice() {
        let pollable = monotonic_clock::subscribe_duration(1);
        let again = forged(pollable.handle());
        drop(pollable);
        drop(again);
    }

    fn invent(handle: u32) -> bool {
        forged(handle).ready()
    }

    fn confuse() -> bool {
        let stream = wasip2::cli::stdout::get_stdout();
        forged(stream.handle()).ready()
    }

    fn hold(milliseconds: u32) -> Option<u32> {
        let held = monotonic_clock::subscribe_duration(0);
        for step in 0..u64::from(milliseconds) * STEPS {
            black_box(step);
        }
        held.ready().then(|| held.handle())
    }
}

/// Steps that take about a millisecond.
const STEPS: u64 = 500_000;

fn forged(handle: u32) -> Pollable {
    // SAFETY: none, and that is the point: the host has to notice.
    unsafe { Pollable::from_handle(handle) }
}
