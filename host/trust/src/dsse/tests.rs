//! Envelopes: the specification's example, who signed, and what no change gets past.

use proptest::prelude::*;

use super::*;

fn key(name: &str, seed: u8) -> SecretKey {
    SecretKey::from_seed(name.parse().unwrap(), &[seed; 32])
}

fn hints(signers: &[&PublicKey]) -> Vec<String> {
    signers.iter().map(|key| key.name().to_string()).collect()
}

#[test]
fn the_encoding_of_the_specification() {
    assert_eq!(
        pae("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
    assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
    assert_eq!(pae("\u{e9}", b"\xff"), b"DSSEv1 2 \xc3\xa9 1 \xff");
}

#[test]
fn every_signer_is_found_and_strangers_are_passed_over() {
    let (a, b, c) = (key("a", 1), key("b", 2), key("c", 3));
    let envelope = Envelope::sign(b"{}".to_vec(), &[&a])
        .unwrap()
        .and_signed(&[&b, &a])
        .unwrap();
    assert_eq!(envelope.signature_count(), 2);
    let read = Envelope::parse(&envelope.to_json()).unwrap();
    assert_eq!(read, envelope);
    let of = |keys: &[&PublicKey]| hints(&read.signers(keys).unwrap());
    assert_eq!(of(&[a.public(), b.public(), c.public()]), ["b", "a"]);
    assert_eq!(of(&[b.public()]), ["b"]);
    assert_eq!(of(&[c.public()]), [""; 0]);
}

#[test]
fn a_hint_is_never_believed() {
    let (a, b) = (key("a", 1), key("b", 2));
    let envelope = Envelope::sign(b"{}".to_vec(), &[&a]).unwrap();
    let renamed = envelope
        .to_json()
        .replace(&a.public().hint(), &b.public().hint());
    let renamed = Envelope::parse(&renamed).unwrap();
    assert_eq!(
        hints(&renamed.signers(&[a.public(), b.public()]).unwrap()),
        ["a"]
    );
    assert_eq!(
        renamed.signers(&[b.public()]),
        Err(EnvelopeError::Altered {
            by: b.public().hint()
        })
    );
}

#[test]
fn other_spellings_of_the_same_are_read() {
    let a = key("a", 1);
    let json = Envelope::sign(vec![0xfb, 0xff, 0xbf], &[&a])
        .unwrap()
        .to_json();
    let url_safe = json.replace("+/", "-_").replace("\"+", "\"-");
    let without_hint = json.replace(&format!("\"keyid\": \"{}\",", a.public().hint()), "");
    for text in [url_safe, without_hint, json.replace('\n', " ")] {
        let read = Envelope::parse(&text).unwrap();
        assert_eq!(
            hints(&read.signers(&[a.public()]).unwrap()),
            ["a"],
            "{text}"
        );
    }
}

#[test]
fn what_is_no_envelope_is_refused() {
    let good = Envelope::sign(b"{}".to_vec(), &[&key("a", 1)])
        .unwrap()
        .to_json();
    let signature = &good[good.find('{').unwrap()..];
    let signature = &signature[signature.find("    {").unwrap()..signature.rfind(']').unwrap()];
    for (text, part) in [
        (String::new(), "this is no signed envelope"),
        ("[]".to_owned(), "this is no signed envelope"),
        (
            r#"["application/vnd.in-toto+json","e30=",[]]"#.to_owned(),
            "this is no signed envelope",
        ),
        (
            good.replace("\"payload\"", "\"payload\": \"e30=\", \"payload\""),
            "duplicate field",
        ),
        (
            good.replace("\"payload\"", "\"more\": 1, \"payload\""),
            "unknown field `more`",
        ),
        (
            good.replace("in-toto", "other"),
            "holds \"application/vnd.other+json\"",
        ),
        (good.replace("e30=", "e30"), "not base64"),
        (good.replace("e30=", "e31="), "not base64"),
        (good.replace(signature, ""), "1 to 16 signatures"),
        (
            good.replace(signature, &vec![signature; 17].join(",")),
            "1 to 16 signatures",
        ),
        (format!("{good}x"), "trailing characters"),
        (" ".repeat(ENVELOPE_BYTES_MAX + 1), "at most"),
    ] {
        let error = Envelope::parse(&text).unwrap_err().to_string();
        assert!(error.contains(part), "{error}\n{text:.300}");
    }
    assert_eq!(
        Envelope::sign(Vec::new(), &[]),
        Err(EnvelopeError::Signatures)
    );
}

proptest! {
    /// Every change of one byte is refused, or says the same of the same signers: the letters of white space and hints may differ.
    #[test]
    fn one_changed_byte_changes_no_verdict(at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let (a, b) = (key("a", 1), key("b", 2));
        let envelope = Envelope::sign(br#"{"subject":"x"}"#.to_vec(), &[&a, &b]).unwrap();
        let mut bytes = envelope.to_json().into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != with);
        bytes[at] = with;
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        if let Ok(read) = Envelope::parse(&text)
            && let Ok(signers) = read.signers(&[a.public(), b.public()])
        {
            prop_assert_eq!(read.payload(), envelope.payload());
            prop_assert_eq!(signers, [a.public(), b.public()]);
        }
    }

    #[test]
    fn reading_never_panics(text in "\\PC{0,200}") {
        let _ = Envelope::parse(&text);
    }
}
