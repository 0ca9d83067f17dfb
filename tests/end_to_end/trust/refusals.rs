//! Every reason why a signed writ does not count, one at a time.

use std::fs;

use super::{Desk, READ, WRITE, desk::has, desk::refused};

const SIGN_AGAIN: &[&str] = &["help: ", "--key NAME"];

fn signed() -> Desk {
    let desk = Desk::strict(READ);
    let _ = desk.key("alice", "reviewer");
    desk.approve("alice");
    let _ = desk.run().expect(0);
    desk
}

#[test]
fn an_altered_byte_anywhere() {
    let desk = signed();
    let paper = desk.paper("");
    let good = desk.read(&paper);
    let envelope: serde_json::Value = serde_json::from_str(&good).expect("JSON");
    // In the payload, in a signature, and in its structure.
    for part in [
        envelope["payload"].as_str().expect("text"),
        envelope["signatures"][0]["sig"].as_str().expect("text"),
    ] {
        let middle = part.len() / 2;
        let other = if part.as_bytes()[middle] == b'A' {
            "B"
        } else {
            "A"
        };
        let changed = format!("{}{other}{}", &part[..middle], &part[middle + 1..]);
        desk.app.write(&paper, &good.replace(part, &changed));
        refused(
            desk.writ(&["run", "."]),
            4,
            &[&paper, "altered"],
            &["find out who changed it"],
        );
    }
    desk.app.write(&paper, &good[..good.len() - 10]);
    refused(
        desk.writ(&["run", "."]),
        4,
        &[&paper, "this is no signed envelope"],
        &["find out who changed it"],
    );
    desk.app.write(&paper, &good);
    let _ = desk.run().expect(0);

    // A component that is not the one that was signed.
    let guest = desk.app.path().join("sources/files/guest.wasm");
    let mut bytes = fs::read(&guest).expect("the guest is there");
    bytes.extend([0, 2, 1, b'x']);
    fs::write(&guest, bytes).expect("files can be written");
    refused(
        desk.writ(&["run", "."]),
        4,
        &["plugin files has no signed writ for sha256:"],
        SIGN_AGAIN,
    );
}

#[test]
fn revoked_and_what_survives_deletion() {
    let desk = signed();
    let said = desk
        .writ(&[
            "grant", "revoke", ".", "files", "--key", "alice", "--reason", "it leaks",
        ])
        .expect(0);
    has(
        &said.err,
        &["whoever can delete that file", "`epoch` in the trust root"],
    );
    refused(
        desk.writ(&["run", "."]),
        4,
        &[
            "the signed writ of plugin files was revoked by alice+",
            "it leaks",
        ],
        &["do not use it"],
    );
    let listed = desk
        .writ(&["grant", "list", ".", "files", "--json"])
        .expect(0)
        .json();
    has(
        listed[0]["state"].as_str().expect("a text"),
        &["refused: ", "revoked by alice+"],
    );
    let checked = desk.writ(&["check", ".", "--json"]).expect(4).json();
    let message = checked["diagnostics"][0]["message"]
        .as_str()
        .expect("a text");
    has(message, &["was revoked by alice+"]);

    // Deleting the file undoes it, as the command said; a higher epoch does not care.
    desk.remove(&desk.paper(".revoked"));
    let _ = desk.run().expect(0);
    desk.change("trust.toml", "epoch = 1", "epoch = 2");
    refused(
        desk.writ(&["run", "."]),
        4,
        &["is of epoch 1; the trust root is at epoch 2, which ended it"],
        SIGN_AGAIN,
    );
    desk.approve("alice");
    let _ = desk.run().expect(0);
    // The old root is not put back unnoticed either.
    desk.change("trust.toml", "epoch = 2", "epoch = 1");
    refused(
        desk.writ(&["run", "."]),
        4,
        &["trust.toml: the trust root is at epoch 1, but this host has used one of epoch 2"],
        &["put the newest one back"],
    );
}

#[test]
fn approving_again_after_a_revocation_stands() {
    let desk = signed();
    let _ = desk.writ(&["grant", "revoke", "--key", "alice"]).expect(0);
    let _ = desk.run().expect(4);
    desk.approve("alice");
    let _ = desk.run().expect(0);
}

