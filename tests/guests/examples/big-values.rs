//! Takes and gives values of any size.

writ_test_guests::world!("writ:guests/big-values");
use exports::writ::guests::sizes::Guest;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn take(text: String) -> u64 {
        text.len() as u64
    }

    fn give(bytes: u64) -> String {
        "x".repeat(bytes as usize)
    }

    fn give_many(items: u64) -> Vec<String> {
        vec![String::new(); items as usize]
    }
}
