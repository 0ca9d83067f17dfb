//! Verdicts on invoices that are built from the example's orders, right and then wrong in one way each.

use std::{cell::RefCell, collections::HashMap, path::Path};

use rust_decimal::Decimal;
use writ_sdk::kv::Claim;

use super::*;
use crate::{
    bindings::exports::writ::invoice_checker::checker::{Kind, Line, Supplier, Tax, Totals},
    order::Order,
    register::Register,
};

#[derive(Default)]
struct Map(RefCell<HashMap<String, String>>);

impl Register for Map {
    fn claim(&self, key: &str, value: &str) -> Result<Claim, CheckError> {
        let mut map = self.0.borrow_mut();
        let holder = map
            .entry(key.to_owned())
            .or_insert_with(|| value.to_owned());
        Ok(if holder == value {
            Claim::Ours
        } else {
            Claim::Theirs(holder.clone().into_bytes())
        })
    }
}

fn order(number: &str) -> Order {
    let folder = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/invoice-triage/orders"
    ));
    order::find(folder, Some(number)).unwrap().unwrap()
}

/// The invoice that bills an order as it should be.
fn bill(order: &Order) -> Invoice {
    let lines: Vec<_> = order
        .lines
        .iter()
        .map(|line| Line {
            id: line.line.clone(),
            order_line: None,
            item: line.item.clone(),
            quantity: line.quantity.to_string(),
            price: line.price.to_string(),
            amount: money::cents(line.quantity * line.price).to_string(),
        })
        .collect();
    let mut invoice = Invoice {
        file: "a.xml".to_owned(),
        digest: "a".repeat(64),
        kind: Kind::Invoice,
        number: "R-1".to_owned(),
        issued: "2025-03-01".to_owned(),
        due: None,
        currency: order.currency.clone(),
        order: Some(order.order.clone()),
        corrects: None,
        supplier: Supplier {
            id: order.supplier.id.clone(),
            name: order.supplier.name.clone(),
            account: Some(order.supplier.account.clone()),
        },
        lines,
        taxes: vec![Tax {
            percent: order.lines[0].tax.to_string(),
            taxable: String::new(),
            amount: String::new(),
        }],
        totals: Totals {
            lines: String::new(),
            allowances: "0".to_owned(),
            charges: "0".to_owned(),
            net: String::new(),
            tax: String::new(),
            gross: String::new(),
            prepaid: "0".to_owned(),
            rounding: "0".to_owned(),
            payable: String::new(),
        },
    };
    add_up(&mut invoice);
    invoice
}

/// Makes the sums of a document with one tax rate right again.
fn add_up(invoice: &mut Invoice) {
    let number = |text: &str| money::number(text).unwrap();
    let lines: Decimal = invoice.lines.iter().map(|line| number(&line.amount)).sum();
    let totals = &mut invoice.totals;
    let net = lines - number(&totals.allowances) + number(&totals.charges);
    let tax = money::cents(net * number(&invoice.taxes[0].percent) / Decimal::ONE_HUNDRED);
    totals.lines = lines.to_string();
    totals.net = net.to_string();
    totals.tax = tax.to_string();
    totals.gross = (net + tax).to_string();
    totals.payable = (net + tax - number(&totals.prepaid) + number(&totals.rounding)).to_string();
    invoice.taxes[0].taxable = net.to_string();
    invoice.taxes[0].amount = tax.to_string();
}

/// The reasons against an order's invoice after a change.
fn reasons(number: &str, change: impl FnOnce(&mut Invoice)) -> Vec<String> {
    let order = order(number);
    let mut invoice = bill(&order);
    change(&mut invoice);
    let verdict = verdict(&invoice, Some(&order), &Map::default()).unwrap();
    assert_eq!(
        verdict.outcome == Outcome::Matched,
        verdict.reasons.is_empty()
    );
    verdict.reasons
}

#[test]
fn an_invoice_of_the_whole_order_matches() {
    let none: Vec<String> = Vec::new();
    assert_eq!(reasons("PO-4501", |_| {}), none);
    assert_eq!(
        reasons("PO-4509", |invoice| assert_eq!(invoice.lines.len(), 500)),
        none
    );
    let freight = |invoice: &mut Invoice| {
        invoice.totals.charges = "180.00".to_owned();
        invoice.totals.allowances = "20.00".to_owned();
        invoice.totals.prepaid = "100.00".to_owned();
        invoice.totals.rounding = "-0.03".to_owned();
        add_up(invoice);
    };
    assert_eq!(reasons("PO-4503", freight), none);
}

