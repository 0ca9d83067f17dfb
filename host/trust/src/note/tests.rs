//! Signed notes: the examples of others, and what is refused.

use proptest::prelude::*;

use super::*;

const NEUMANN: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const EXAMPLE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn key(name: &str, seed: u8) -> SecretKey {
    SecretKey::from_seed(name.parse().unwrap(), &[seed; 32])
}

#[test]
fn the_example_of_the_note_package_holds() {
    let key: PublicKey = NEUMANN.parse().unwrap();
    let note = Note::parse(EXAMPLE).unwrap();
    assert!(note.text().ends_with("your problem is.\n"));
    assert_eq!(note.verify(&[&key]), Ok(vec![&key]));
    assert_eq!(note.write(), EXAMPLE);
}

#[test]
fn texts_may_have_blank_lines_and_several_signers() {
    let (a, b, c) = (key("a", 1), key("b.example/log", 2), key("c", 3));
    let text = "origin\n\n3\n\nlast\n";
    let note = Note::parse(&Note::sign(text, &[&a]).unwrap()).unwrap();
    assert_eq!(note.text(), text);
    let both = Note::parse(&note.and_signed(&[&b, &a]).unwrap()).unwrap();
    assert_eq!(both.signatures().len(), 2, "a signed already");
    assert_eq!(
        both.verify(&[a.public(), b.public()]).unwrap(),
        [a.public(), b.public()]
    );
    assert_eq!(
        both.verify(&[b.public(), c.public()]).unwrap(),
        [b.public()]
    );
    assert_eq!(
        both.verify(&[c.public()]).unwrap_err().to_string(),
        format!(
            "the note is not signed by any key that is trusted for it; it is signed by {}, {}",
            a.public().hint(),
            b.public().hint()
        )
    );
}

#[test]
fn a_failing_signature_of_a_known_key_refuses_all() {
    let (a, b) = (key("a", 1), key("b", 2));
    let note = Note::sign("x\n", &[&a, &b]).unwrap();
    let other = Note::sign("y\n", &[&b]).unwrap();
    let of_b = |note: &str| note.lines().last().unwrap().to_owned();
    let forged = Note::parse(&note.replace(&of_b(&note), &of_b(&other))).unwrap();
    assert_eq!(
        forged.verify(&[a.public(), b.public()]),
        Err(NoteError::Altered {
            by: b.public().hint()
        })
    );
    assert_eq!(forged.verify(&[a.public()]).unwrap(), [a.public()]);
}

#[test]
fn a_line_that_claims_a_key_does_not_keep_it_from_signing() {
    let (a, b) = (key("a", 1), key("b", 2));
    let whole = Note::sign("x\n", &[&a]).unwrap();
    let of_b = |text: &str| {
        let note = Note::sign(text, &[&b]).unwrap();
        format!("{}\n", note.lines().last().unwrap())
    };
    let mut both = None;
    for bogus in [
        of_b("y\n"),
        format!("{0}{0}", of_b("y\n")),
        of_b("x\n") + &of_b("y\n"),
    ] {
        let claimed = Note::parse(&format!("{whole}{bogus}")).unwrap();
        assert!(claimed.verify(&[b.public()]).is_err());
        let signed = Note::parse(&claimed.and_signed(&[&b]).unwrap()).unwrap();
        assert_eq!(
            signed.verify(&[a.public(), b.public()]).unwrap(),
            [a.public(), b.public()]
        );
        assert_eq!(signed.signatures().len(), 2);
        assert_eq!(*both.get_or_insert_with(|| signed.clone()), signed);
    }
}

#[test]
fn what_is_no_note_is_refused() {
    let good = Note::sign("x\n", &[&key("a", 1)]).unwrap();
    let line = good.lines().last().unwrap();
    for (text, error) in [
        (String::new(), NoteError::Text),
        ("x\n".to_owned(), NoteError::Unsigned),
        ("x\n\n".to_owned(), NoteError::Unsigned),
        (good.trim_end().to_owned(), NoteError::Text),
        (good.replace('x', "\u{1}"), NoteError::Text),
        (good.replace('\n', "\r\n"), NoteError::Text),
        (good.replace("— ", "- "), NoteError::Signature { line: 1 }),
        (
            good.replace("— a", "— a+b"),
            NoteError::Signature { line: 1 },
        ),
        (
            good.replace("— a", "— a b"),
            NoteError::Signature { line: 1 },
        ),
        (
            format!("{good}— a AAAA\n"),
            NoteError::Signature { line: 2 },
        ),
        (
            format!("x\n\n{}", format!("{line}\n").repeat(101)),
            NoteError::TooMany,
        ),
        (
            "x\n".repeat(NOTE_BYTES_MAX),
            NoteError::TooLong {
                bytes: 2 * NOTE_BYTES_MAX,
            },
        ),
    ] {
        assert_eq!(Note::parse(&text), Err(error), "{text:.60}");
    }
    for text in ["", "\n", "no newline", "tab\t\n", "DSSEv1 1 x 1 y\n"] {
        assert_eq!(
            Note::sign(text, &[&key("a", 1)]),
            Err(NoteError::Text),
            "{text:?}"
        );
    }
    assert_eq!(Note::sign("x\n", &[]), Err(NoteError::Unsigned));
}

proptest! {
    #[test]
    fn one_changed_byte_is_refused(at in 0..400usize, with in any::<u8>()) {
        let (a, b) = (key("a", 1), key("b", 2));
        let note = Note::sign("origin\n\n42\nroot hash\n", &[&a, &b]).unwrap();
        let mut bytes = note.clone().into_bytes();
        let at = at % bytes.len();
        prop_assume!(bytes[at] != with);
        bytes[at] = with;
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        // Where a signature's own name or id was changed it is a stranger's; nothing else that is accepted differs.
        if let Ok(read) = Note::parse(&text)
            && let Ok(by) = read.verify(&[a.public(), b.public()])
        {
            prop_assert_eq!(read.text(), "origin\n\n42\nroot hash\n");
            prop_assert_eq!(by.len(), 1);
        }
    }

    #[test]
    fn reading_never_panics(text in "(\\PC|\n|— ){0,200}") {
        let _ = Note::parse(&text);
    }

    #[test]
    fn signed_notes_are_read_back(text in "([ -~]|\n){1,80}\n") {
        let a = key("a", 1);
        prop_assume!(!text.starts_with("DSSEv1 "));
        let note = Note::parse(&Note::sign(&text, &[&a]).unwrap()).unwrap();
        prop_assert_eq!(note.text(), text);
        prop_assert!(note.verify(&[a.public()]).is_ok());
    }
}
