//! UBL 2.1 invoices and credit notes: bytes in, an invoice record or the reason why not out.
//!
//! Knows the two document types and the elements that the record needs; passes over everything else, as the standard
//! wants. It touches no files and does not judge what a document says.

mod node;

use std::str;

use roxmltree::{Document, ParsingOptions};
use sha2::{Digest, Sha256};

use crate::bindings::exports::writ::invoice_reader::reader::{
    ExtractError, Invoice, Kind, Line, Problem, Supplier, Tax, Totals,
};

use node::Element;

/// Most XML nodes of one document.
const NODES_MAX: u32 = 1_000_000;
/// Most lines of one document.
const LINES_MAX: usize = 10_000;

const INVOICE: &str = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2";
const CREDIT_NOTE: &str = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2";

/// What differs between the two document types.
struct Names {
    kind: Kind,
    line: &'static str,
    quantity: &'static str,
}

pub(crate) fn read(file: &str, bytes: &[u8]) -> Result<Invoice, ExtractError> {
    let text = utf8(bytes)?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: NODES_MAX,
        ..ParsingOptions::default()
    };
    let document =
        Document::parse_with_options(text, options).map_err(|error| refused(text, &error))?;
    let root = Element::new(document.root_element());
    let names = names(&root)?;
    invoice(file, bytes, &root, &names)
}

/// Where and why a text is no document that is read.
fn refused(text: &str, error: &roxmltree::Error) -> ExtractError {
    if matches!(error, roxmltree::Error::NodesLimitReached) {
        return ExtractError::Unsupported(format!("more than {NODES_MAX} XML nodes"));
    }
    // A text that breaks off is wrong at its end; the parser gives no place for that.
    let row = if matches!(error, roxmltree::Error::UnexpectedEndOfStream) {
        u32::try_from(text.lines().count().max(1)).ok()
    } else {
        Some(error.pos().row)
    };
    malformed(error.to_string(), row)
}

fn utf8(bytes: &[u8]) -> Result<&str, ExtractError> {
    str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        malformed(
            format!("not UTF-8 at byte {}", error.valid_up_to()),
            u32::try_from(line).ok(),
        )
    })
}

fn names(root: &Element<'_, '_>) -> Result<Names, ExtractError> {
    match (root.namespace(), root.name()) {
        (INVOICE, "Invoice") => Ok(Names {
            kind: Kind::Invoice,
            line: "InvoiceLine",
            quantity: "InvoicedQuantity",
        }),
        (CREDIT_NOTE, "CreditNote") => Ok(Names {
            kind: Kind::CreditNote,
            line: "CreditNoteLine",
            quantity: "CreditedQuantity",
        }),
        (namespace, name) => Err(ExtractError::Unsupported(format!(
            "the document is a {name:?} of namespace {namespace:?}, neither a UBL 2 Invoice nor a CreditNote"
        ))),
    }
}

fn invoice(
    file: &str,
    bytes: &[u8],
    root: &Element<'_, '_>,
    names: &Names,
) -> Result<Invoice, ExtractError> {
    let currency = root.text("DocumentCurrencyCode")?;
    Ok(Invoice {
        file: file.to_owned(),
        digest: hex(&Sha256::digest(bytes)),
        kind: names.kind,
        number: root.text("ID")?,
        issued: root.date("IssueDate")?,
        due: due(root)?,
        order: root
            .path(&["OrderReference"])
            .and_then(|order| order.text("ID").ok()),
        corrects: root
            .path(&["BillingReference", "InvoiceDocumentReference"])
            .and_then(|reference| reference.text("ID").ok()),
        supplier: supplier(root)?,
        lines: lines(root, names, &currency)?,
        taxes: taxes(root, &currency)?,
        totals: totals(root, &currency)?,
        currency,
    })
}

/// An invoice has its due date at the top, a credit note only among the means of payment.
fn due(root: &Element<'_, '_>) -> Result<Option<String>, ExtractError> {
    if root.has("DueDate") {
        return root.date("DueDate").map(Some);
    }
    match root.path(&["PaymentMeans"]) {
        Some(means) if means.has("PaymentDueDate") => means.date("PaymentDueDate").map(Some),
        Some(_) | None => Ok(None),
    }
}

