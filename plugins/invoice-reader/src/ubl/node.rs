//! Elements as UBL uses them: children by local name in the two common namespaces, text that is bounded, numbers and dates
//! that are checked. Knows no document type.

use roxmltree::Node;
use rust_decimal::Decimal;

use super::malformed;
use crate::bindings::exports::writ::invoice_reader::reader::ExtractError;

/// Longest text of an element that is taken over.
const TEXT_BYTES_MAX: usize = 1_000;

const BASIC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2";
const AGGREGATE: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2";

/// One element.
#[derive(Clone, Copy)]
pub(super) struct Element<'a, 'input> {
    node: Node<'a, 'input>,
}

impl<'a, 'input> Element<'a, 'input> {
    pub(super) fn new(node: Node<'a, 'input>) -> Self {
        Element { node }
    }

    pub(super) fn name(&self) -> &'a str {
        self.node.tag_name().name()
    }

    pub(super) fn namespace(&self) -> &'a str {
        self.node.tag_name().namespace().unwrap_or_default()
    }

    /// The children of a name, in the order of the document.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = Element<'a, 'input>> {
        self.node
            .children()
            .filter(move |node| {
                node.has_tag_name((AGGREGATE, name)) || node.has_tag_name((BASIC, name))
            })
            .map(Element::new)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The first element down a path of names.
    pub(super) fn path(&self, names: &[&str]) -> Option<Element<'a, 'input>> {
        names
            .iter()
            .try_fold(*self, |element, name| element.all(name).next())
    }

    pub(super) fn require(&self, names: &[&str]) -> Result<Element<'a, 'input>, ExtractError> {
        self.path(names)
            .ok_or_else(|| self.missing(&names.join("/")))
    }

    /// The text of a child.
    pub(super) fn text(&self, name: &str) -> Result<String, ExtractError> {
        let child = self.require(&[name])?;
        let text = child.node.text().unwrap_or_default().trim();
        if text.is_empty() {
            return Err(child.wrong("it is empty"));
        }
        if text.len() > TEXT_BYTES_MAX {
            return Err(child.wrong(&format!("it is longer than {TEXT_BYTES_MAX} bytes")));
        }
        if text.chars().any(char::is_control) {
            return Err(child.wrong("it has control characters"));
        }
        Ok(text.to_owned())
    }

    /// The text of a child that is a decimal number, as it is written.
    pub(super) fn number(&self, name: &str) -> Result<String, ExtractError> {
        let text = self.text(name)?;
        match Decimal::from_str_exact(&text) {
            Ok(_) => Ok(text),
            Err(_) => Err(self
                .require(&[name])?
                .wrong(&format!("{text:?} is not a decimal number"))),
        }
    }

    /// A number that is an amount of money in the document's currency.
    pub(super) fn amount(&self, name: &str, currency: &str) -> Result<String, ExtractError> {
        let number = self.number(name)?;
        let child = self.require(&[name])?;
        match child.node.attribute("currencyID") {
            Some(own) if own != currency => Err(ExtractError::Unsupported(format!(
                "line {}: {name} is in {own}, the document in {currency}",
                child.line()
            ))),
            Some(_) => Ok(number),
            None => Err(child.wrong("it has no currencyID")),
        }
    }

    /// The text of a child that is a date.
    pub(super) fn date(&self, name: &str) -> Result<String, ExtractError> {
        let text = self.text(name)?;
        if is_date(&text) {
            return Ok(text);
        }
        Err(self
            .require(&[name])?
            .wrong(&format!("{text:?} is not a date such as 2025-03-31")))
    }

    pub(super) fn missing(&self, what: &str) -> ExtractError {
        malformed(format!("{} has no {what}", self.name()), Some(self.line()))
    }

    fn wrong(&self, why: &str) -> ExtractError {
        malformed(format!("{}: {why}", self.name()), Some(self.line()))
    }

    fn line(&self) -> u32 {
        self.node
            .document()
            .text_pos_at(self.node.range().start)
            .row
    }
}

/// Whether a text is a calendar date of ISO 8601. UBL allows a time zone after it; nobody writes one.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut part = |digits: usize| {
        parts
            .next()
            .filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|part| part.parse::<u32>().ok())
    };
    let (Some(year), Some(month), Some(day)) = (part(4), part(2), part(2)) else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    parts.next().is_none() && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for good in ["2025-03-31", "2024-02-29", "2000-02-29"] {
            assert!(is_date(good), "{good}");
        }
        for bad in [
            "2025-02-29",
            "1900-02-29",
            "2025-13-01",
            "2025-00-10",
            "2025-04-31",
            "2025-1-1",
            "25-01-01",
            "2025-01-01-",
            "+025-01-01",
            "",
        ] {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
