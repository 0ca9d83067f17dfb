//! Uses handles that it does not have.

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
}

fn forged(handle: u32) -> Pollable {
    // SAFETY: none, and that is the point: the host has to notice.
    unsafe { Pollable::from_handle(handle) }
}
