//! A pure function.

writ_test_guests::world!("writ:guests/double");
use exports::writ::guests::doubling::Guest;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn double(n: i64) -> i64 {
        n.wrapping_mul(2)
    }
}
