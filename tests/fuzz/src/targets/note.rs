//! Signed notes, the form of checkpoints: what verifies under a key is what was signed with it, to the byte.

use std::sync::LazyLock;

use writ_trust::{Note, SecretKey};

use super::Target;
use crate::words;

pub(super) const TARGET: Target = Target {
    name: "note",
    check,
    seeds,
    words: &[
        "\n\n",
        "\u{2014} ",
        "log.example",
        "other.example",
        "+",
        "==",
        "\u{2014}",
        " ",
        "\r\n",
        "1204",
        "A",
    ],
    rounds: 1_500,
    bytes_max: 4_000,
};

static KEYS: LazyLock<[SecretKey; 2]> = LazyLock::new(|| {
    ["log.example", "other.example"]
        .map(|name| SecretKey::from_seed(name.parse().expect("a name"), &[5; 32]))
});

const TEXTS: [&str; 2] = [
    "log.example\n1204\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    "any text\n\nin two parts\n",
];

fn seeds() -> Vec<Vec<u8>> {
    let (one, both) = ([&KEYS[0]], [&KEYS[0], &KEYS[1]]);
    let notes = [
        Note::sign(TEXTS[0], &one),
        Note::sign(TEXTS[0], &both),
        Note::sign(TEXTS[1], &both),
    ];
    notes
        .map(|note| note.expect("the texts can be signed").into_bytes())
        .to_vec()
}

fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Note::parse(text) {
        Ok(note) => {
            assert!(
                text.starts_with(note.text()),
                "the text of a note is the beginning of it"
            );
            match note.verify(&[KEYS[0].public(), KEYS[1].public()]) {
                Ok(by) => assert!(
                    !by.is_empty() && TEXTS.contains(&note.text()),
                    "a note that nobody signed is believed"
                ),
                Err(error) => words::tame(&error.to_string()),
            }
            if let Ok(again) = note.and_signed(&[&KEYS[0]]) {
                let again = Note::parse(&again).expect("what was written can be read");
                assert_eq!(again.text(), note.text());
            }
        }
        Err(error) => words::tame(&error.to_string()),
    }
}
