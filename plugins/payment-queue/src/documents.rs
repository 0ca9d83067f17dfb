//! The documents that are filed, as bytes that follow from the arguments alone: no clock, no chance, no file names in a payment.

use serde::Serialize;

use crate::bindings::exports::writ::payment_queue::queue::{Invoice, Kind};

#[derive(Serialize)]
struct Payment<'a> {
    /// `pay` or `refund`
    direction: &'static str,
    supplier: &'a str,
    name: &'a str,
    account: Option<&'a str>,
    number: &'a str,
    order: Option<&'a str>,
    currency: &'a str,
    amount: &'a str,
    due: Option<&'a str>,
    sha256: &'a str,
}

#[derive(Serialize)]
struct Review<'a> {
    file: &'a str,
    sha256: &'a str,
    supplier: &'a str,
    name: &'a str,
    number: &'a str,
    order: Option<&'a str>,
    currency: &'a str,
    amount: &'a str,
    reasons: &'a [String],
}

#[derive(Serialize)]
struct Rejection<'a> {
    file: &'a str,
    reason: &'a str,
}

/// Says nothing of the file's name: the same invoice under another name is the same payment.
pub(crate) fn payment(invoice: &Invoice) -> Vec<u8> {
    document(&Payment {
        direction: match invoice.kind {
            Kind::Invoice => "pay",
            Kind::CreditNote => "refund",
        },
        supplier: &invoice.supplier.id,
        name: &invoice.supplier.name,
        account: invoice.supplier.account.as_deref(),
        number: &invoice.number,
        order: invoice.order.as_deref(),
        currency: &invoice.currency,
        amount: &invoice.totals.payable,
        due: invoice.due.as_deref(),
        sha256: &invoice.digest,
    })
}

pub(crate) fn review(invoice: &Invoice, reasons: &[String]) -> Vec<u8> {
    document(&Review {
        file: &invoice.file,
        sha256: &invoice.digest,
        supplier: &invoice.supplier.id,
        name: &invoice.supplier.name,
        number: &invoice.number,
        order: invoice.order.as_deref(),
        currency: &invoice.currency,
        amount: &invoice.totals.payable,
        reasons,
    })
}

pub(crate) fn rejection(file: &str, reason: &str) -> Vec<u8> {
    document(&Rejection { file, reason })
}

fn document(value: &impl Serialize) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec_pretty(value).expect("invariant: plain structs of text are always JSON");
    bytes.push(b'\n');
    bytes
}
