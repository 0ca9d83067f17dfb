//! A document against its purchase order: an invoice bills all that was ordered, a credit note no more than that.

use crate::{
    bindings::exports::writ::invoice_checker::checker::{Invoice, Kind},
    order::{Line, Order},
};

use super::sums::Sums;

pub(super) fn reasons(invoice: &Invoice, sums: &Sums, order: &Order) -> Vec<String> {
    let mut reasons = parties(invoice, order);
    reasons.extend(kind(invoice));
    if invoice.currency == order.currency {
        reasons.extend(lines(invoice, sums, order));
        reasons.extend(extras(sums, order));
    } else {
        // Amounts of two currencies cannot be compared.
        reasons.push(format!(
            "it is in {}, the order in {}",
            invoice.currency, order.currency
        ));
    }
    reasons
}

fn parties(invoice: &Invoice, order: &Order) -> Vec<String> {
    let (given, ordered) = (&invoice.supplier, &order.supplier);
    if given.id != ordered.id {
        return vec![format!(
            "order {} was given to {} ({}), not to {} ({})",
            order.order, ordered.name, ordered.id, given.name, given.id
        )];
    }
    match (&invoice.kind, &given.account) {
        (Kind::Invoice, None) => vec!["it names no bank account".to_owned()],
        (_, Some(account)) if *account != ordered.account => vec![format!(
            "the bank account {account} is not the one agreed on, {}: ask the supplier by a way known before",
            ordered.account
        )],
        (Kind::Invoice | Kind::CreditNote, _) => Vec::new(),
    }
}

fn kind(invoice: &Invoice) -> Option<String> {
    match (invoice.kind, &invoice.corrects) {
        (Kind::CreditNote, None) => {
            Some("the credit note does not say which invoice it corrects".to_owned())
        }
        (Kind::Invoice, Some(number)) => Some(format!(
            "it corrects invoice {number}, but is no credit note"
        )),
        (Kind::CreditNote, Some(_)) | (Kind::Invoice, None) => None,
    }
}

fn lines(invoice: &Invoice, sums: &Sums, order: &Order) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut billed = vec![false; order.lines.len()];
    for (line, numbers) in invoice.lines.iter().zip(&sums.lines) {
        let wanted = line.order_line.as_ref().unwrap_or(&line.id);
        let Some(position) = order
            .lines
            .iter()
            .position(|ordered| ordered.line == *wanted)
        else {
            reasons.push(format!(
                "line {} ({}): the order has no line {wanted}",
                line.id, line.item
            ));
            continue;
        };
        if std::mem::replace(&mut billed[position], true) {
            reasons.push(format!(
                "line {} ({}): line {wanted} of the order is billed twice",
                line.id, line.item
            ));
        }
        let ordered = &order.lines[position];
        reasons.extend(price(&line.id, numbers.price, ordered));
        reasons.extend(quantity(invoice.kind, &line.id, numbers.quantity, ordered));
    }
    if invoice.kind == Kind::Invoice {
        let left_out = order.lines.iter().zip(billed).filter(|(_, billed)| !billed);
        reasons.extend(left_out.map(|(line, _)| {
            format!(
                "line {} of the order ({}) is not billed",
                line.line, line.item
            )
        }));
    }
    reasons
}

fn price(id: &str, price: rust_decimal::Decimal, ordered: &Line) -> Option<String> {
    (price != ordered.price).then(|| {
        format!(
            "line {id} ({}): the price is {price}, ordered at {}",
            ordered.item, ordered.price
        )
    })
}

fn quantity(
    kind: Kind,
    id: &str,
    quantity: rust_decimal::Decimal,
    ordered: &Line,
) -> Option<String> {
    let fits = match kind {
        Kind::Invoice => quantity == ordered.quantity,
        Kind::CreditNote => quantity <= ordered.quantity,
    };
    (!fits).then(|| {
        format!(
            "line {id} ({}): the quantity is {quantity}, ordered {}",
            ordered.item, ordered.quantity
        )
    })
}

fn extras(sums: &Sums, order: &Order) -> Vec<String> {
    let mut reasons = Vec::new();
    if sums.charges > order.charges_max {
        reasons.push(format!(
            "charges of {} are more than the {} agreed on",
            sums.charges, order.charges_max
        ));
    }
    for tax in &sums.taxes {
        if !order.lines.iter().any(|line| line.tax == tax.percent) {
            reasons.push(format!("nothing was ordered at {}% tax", tax.percent));
        }
    }
    reasons
}
