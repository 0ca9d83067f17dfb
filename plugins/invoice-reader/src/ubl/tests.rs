//! Reading the example's documents, and documents that are wrong in one way each.

use super::*;

fn example(file: &str) -> Vec<u8> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/invoice-triage/inbox"
    );
    std::fs::read(format!("{folder}/{file}")).unwrap()
}

fn correct() -> String {
    String::from_utf8(example("hafenlicht-2025-0117.xml")).unwrap()
}

fn problem(text: &str) -> (String, Option<u32>) {
    match read("x.xml", text.as_bytes()) {
        Err(ExtractError::Malformed(problem)) => (problem.reason, problem.line),
        other => panic!("{other:?}"),
    }
}

fn unsupported(text: &str) -> String {
    match read("x.xml", text.as_bytes()) {
        Err(ExtractError::Unsupported(what)) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_invoice_is_read_as_it_says() {
    let invoice = read("a.xml", &example("hafenlicht-2025-0117.xml")).unwrap();
    assert_eq!(
        (invoice.file.as_str(), invoice.kind),
        ("a.xml", Kind::Invoice)
    );
    assert_eq!(
        (invoice.number.as_str(), invoice.issued.as_str()),
        ("2025-0117", "2025-03-03")
    );
    assert_eq!(
        (invoice.due.as_deref(), invoice.order.as_deref()),
        (Some("2025-04-02"), Some("PO-4501"))
    );
    assert_eq!(
        (invoice.supplier.id.as_str(), invoice.supplier.name.as_str()),
        ("DE811234567", "Hafenlicht Elektro GmbH")
    );
    assert_eq!((invoice.currency.as_str(), invoice.corrects), ("EUR", None));
    assert_eq!(invoice.lines.len(), 3);
    let line = &invoice.lines[1];
    assert_eq!(
        (
            line.quantity.as_str(),
            line.price.as_str(),
            line.amount.as_str()
        ),
        ("6", "129.00", "774.00")
    );
    assert_eq!(
        (
            invoice.taxes[0].percent.as_str(),
            invoice.totals.payable.as_str()
        ),
        ("19", "2420.46")
    );
    assert_eq!(invoice.digest.len(), 64);
}

#[test]
fn a_credit_note_names_what_it_corrects() {
    let invoice = read("c.xml", &example("hafenlicht-credit-2025-0009.xml")).unwrap();
    assert_eq!(
        (invoice.kind, invoice.corrects.as_deref()),
        (Kind::CreditNote, Some("2025-0117"))
    );
    assert_eq!(
        (invoice.due, invoice.lines[0].quantity.as_str()),
        (None, "2")
    );
}

#[test]
fn totals_keep_allowance_charge_and_prepayment() {
    let totals = read("v.xml", &example("de-vries-R2025-031.xml"))
        .unwrap()
        .totals;
    assert_eq!(
        (
            totals.allowances.as_str(),
            totals.charges.as_str(),
            totals.prepaid.as_str()
        ),
        ("240.00", "165.00", "1500.00")
    );
    assert_eq!(totals.rounding, "0");
}

#[test]
fn five_hundred_lines_and_other_line_ends_are_nothing_special() {
    assert_eq!(
        read("b.xml", &example("bergmann-2025-4410.xml"))
            .unwrap()
            .lines
            .len(),
        500
    );
    assert_eq!(
        read("p.xml", &example("papier-und-mehr-8841.xml"))
            .unwrap()
            .taxes
            .len(),
        2
    );
}

#[test]
fn copies_differ_by_their_digest() {
    let digest = |file| read(file, &example(file)).unwrap().digest;
    assert_ne!(
        digest("steinbach-2025-209.xml"),
        digest("steinbach-2025-209-copy.xml")
    );
}

#[test]
fn prefixes_do_not_matter_and_namespaces_do() {
    let text = correct();
    let other = text
        .replace("cbc:", "b:")
        .replace("xmlns:cbc", "xmlns:b")
        .replace("cac:", "a:")
        .replace("xmlns:cac", "xmlns:a");
    assert_ne!(other, text);
    assert_eq!(read("x.xml", other.as_bytes()).unwrap().number, "2025-0117");
    let foreign = text.replace("xsd:Invoice-2", "xsd:Invoice-1");
    assert!(unsupported(&foreign).contains("neither a UBL 2 Invoice nor a CreditNote"));
}

#[test]
fn a_broken_document_is_told_with_its_line() {
    let text = String::from_utf8(example("kabelwerk-77121.xml")).unwrap();
    let (reason, line) = problem(&text);
    assert!(!reason.is_empty());
    assert!(line.is_some_and(|line| line > 80), "{line:?}");
    assert_eq!(problem("").1, Some(1));
}

#[test]
fn what_is_missing_or_no_number_is_named() {
    let text = correct();
    let without = text.replace("<cbc:IssueDate>2025-03-03</cbc:IssueDate>", "");
    assert_eq!(
        problem(&without),
        ("Invoice has no IssueDate".to_owned(), Some(2))
    );
    let (reason, _) = problem(&text.replace("2025-03-03", "03.03.2025"));
    assert_eq!(
        reason,
        "IssueDate: \"03.03.2025\" is not a date such as 2025-03-31"
    );
    let (reason, _) = problem(&text.replace(">2420.46<", ">2.420,46<"));
    assert!(reason.contains("is not a decimal number"), "{reason}");
    let (reason, _) = problem(&text.replace("<cbc:ID>2025-0117</cbc:ID>", "<cbc:ID> </cbc:ID>"));
    assert_eq!(reason, "ID: it is empty");
    let (reason, _) = problem(&text.replace("InvoiceLine", "OtherLine"));
    assert_eq!(reason, "Invoice has no InvoiceLine");
}

#[test]
fn entities_are_not_expanded() {
    let bomb =
        "<!DOCTYPE Invoice [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b SYSTEM \"file:///etc/passwd\">]>";
    let text = correct()
        .replace("?>", &format!("?>{bomb}"))
        .replace(">2025-0117<", ">&b;<");
    let (reason, _) = problem(&text);
    assert!(reason.to_lowercase().contains("dtd"), "{reason}");
}

#[test]
fn amounts_are_in_the_document_s_currency() {
    let text = correct().replacen("currencyID=\"EUR\"", "currencyID=\"USD\"", 1);
    assert!(unsupported(&text).contains("is in USD, the document in EUR"));
    let (reason, _) = problem(&correct().replacen(" currencyID=\"EUR\"", "", 1));
    assert_eq!(reason, "TaxAmount: it has no currencyID");
}

#[test]
fn bytes_that_are_not_utf8_and_endless_text_are_refused() {
    match read("x.xml", b"<a>\n\xff</a>") {
        Err(ExtractError::Malformed(problem)) => assert_eq!(problem.line, Some(2)),
        other => panic!("{other:?}"),
    }
    let (reason, _) =
        problem(&correct().replace(">2025-0117<", &format!(">{}<", "9".repeat(1_001))));
    assert_eq!(reason, "ID: it is longer than 1000 bytes");
}

#[test]
fn deep_nesting_ends_in_an_answer() {
    let text = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    assert!(read("x.xml", text.as_bytes()).is_err());
}
