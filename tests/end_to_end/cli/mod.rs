//! What a person sees: every command through the real binary, what it prints, what it ends with, and how it says no.

mod calls;
mod chains;
mod checks;
mod compare;
mod dry_run;
mod grants;
mod inspect;
mod lone;
mod plugins;
mod runs;

use std::path::Path;

use writ_tests::{Said, command};

/// Runs `writ` in a folder.
fn writ(folder: &Path, arguments: &[&str]) -> Said {
    Said::of(
        command(folder, arguments)
            .output()
            .expect("writ can be started"),
    )
}

/// Fails unless every part is in the text.
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

/// An error with a remedy: the code, the parts of the message, and the parts of its help.
fn refused(said: Said, code: i32, message: &[&str], help: &[&str]) {
    let said = said.expect(code);
    has(&said.err, message);
    has(&said.err, help);
    assert!(said.err.contains("error: "), "{}", said.err);
}
