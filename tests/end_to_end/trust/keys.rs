//! Keys at rest: who can read them, what opens them, and that nothing secret is said anywhere.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::{Desk, READ, desk::has, desk::refused};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path)
        .expect("it is there")
        .permissions()
        .mode()
        & 0o777
}

#[test]
fn a_sealed_key_signs_with_its_passphrase_only() {
    let desk = Desk::strict(READ);
    let new = [
        "key",
        "new",
        "alice",
        "--role",
        "reviewer",
        "--passphrase-fd",
        "0",
    ];
    refused(
        desk.writ_with(&new, "\n"),
        2,
        &["the passphrase is empty"],
        &["--no-passphrase"],
    );
    refused(
        desk.writ(&["key", "new", "alice"]),
        2,
        &["no terminal to ask on"],
        &["--passphrase-fd"],
    );
    let made = desk.writ_with(&new, "correct horse\nignored").expect(0);
    assert!(!made.err.contains("not sealed"), "{}", made.err);
    assert_eq!(
        (
            mode(&desk.key_folder()),
            mode(&desk.key_folder().join("alice.key"))
        ),
        (0o700, 0o600)
    );
    refused(
        desk.writ_with(&new, "other"),
        2,
        &["there is a key `alice` already"],
        &["another name"],
    );

    let approve = [
        "grant",
        "approve",
        ".",
        "--all-requested",
        "--key",
        "alice",
        "--passphrase-fd",
        "0",
    ];
    refused(
        desk.writ_with(&approve, "wrong"),
        2,
        &["the passphrase does not open the key alice+"],
        &["try again"],
    );
    refused(
        desk.writ(&approve[..6]),
        2,
        &["no terminal to ask on"],
        &["--passphrase-fd"],
    );
    assert!(
        !desk.app.path().join("writs").exists(),
        "nothing was written"
    );
    let _ = desk.writ_with(&approve, "correct horse").expect(0);
    assert_eq!(desk.run().expect(0).json()["output"], "hello");

    let listed = desk.writ(&["key", "list", "--json"]).expect(0).json();
    assert_eq!(
        (&listed[0]["name"], &listed[0]["sealed"]),
        (&"alice".into(), &true.into())
    );
    assert_eq!(desk.writ(&["key", "show", "alice"]).expect(0).out, made.out);
    refused(
        desk.writ(&["key", "show", "bob"]),
        2,
        &["there is no key `bob`"],
        &["writ key new"],
    );
    refused(
        desk.writ(&["key", "new", "../x", "--no-passphrase"]),
        2,
        &["a key's name is"],
        &[],
    );
    refused(
        desk.writ(&["key", "new", "a/b", "--no-passphrase"]),
        2,
        &["no `/` in its name"],
        &[],
    );
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let desk = Desk::strict(READ);
    let _ = desk.key("alice", "reviewer");
    let (folder, file) = (desk.key_folder(), desk.key_folder().join("alice.key"));
    let open = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours")
    };
    let approve = ["grant", "approve", ".", "--all-requested", "--key", "alice"];
    open(&file, 0o640);
    refused(
        desk.writ(&approve),
        4,
        &["alice.key is open to others (mode 640)"],
        &["chmod 600"],
    );
    open(&file, 0o600);
    open(&folder, 0o755);
    refused(
        desk.writ(&approve),
        4,
        &["keys is open to others (mode 755)"],
        &["chmod 700"],
    );
    open(&folder, 0o700);
    let _ = desk.writ(&approve).expect(0);
}

#[test]
fn a_key_can_come_through_a_file_descriptor() {
    let desk = Desk::strict(READ);
    let _ = desk.key("alice", "reviewer");
    let text = fs::read_to_string(desk.key_folder().join("alice.key")).expect("it is there");
    let approve = ["grant", "approve", ".", "--all-requested", "--key-fd", "0"];
    refused(
        desk.writ_with(&approve, "version = 1"),
        2,
        &["file descriptor 0: this is no key file"],
        &[],
    );
    let _ = desk.writ_with(&approve, &text).expect(0);
    let _ = desk.run().expect(0);
}

