//! Guests and inputs that want to break the host, through the real binary: each ends in a typed, recorded fault or a clear
//! refusal, and whatever comes after goes on.

mod cases;
mod cpu_memory;
mod crafted;
mod denied;
mod determinism;
mod files;
mod folders;
mod host_calls;
mod recovery;
mod state;
mod tools;
mod values;
mod workflows;

use std::{fs, path::Path};

/// The text of every source file below a folder.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    entries
        .map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                fs::read_to_string(path).expect("a text")
            }
        })
        .collect()
}

#[test]
fn every_guest_is_run_by_a_test() {
    let tests = writ_tests::root().join("tests");
    let used = sources(&tests.join("end_to_end"));
    for guest in fs::read_dir(tests.join("guests/examples")).expect("a folder") {
        let path = guest.expect("an entry").path();
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        assert!(
            used.contains(&format!("\"{name}\"")),
            "no test runs the guest {name}"
        );
    }
}
