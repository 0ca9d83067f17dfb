//! The checks that need only the document and its order: pure, and complete rather than quick. A reviewer gets
//! every reason at once. Knows no files and nothing of what came before.

mod against_order;
mod sums;

use crate::{
    bindings::exports::writ::invoice_checker::checker::{CheckError, Invoice},
    money,
    order::Order,
};

/// Longest name or number of a document that can be worked with.
const NAME_BYTES_MAX: usize = 100;
/// Most reasons that are listed.
const REASONS_MAX: usize = 50;

/// Everything that is wrong with a document.
pub(crate) fn reasons(invoice: &Invoice, order: Option<&Order>) -> Result<Vec<String>, CheckError> {
    for (what, text) in [
        ("supplier's number", &invoice.supplier.id),
        ("number", &invoice.number),
    ] {
        if text.is_empty() || text.len() > NAME_BYTES_MAX {
            return Err(CheckError::Invalid(format!(
                "the {what} is empty or longer than {NAME_BYTES_MAX} bytes"
            )));
        }
    }
    let read = sums::Sums::read(invoice)?;
    let mut reasons = sums::reasons(&read);
    match (order, &invoice.order) {
        (Some(order), _) => reasons.extend(against_order::reasons(invoice, &read, order)),
        (None, Some(number)) => reasons.push(format!("there is no order {number}")),
        (None, None) => reasons.push("it names no order".to_owned()),
    }
    Ok(bounded(reasons))
}

fn bounded(mut reasons: Vec<String>) -> Vec<String> {
    if reasons.len() > REASONS_MAX {
        let more = reasons.len() - REASONS_MAX;
        reasons.truncate(REASONS_MAX);
        reasons.push(format!("and {more} more"));
    }
    reasons
}

/// A number of the document; without it there is nothing to check.
fn number(what: &str, text: &str) -> Result<rust_decimal::Decimal, CheckError> {
    money::number(text).map_err(|reason| CheckError::Invalid(format!("{what}: {reason}")))
}
