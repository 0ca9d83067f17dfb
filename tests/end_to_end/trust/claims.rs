//! What only lies beside the grants file and says that it was approved, or revoked: it decides nothing for a reviewer either.

use std::{fs, os::unix::fs::symlink, process::Command};

use serde_json::{Value as Json, json};

use super::{
    Desk, READ, WRITE, has, refused,
    stranger::{Key, statement},
};

/// What `grant diff` and `grant review` say of the plugin: its state, and how its first request stands.
fn standing(desk: &Desk) -> (Json, Json) {
    let diff = desk.writ(&["grant", "diff", ".", "files", "--json"]);
    assert_eq!(
        diff.code,
        i32::from(diff.json()["widens"] == true),
        "{diff:?}"
    );
    let review = desk
        .writ(&["grant", "review", ".", "files", "--json"])
        .expect(0)
        .json();
    (
        diff.json()["plugins"][0]["state"].clone(),
        review[0]["requests"][0]["standing"].clone(),
    )
}

fn approved() -> Desk {
    let desk = Desk::strict(&format!("{READ}{WRITE}"));
    let _ = desk.key("alice", "reviewer");
    desk.approve("alice");
    desk
}

/// Another build, that asks for the same.
fn update(desk: &Desk) {
    desk.change(
        "sources/files/plugin.toml",
        "version = \"0.1.0\"",
        "version = \"0.2.0\"",
    );
}

/// A key that no trust root names.
fn stranger(desk: &Desk) -> Key {
    let _ = desk
        .writ(&["key", "new", "mallory", "--no-passphrase"])
        .expect(0);
    Key::of(desk, "mallory")
}

const NEVER: (&str, &str) = ("never-approved", "not granted");

#[test]
fn what_reviewers_signed_is_what_was_approved() {
    let desk = approved();
    assert_eq!(standing(&desk), ("approved".into(), "granted".into()));
    let paper = desk.paper("");
    update(&desk);
    let before = || ("approved-build-not-kept".into(), "as before".into());
    assert_eq!(standing(&desk), before());
    // It is over, and was approved all the same.
    let mut over = statement(&desk.read(&paper));
    over["predicate"]["expires"] = "2020-01-01T00:00:00.000Z".into();
    desk.app
        .write(&paper, &Key::of(&desk, "alice").envelope(&over));
    assert_eq!(standing(&desk), before());
    desk.change("trust.toml", "epoch = 1", "epoch = 2");
    assert_eq!(standing(&desk), before());
}

#[test]
fn what_a_stranger_signed_was_never_approved() {
    let desk = approved();
    let paper = desk.paper("");
    let forged = stranger(&desk).envelope(&statement(&desk.read(&paper)));
    desk.app.write(&paper, &forged);
    assert_eq!(standing(&desk), (NEVER.0.into(), NEVER.1.into()));
    refuses_who_can(&desk, "is signed by no key of the trust root");
    update(&desk);
    assert_eq!(standing(&desk), (NEVER.0.into(), NEVER.1.into()));
}

#[test]
fn what_was_revoked_by_signature_is_not_as_before() {
    let desk = approved();
    let _ = desk
        .writ(&["grant", "revoke", ".", "files", "--key", "alice"])
        .expect(0);
    assert_eq!(standing(&desk), (NEVER.0.into(), NEVER.1.into()));
    refuses_who_can(&desk, "was revoked by alice+");
    update(&desk);
    assert_eq!(standing(&desk), (NEVER.0.into(), NEVER.1.into()));
}

#[test]
fn in_strict_mode_an_unsigned_writ_was_never_approved() {
    let desk = approved();
    let digest = desk.digest();
    fs::remove_dir_all(desk.app.path().join("writs")).expect("folders can be removed");
    desk.app.write(
        "grants.toml",
        &format!(
            "version = 1\n\n[[writ]]\nplugin = \"files\"\nversion = \"0.1.0\"\ndigest = \"sha256:{digest}\"\n\n\
             [[writ.grant]]\ncapability = \"fs:read:/in\"\nfolder = \"data\"\n"
        ),
    );
    assert_eq!(standing(&desk), (NEVER.0.into(), NEVER.1.into()));
    refuses_who_can(&desk, "has no signed writ");
    update(&desk);
    assert_eq!(standing(&desk), (NEVER.0.into(), NEVER.1.into()));
    // Where unsigned writs count, it is one.
    desk.change("writ.toml", "strict = true", "strict = false");
    assert_eq!(standing(&desk).1, "as before");
}

