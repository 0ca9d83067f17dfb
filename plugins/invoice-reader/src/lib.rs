//! The plugin `invoice-reader`: the edge that touches files. What a document means is in [`ubl`], which touches none.

mod inbox;
mod ubl;

mod bindings {
    wit_bindgen::generate!({ path: "wit" });
}

use bindings::exports::writ::invoice_reader::reader::{ExtractError, Guest, Invoice, ReadError};

struct Plugin;

bindings::export!(Plugin with_types_in bindings);

impl Guest for Plugin {
    fn list() -> Result<Vec<String>, ReadError> {
        inbox::list(inbox::FOLDER.as_ref())
    }

    fn extract(file: String) -> Result<Invoice, ExtractError> {
        let bytes = inbox::read(inbox::FOLDER.as_ref(), &file)?;
        ubl::read(&file, &bytes)
    }
}