fn supplier(root: &Element<'_, '_>) -> Result<Supplier, ExtractError> {
    let party = root.require(&["AccountingSupplierParty", "Party"])?;
    let found =
        |path: &[&str], name: &str| party.path(path).and_then(|element| element.text(name).ok());
    let id = found(&["PartyTaxScheme"], "CompanyID")
        .or_else(|| found(&["PartyLegalEntity"], "CompanyID"))
        .or_else(|| found(&["PartyIdentification"], "ID"))
        .or_else(|| party.text("EndpointID").ok())
        .ok_or_else(|| party.missing("PartyTaxScheme/CompanyID or another identifier"))?;
    let name = found(&["PartyLegalEntity"], "RegistrationName")
        .or_else(|| found(&["PartyName"], "Name"))
        .ok_or_else(|| party.missing("PartyName/Name"))?;
    let account = root
        .path(&["PaymentMeans", "PayeeFinancialAccount"])
        .and_then(|account| account.text("ID").ok())
        .map(|account| account.split_whitespace().collect());
    Ok(Supplier { id, name, account })
}

fn lines(root: &Element<'_, '_>, names: &Names, currency: &str) -> Result<Vec<Line>, ExtractError> {
    let lines: Vec<_> = root.all(names.line).take(LINES_MAX + 1).collect();
    if lines.len() > LINES_MAX {
        return Err(ExtractError::Unsupported(format!(
            "more than {LINES_MAX} lines"
        )));
    }
    if lines.is_empty() {
        return Err(root.missing(names.line));
    }
    lines
        .iter()
        .map(|line| one_line(line, names, currency))
        .collect()
}

fn one_line(line: &Element<'_, '_>, names: &Names, currency: &str) -> Result<Line, ExtractError> {
    Ok(Line {
        id: line.text("ID")?,
        order_line: line
            .path(&["OrderLineReference"])
            .and_then(|reference| reference.text("LineID").ok()),
        item: line.require(&["Item"])?.text("Name")?,
        quantity: line.number(names.quantity)?,
        price: line.require(&["Price"])?.amount("PriceAmount", currency)?,
        amount: line.amount("LineExtensionAmount", currency)?,
    })
}

fn taxes(root: &Element<'_, '_>, currency: &str) -> Result<Vec<Tax>, ExtractError> {
    let Some(total) = root.path(&["TaxTotal"]) else {
        return Ok(Vec::new());
    };
    let one = |part: Element<'_, '_>| {
        Ok(Tax {
            percent: part.require(&["TaxCategory"])?.number("Percent")?,
            taxable: part.amount("TaxableAmount", currency)?,
            amount: part.amount("TaxAmount", currency)?,
        })
    };
    total.all("TaxSubtotal").take(LINES_MAX).map(one).collect()
}

fn totals(root: &Element<'_, '_>, currency: &str) -> Result<Totals, ExtractError> {
    let stated = root.require(&["LegalMonetaryTotal"])?;
    let or_zero = |name: &str| {
        if stated.has(name) {
            stated.amount(name, currency)
        } else {
            Ok("0".to_owned())
        }
    };
    Ok(Totals {
        lines: stated.amount("LineExtensionAmount", currency)?,
        allowances: or_zero("AllowanceTotalAmount")?,
        charges: or_zero("ChargeTotalAmount")?,
        net: stated.amount("TaxExclusiveAmount", currency)?,
        tax: root
            .path(&["TaxTotal"])
            .map_or(Ok("0".to_owned()), |total| {
                total.amount("TaxAmount", currency)
            })?,
        gross: stated.amount("TaxInclusiveAmount", currency)?,
        prepaid: or_zero("PrepaidAmount")?,
        rounding: or_zero("PayableRoundingAmount")?,
        payable: stated.amount("PayableAmount", currency)?,
    })
}

fn malformed(reason: String, line: Option<u32>) -> ExtractError {
    ExtractError::Malformed(Problem { reason, line })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
