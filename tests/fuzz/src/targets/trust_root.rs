//! `trust.toml`, public keys and key files: an error knows its place, keys have one spelling, thresholds can be reached.

use std::sync::LazyLock;

use writ_trust::{Fresh, KeyFile, PublicKey, Role, SecretKey, TrustRoot};

use super::Target;
use crate::words;

pub(super) const TARGET: Target = Target {
    name: "trust_root",
    check,
    seeds,
    words: &[
        "version = 1\n",
        "epoch = ",
        "separate = true\n",
        "[[key]]\n",
        "public = ",
        "roles = [",
        "\"author\"",
        "\"reviewer\"",
        "\"auditor\"",
        "threshold",
        "[thresholds]\n",
        "reviewer = 2",
        "not_before = ",
        "not_after = ",
        "2026-11-21T00:00:00Z",
        "alice+",
        "+A",
        "==",
        "\"\"\"",
        "argon2id",
        "m=",
        "t=",
        "p=",
    ],
    rounds: 2_000,
    bytes_max: 8_000,
};

static KEYS: LazyLock<[SecretKey; 2]> = LazyLock::new(|| {
    [("alice", 1), ("bob", 2)]
        .map(|(name, seed)| SecretKey::from_seed(name.parse().expect("a name"), &[seed; 32]))
});

fn seeds() -> Vec<Vec<u8>> {
    let [alice, bob] = [0, 1].map(|at| KEYS[at].public().to_string());
    let root = format!(
        "version = 1\nepoch = 3\nseparate = true\n\n[[key]]\npublic = \"{alice}\"\nroles = [\"reviewer\"]\nnot_before = \"2026-11-21T00:00:00Z\"\n\n\
         [[key]]\npublic = \"{bob}\"\nroles = [\"author\", \"auditor\"]\n"
    );
    let fresh = Fresh {
        salt: [1; 16],
        nonce: [2; 24],
    };
    let open = KeyFile::seal(&KEYS[0], None, &fresh).expect("a key can be kept");
    [root.as_str(), &alice, &open]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
}

fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match TrustRoot::parse(text) {
        Ok(root) => {
            for role in Role::ALL {
                let known = root.keys(role).count();
                assert!(
                    root.threshold(role) <= known.max(1),
                    "{} of {known} keys have to sign",
                    root.threshold(role)
                );
            }
        }
        Err(error) => {
            words::tame(&error.to_string());
            words::inside(text, error.line, error.column);
        }
    }
    match text.parse::<PublicKey>() {
        Ok(key) => assert_eq!(key.to_string(), text, "a key has one spelling"),
        Err(error) => words::tame(&error.to_string()),
    }
    match KeyFile::parse(text) {
        // Opening a sealed one takes long on purpose.
        Ok(file) if !file.is_sealed() => match file.open(None) {
            Ok(key) => assert_eq!(key.public(), file.public()),
            Err(error) => words::tame(&error.to_string()),
        },
        Ok(_) => {}
        Err(error) => words::tame(&error.to_string()),
    }
}
