//! Calls itself without end.

use std::hint::black_box;

writ_test_guests::world!("writ:guests/recursion");
use exports::writ::guests::abyss::Guest;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn descend(depth: u64) -> u64 {
        lean(depth)
    }

    fn sink(depth: u64) -> u64 {
        broad(depth)
    }
}

/// What is done after the inner call keeps it from becoming a loop, and takes no memory of the guest.
#[inline(never)]
fn lean(depth: u64) -> u64 {
    if depth == 0 {
        return 1;
    }
    lean(depth - 1).rotate_left(1) ^ depth
}

#[inline(never)]
fn broad(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if depth == 0 {
        return 0;
    }
    // The frame is used after the call, so the call is no jump.
    broad(depth - 1) + 1 + frame[black_box(0)] - depth
}
