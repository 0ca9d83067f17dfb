//! Guests and inputs that want to break the host, through the real binary: each ends in a typed, recorded fault or a clear
//! refusal, and whatever comes after goes on.

mod addresses;
mod cases;
mod cpu_memory;
mod crafted;
mod denied;
mod determinism;
mod files;
mod folders;
mod host_calls;
mod older;
mod recovery;
mod secrets;
mod state;
mod supply;
mod tools;
mod values;
mod web;
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

/// docs/hostile.md names tests as `module::…::test` or `crate: module::test`.
#[test]
fn the_page_of_what_was_tried_names_tests_that_are_there() {
    let page = fs::read_to_string(writ_tests::root().join("docs/hostile.md")).expect("the page");
    let named: Vec<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.contains("::") && !word.contains('…'))
        .collect();
    assert!(named.len() > 40, "{named:?}");
    for name in named {
        let (crate_, path) = name.split_once(": ").unwrap_or(("", name));
        let folder = match crate_.strip_prefix("writ-") {
            Some(room) => format!("host/{room}/src"),
            None => "tests/end_to_end".to_owned(),
        };
        let parts: Vec<&str> = path.split("::").collect();
        let (test, modules) = parts.split_last().expect("a name has parts");
        let inside = modules.join("/");
        let folder = writ_tests::root().join(folder);
        // A crate's tests stand beside its code, or in it.
        let beside = folder.join(format!("tests/{inside}.rs"));
        let file = if beside.exists() {
            beside
        } else {
            folder.join(format!("{inside}.rs"))
        };
        let text = fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{name}: {}: {error}", file.display()));
        assert!(
            text.contains(&format!("fn {test}(")),
            "{name} is not in {}",
            file.display()
        );
    }
}