/// Nobody has any authority, and it says why.
fn refuses_who_can(desk: &Desk, because: &str) {
    let said = desk
        .writ(&["grant", "who-can", "fs:read", "--json"])
        .expect(0)
        .json();
    assert_eq!(said["who"], json!([]), "{said}");
    let refused = said["refused"].as_array().expect("a list");
    let files = refused.iter().find(|one| one["plugin"] == "files");
    let text = files.expect("it is refused")["because"]
        .as_str()
        .expect("a text");
    has(text, &[because]);
}

/// Two minutes from now, which a host still takes for the same time.
#[expect(
    clippy::disallowed_methods,
    reason = "the calendar is another program's"
)]
fn soon() -> String {
    let mut date = Command::new("date");
    date.args(["-u", "-d", "+2 minutes", "+%Y-%m-%dT%H:%M:%S.000Z"]);
    let said = date.output().expect("`date` is there").stdout;
    String::from_utf8(said)
        .expect("times are text")
        .trim()
        .to_owned()
}

#[test]
fn a_revocation_reaches_what_was_approved_by_a_clock_that_is_ahead() {
    let desk = approved();
    let paper = desk.paper("");
    let mut ahead = statement(&desk.read(&paper));
    ahead["predicate"]["approved"] = soon().into();
    desk.app
        .write(&paper, &Key::of(&desk, "alice").envelope(&ahead));
    let _ = desk.run().expect(0);
    let _ = desk
        .writ(&["grant", "revoke", ".", "files", "--key", "alice"])
        .expect(0);
    refused(
        desk.writ(&["run", "."]),
        4,
        &["was revoked by alice+"],
        &["do not use it"],
    );
}

#[test]
fn a_forged_revocation_keeps_no_real_one_away() {
    let desk = approved();
    let good = statement(&desk.read(&desk.paper("")));
    let forged = stranger(&desk).envelope(&json!({
        "_type": good["_type"],
        "subject": good["subject"],
        "predicateType": "https://writ.example/revocation/v1",
        "predicate": { "revoked": "2099-01-01T00:00:00.000Z" },
    }));
    desk.app.write("writs/forged.dsse.json", &forged);
    let unknown = "the revocation of plugin files is signed by no key of the trust root";
    refused(desk.writ(&["run", "."]), 4, &[unknown], &["help: "]);
    let revoke = ["grant", "revoke", ".", "files", "--key", "alice", "--json"];
    assert_eq!(desk.writ(&revoke).expect(0).json()["revoked"], 1);
    desk.remove("writs/forged.dsse.json");
    refused(
        desk.writ(&["run", "."]),
        4,
        &["was revoked by alice+"],
        &["do not use it"],
    );
    // Once is enough.
    assert_eq!(
        desk.writ(&["grant", "revoke", "--key", "alice", "--json"])
            .expect(0)
            .json()["revoked"],
        1,
        "the workflow's is left"
    );
}

#[test]
fn a_paper_that_cannot_be_read_is_not_passed_over() {
    for strict in [true, false] {
        let desk = approved();
        if !strict {
            desk.change("writ.toml", "strict = true", "strict = false");
        }
        let _ = desk.run().expect(0);
        let paper = desk.paper(".revoked");
        let path = desk.app.path().join(&paper);
        let refuses = |place: &str, why: &str| {
            refused(desk.writ(&["run", "."]), 4, &[place, why], &["help: "]);
        };
        symlink("nowhere", &path).expect("links can be made");
        refuses(&paper, "this paper can't be read");
        fs::remove_file(&path).expect("links can be removed");
        fs::create_dir(&path).expect("folders can be made");
        refuses(&paper, "it is no file");
        fs::remove_dir(&path).expect("folders can be removed");
        // The same beside a component.
        let beside = desk
            .app
            .path()
            .join("sources/files/target/files.wasm.dsse.json");
        symlink("nowhere", &beside).expect("links can be made");
        refuses("files.wasm.dsse.json", "this paper can't be read");
        fs::remove_file(&beside).expect("links can be removed");
        let _ = desk.run().expect(0);
        // And of the folder itself.
        let (writs, kept) = (desk.app.path().join("writs"), desk.app.path().join("kept"));
        fs::rename(&writs, &kept).expect("folders can be moved");
        for other in [kept.join("nowhere"), desk.app.path().join("writ.toml")] {
            symlink(other, &writs).expect("links can be made");
            refused(
                desk.writ(&["run", "."]),
                2,
                &["cannot read ", "writs"],
                &["help: "],
            );
            fs::remove_file(&writs).expect("links can be removed");
        }
    }
}
