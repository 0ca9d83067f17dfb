//! Keys and values of a TOML table, read by name with errors that know their place. Knows nothing of what a manifest contains.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::SENTENCE_CHARS_MAX;
use super::error::Fault;
use crate::suggest;
use crate::text::{clip, is_unsafe};

type Value<'t> = Spanned<DeValue<'t>>;

/// A table with a name for messages, and where it stands.
pub(super) struct Fields<'t> {
    name: String,
    span: Range<usize>,
    table: &'t DeTable<'t>,
}

impl<'t> Fields<'t> {
    pub(super) fn new(name: &str, span: Range<usize>, table: &'t DeTable<'t>) -> Self {
        Fields {
            name: name.to_owned(),
            span,
            table,
        }
    }

    /// The table of a value that must be one.
    pub(super) fn of(name: &str, value: &'t Value<'t>) -> Result<Self, Fault> {
        match value.get_ref().as_table() {
            Some(table) => Ok(Fields::new(name, value.span(), table)),
            None => Err(wrong(value, name, "a table", &format!("write [{name}]"))),
        }
    }

    /// Refuses keys that nothing reads.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Fault> {
        for key in self.table.keys() {
            if !known.contains(&key.get_ref().as_ref()) {
                let message = format!("unknown key `{}` in {}", clip(key.get_ref(), 64), self.name);
                return Err(Fault::new(
                    key.span(),
                    message,
                    suggest::hint(key.get_ref(), known.iter().copied(), "keys"),
                ));
            }
        }
        Ok(())
    }

    pub(super) fn get(&self, key: &str) -> Option<&'t Value<'t>> {
        self.table.get(key)
    }

    pub(super) fn required(&self, key: &str, example: &str) -> Result<&'t Value<'t>, Fault> {
        self.get(key).ok_or_else(|| {
            Fault::new(
                self.span.clone(),
                format!("{} has no `{key}`", self.name),
                format!("add `{key} = {example}`"),
            )
        })
    }

    pub(super) fn section(&self, key: &str) -> Result<&'t Value<'t>, Fault> {
        self.get(key).ok_or_else(|| {
            Fault::new(
                self.span.clone(),
                format!("{} has no `{key}`", self.name),
                format!("add a section [{key}]"),
            )
        })
    }

    /// Every key with its value, in the order of the file.
    pub(super) fn entries(&self) -> Vec<(&'t Spanned<Cow<'t, str>>, &'t Value<'t>)> {
        let mut entries: Vec<_> = self.table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
    }
}

/// A text value.
pub(super) fn text<'t>(value: &'t Value<'t>, key: &str) -> Result<&'t str, Fault> {
    value
        .get_ref()
        .as_str()
        .ok_or_else(|| wrong(value, key, "text", "put it in quotation marks"))
}

/// A sentence for people: not empty, of bounded length, without characters that steer or deceive a terminal.
pub(super) fn sentence<'t>(value: &'t Value<'t>, key: &str) -> Result<&'t str, Fault> {
    let sentence = text(value, key)?;
    let fault = |message: String, help: &str| Err(Fault::new(value.span(), message, help));
    if sentence.trim().is_empty() {
        return fault(
            format!("`{key}` is empty"),
            "say it in a sentence: reviewers decide by it",
        );
    }
    let chars = sentence.chars().count();
    if chars > SENTENCE_CHARS_MAX {
        return fault(
            format!("`{key}` has {chars} characters; at most {SENTENCE_CHARS_MAX} are accepted"),
            "shorten it",
        );
    }
    if sentence.chars().any(is_unsafe) {
        return fault(
            format!("`{key}` contains control or hidden characters"),
            "write it as plain text on one line",
        );
    }
    Ok(sentence)
}

/// true or false.
pub(super) fn flag(value: &Value<'_>, key: &str) -> Result<bool, Fault> {
    value.get_ref().as_bool().ok_or_else(|| {
        wrong(
            value,
            key,
            "true or false",
            "write it without quotation marks",
        )
    })
}

/// A whole number from 0.
pub(super) fn whole(value: &Value<'_>, key: &str) -> Result<u64, Fault> {
    let integer = value
        .get_ref()
        .as_integer()
        .ok_or_else(|| wrong(value, key, "a whole number", "give the plain number"))?;
    u64::from_str_radix(integer.as_str(), integer.radix()).map_err(|_| {
        Fault::new(
            value.span(),
            format!("`{key}` must be a whole number from 0"),
            "give a smaller or positive one",
        )
    })
}

/// One of a few words.
pub(super) fn choice<T: Copy>(value: &Value<'_>, key: &str, all: &[(&str, T)]) -> Result<T, Fault> {
    let word = text(value, key)?;
    if let Some((_, found)) = all.iter().find(|(known, _)| *known == word) {
        return Ok(*found);
    }
    let words: Vec<&str> = all.iter().map(|(known, _)| *known).collect();
    let message = format!("`{key}` can't be \"{}\"", clip(word, 64));
    Err(Fault::new(
        value.span(),
        message,
        suggest::hint(word, words, "known words"),
    ))
}

fn wrong(value: &Value<'_>, key: &str, expected: &str, help: &str) -> Fault {
    Fault::new(
        value.span(),
        format!(
            "`{key}` must be {expected}, not {}",
            value.get_ref().type_str()
        ),
        help,
    )
}
