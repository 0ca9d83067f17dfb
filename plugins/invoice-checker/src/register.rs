//! What came before: which file an invoice number, and which invoice an order, was first accepted from.
//!
//! Each is claimed in the bucket `seen`, so that of two checks at the same moment exactly one is the first. Knows nothing of
//! sums and orders.

use writ_sdk::kv::{self, Claim};

use crate::bindings::exports::writ::invoice_checker::checker::{CheckError, Invoice, Kind};

const BUCKET: &str = "seen";

/// Where claims are made; the bucket in the plugin, a map in tests.
pub(crate) trait Register {
    /// See [`kv::Bucket::claim`].
    fn claim(&self, key: &str, value: &str) -> Result<Claim, CheckError>;
}

/// The register as the granted bucket.
pub(crate) struct Bucket(kv::Bucket);

impl Bucket {
    pub(crate) fn open() -> Result<Bucket, CheckError> {
        kv::Bucket::open(BUCKET).map(Bucket).map_err(unavailable)
    }
}

impl Register for Bucket {
    fn claim(&self, key: &str, value: &str) -> Result<Claim, CheckError> {
        self.0.claim(key, value.as_bytes()).map_err(unavailable)
    }
}

fn unavailable(error: kv::Error) -> CheckError {
    CheckError::Unavailable(error.to_string())
}

/// A reason when the supplier's number was first seen in another file.
pub(crate) fn number(
    register: &dyn Register,
    invoice: &Invoice,
) -> Result<Option<String>, CheckError> {
    let kind = match invoice.kind {
        Kind::Invoice => "invoice",
        Kind::CreditNote => "credit-note",
    };
    let key = format!(
        "{kind}/{}/{}",
        escape(&invoice.supplier.id),
        escape(&invoice.number)
    );
    let holder = holder(register, &key, &invoice.digest)?;
    Ok(holder.map(|digest| {
        format!(
            "{} {} of {} was seen before in another file (sha256 {digest})",
            words(invoice.kind),
            invoice.number,
            invoice.supplier.name
        )
    }))
}

/// A reason when the order was billed by another invoice. Credit notes bill nothing.
pub(crate) fn order(
    register: &dyn Register,
    invoice: &Invoice,
) -> Result<Option<String>, CheckError> {
    let (Kind::Invoice, Some(order)) = (invoice.kind, &invoice.order) else {
        return Ok(None);
    };
    let holder = holder(
        register,
        &format!("order/{}", escape(order)),
        &invoice.number,
    )?;
    Ok(holder.map(|number| format!("order {order} was billed before, by invoice {number}")))
}

fn holder(register: &dyn Register, key: &str, value: &str) -> Result<Option<String>, CheckError> {
    match register.claim(key, value)? {
        Claim::Ours => Ok(None),
        Claim::Theirs(holder) => Ok(Some(String::from_utf8_lossy(&holder).into_owned())),
        Claim::Undecided => Err(CheckError::Unavailable(format!(
            "{key} is being claimed by another check"
        ))),
    }
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Invoice => "invoice",
        Kind::CreditNote => "credit note",
    }
}

/// Keeps apart what a key puts together, whatever a supplier writes.
fn escape(text: &str) -> String {
    text.replace('%', "%25")
        .replace('/', "%2F")
        .replace('#', "%23")
}
