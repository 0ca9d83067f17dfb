//! A document's own arithmetic: lines, taxes and totals must agree with each other.

use rust_decimal::Decimal;

use super::number;
use crate::{
    bindings::exports::writ::invoice_checker::checker::{CheckError, Invoice},
    money::cents,
};

/// The numbers of a document.
pub(super) struct Sums {
    pub(super) lines: Vec<Line>,
    pub(super) taxes: Vec<Tax>,
    pub(super) stated_lines: Decimal,
    pub(super) allowances: Decimal,
    pub(super) charges: Decimal,
    net: Decimal,
    tax: Decimal,
    gross: Decimal,
    prepaid: Decimal,
    rounding: Decimal,
    payable: Decimal,
}

/// The numbers of one line.
pub(super) struct Line {
    pub(super) id: String,
    pub(super) quantity: Decimal,
    pub(super) price: Decimal,
    amount: Decimal,
}

/// The numbers of one tax rate.
pub(super) struct Tax {
    pub(super) percent: Decimal,
    taxable: Decimal,
    amount: Decimal,
}

impl Sums {
    pub(super) fn read(invoice: &Invoice) -> Result<Sums, CheckError> {
        let line = |line: &crate::bindings::exports::writ::invoice_checker::checker::Line| {
            Ok(Line {
                id: line.id.clone(),
                quantity: number(&format!("quantity of line {}", line.id), &line.quantity)?,
                price: number(&format!("price of line {}", line.id), &line.price)?,
                amount: number(&format!("amount of line {}", line.id), &line.amount)?,
            })
        };
        let tax = |tax: &crate::bindings::exports::writ::invoice_checker::checker::Tax| {
            Ok(Tax {
                percent: number("tax rate", &tax.percent)?,
                taxable: number("taxable sum", &tax.taxable)?,
                amount: number("tax", &tax.amount)?,
            })
        };
        let totals = &invoice.totals;
        Ok(Sums {
            lines: invoice
                .lines
                .iter()
                .map(line)
                .collect::<Result<_, CheckError>>()?,
            taxes: invoice
                .taxes
                .iter()
                .map(tax)
                .collect::<Result<_, CheckError>>()?,
            stated_lines: number("sum of the lines", &totals.lines)?,
            allowances: number("allowances", &totals.allowances)?,
            charges: number("charges", &totals.charges)?,
            net: number("sum before tax", &totals.net)?,
            tax: number("tax", &totals.tax)?,
            gross: number("sum with tax", &totals.gross)?,
            prepaid: number("prepaid sum", &totals.prepaid)?,
            rounding: number("rounding", &totals.rounding)?,
            payable: number("sum to pay", &totals.payable)?,
        })
    }
}

pub(super) fn reasons(sums: &Sums) -> Vec<String> {
    let mut reasons = signs(sums);
    reasons.extend(lines(sums));
    reasons.extend(taxes(sums));
    reasons.extend(totals(sums));
    reasons
}

/// A negative part hides a sum that is too high elsewhere.
fn signs(sums: &Sums) -> Vec<String> {
    let lines = sums
        .lines
        .iter()
        .flat_map(|line| [line.quantity, line.price, line.amount]);
    let taxes = sums
        .taxes
        .iter()
        .flat_map(|tax| [tax.percent, tax.taxable, tax.amount]);
    let totals = [sums.allowances, sums.charges, sums.prepaid, sums.payable];
    let negative = lines
        .chain(taxes)
        .chain(totals)
        .any(|number| number < Decimal::ZERO);
    negative
        .then(|| "it has a negative amount, price or quantity".to_owned())
        .into_iter()
        .collect()
}

fn lines(sums: &Sums) -> Vec<String> {
    let mut reasons: Vec<_> = sums
        .lines
        .iter()
        .filter_map(|line| {
            let right = cents(line.quantity * line.price);
            (right != line.amount).then(|| {
                format!(
                    "line {}: {} times {} is {right}, not {}",
                    line.id, line.quantity, line.price, line.amount
                )
            })
        })
        .collect();
    let sum: Decimal = sums.lines.iter().map(|line| line.amount).sum();
    reasons.extend(differs("the lines", sum, sums.stated_lines));
    reasons
}

fn taxes(sums: &Sums) -> Vec<String> {
    let mut reasons = Vec::new();
    for tax in &sums.taxes {
        let right = cents(tax.taxable * tax.percent / Decimal::ONE_HUNDRED);
        if right != tax.amount {
            reasons.push(format!(
                "{}% of {} is {right}, not {}",
                tax.percent, tax.taxable, tax.amount
            ));
        }
    }
    reasons.extend(differs(
        "the taxed sums",
        sums.taxes.iter().map(|tax| tax.taxable).sum(),
        sums.net,
    ));
    reasons.extend(differs(
        "the taxes",
        sums.taxes.iter().map(|tax| tax.amount).sum(),
        sums.tax,
    ));
    reasons
}

fn totals(sums: &Sums) -> Vec<String> {
    [
        differs(
            "lines, allowances and charges",
            sums.stated_lines - sums.allowances + sums.charges,
            sums.net,
        ),
        differs("net sum and tax", sums.net + sums.tax, sums.gross),
        differs(
            "sum with tax, prepayment and rounding",
            sums.gross - sums.prepaid + sums.rounding,
            sums.payable,
        ),
        (sums.rounding.abs() >= Decimal::ONE).then(|| format!("{} is no rounding", sums.rounding)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn differs(what: &str, right: Decimal, stated: Decimal) -> Option<String> {
    (right != stated).then(|| format!("{what} add up to {right}, but {stated} is stated"))
}
