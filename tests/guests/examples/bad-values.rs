//! Returns what its types do not allow.

use std::hint::black_box;

writ_test_guests::world!("writ:guests/bad-values");
use exports::writ::guests::nonsense::{Fruit, Guest};

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn bad_text() -> String {
        // SAFETY: none here nor below, and that is the point: the host has to notice.
        unsafe { String::from_utf8_unchecked(black_box(vec![0x61, 0xff, 0xfe])) }
    }

    fn bad_enum() -> Fruit {
        unsafe { std::mem::transmute::<u8, Fruit>(black_box(200)) }
    }

    fn bad_char() -> char {
        unsafe { char::from_u32_unchecked(black_box(0x0011_0000)) }
    }
}
