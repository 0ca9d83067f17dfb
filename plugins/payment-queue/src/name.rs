//! Names of files from what strangers wrote: plain, bounded, and different where the originals are.

use crate::bindings::exports::writ::payment_queue::queue::{FilingError, Invoice, Kind};

/// Longest name, without the part that is added while a file is written.
const NAME_BYTES_MAX: usize = 200;

/// `SUPPLIER-NUMBER.json`, for a credit note `SUPPLIER-NUMBER.credit.json`.
pub(crate) fn of_payment(invoice: &Invoice) -> Result<String, FilingError> {
    let ending = match invoice.kind {
        Kind::Invoice => "json",
        Kind::CreditNote => "credit.json",
    };
    // The first hyphen ends the supplier, so there is none inside it.
    let supplier = encode("supplier", &invoice.supplier.id)?.replace('-', "%2D");
    bounded(format!(
        "{supplier}-{}.{ending}",
        encode("number", &invoice.number)?
    ))
}

/// `FILE.json`
pub(crate) fn of_file(file: &str) -> Result<String, FilingError> {
    bounded(format!("{}.json", encode("file name", file)?))
}

/// Keeps ASCII letters, digits, `_`, `-` and inner points; writes every other byte as `%` and two digits.
fn encode(what: &str, text: &str) -> Result<String, FilingError> {
    if text.is_empty() {
        return Err(FilingError::Invalid(format!("the {what} is empty")));
    }
    let mut name = String::with_capacity(text.len());
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => name.push(char::from(byte)),
            b'.' if position > 0 => name.push('.'),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(name)
}

fn bounded(name: String) -> Result<String, FilingError> {
    if name.len() > NAME_BYTES_MAX {
        return Err(FilingError::Invalid(format!(
            "{name:.40}… makes a file name longer than {NAME_BYTES_MAX} bytes"
        )));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_its_folder() {
        assert_eq!(
            of_file("../../etc/passwd").unwrap(),
            "%2E.%2F..%2Fetc%2Fpasswd.json"
        );
        assert_eq!(of_file("/etc/passwd").unwrap(), "%2Fetc%2Fpasswd.json");
        assert_eq!(of_file("a\0b\nc").unwrap(), "a%00b%0Ac.json");
        assert_eq!(of_file("Müller.xml").unwrap(), "M%C3%BCller.xml.json");
    }

    #[test]
    fn a_name_that_is_no_name_is_refused() {
        assert!(matches!(of_file(""), Err(FilingError::Invalid(_))));
        assert!(matches!(
            of_file(&"x".repeat(300)),
            Err(FilingError::Invalid(_))
        ));
        assert!(matches!(
            of_file(&"ü".repeat(300)),
            Err(FilingError::Invalid(_))
        ));
    }
}