#[test]
fn every_sum_is_checked() {
    assert_eq!(
        reasons("PO-4508", |invoice| invoice.totals.payable =
            "1383.77".to_owned()),
        ["sum with tax, prepayment and rounding add up to 1283.77, but 1383.77 is stated"]
    );
    assert_eq!(
        reasons("PO-4508", |invoice| {
            invoice.lines[0].amount = "1079.00".to_owned();
            add_up(invoice);
        }),
        ["line 1: 12 times 89.90 is 1078.80, not 1079.00"]
    );
    assert_eq!(
        reasons("PO-4508", |invoice| {
            invoice.taxes[0].amount = "300.00".to_owned();
            invoice.totals.tax = "300.00".to_owned();
            invoice.totals.gross = "1378.80".to_owned();
            invoice.totals.payable = "1378.80".to_owned();
        }),
        ["19% of 1078.80 is 204.97, not 300.00"]
    );
    let untaxed = reasons("PO-4508", |invoice| invoice.taxes.clear());
    assert!(
        untaxed[0].starts_with("the taxed sums add up to 0"),
        "{untaxed:?}"
    );
    let rounded = reasons("PO-4508", |invoice| {
        invoice.totals.rounding = "5.00".to_owned();
        add_up(invoice);
    });
    assert_eq!(rounded, ["5.00 is no rounding"]);
}

#[test]
fn parts_that_cancel_out_are_noticed() {
    let found = reasons("PO-4501", |invoice| {
        invoice.lines[0].quantity = "-20".to_owned();
        invoice.lines[0].price = "-48.50".to_owned();
    });
    assert!(
        found.contains(&"it has a negative amount, price or quantity".to_owned()),
        "{found:?}"
    );
}

#[test]
fn the_order_decides_who_may_bill_what() {
    let supplier = reasons("PO-4508", |invoice| {
        invoice.supplier.id = "DE000".to_owned()
    });
    assert!(
        supplier[0].starts_with("order PO-4508 was given to Hafenlicht"),
        "{supplier:?}"
    );
    let account = reasons("PO-4508", |invoice| {
        invoice.supplier.account = Some("LT00".to_owned())
    });
    assert!(
        account[0].starts_with("the bank account LT00 is not the one agreed on"),
        "{account:?}"
    );
    assert_eq!(
        reasons("PO-4508", |invoice| invoice.supplier.account = None),
        ["it names no bank account"]
    );
    assert_eq!(
        reasons("PO-4508", |invoice| invoice.currency = "USD".to_owned()),
        ["it is in USD, the order in EUR"]
    );
    let quantity = reasons("PO-4508", |invoice| {
        invoice.lines[0].quantity = "13".to_owned();
        invoice.lines[0].amount = "1168.70".to_owned();
        add_up(invoice);
    });
    assert_eq!(
        quantity,
        ["line 1 (LED floodlight, 100 W): the quantity is 13, ordered 12"]
    );
    let price = reasons("PO-4508", |invoice| {
        invoice.lines[0].price = "90.00".to_owned();
        invoice.lines[0].amount = "1080.00".to_owned();
        add_up(invoice);
    });
    assert_eq!(
        price,
        ["line 1 (LED floodlight, 100 W): the price is 90.00, ordered at 89.90"]
    );
    let freight = reasons("PO-4508", |invoice| {
        invoice.totals.charges = "9.00".to_owned();
        add_up(invoice);
    });
    assert_eq!(freight, ["charges of 9.00 are more than the 0 agreed on"]);
}

#[test]
fn lines_are_billed_once_each_and_all_of_them() {
    let left_out = reasons("PO-4501", |invoice| {
        invoice.lines.pop();
        add_up(invoice);
    });
    assert_eq!(
        left_out,
        ["line 3 of the order (Mounting rail, galvanised, 2 m) is not billed"]
    );
    let twice = reasons("PO-4501", |invoice| {
        invoice.lines[2] = invoice.lines[1].clone();
        add_up(invoice);
    });
    assert_eq!(twice.len(), 2, "{twice:?}");
    assert!(
        twice[0].ends_with("line 2 of the order is billed twice"),
        "{twice:?}"
    );
    let unknown = reasons("PO-4508", |invoice| {
        invoice.lines[0].order_line = Some("9".to_owned())
    });
    assert_eq!(
        unknown[0],
        "line 1 (LED floodlight, 100 W): the order has no line 9"
    );
}