#[test]
fn an_older_version_that_is_put_back() {
    let desk = signed();
    let manifest = "sources/files/plugin.toml";
    let old = desk.read(manifest);
    desk.change(manifest, "version = \"0.1.0\"", "version = \"0.2.0\"");
    desk.change("workflow.yaml", "read:0.1.0@files", "read:0.2.0@files");
    desk.approve("alice");
    let _ = desk.run().expect(0);

    desk.app.write(manifest, &old);
    desk.change("workflow.yaml", "read:0.2.0@files", "read:0.1.0@files");
    refused(
        desk.writ(&["run", "."]),
        4,
        &[
            "the signed writ of plugin files 0.1.0 was approved",
            "this host has used the one of 0.2.0",
        ],
        &["put the newer one back", "approving the old one again"],
    );
    // A reviewer can mean it.
    desk.approve("alice");
    let _ = desk.run().expect(0);

    // What the host remembers can't be changed or lost without a word.
    for (file, code) in [
        (".writ/trust/seen", "is gone"),
        (".writ/trust/seen.key", "it is gone"),
    ] {
        let path = desk.app.path().join(file);
        let bytes = fs::read(&path).expect("the memory is there");
        fs::remove_file(&path).expect("files can be removed");
        refused(
            desk.writ(&["run", "."]),
            5,
            &[file, code],
            &["look that trust root and writs are the newest"],
        );
        fs::write(&path, bytes).expect("files can be written");
    }
    desk.change(".writ/trust/seen", "\"epoch\":1", "\"epoch\":0");
    refused(
        desk.writ(&["run", "."]),
        5,
        &["was changed, or belongs to another data folder"],
        &["remove"],
    );
}

#[test]
fn signers_that_do_not_count() {
    let desk = Desk::strict(READ);
    let _ = desk.key("alice", "reviewer");
    // Not in the root, and in it with another role: the command says so before anything is signed.
    let _ = desk
        .writ(&["key", "new", "mallory", "--no-passphrase"])
        .expect(0);
    let approve = |key| desk.writ(&["grant", "approve", ".", "--all-requested", "--key", key]);
    refused(
        approve("mallory"),
        4,
        &["mallory+", "is not in it, so its signature would not count"],
        &["writ key trust"],
    );
    let _ = desk
        .writ(&["key", "trust", "mallory", "--role", "author"])
        .expect(0);
    refused(
        approve("mallory"),
        4,
        &["mallory+", "is no reviewer"],
        &["--role reviewer"],
    );
    // And the host says so where it was signed elsewhere.
    desk.approve("alice");
    desk.change(
        "trust.toml",
        "roles = [\"reviewer\"]",
        "roles = [\"auditor\"]",
    );
    refused(
        desk.writ(&["run", "."]),
        4,
        &[
            "0 of 1 reviewer signatures that count: alice+",
            "is no reviewer",
        ],
        &["writ grant sign"],
    );
    desk.change(
        "trust.toml",
        "roles = [\"auditor\"]",
        "roles = [\"reviewer\"]\nnot_after = \"2020-01-01T00:00:00Z\"",
    );
    refused(
        desk.writ(&["run", "."]),
        4,
        &["counted until 2020-01-01"],
        &["writ grant sign"],
    );
    desk.remove("trust.toml");
    let _ = desk.key("bob", "reviewer");
    refused(
        desk.writ(&["run", "."]),
        4,
        &["is signed by no key of the trust root; it is signed by alice+"],
        &["writ key trust"],
    );
}

#[test]
fn two_of_three_reviewers() {
    let desk = Desk::strict(&format!("{READ}{WRITE}"));
    for name in ["alice", "bob", "carol"] {
        let _ = desk.key(name, "reviewer");
    }
    desk.change(
        "trust.toml",
        "epoch = 1\n",
        "epoch = 1\n\n[threshold]\nreviewer = 2\n",
    );
    let said = desk
        .writ(&["grant", "approve", ".", "--all-requested", "--key", "alice"])
        .expect(0);
    has(&said.out, &["(1 of 2 reviewers)", "it does not count yet"]);
    refused(
        desk.writ(&["run", "."]),
        4,
        &["has 1 of 2 reviewer signatures that count"],
        &["writ grant sign APP files"],
    );
    // The same person twice is one.
    let _ = desk.writ(&["grant", "sign", "--key", "alice"]).expect(0);
    refused(
        desk.writ(&["run", "."]),
        4,
        &["has 1 of 2 reviewer signatures that count"],
        &["writ grant sign"],
    );
    let said = desk
        .writ(&["grant", "sign", ".", "files", "--key", "bob"])
        .expect(0);
    has(
        &said.out,
        &[
            "files 0.1.0 may",
            "read files below /in  (= data)",
            "(2 of 2 reviewers)",
        ],
    );
    // Who approves the same joins too.
    let said = desk
        .writ(&[
            "grant",
            "approve",
            ".",
            "tests/test",
            "--all-requested",
            "--key",
            "carol",
            "--json",
        ])
        .expect(0);
    assert_eq!(said.json()["signed"][0]["have"], 2);
    assert_eq!(desk.run().expect(0).json()["output"], "hello");
    let listed = desk.writ(&["grant", "list", "--json"]).expect(0).json();
    assert_eq!(listed[0]["signed"]["by"].as_array().map(Vec::len), Some(2));
}

