//! Takes memory until there is no more.

use std::hint::black_box;

writ_test_guests::world!("writ:guests/memory-growth");
use exports::writ::guests::greed::Guest;

struct Plugin;

export!(Plugin);

const MEBIBYTE: usize = 1024 * 1024;

impl Guest for Plugin {
    fn grow(mebibytes: u64) -> u64 {
        for got in 0..mebibytes {
            let mut part: Vec<u8> = Vec::new();
            if part.try_reserve_exact(MEBIBYTE).is_err() {
                return got;
            }
            part.resize(MEBIBYTE, 1);
            std::mem::forget(black_box(part));
        }
        mebibytes
    }

    fn grab(bytes: u64) -> bool {
        let mut part: Vec<u8> = Vec::new();
        usize::try_from(bytes).is_ok_and(|bytes| {
            part.try_reserve_exact(bytes).is_ok() && black_box(part).capacity() > 0
        })
    }
}
