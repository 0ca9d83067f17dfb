//! The promise of `pay`: whatever is called how often, at once or one after the other, a payment is filed once.

use std::{fs, path::Path, sync::Barrier, thread};

use super::*;
use crate::bindings::exports::writ::payment_queue::queue::{Kind, Supplier, Totals};

fn invoice(payable: &str) -> Invoice {
    let zero = || "0".to_owned();
    Invoice {
        file: "hafenlicht.xml".to_owned(),
        digest: "ab".repeat(32),
        kind: Kind::Invoice,
        number: "2025/0117".to_owned(),
        issued: "2025-03-03".to_owned(),
        due: None,
        currency: "EUR".to_owned(),
        order: Some("PO-4501".to_owned()),
        corrects: None,
        supplier: Supplier {
            id: "DE-1".to_owned(),
            name: "Hafenlicht".to_owned(),
            account: Some("DE02".to_owned()),
        },
        lines: Vec::new(),
        taxes: Vec::new(),
        totals: Totals {
            lines: zero(),
            allowances: zero(),
            charges: zero(),
            net: zero(),
            tax: zero(),
            gross: zero(),
            prepaid: zero(),
            rounding: zero(),
            payable: payable.to_owned(),
        },
    }
}

fn matched(invoice: &Invoice) -> Verdict {
    Verdict {
        outcome: Outcome::Matched,
        reasons: Vec::new(),
        digest: invoice.digest.clone(),
    }
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_payment_is_filed_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut invoice = invoice("100.00");
    assert!(matches!(
        pay(folder.path(), &invoice, &matched(&invoice)),
        Ok(Filing::Filed)
    ));
    // The same document under another name is the same payment.
    invoice.file = "copy.xml".to_owned();
    assert!(matches!(
        pay(folder.path(), &invoice, &matched(&invoice)),
        Ok(Filing::AlreadyFiled)
    ));
    assert_eq!(files(folder.path()), ["DE%2D1-2025%2F0117.json"]);
}

#[test]
fn another_payment_of_the_same_number_is_a_conflict_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (invoice("100.00"), invoice("900.00"));
    pay(folder.path(), &first, &matched(&first)).unwrap();
    let before = fs::read(folder.path().join("DE%2D1-2025%2F0117.json")).unwrap();
    assert!(matches!(
        pay(folder.path(), &second, &matched(&second)),
        Err(FilingError::Conflict(_))
    ));
    assert_eq!(
        fs::read(folder.path().join("DE%2D1-2025%2F0117.json")).unwrap(),
        before
    );
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn of_different_payments_at_once_exactly_one_is_filed_and_it_is_whole() {
    for _ in 0..50 {
        let folder = tempfile::tempdir().unwrap();
        let start = Barrier::new(4);
        let filed: usize = thread::scope(|scope| {
            let calls: Vec<_> = (0..4)
                .map(|amount| {
                    let (folder, start) = (folder.path(), &start);
                    scope.spawn(move || {
                        let invoice = invoice(&format!("{amount}00.00"));
                        start.wait();
                        usize::from(matches!(
                            pay(folder, &invoice, &matched(&invoice)),
                            Ok(Filing::Filed)
                        ))
                    })
                })
                .collect();
            calls.into_iter().map(|call| call.join().unwrap()).sum()
        });
        assert_eq!(filed, 1);
        let names = files(folder.path());
        assert_eq!(names.len(), 1, "{names:?}");
        let bytes = fs::read(folder.path().join(&names[0])).unwrap();
        let whole =
            (0..4).any(|amount| documents::payment(&invoice(&format!("{amount}00.00"))) == bytes);
        assert!(whole, "{}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_leftover_of_a_stopped_call_is_in_nobody_s_way() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder
            .path()
            .join(".DE%2D1-2025%2F0117.json.0000000000000000.tmp"),
        "half a pay",
    )
    .unwrap();
    let invoice = invoice("100.00");
    assert!(matches!(
        pay(folder.path(), &invoice, &matched(&invoice)),
        Ok(Filing::Filed)
    ));
    let bytes = fs::read(folder.path().join("DE%2D1-2025%2F0117.json")).unwrap();
    assert_eq!(bytes, documents::payment(&invoice));
}

#[test]
fn a_call_that_was_stopped_and_is_executed_again_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let temporary = folder.path().join(".a.json.0000000000000000.tmp");
    let add = || folder::add_through(&temporary, folder.path(), "a.json", b"whole");
    // Stopped in the middle of writing; then between the two names; then when another call had been quicker.
    fs::write(&temporary, b"wh").unwrap();
    assert!(matches!(add(), Ok(Filing::Filed)));
    fs::hard_link(folder.path().join("a.json"), &temporary).unwrap();
    assert!(matches!(add(), Ok(Filing::AlreadyFiled)));
    fs::write(&temporary, b"whole").unwrap();
    assert!(matches!(add(), Ok(Filing::AlreadyFiled)));
    assert_eq!(files(folder.path()), ["a.json"]);
    assert_eq!(fs::read(folder.path().join("a.json")).unwrap(), b"whole");
}

#[test]
fn only_a_matched_verdict_on_this_very_file_pays() {
    let folder = tempfile::tempdir().unwrap();
    let invoice = invoice("100.00");
    let discrepancy = Verdict {
        outcome: Outcome::Discrepancy,
        ..matched(&invoice)
    };
    let other = Verdict {
        digest: "cd".repeat(32),
        ..matched(&invoice)
    };
    for verdict in [discrepancy, other] {
        assert!(matches!(
            pay(folder.path(), &invoice, &verdict),
            Err(FilingError::NotMatched(_))
        ));
    }
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_review_is_replaced_by_a_newer_one() {
    let folder = tempfile::tempdir().unwrap();
    let put = |bytes: &[u8]| folder::put(folder.path(), "a.json", bytes);
    assert!(matches!(put(b"one"), Ok(Filing::Filed)));
    assert!(matches!(put(b"one"), Ok(Filing::AlreadyFiled)));
    assert!(matches!(put(b"two"), Ok(Filing::Filed)));
    assert_eq!(fs::read(folder.path().join("a.json")).unwrap(), b"two");
    assert_eq!(files(folder.path()), ["a.json"]);
}

#[test]
fn a_folder_that_is_gone_may_come_back() {
    let missing = Path::new("/nonexistent/payments");
    let invoice = invoice("100.00");
    assert!(matches!(
        pay(missing, &invoice, &matched(&invoice)),
        Err(FilingError::Unavailable(_))
    ));
}

#[test]
fn the_invoice_is_the_reader_s_word_for_word() {
    let invoice_of = |text: &str| {
        let start = text.find("    /// An invoice or a credit note.").unwrap();
        text[start..].to_owned()
    };
    let ours = include_str!("../wit/world.wit");
    assert_eq!(
        invoice_of(ours),
        invoice_of(include_str!("../../invoice-reader/wit/world.wit"))
    );
    let verdict = |text: &str| {
        let start = text.find("    /// What came of a check.").unwrap();
        let end = text[start..]
            .find("    /// A person has to look at it.")
            .unwrap();
        text[start..start + end].to_owned()
    };
    assert_eq!(
        verdict(ours),
        verdict(include_str!("../../invoice-checker/wit/world.wit"))
    );
}
