//! The plugin `invoice-checker`: joins the order's file, the pure checks and the register of what came before.

mod check;
mod money;
mod order;
mod register;

mod bindings {
    writ_sdk::plugin!({ path: "wit", additional_derives: [PartialEq, Clone] });
}

use bindings::exports::writ::invoice_checker::checker::{
    CheckError, Guest, Invoice, Outcome, Verdict,
};
use register::Bucket;

struct Plugin;

bindings::export!(Plugin with_types_in bindings);

impl Guest for Plugin {
    fn check(invoice: Invoice) -> Result<Verdict, CheckError> {
        let order = order::find(order::FOLDER.as_ref(), invoice.order.as_deref())?;
        verdict(&invoice, order.as_ref(), &Bucket::open()?)
    }
}

/// The checks that look at the document alone come first. The number is claimed whatever they find, so that a second
/// document with it is noticed; the order only when nothing else is wrong, so that a corrected invoice can follow a wrong one.
fn verdict(
    invoice: &Invoice,
    order: Option<&order::Order>,
    register: &dyn register::Register,
) -> Result<Verdict, CheckError> {
    let mut reasons = check::reasons(invoice, order)?;
    reasons.extend(register::number(register, invoice)?);
    if reasons.is_empty() {
        reasons.extend(register::order(register, invoice)?);
    }
    let outcome = if reasons.is_empty() {
        Outcome::Matched
    } else {
        Outcome::Discrepancy
    };
    Ok(Verdict {
        outcome,
        reasons,
        digest: invoice.digest.clone(),
    })
}

#[cfg(test)]
mod tests;
