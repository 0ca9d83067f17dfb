//! Purchase orders: one JSON file each, named after the order's number. Knows the folder and the format, not the checks.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
};

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{bindings::exports::writ::invoice_checker::checker::CheckError, money};

/// Where the granted folder is.
pub(crate) const FOLDER: &str = "/orders";
/// Largest file of one order.
const ORDER_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Longest order number.
const NUMBER_BYTES_MAX: usize = 64;

/// A purchase order as its file has it. A key that is not known is an error: an order with a condition that nobody
/// checks must not pass.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// Its number, the same as the file's name.
    pub(crate) order: String,
    /// Whom it was given to.
    pub(crate) supplier: Supplier,
    /// ISO 4217 code.
    pub(crate) currency: String,
    /// What may be charged beside the lines, for instance for freight.
    #[serde(default, rename = "charges-max", deserialize_with = "number")]
    pub(crate) charges_max: Decimal,
    /// What was ordered.
    pub(crate) lines: Vec<Line>,
}

/// Whom an order was given to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Supplier {
    /// Tax registration number.
    pub(crate) id: String,
    /// Name, for people.
    pub(crate) name: String,
    /// The bank account agreed on.
    pub(crate) account: String,
}

/// One thing that was ordered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    /// Its number within the order.
    pub(crate) line: String,
    /// What it is, for people.
    pub(crate) item: String,
    /// How many.
    #[serde(deserialize_with = "number")]
    pub(crate) quantity: Decimal,
    /// Price of one, before tax.
    #[serde(deserialize_with = "number")]
    pub(crate) price: Decimal,
    /// Tax in percent.
    #[serde(deserialize_with = "number")]
    pub(crate) tax: Decimal,
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let text = String::deserialize(deserializer)?;
    money::number(&text).map_err(D::Error::custom)
}

/// The order of a number; none when there is no such order, or when the number can be no file's name.
pub(crate) fn find(folder: &Path, number: Option<&str>) -> Result<Option<Order>, CheckError> {
    let Some(number) = number.filter(|number| is_number(number)) else {
        return Ok(None);
    };
    let unavailable =
        |error: std::io::Error| CheckError::Unavailable(format!("order {number}: {error}"));
    let file = match File::open(folder.join(format!("{number}.json"))) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unavailable(error)),
    };
    let mut bytes = Vec::new();
    file.take(ORDER_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unavailable)?;
    if bytes.len() as u64 > ORDER_BYTES_MAX {
        return Err(CheckError::BadOrder(format!(
            "{number}.json: larger than {ORDER_BYTES_MAX} bytes"
        )));
    }
    let order =
        read(&bytes).map_err(|reason| CheckError::BadOrder(format!("{number}.json: {reason}")))?;
    if order.order != number {
        return Err(CheckError::BadOrder(format!(
            "{number}.json: it is about order {}",
            order.order
        )));
    }
    Ok(Some(order))
}

fn read(bytes: &[u8]) -> Result<Order, String> {
    let order: Order = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    for (position, line) in order.lines.iter().enumerate() {
        if order.lines[..position]
            .iter()
            .any(|other| other.line == line.line)
        {
            return Err(format!("line {} is there twice", line.line));
        }
    }
    Ok(order)
}

/// Whether a number can name a file: it comes from a stranger's document.
fn is_number(number: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=NUMBER_BYTES_MAX).contains(&number.len())
        && !number.starts_with('.')
        && number.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> &'static Path {
        Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../examples/invoice-triage/orders"
        ))
    }

    #[test]
    fn an_order_is_found_by_its_number() {
        let order = find(example(), Some("PO-4501")).unwrap().unwrap();
        assert_eq!(order.order, "PO-4501");
        assert!(!order.lines.is_empty());
    }

    #[test]
    fn a_number_that_leads_elsewhere_is_no_order() {
        for number in [
            "../writ",
            "/etc/passwd",
            "..",
            ".hidden",
            "a/b",
            "",
            "PO-0000",
            "PO-4501\0",
        ] {
            assert!(
                find(example(), Some(number)).unwrap().is_none(),
                "{number:?}"
            );
        }
        assert!(find(example(), None).unwrap().is_none());
    }

    #[test]
    fn an_order_with_a_condition_that_nobody_checks_is_refused() {
        let text = r#"{"order":"A","supplier":{"id":"1","name":"n","account":"x"},"currency":"EUR","lines":[],"discount":"5"}"#;
        assert!(
            read(text.as_bytes())
                .unwrap_err()
                .contains("unknown field `discount`")
        );
    }

    #[test]
    fn a_line_that_is_there_twice_is_refused() {
        let line = r#"{"line":"1","item":"i","quantity":"1","price":"2","tax":"19"}"#;
        let text = format!(
            r#"{{"order":"A","supplier":{{"id":"1","name":"n","account":"x"}},"currency":"EUR","lines":[{line},{line}]}}"#
        );
        assert_eq!(read(text.as_bytes()).unwrap_err(), "line 1 is there twice");
    }
}
