//! Signed writs through the real binary: the reviewer's five minutes, every refusal, keys at rest, and review on a terminal.

use std::fs;

mod again;
mod claims;
mod desk;
mod keys;
mod refusals;
mod review;
mod screen;
mod sources;
mod stranger;

use desk::{Desk, has, refused};

const READ: &str = "[[request]]\ncapability = \"fs:read:/in\"\nreason = \"what it reads\"\n";
const WRITE: &str =
    "[[request]]\ncapability = \"fs:write:/out\"\nreason = \"what it writes\"\noptional = true\n";

#[test]
fn five_minutes_from_a_new_key_to_a_run_in_strict_mode() {
    let desk = Desk::strict(READ);
    let made = desk
        .writ(&[
            "key",
            "new",
            "alice",
            "--no-passphrase",
            "--role",
            "reviewer",
        ])
        .expect(0);
    assert!(made.out.starts_with("alice+"), "{}", made.out);
    has(
        &made.err,
        &["not sealed", "trust.toml trusts it as reviewer"],
    );

    // Unsigned is refused by name, with the place and what to do; an unsigned approval would not help.
    refused(
        desk.writ(&["run", "."]),
        4,
        &["writs: plugin files has no signed writ for sha256:"],
        &["writ grant review APP files", "--key NAME"],
    );
    refused(
        desk.writ(&[
            "grant",
            "approve",
            ".",
            "files",
            "--allow",
            "fs:read:/in=data",
        ]),
        4,
        &["in strict mode only signed writs count"],
        &["--key NAME"],
    );
    has(
        &desk.writ(&["grant", "review"]).expect(0).out,
        &[
            "because: what it reads",
            "risk: reads, if granted",
            "--key NAME",
        ],
    );

    let said = desk
        .writ(&["grant", "approve", ".", "--all-requested", "--key", "alice"])
        .expect(0);
    has(
        &said.out,
        &[
            "files 0.1.0 may",
            "(= data)",
            "tests/test 0.1.0 may",
            "signed by alice+",
            "(1 of 1 reviewers)",
        ],
    );
    let first = desk.run().expect(0);
    assert_eq!(first.json()["output"], "hello");
    let run = first.json()["run"].as_str().expect("an id").to_owned();
    let record = desk
        .writ(&["runs", "show", &run, "--json"])
        .expect(0)
        .json();
    let by = record["signed"][0]["by"][0].as_str().expect("a key");
    assert!(by.starts_with("alice+"), "{record}");
    has(
        &first.err,
        &["remembered no signed writs; from now on it does"],
    );
    let second = desk.run().expect(0);
    assert!(!second.err.contains("remembered no"), "{}", second.err);
    assert_eq!(desk.papers(), ["files", "tests.test"]);
    let listed = desk.writ(&["grant", "list", "--json"]).expect(0).json();
    assert_eq!(
        (&listed[0]["state"], &listed[0]["signed"]["have"]),
        (&"approved".into(), &1.into())
    );
    has(
        &desk.writ(&["grant", "list"]).expect(0).out,
        &["signed by alice+", "1 of 1 reviewers, epoch 1"],
    );
    has(
        &desk.writ(&["grant", "review"]).expect(0).out,
        &["Nothing is left to decide."],
    );
    let doctor = desk.writ(&["doctor"]).expect(0).out;
    has(
        &doctor,
        &[
            "strict mode",
            "only signed writs count",
            "trust.toml, epoch 1",
            "reviewers: alice+",
            "signed writs were used up to epoch 1",
        ],
    );
}

#[test]
fn in_normal_mode_a_signed_writ_counts_and_is_never_passed_over() {
    let desk = Desk::normal(READ);
    desk.key("alice", "reviewer");
    let _ = desk
        .writ(&[
            "grant",
            "approve",
            ".",
            "files",
            "--allow",
            "fs:read:/in=data",
        ])
        .expect(0);
    assert_eq!(desk.run().expect(0).json()["output"], "hello");
    desk.approve("alice");
    assert!(
        !desk.read("grants.toml").contains("[[writ]]"),
        "the unsigned one is gone"
    );
    assert_eq!(desk.run().expect(0).json()["output"], "hello");
    refused(
        desk.writ(&["grant", "approve", ".", "files", "--all-requested"]),
        4,
        &["files has a signed writ, and that one counts"],
        &["--key NAME"],
    );
    refused(
        desk.writ(&["grant", "revoke", ".", "files"]),
        4,
        &["the writ of files is signed: only a signed revocation ends it"],
        &["--key NAME"],
    );
    desk.change("trust.toml", "epoch = 1", "epoch = 2");
    refused(
        desk.writ(&["run", "."]),
        4,
        &["plugin files is of epoch 1; the trust root is at epoch 2"],
        &["--key NAME"],
    );
    desk.remove("trust.toml");
    refused(
        desk.writ(&["run", "."]),
        4,
        &["there is no trust root to judge it by"],
        &["[trust] root"],
    );
}

#[test]
fn what_asks_for_nothing_needs_a_writ_in_strict_mode_only() {
    let desk = Desk::strict("");
    desk.key("alice", "reviewer");
    refused(
        desk.writ(&["run", "."]),
        4,
        &["plugin files has no signed writ"],
        &["--key NAME"],
    );
    let _ = desk
        .writ(&[
            "grant",
            "approve",
            ".",
            "files",
            "--all-requested",
            "--key",
            "alice",
        ])
        .expect(0);
    refused(
        desk.writ(&["run", "."]),
        4,
        &["workflow tests/test has no signed writ"],
        &["--key NAME"],
    );
    let _ = desk
        .writ(&[
            "grant",
            "approve",
            ".",
            "tests/test",
            "--all-requested",
            "--key",
            "alice",
        ])
        .expect(0);
    // It runs, and its guest finds no folder: nothing was granted.
    let _ = desk.run().expect(1);
    // Naming the workflow in place of its app is no way around: here with another build, among the plugins of the data folder.
    desk.app.write("grants.toml", "version = 1\n");
    let folder = desk.app.path().join(".writ/plugins");
    fs::create_dir_all(&folder).expect("folders can be made");
    fs::copy(
        desk.app.path().join("sources/files/guest.wasm"),
        folder.join("files.wasm"),
    )
    .expect("files can be copied");
    refused(
        desk.writ(&["run", "workflow.yaml", "--grants", "grants.toml"]),
        4,
        &["plugin files has no signed writ"],
        &["--key NAME"],
    );
    // Whoever edits the workflow starts anew.
    desk.change("workflow.yaml", "path: a.txt", "path: b.txt");
    refused(
        desk.writ(&["run", "."]),
        4,
        &["workflow tests/test has no signed writ"],
        &["--key NAME"],
    );
}
