//! Trust roots: what they say, and the place of what they can't say.

use super::*;
use crate::key::SecretKey;

fn line(name: &str, seed: u8) -> String {
    SecretKey::from_seed(name.parse().unwrap(), &[seed; 32])
        .public()
        .to_string()
}

fn key(name: &str, seed: u8, roles: &str) -> String {
    format!(
        "[[key]]\npublic = \"{}\"\nroles = [{roles}]\n",
        line(name, seed)
    )
}

fn root(rest: &str) -> Result<TrustRoot, RootError> {
    TrustRoot::parse(&format!("version = 1\nepoch = 3\n{rest}"))
}

#[test]
fn a_root_says_who_counts_for_what() {
    let two = key("alice", 1, "\"reviewer\"") + &key("bob", 2, "\"author\", \"auditor\"");
    let root = root(&two).unwrap();
    assert_eq!(root.epoch(), 3);
    assert_eq!(Role::ALL.map(|role| root.threshold(role)), [0, 1, 1]);
    let names = |role| {
        root.keys(role)
            .map(|key| key.name().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(Role::ALL.map(names), [["bob"], ["alice"], ["bob"]]);
    let alice = root.find(&line("alice", 1).parse().unwrap()).unwrap();
    assert_eq!(
        (
            alice.idle(Role::Reviewer, 0),
            alice.idle(Role::Author, 0).is_some()
        ),
        (None, true)
    );
}

#[test]
fn who_is_author_is_no_reviewer_where_the_root_says_so() {
    let apart = |keys: &str| root(&format!("separate = true\n{keys}"));
    let both = key("alice", 1, "\"reviewer\", \"author\"");
    let two = key("alice", 1, "\"reviewer\"") + &key("alice", 2, "\"author\"");
    for (keys, place) in [(&both, "5:10"), (&two, "8:10")] {
        assert!(root(keys).is_ok(), "nobody asked for it");
        let said = apart(keys).unwrap_err().to_string();
        assert!(
            said.starts_with(place) && said.contains("alice would be author and reviewer"),
            "{said}"
        );
    }
    let fine = key("alice", 1, "\"reviewer\", \"auditor\"") + &key("bob", 2, "\"author\"");
    assert!(apart(&fine).is_ok());
}

#[test]
fn keys_count_in_their_time() {
    let dated = key("alice", 1, "\"reviewer\"")
        + "not_before = \"1970-01-01T00:00:01Z\"\nnot_after = \"1970-01-01T00:00:02Z\"\n";
    let root = root(&dated).unwrap();
    let idle = |ms| root.all()[0].idle(Role::Reviewer, ms).unwrap_or_default();
    assert!(idle(999).contains("counts from 1970-01-01T00:00:01.000Z on"));
    assert_eq!((idle(1000), idle(1999)), (String::new(), String::new()));
    assert!(idle(2000).contains("counted until 1970-01-01T00:00:02.000Z"));
}

#[test]
fn what_no_root_can_say_has_a_place() {
    let alice = key("alice", 1, "\"reviewer\"");
    let cases = [
        (
            "version = 2\nepoch = 1\n".to_owned(),
            "1:11: version 2 of trust roots",
        ),
        ("version = 1\n".to_owned(), "missing field `epoch`"),
        (
            "version = 1\nepoch = 0\n".to_owned(),
            "2:9: epochs begin at 1",
        ),
        (
            "version = 1\nepoch = 1\nepohc = 1\n".to_owned(),
            "3:1: unknown field `epohc`",
        ),
        (
            format!(
                "version = 1\nepoch = 1\n{}",
                alice.replace("reviewer", "reviwer")
            ),
            "5:10: a role is one of",
        ),
        (
            format!("version = 1\nepoch = 1\n{}", key("a", 1, "")),
            "5:9: this key has no role",
        ),
        (
            format!(
                "version = 1\nepoch = 1\n{}",
                alice.replace("alice+", "malice+")
            ),
            "4:10: the id in this public key should be",
        ),
        // The same key under another name is not another party.
        (
            format!(
                "version = 1\nepoch = 1\n{alice}{}",
                key("eve", 1, "\"author\"")
            ),
            "7:10: this key is listed already, as alice+",
        ),
        (
            format!("version = 1\nepoch = 1\n[threshold]\nreviewer = 2\n{alice}"),
            "4:12: 2 reviewers have to sign, but the root names 1",
        ),
        // Nor are two keys of one name two parties.
        (
            format!(
                "version = 1\nepoch = 1\n[threshold]\nreviewer = 2\n{alice}{}",
                key("alice", 2, "\"reviewer\"")
            ),
            "4:12: 2 reviewers have to sign, but the root names 1",
        ),
        (
            format!("version = 1\nepoch = 1\n[threshold]\nreviewer = 0\n{alice}"),
            "4:12: at least 1 reviewer has to sign",
        ),
        (
            format!("version = 1\nepoch = 1\n{alice}not_after = \"soon\"\n"),
            "6:13: this is no time",
        ),
        (
            format!(
                "version = 1\nepoch = 1\n{alice}not_before = \"2026-01-01T00:00:00Z\"\nnot_after = \"2026-01-01T00:00:00Z\"\n"
            ),
            "7:13: this key ends before it begins",
        ),
        (
            format!("#{}", " ".repeat(ROOT_BYTES_MAX)),
            "1:1: a trust root has at most",
        ),
    ];
    for (text, expected) in cases {
        let said = TrustRoot::parse(&text).unwrap_err().to_string();
        assert!(said.contains(expected), "{said}\n{text:.400}");
    }
    let many: String = (0..=64).map(|i| key("k", i + 1, "\"author\"")).collect();
    assert!(
        root(&many)
            .unwrap_err()
            .to_string()
            .contains("more than 64 keys")
    );
}
