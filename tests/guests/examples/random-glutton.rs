//! Asks for a great deal of randomness at once.

use wasip2::random::random;

writ_test_guests::world!("writ:guests/random-glutton");
use exports::writ::guests::glutton::Guest;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn ask(bytes: u64) -> u64 {
        random::get_random_bytes(bytes).len() as u64
    }
}