#[test]
fn nothing_secret_is_said_or_written() {
    let desk = Desk::strict(READ);
    let made = desk
        .writ(&[
            "key",
            "new",
            "alice",
            "--no-passphrase",
            "--role",
            "reviewer",
            "--json",
        ])
        .expect(0);
    let file: toml::Table = fs::read_to_string(desk.key_folder().join("alice.key"))
        .expect("it is there")
        .parse()
        .expect("key files are TOML");
    let seed = file["seed"].as_str().expect("a seed").to_owned();
    let mut said = vec![made];
    for arguments in [
        &["key", "list"][..],
        &["key", "show", "alice", "--json"],
        &["grant", "approve", ".", "--all-requested", "--key", "alice"],
        &["grant", "list", "--json"],
        &["run", "."],
        &["doctor"],
        &["grant", "revoke", "--key", "alice", "--reason", "the end"],
    ] {
        said.push(desk.writ(arguments).expect(0));
    }
    fs::write(
        desk.key_folder().join("alice.key"),
        format!("version = 1\npublic = \"x\"\nseed = \"{seed}\"\nbad"),
    )
    .expect("it is ours");
    said.push(desk.writ(&["key", "show", "alice"]).expect(2));
    for said in &said {
        assert!(
            !said.out.contains(&seed) && !said.err.contains(&seed),
            "{said:?}"
        );
    }
    let raw =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &seed).expect("base64");
    for path in files(desk.app.path()) {
        let bytes = fs::read(&path).expect("files can be read");
        let holds = |secret: &[u8]| bytes.windows(secret.len()).any(|part| part == secret);
        assert!(
            !holds(seed.as_bytes()) && !holds(&raw),
            "{}",
            path.display()
        );
    }
}

#[test]
fn trust_roots_are_edited_and_read_strictly() {
    let desk = Desk::strict(READ);
    let public = desk.key("alice", "reviewer");
    let _ = desk
        .writ(&["key", "new", "bob", "--no-passphrase"])
        .expect(0);
    desk.change("trust.toml", "epoch = 1", "epoch = 7 # moved on");
    let said = desk
        .writ(&[
            "key", "trust", "bob", "--role", "author", "--role", "auditor",
        ])
        .expect(0);
    has(&said.out, &["trust.toml trusts bob+", "as author, auditor"]);
    let _ = desk
        .writ(&["key", "trust", &public, "--role", "author"])
        .expect(0);
    let root = desk.read("trust.toml");
    has(
        &root,
        &[
            "epoch = 7 # moved on",
            "roles = [\"reviewer\", \"author\"]",
            "roles = [\"author\", \"auditor\"]",
        ],
    );
    refused(
        desk.writ(&[
            "key",
            "trust",
            &public.replace("alice", "mallory"),
            "--role",
            "author",
        ]),
        2,
        &["the id in this public key should be"],
        &[],
    );
    refused(
        desk.writ(&["key", "trust", &public, "--role", "king"]),
        2,
        &["invalid value 'king'"],
        &[],
    );
    desk.change("trust.toml", "epoch = 7 # moved on", "epohc = 7");
    refused(
        desk.writ(&["run", "."]),
        2,
        &["trust.toml:4:1: unknown field `epohc`"],
        &[],
    );
    desk.remove("trust.toml");
    refused(desk.writ(&["run", "."]), 2, &["trust.toml"], &[]);
}

#[test]
fn a_blank_file_is_one_to_begin_with() {
    let desk = Desk::strict(READ);
    desk.app.write("trust.toml", "# ours\n");
    refused(
        desk.writ(&["run", "."]),
        2,
        &["trust.toml:"],
        &["writ key trust PUBLIC --role ROLE"],
    );
    let _ = desk.key("alice", "reviewer");
    has(
        &desk.read("trust.toml"),
        &["version = 1", "# ours", "public = \"alice+"],
    );
}

/// Whoever mends what was wrong and tries again must not be told that the key is there already.
#[test]
fn a_key_that_cannot_be_trusted_is_not_made() {
    let desk = Desk::strict(READ);
    desk.app.write("broken.toml", "version = 9\n");
    for (root, place) in [
        ("broken.toml", "broken.toml"),
        ("sources", "sources"),
        ("broken.toml/below", "broken.toml"),
    ] {
        let new = ["key", "new", "alice", "--role", "reviewer", "--root", root];
        let said = desk.writ(&[&new[..], &["--no-passphrase"]].concat());
        refused(said, 2, &[place], &[]);
        // There is no terminal to ask on, and nothing to ask for.
        let said = desk.writ(&new).expect(2);
        assert!(
            root.ends_with("below") || !said.err.contains("terminal"),
            "{}",
            said.err
        );
    }
    let said = desk.writ(&["key", "new", "a b"]).expect(2);
    assert!(!said.err.contains("terminal"), "{}", said.err);
    assert_eq!(desk.writ(&["key", "list"]).expect(0).out, "");
}
