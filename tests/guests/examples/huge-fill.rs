//! Fills memory by single long instructions.

use std::hint::black_box;

writ_test_guests::world!("writ:guests/huge-fill");
use exports::writ::guests::paint::Guest;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn fill(mebibytes: u32, times: u64) -> u64 {
        let mut canvas = vec![0u8; mebibytes as usize * 1024 * 1024];
        for time in 0..times {
            black_box(&mut canvas).fill(time as u8);
        }
        times
    }
}
