//! Appends to a file: an effect that must happen once.

use std::{fs::OpenOptions, io::Write};

writ_test_guests::world!("writ:guests/append-file");
use exports::writ::guests::append::Guest;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn append(path: String, line: String) -> Result<u64, String> {
        let add = || -> std::io::Result<u64> {
            let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
            file.write_all(format!("{line}\n").as_bytes())?;
            file.sync_all()?;
            Ok(std::fs::read_to_string(&path)?.lines().count() as u64)
        };
        add().map_err(|error| error.to_string())
    }
}
