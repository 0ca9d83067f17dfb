//! JSON writes characters beyond the basic plane as two escapes, `\ud83d\ude00`; YAML as one, `\U0001f600`.
//!
//! Text that is JSON is rewritten before YAML's scanner sees it, and positions are set right again afterwards. Knows nothing of
//! what the text says.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// Characters that a pair loses by being rewritten: twelve become ten.
const LOST: usize = 2;
const PAIR_CHARS: usize = 12;

/// Text for the scanner, and where it is shorter than the original.
pub(crate) struct Rewritten<'t> {
    pub(crate) text: Cow<'t, str>,
    /// Positions, in characters of the rewritten text, just after each pair.
    pairs: Vec<usize>,
}

impl<'t> Rewritten<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let unchanged = Self {
            text: Cow::Borrowed(text),
            pairs: Vec::new(),
        };
        let possible = text.contains("\\ud") || text.contains("\\uD");
        if !possible || serde_json::from_str::<IgnoredAny>(text).is_err() {
            return unchanged;
        }
        let mut rewritten = String::with_capacity(text.len());
        let mut pairs = Vec::new();
        let mut position = 0;
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let (written, taken) = match escape(rest) {
                Some(Escape::Pair(character)) => {
                    (format!("\\U{:08x}", u32::from(character)), PAIR_CHARS)
                }
                Some(Escape::Other) => (rest[..2].to_owned(), 2),
                None => (first.to_string(), first.len_utf8()),
            };
            position += written.chars().count();
            if taken == PAIR_CHARS {
                pairs.push(position);
            }
            rewritten.push_str(&written);
            rest = &rest[taken..];
        }
        Self {
            text: Cow::Owned(rewritten),
            pairs,
        }
    }

    /// A character's position in the original text.
    pub(crate) fn original(&self, position: usize) -> usize {
        position + LOST * self.pairs.partition_point(|pair| *pair <= position)
    }
}

enum Escape {
    Pair(char),
    Other,
}

/// The escape that text begins with. In JSON a backslash stands nowhere else, and an ASCII character follows it.
fn escape(text: &str) -> Option<Escape> {
    if !text.starts_with('\\') {
        return None;
    }
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let pair = unit(0)
        .zip(unit(6))
        .and_then(|(high, low)| char::decode_utf16([high, low]).next()?.ok());
    Some(match pair {
        Some(character) if u32::from(character) > 0xFFFF => Escape::Pair(character),
        Some(_) | None => Escape::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_joined_and_places_kept() {
        let text = r#"{"é\ud83d\ude00": "\\ud83d \u00e9\ud83d\ude00", "x": 1}"#;
        let rewritten = Rewritten::new(text);
        assert_eq!(
            rewritten.text,
            r#"{"é\U0001f600": "\\ud83d \u00e9\U0001f600", "x": 1}"#
        );
        let place = |text: &str| {
            text.chars()
                .collect::<Vec<_>>()
                .iter()
                .position(|c| *c == 'x')
        };
        let (before, after) = (place(text), place(&rewritten.text));
        assert_eq!(before, after.map(|after| rewritten.original(after)));
    }

    #[test]
    fn half_a_pair_stays_as_it_is() {
        for text in [
            r#"{"a": "\ud83d"}"#,
            r#"{"a": "\ud83d\u0041"}"#,
            r#"{"a": "\ude00\ud83d"}"#,
        ] {
            assert_eq!(Rewritten::new(text).text, text);
        }
    }

    #[test]
    fn what_is_not_json_is_left_alone() {
        for text in [r"{a: '\ud83d\ude00'}", r#"{"a": "b"}"#] {
            assert!(
                matches!(Rewritten::new(text).text, Cow::Borrowed(_)),
                "{text}"
            );
        }
    }
}
