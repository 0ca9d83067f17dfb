//! Writes to standard output and standard error.

use std::io::Write;

writ_test_guests::world!("writ:guests/talker");
use exports::writ::guests::talk::Guest;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn say(output: String, error: String) {
        print!("{output}");
        eprint!("{error}");
    }

    fn shout(bytes: u64) -> u64 {
        let line = format!("{}\n", "e".repeat(99));
        repeat(&mut std::io::stderr(), line.as_bytes(), bytes)
    }

    fn drone(bytes: u64) -> u64 {
        repeat(&mut std::io::stdout(), &[b'o'; 100], bytes)
    }

    fn scribble() {
        let mut output = std::io::stdout();
        // Neither text nor harmless: a byte that UTF-8 does not have, "clear the screen", a bell, a lone carriage return.
        let _ = output.write_all(b"\xff\xfe\x1b[2J\x07over\rwritten\n");
        let _ = output.flush();
    }

    fn fail(text: String) -> Result<String, String> {
        Err(text)
    }

    fn tell(text: String) -> String {
        text
    }
}

fn repeat(stream: &mut dyn Write, part: &[u8], bytes: u64) -> u64 {
    let mut written = 0;
    while written < bytes && stream.write_all(part).and_then(|()| stream.flush()).is_ok() {
        written += part.len() as u64;
    }
    written
}
