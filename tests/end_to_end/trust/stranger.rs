//! Signatures made and checked by the documented formats alone, without a line of the host: what another program would do.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::{Desk, READ, desk::refused};

/// A key as its unsealed file holds it.
pub(super) struct Key {
    pub(super) public: String,
    key: SigningKey,
}

impl Key {
    /// Reads the file of an unsealed key.
    pub(super) fn of(desk: &Desk, name: &str) -> Self {
        let text = std::fs::read_to_string(desk.key_folder().join(format!("{name}.key")))
            .expect("the key is there");
        let file: toml::Table = text.parse().expect("key files are TOML");
        let seed = STANDARD
            .decode(file["seed"].as_str().expect("an unsealed key"))
            .expect("base64");
        let key = SigningKey::from_bytes(&seed.try_into().expect("32 bytes"));
        Self {
            public: file["public"].as_str().expect("a line").to_owned(),
            key,
        }
    }

    fn hint(&self) -> String {
        self.public
            .splitn(3, '+')
            .take(2)
            .collect::<Vec<_>>()
            .join("+")
    }

    /// An envelope over any statement.
    pub(super) fn envelope(&self, statement: &Json) -> String {
        let payload = statement.to_string();
        let signature = self.key.sign(pae(payload.as_bytes()).as_slice()).to_bytes();
        json!({
            "payloadType": "application/vnd.in-toto+json",
            "payload": STANDARD.encode(payload),
            "signatures": [{ "keyid": self.hint(), "sig": STANDARD.encode(signature) }],
        })
        .to_string()
    }
}

fn pae(payload: &[u8]) -> Vec<u8> {
    let kind = "application/vnd.in-toto+json";
    [
        format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).as_bytes(),
        payload,
    ]
    .concat()
}

/// The statement inside an envelope.
pub(super) fn statement(envelope: &str) -> Json {
    let envelope: Json = serde_json::from_str(envelope).expect("envelopes are JSON");
    let payload = STANDARD
        .decode(envelope["payload"].as_str().expect("a payload"))
        .expect("base64");
    serde_json::from_slice(&payload).expect("statements are JSON")
}

#[test]
fn a_stranger_verifies_a_writ_by_the_documented_formats() {
    let desk = Desk::strict(READ);
    let public = desk.key("alice", "reviewer");
    desk.approve("alice");

    let mut parts = public.splitn(3, '+');
    let (name, id, key) = (
        parts.next().unwrap(),
        parts.next().unwrap(),
        parts.next().unwrap(),
    );
    let typed = STANDARD.decode(key).expect("base64");
    assert_eq!(typed[0], 1, "ed25519");
    let hash = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n'])
        .chain_update(&typed)
        .finalize();
    let expected: String = hash[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(id, expected);

    let text = desk.read(&desk.paper(""));
    let envelope: Json = serde_json::from_str(&text).expect("JSON");
    let payload = STANDARD
        .decode(envelope["payload"].as_str().unwrap())
        .expect("base64");
    let signature = STANDARD
        .decode(envelope["signatures"][0]["sig"].as_str().unwrap())
        .expect("base64");
    assert_eq!(envelope["signatures"][0]["keyid"], format!("{name}+{id}"));
    let key = VerifyingKey::from_bytes(typed[1..].try_into().unwrap()).expect("a key");
    key.verify_strict(&pae(&payload), &signature.as_slice().try_into().unwrap())
        .expect("the signature holds");

    let statement = statement(&text);
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["subject"][0]["digest"]["sha256"], desk.digest());
    assert_eq!(
        statement["predicate"]["grants"],
        json!([{ "capability": "fs:read:/in", "folder": "data" }])
    );
    assert_eq!(
        statement["predicate"]["requests"][0]["reason"],
        "what it reads"
    );
}

#[test]
fn what_a_stranger_signs_by_them_is_held_to_the_same_rules() {
    let desk = Desk::strict(READ);
    let _ = desk.key("alice", "reviewer");
    desk.approve("alice");
    let alice = Key::of(&desk, "alice");
    let paper = desk.paper("");
    let good = statement(&desk.read(&paper));
    desk.app.write(&paper, &alice.envelope(&good));
    assert_eq!(desk.run().expect(0).json()["output"], "hello");

    type Change = fn(&mut Json);
    let cases: [(Change, &str); 9] = [
        (
            |s| s["predicate"]["expires"] = "2020-01-01T00:00:00.000Z".into(),
            "expired 2020-01-01",
        ),
        (
            |s| s["predicate"]["approved"] = "2099-01-01T00:00:00.000Z".into(),
            "counts from 2099-01-01",
        ),
        (
            |s| s["predicate"]["epoch"] = 2.into(),
            "is of epoch 2, but the trust root is only at epoch 1",
        ),
        (
            |s| s["predicate"]["place"] = "elsewhere".into(),
            "is for the place elsewhere, but this is no named place",
        ),
        (
            |s| s["predicate"]["requests"] = json!([]),
            "lists other requests than its component",
        ),
        (
            |s| s["subject"][0]["name"] = "other".into(),
            "is for other 0.1.0",
        ),
        (
            |s| s["predicate"]["more"] = true.into(),
            "unknown field `more`",
        ),
        (
            |s| s["predicateType"] = "https://writ.example/writ/v2".into(),
            "its predicate is",
        ),
        // Wider than what was asked for: a signature makes no second key.
        (
            |s| s["predicate"]["grants"][0]["capability"] = "fs:read:/".into(),
            "whose author did not request it",
        ),
    ];
    for (change, why) in cases {
        let mut other = good.clone();
        change(&mut other);
        desk.app.write(&paper, &alice.envelope(&other));
        refused(desk.writ(&["run", "."]), 4, &[why], &["help: "]);
    }
}
