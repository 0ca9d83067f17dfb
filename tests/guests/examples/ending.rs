//! Ends in other ways than by returning.

writ_test_guests::world!("writ:guests/ending");
use exports::writ::guests::ends::Guest;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn panic(message: String) {
        panic!("{message}");
    }

    fn trap() {
        std::process::abort();
    }

    fn exit(success: bool) {
        std::process::exit(i32::from(!success));
    }
}
