//! Runs for ever before any call, in the code that runs when the component starts.

use std::hint::black_box;

writ_test_guests::world!("writ:guests/start-loop");
use exports::writ::guests::innocent::Guest;

struct Plugin;

export!(Plugin);

/// The linker calls what stands in this section before anything else.
#[used]
#[unsafe(link_section = ".init_array")]
static AT_START: extern "C" fn() = spin;

extern "C" fn spin() {
    let mut steps = 0u64;
    loop {
        steps = black_box(steps.wrapping_add(1));
    }
}

impl Guest for Plugin {
    fn hello() -> String {
        "hello".to_owned()
    }
}