#[test]
fn authors_vouch_and_do_not_review_their_own() {
    let desk = Desk::strict(READ);
    let _ = desk.key("alice", "reviewer");
    let _ = desk.key("bob", "author");
    desk.change(
        "trust.toml",
        "epoch = 1\n",
        "epoch = 1\n\n[threshold]\nauthor = 1\n",
    );
    let said = desk
        .writ(&["grant", "approve", ".", "--all-requested", "--key", "alice"])
        .expect(0);
    has(
        &said.out,
        &["it does not count yet", "no author's statement"],
    );
    refused(
        desk.writ(&["run", "."]),
        4,
        &["plugin files has no author's statement for sha256:"],
        &["writ plugin sign COMPONENT"],
    );

    let component = "sources/files/target/files.wasm";
    let said = desk
        .writ(&["plugin", "sign", component, "--key", "bob"])
        .expect(0);
    has(
        &said.out,
        &[
            "files 0.1.0 sha256:",
            "is vouched for by bob+",
            "files.wasm.dsse.json",
        ],
    );
    assert_eq!(desk.run().expect(0).json()["output"], "hello");

    // Bob may be a reviewer as well, but not of this.
    let _ = desk
        .writ(&["key", "trust", "bob", "--role", "reviewer"])
        .expect(0);
    refused(
        desk.writ(&[
            "grant",
            "approve",
            ".",
            "files",
            "--all-requested",
            "--key",
            "bob",
        ]),
        4,
        &["signed files as author, so this review would not count"],
        &["another reviewer"],
    );
    let _ = desk
        .writ(&["plugin", "sign", component, "--key", "alice"])
        .expect(0);
    desk.change(
        "trust.toml",
        "roles = [\"reviewer\"]",
        "roles = [\"reviewer\", \"author\"]",
    );
    refused(
        desk.writ(&["run", "."]),
        4,
        &[
            "alice+",
            "signed plugin files as author, so their review of it does not count",
        ],
        &["another reviewer signs"],
    );
}

#[test]
fn a_root_can_keep_authors_and_reviewers_apart() {
    let desk = Desk::strict(READ);
    let _ = desk.key("alice", "reviewer");
    let _ = desk.key("bob", "author");
    desk.change("trust.toml", "epoch = 1\n", "epoch = 1\nseparate = true\n");
    let before = desk.read("trust.toml");
    for (name, role) in [("alice", "author"), ("bob", "reviewer")] {
        let why = format!("{name} would be author and reviewer");
        refused(
            desk.writ(&["key", "trust", name, "--role", role]),
            2,
            &["trust.toml:", &why],
            &["with `separate = true` nobody is both"],
        );
    }
    assert_eq!(desk.read("trust.toml"), before);
    desk.approve("alice");
    let _ = desk.run().expect(0);
}

#[test]
fn the_authors_word_is_carried_along() {
    let desk = Desk::strict(READ);
    let _ = desk.key("bob", "author");
    let component = "sources/files/target/files.wasm";
    let _ = desk.writ(&["plugin", "list"]).expect(0);
    let _ = desk
        .writ(&["plugin", "sign", component, "--key", "bob"])
        .expect(0);
    desk.app.write("other/writ.toml", "");
    let _ = desk
        .writ(&["plugin", "add", component, "--app", "other"])
        .expect(0);
    assert_eq!(
        desk.read("other/plugins/files.wasm.dsse.json"),
        desk.read(&format!("{component}.dsse.json"))
    );
    let _ = desk
        .writ(&["plugin", "remove", "files", "--app", "other"])
        .expect(0);
    assert!(
        !desk
            .app
            .path()
            .join("other/plugins/files.wasm.dsse.json")
            .exists()
    );
    // The word for another build is no word for this one.
    let word = desk.read(&format!("{component}.dsse.json"));
    desk.change(
        "sources/files/plugin.toml",
        "version = \"0.1.0\"",
        "version = \"0.2.0\"",
    );
    let _ = desk.writ(&["plugin", "list"]).expect(0);
    desk.app.write(&format!("{component}.dsse.json"), &word);
    refused(
        desk.writ(&["plugin", "add", component, "--app", "other"]),
        4,
        &["but the component is"],
        &["writ plugin sign"],
    );
}

#[test]
fn a_writ_for_another_place() {
    let desk = signed();
    desk.app.config("place = \"erp\"\n");
    refused(
        desk.writ(&["run", "."]),
        4,
        &["is for no named place, but this is the place erp"],
        &["`place` under [trust]"],
    );
    desk.approve("alice");
    let _ = desk.run().expect(0);
    desk.change("writ.toml", "place = \"erp\"\n", "place = \"test\"\n");
    refused(
        desk.writ(&["run", "."]),
        4,
        &["is for the place erp, but this is the place test"],
        &["`place` under [trust]"],
    );
}
