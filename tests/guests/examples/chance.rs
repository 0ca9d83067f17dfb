//! Shows time and chance.

use std::collections::HashSet;

use wasip2::{
    clocks::{monotonic_clock, wall_clock},
    random::{insecure, insecure_seed, random},
};

writ_test_guests::world!("writ:guests/chance");
use exports::writ::guests::dice::{Guest, Reading};

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn roll() -> Reading {
        let now = wall_clock::now();
        let order: HashSet<u8> = (0..10).collect();
        Reading {
            wall_ns: now.seconds * 1_000_000_000 + u64::from(now.nanoseconds),
            monotonic_ns: monotonic_clock::now(),
            monotonic_again_ns: monotonic_clock::now(),
            bytes: random::get_random_bytes(16),
            number: random::get_random_u64(),
            insecure: insecure::get_insecure_random_bytes(16),
            seed: insecure_seed::insecure_seed(),
            order: order.into_iter().collect(),
        }
    }
}