#[test]
fn a_credit_note_gives_back_no_more_than_was_ordered() {
    let credit = |invoice: &mut Invoice| {
        invoice.kind = Kind::CreditNote;
        invoice.corrects = Some("R-0".to_owned());
        invoice.lines.truncate(1);
        add_up(invoice);
    };
    let none: Vec<String> = Vec::new();
    assert_eq!(reasons("PO-4501", credit), none);
    let blank = |invoice: &mut Invoice| {
        credit(invoice);
        invoice.corrects = None;
    };
    assert_eq!(
        reasons("PO-4501", blank),
        ["the credit note does not say which invoice it corrects"]
    );
    let invoice = |invoice: &mut Invoice| invoice.corrects = Some("R-0".to_owned());
    assert_eq!(
        reasons("PO-4501", invoice),
        ["it corrects invoice R-0, but is no credit note"]
    );
}

#[test]
fn a_number_that_was_seen_in_another_file_is_a_duplicate_and_stays_one() {
    let (order, register) = (order("PO-4506"), Map::default());
    let first = bill(&order);
    let second = Invoice {
        digest: "b".repeat(64),
        ..first.clone()
    };
    for _ in 0..2 {
        assert_eq!(
            verdict(&first, Some(&order), &register).unwrap().outcome,
            Outcome::Matched
        );
        let duplicate = verdict(&second, Some(&order), &register).unwrap();
        assert_eq!(duplicate.outcome, Outcome::Discrepancy);
        assert!(
            duplicate.reasons[0].contains("was seen before in another file"),
            "{:?}",
            duplicate.reasons
        );
    }
}

#[test]
fn an_order_is_billed_once_and_a_wrong_invoice_does_not_use_it_up() {
    let (order, register) = (order("PO-4506"), Map::default());
    let mut wrong = bill(&order);
    wrong.totals.payable = "1.00".to_owned();
    let right = Invoice {
        number: "R-2".to_owned(),
        ..bill(&order)
    };
    let again = Invoice {
        number: "R-3".to_owned(),
        ..bill(&order)
    };
    assert_eq!(
        verdict(&wrong, Some(&order), &register).unwrap().outcome,
        Outcome::Discrepancy
    );
    assert_eq!(
        verdict(&right, Some(&order), &register).unwrap().outcome,
        Outcome::Matched
    );
    let twice = verdict(&again, Some(&order), &register).unwrap();
    assert_eq!(
        twice.reasons,
        ["order PO-4506 was billed before, by invoice R-2"]
    );
}

#[test]
fn keys_of_different_suppliers_and_numbers_never_meet() {
    let (order, register) = (order("PO-4506"), Map::default());
    for (supplier, number) in [
        ("A/B", "C"),
        ("A", "B/C"),
        ("A", "C#claims"),
        ("A", "C"),
        ("A%2FB", "C"),
    ] {
        let mut invoice = bill(&order);
        invoice.supplier.id = supplier.to_owned();
        invoice.number = number.to_owned();
        invoice.digest = format!("{supplier}|{number}");
        assert_eq!(
            register::number(&register, &invoice).unwrap(),
            None,
            "{supplier} {number}"
        );
    }
    assert_eq!(register.0.borrow().len(), 5);
}

#[test]
fn an_invoice_without_a_known_order_goes_to_a_person() {
    let invoice = bill(&order("PO-4501"));
    let unknown = verdict(&invoice, None, &Map::default()).unwrap();
    assert_eq!(unknown.reasons, ["there is no order PO-4501"]);
    let without = verdict(
        &Invoice {
            order: None,
            ..invoice
        },
        None,
        &Map::default(),
    )
    .unwrap();
    assert_eq!(without.reasons, ["it names no order"]);
}

#[test]
fn what_is_no_number_cannot_be_checked() {
    let order = order("PO-4501");
    for text in ["", "ten", "1e3", "99999999999999999999999999999999999999"] {
        let mut invoice = bill(&order);
        invoice.totals.payable = text.to_owned();
        assert!(
            matches!(
                verdict(&invoice, Some(&order), &Map::default()),
                Err(CheckError::Invalid(_))
            ),
            "{text}"
        );
    }
}

#[test]
fn the_invoice_is_the_reader_s_word_for_word() {
    let invoice_of = |text: &str| {
        let start = text.find("    /// An invoice or a credit note.").unwrap();
        text[start..].to_owned()
    };
    assert_eq!(
        invoice_of(include_str!("../wit/world.wit")),
        invoice_of(include_str!("../../invoice-reader/wit/world.wit"))
    );
}
