//! Runs for ever inside a call.

use std::hint::black_box;

writ_test_guests::world!("writ:guests/infinite-loop");
use exports::writ::guests::endless::Guest;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn run() {
        let mut steps = 0u64;
        loop {
            steps = black_box(steps.wrapping_add(1));
        }
    }
}
