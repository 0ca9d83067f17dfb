//! The plugin `payment-queue`: decides what is filed under which name. How a file comes to be, whole and once, is in [`folder`].

mod documents;
mod folder;
mod name;

mod bindings {
    wit_bindgen::generate!({ path: "wit", additional_derives: [Clone] });
}

use std::path::Path;

use bindings::exports::writ::payment_queue::queue::{
    Filing, FilingError, Guest, Invoice, Outcome, Verdict,
};

struct Plugin;

bindings::export!(Plugin with_types_in bindings);

impl Guest for Plugin {
    fn pay(invoice: Invoice, verdict: Verdict) -> Result<Filing, FilingError> {
        pay("/payments".as_ref(), &invoice, &verdict)
    }

    fn review(invoice: Invoice, reasons: Vec<String>) -> Result<Filing, FilingError> {
        let name = name::of_file(&invoice.file)?;
        folder::put(
            "/review".as_ref(),
            &name,
            &documents::review(&invoice, &reasons),
        )
    }

    fn reject(file: String, reason: String) -> Result<Filing, FilingError> {
        let name = name::of_file(&file)?;
        folder::put(
            "/rejected".as_ref(),
            &name,
            &documents::rejection(&file, &reason),
        )
    }
}

fn pay(folder: &Path, invoice: &Invoice, verdict: &Verdict) -> Result<Filing, FilingError> {
    match verdict.outcome {
        Outcome::Matched => {}
        Outcome::Discrepancy => {
            return Err(FilingError::NotMatched(
                "the verdict is a discrepancy".to_owned(),
            ));
        }
    }
    if verdict.digest != invoice.digest {
        return Err(FilingError::NotMatched(format!(
            "the verdict is about the file with sha256 {}, the invoice is {}",
            verdict.digest, invoice.digest
        )));
    }
    folder::add(
        folder,
        &name::of_payment(invoice)?,
        &documents::payment(invoice),
    )
}

#[cfg(test)]
mod tests;
