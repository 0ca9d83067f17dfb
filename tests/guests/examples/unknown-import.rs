//! Needs an interface that no host has.

writ_test_guests::world!("writ:guests/unknown-import");
use exports::writ::guests::innocent::Guest;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn hello() -> String {
        writ::guests::nowhere::reach()
    }
}
