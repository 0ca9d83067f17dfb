//! What nobody signed is not executed in strict mode: not by a guest, and not by a compiler.

use std::fs;

use writ_tests::{Said, guest};

use super::{Desk, READ, has, refused};

/// What its sources leave behind when they are built.
const TRACE: &str = "sources/trap/touched";

/// An app with a plugin whose sources do something while they are built.
fn trapped() -> Desk {
    let desk = Desk::strict(READ);
    let _ = desk.key("alice", "reviewer");
    for (file, text) in [
        (
            "plugin.toml",
            "[plugin]\nname = \"trap\"\nversion = \"0.1.0\"\ndescription = \"d\"\n\n[build]\nlanguage = \"rust\"\n",
        ),
        (
            "Cargo.toml",
            "[package]\nname = \"trap\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\ncrate-type = [\"cdylib\"]\n\n[workspace]\n",
        ),
        ("src/lib.rs", ""),
        (
            "build.rs",
            "fn main() { std::fs::write(\"touched\", \"\").unwrap() }\n",
        ),
    ] {
        desk.app.write(&format!("sources/trap/{file}"), text);
    }
    desk.app
        .config("\n[plugins.trap]\nsource = \"sources/trap\"\n");
    desk
}

fn is_touched(desk: &Desk) -> bool {
    desk.app.path().join(TRACE).exists()
}

const LOOKS: [&[&str]; 7] = [
    &["run", "."],
    &["check", "."],
    &["grant", "review", "."],
    &["grant", "approve", ".", "--all-requested", "--key", "alice"],
    &["grant", "diff", "."],
    &["grant", "who-can", "fs"],
    &["plugin", "list"],
];

#[test]
fn in_strict_mode_no_sources_are_compiled() {
    let desk = trapped();
    for look in LOOKS {
        refused(
            desk.writ(look),
            2,
            &[
                "plugin trap is not built",
                "in strict mode nothing is compiled",
            ],
            &["writ plugin build ", "sources/trap"],
        );
    }
    // What was built elsewhere is taken as it is: its digest decides.
    let built = desk.app.path().join("sources/trap/target/trap.wasm");
    fs::create_dir_all(built.parent().expect("a folder")).expect("folders can be made");
    fs::copy(guest("double"), &built).expect("guests can be copied");
    let said = desk.writ(&["grant", "review", "."]).expect(0);
    has(&said.out, &["trap 0.0.0", "never approved"]);
    has(&said.err, &["note: the sources of plugin trap changed"]);
    refused(
        desk.writ(&["run", "."]),
        4,
        &["has no signed writ"],
        &["--key NAME"],
    );
    desk.approve("alice");
    let _ = desk.run().expect(0);
    assert!(!is_touched(&desk), "its sources were executed");
}

#[test]
fn elsewhere_they_are_and_the_trap_is_one() {
    let desk = trapped();
    desk.change("writ.toml", "strict = true", "strict = false");
    let mut check = desk.command(&["check", "."]);
    let _ = Said::of(check.output().expect("writ can be started"));
    assert!(is_touched(&desk));
}
