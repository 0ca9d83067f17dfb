//! Keys at rest: what opens, what does not, and that nothing of the key is said.

use super::*;

const SEED: [u8; 32] = [0x5a; 32];
const FRESH: Fresh = Fresh {
    salt: [1; SALT_BYTES],
    nonce: [2; NONCE_BYTES],
};

fn key() -> SecretKey {
    SecretKey::from_seed("alice".parse().unwrap(), &SEED)
}

fn sealed() -> String {
    KeyFile::seal(&key(), Some(b"correct horse"), &FRESH)
        .unwrap()
        .to_string()
}

fn why(text: &str) -> KeyFileError {
    KeyFile::parse(text).err().expect("refused")
}

#[test]
fn a_sealed_key_opens_with_its_passphrase_only() {
    let text = sealed();
    assert!(!text.contains(&base64(&SEED)), "the seed is not in it");
    let file = KeyFile::parse(&text).unwrap();
    assert!(file.is_sealed() && file.public() == key().public());
    let opened = file.open(Some(b"correct horse")).unwrap();
    assert_eq!(opened.sign(b"x"), key().sign(b"x"));
    let public = key().public().hint();
    assert_eq!(
        file.open(Some(b"wrong")).err(),
        Some(KeyFileError::Passphrase(public.clone()))
    );
    assert_eq!(
        file.open(None).err(),
        Some(KeyFileError::NoPassphrase(public))
    );
    assert_eq!(file.open(Some(b"")).err(), Some(KeyFileError::Unfit));
}

#[test]
fn an_open_key_needs_none() {
    let text = KeyFile::seal(&key(), None, &FRESH).unwrap();
    let file = KeyFile::parse(&text).unwrap();
    assert!(!file.is_sealed());
    assert_eq!(file.open(None).unwrap().public(), key().public());
    let other = SecretKey::from_seed("alice".parse().unwrap(), &[1; 32]);
    let swapped = text.replace(&base64(&SEED), &base64(&[1; 32]));
    assert_eq!(
        KeyFile::parse(&swapped).unwrap().open(None).err(),
        Some(KeyFileError::OtherKey(key().public().hint()))
    );
    assert_ne!(other.public(), key().public());
}

#[test]
fn a_changed_file_opens_nothing() {
    let (text, public) = (sealed(), key().public().to_string());
    let other = SecretKey::from_seed("alice".parse().unwrap(), &[1; 32])
        .public()
        .to_string();
    let cases = [
        text.replace(&public, &other),
        text.replace("passes = 3", "passes = 2"),
        text.replace("memory_kib = 65536", "memory_kib = 65535"),
        text.replace("lanes = 4", "lanes = 2"),
        text.replace(&base64(&FRESH.salt), &base64(&[3; SALT_BYTES])),
        text.replace(&base64(&FRESH.nonce), &base64(&[3; NONCE_BYTES])),
    ];
    for changed in cases {
        assert_ne!(changed, text);
        let file = KeyFile::parse(&changed).unwrap();
        assert!(
            matches!(
                file.open(Some(b"correct horse")).err(),
                Some(KeyFileError::Passphrase(_))
            ),
            "{changed}"
        );
    }
}

#[test]
fn what_would_cost_too_much_is_not_tried() {
    let text = sealed();
    for (from, to) in [
        ("memory_kib = 65536", "memory_kib = 4000000"),
        ("passes = 3", "passes = 0"),
        ("passes = 3", "passes = 17"),
        ("lanes = 4", "lanes = 1000"),
    ] {
        assert!(
            matches!(why(&text.replace(from, to)), KeyFileError::Bounds { .. }),
            "{to}"
        );
    }
}

#[test]
fn what_is_no_key_file_is_refused_without_quoting_it() {
    let (text, open) = (
        sealed(),
        KeyFile::seal(&key(), None, &FRESH).unwrap().to_string(),
    );
    let cases = [
        "x".repeat(KEY_FILE_BYTES_MAX + 1),
        String::new(),
        open.replace("seed = ", "sede = "),
        open.replace("version = 1", "version = 2"),
        text.replace("argon2id", "scrypt"),
        text.replace("salt = \"", "salt = \"A"),
        format!("seed = \"{}\"\n{text}", base64(&SEED)),
        open.replace(&base64(&SEED), &base64(&[0x5a; 31])),
    ];
    for case in cases {
        let said = why(&case).to_string();
        assert!(matches!(why(&case), KeyFileError::Form(_)), "{said}");
        assert!(!said.contains(&base64(&SEED)[..20]), "{said}");
    }
}
