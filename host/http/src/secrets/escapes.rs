//! Escapes undone, so that a value is found however much of it is written otherwise: percent-encoded, in a JSON string, in a page of
//! HTML. Which characters a writer escapes, and how, is different for each; what an escape means is not.
//!
//! An escape never stands for more bytes than it has, so what is undone is never longer.

use std::ops::Range;

use zeroize::Zeroizing;

use super::Match;

/// Longest escape of HTML that is read, in bytes: `&#x0010FFFF;`.
const ENTITY_BYTES_MAX: usize = 12;
/// Longest character in UTF-8, in bytes.
const CHARACTER_BYTES_MAX: usize = 4;

/// What writers do with the characters that mean something where they write.
#[derive(Clone, Copy)]
pub(super) enum Syntax {
    /// `%2F`: of paths and queries.
    Percent,
    /// The same of forms, where `+` is a blank.
    Form,
    /// `\/`, `\u002f`, `\x2f`: of strings of JSON and JavaScript.
    Json,
    /// `&amp;`, `&#47;`, `&#x2f;`
    Html,
}

/// Bytes that stand for themselves, or an escape.
struct Piece {
    /// Where it is in the text.
    place: Range<usize>,
    /// What it stands for, if it is an escape.
    means: Option<Meaning>,
}

/// A byte or a character.
struct Meaning {
    bytes: [u8; CHARACTER_BYTES_MAX],
    length: usize,
}

impl Meaning {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl From<u8> for Meaning {
    fn from(byte: u8) -> Self {
        let bytes = [byte, 0, 0, 0];
        Self { bytes, length: 1 }
    }
}

impl From<char> for Meaning {
    fn from(c: char) -> Self {
        let mut bytes = [0; CHARACTER_BYTES_MAX];
        let length = c.encode_utf8(&mut bytes).len();
        Self { bytes, length }
    }
}

impl Piece {
    fn undone_bytes(&self) -> usize {
        let own = self.place.len();
        self.means.as_ref().map_or(own, |meaning| meaning.length)
    }
}

impl Syntax {
    pub(super) const ALL: [Syntax; 4] = [Syntax::Percent, Syntax::Form, Syntax::Json, Syntax::Html];

    /// The text without escapes; none if it has none.
    pub(super) fn undone(self, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if !self.pieces(text).any(|piece| piece.means.is_some()) {
            return None;
        }
        // Room for all of it at once: growing would leave copies behind.
        let mut undone = Zeroizing::new(Vec::with_capacity(text.len()));
        for Piece { place, means } in self.pieces(text) {
            match means {
                Some(meaning) => undone.extend_from_slice(meaning.bytes()),
                None => undone.extend_from_slice(&text[place]),
            }
        }
        Some(undone)
    }

    /// Makes places in what was undone those in the text that it was undone from. A match that begins or ends within an escape takes
    /// in all of it.
    pub(super) fn restore(self, text: &[u8], found: &mut [Match<'_>]) {
        found.sort_by_key(|found| found.start);
        let mut starts = found.iter_mut().map(|found| &mut found.start).peekable();
        self.walk(text, |undone, piece| {
            while let Some(start) = starts.next_if(|start| **start < undone.end) {
                *start = match piece.means {
                    Some(_) => piece.place.start,
                    None => piece.place.start + (*start - undone.start),
                };
            }
        });
        found.sort_by_key(|found| found.end);
        let mut ends = found.iter_mut().map(|found| &mut found.end).peekable();
        self.walk(text, |undone, piece| {
            while let Some(end) = ends.next_if(|end| **end <= undone.end) {
                *end = match piece.means {
                    Some(_) => piece.place.end,
                    None => piece.place.start + (*end - undone.start),
                };
            }
        });
    }

    /// Visits each piece with its place in what is undone.
    fn walk(self, text: &[u8], mut visit: impl FnMut(Range<usize>, &Piece)) {
        let mut at = 0;
        for piece in self.pieces(text) {
            let end = at + piece.undone_bytes();
            visit(at..end, &piece);
            at = end;
        }
    }

    fn pieces(self, text: &[u8]) -> impl Iterator<Item = Piece> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
            let piece = match self.escape(rest) {
                Some((length, meaning)) => Piece {
                    place: at..at + length,
                    means: Some(meaning),
                },
                // Whatever stands here is no escape; the next one may begin after it.
                None => Piece {
                    place: at..self
                        .next(&rest[1..])
                        .map_or(text.len(), |next| at + 1 + next),
                    means: None,
                },
            };
            at = piece.place.end;
            Some(piece)
        })
    }

    /// Where an escape may begin.
    fn next(self, rest: &[u8]) -> Option<usize> {
        match self {
            Syntax::Percent => memchr::memchr(b'%', rest),
            Syntax::Form => memchr::memchr2(b'%', b'+', rest),
            Syntax::Json => memchr::memchr(b'\\', rest),
            Syntax::Html => memchr::memchr(b'&', rest),
        }
    }

    /// The escape that stands at the beginning, and how long it is.
    fn escape(self, rest: &[u8]) -> Option<(usize, Meaning)> {
        match (self, rest) {
            (Syntax::Form, [b'+', ..]) => Some((1, b' '.into())),
            (Syntax::Percent | Syntax::Form, [b'%', rest @ ..]) => {
                let byte = u8::try_from(number(rest.get(..2)?, 16)?).ok()?;
                Some((3, byte.into()))
            }
            (Syntax::Json, [b'\\', rest @ ..]) => json(rest),
            (Syntax::Html, [b'&', rest @ ..]) => html(rest),
            (Syntax::Percent | Syntax::Form | Syntax::Json | Syntax::Html, _) => None,
        }
    }
}

/// What follows a `\`.
fn json(rest: &[u8]) -> Option<(usize, Meaning)> {
    match rest {
        [c @ (b'"' | b'\'' | b'\\' | b'/'), ..] => Some((2, (*c).into())),
        [b'x', rest @ ..] => {
            let c = char::from_u32(number(rest.get(..2)?, 16)?)?;
            Some((4, c.into()))
        }
        [b'u', rest @ ..] => {
            let unit = number(rest.get(..4)?, 16)?;
            if let Some(c) = char::from_u32(unit) {
                return Some((6, c.into()));
            }
            // Half of a character beyond the first 65,536: the other half follows.
            let low = rest[4..].strip_prefix(b"\\u")?.get(..4)?;
            let units =
                [unit, number(low, 16)?].map(|unit| u16::try_from(unit).unwrap_or_default());
            let c = char::decode_utf16(units).next()?.ok()?;
            Some((12, c.into()))
        }
        _ => None,
    }
}

/// What follows a `&`.
fn html(rest: &[u8]) -> Option<(usize, Meaning)> {
    let near = &rest[..rest.len().min(ENTITY_BYTES_MAX - 1)];
    let name = &near[..memchr::memchr(b';', near)?];
    let c = match name {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => return None,
    };
    Some((name.len() + 2, c.into()))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| plain)?;
    u32::from_str_radix(text, radix).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Secrets;

    fn redacted(value: &str, text: &str) -> String {
        let mut all = Secrets::new();
        all.add("x".parse().unwrap(), value.into(), Default::default())
            .unwrap();
        all.redact_text(text)
    }

    /// A character as some writer of this syntax might have it.
    fn spelled(syntax: Syntax, c: char, way: u8) -> String {
        let number = u32::from(c);
        match (syntax, way % 4) {
            (Syntax::Form, 0 | 1) if c == ' ' => "+".to_owned(),
            (Syntax::Percent | Syntax::Form, 0) if !"%+ ".contains(c) => c.to_string(),
            (Syntax::Percent | Syntax::Form, way) => {
                let mut bytes = [0; 4];
                let bytes = c.encode_utf8(&mut bytes).bytes();
                let text: String = bytes.map(|byte| format!("%{byte:02x}")).collect();
                if way == 1 { text.to_uppercase() } else { text }
            }
            (Syntax::Json, 0) if c != '\\' => c.to_string(),
            (Syntax::Json, 0 | 1) if "\\\"'/".contains(c) => format!("\\{c}"),
            (Syntax::Json, 1) if c.is_ascii() => format!("\\x{number:02X}"),
            (Syntax::Json, way) => {
                let mut units = [0; 2];
                let units = c.encode_utf16(&mut units).iter();
                let unit = |unit: &u16| match way {
                    2 => format!("\\u{unit:04x}"),
                    _ => format!("\\u{unit:04X}"),
                };
                units.map(unit).collect()
            }
            (Syntax::Html, 0) if c != '&' => c.to_string(),
            (Syntax::Html, 1) => format!("&#{number};"),
            (Syntax::Html, 2) => format!("&#x{number:X};"),
            (Syntax::Html, _) => match c {
                '&' => "&amp;".to_owned(),
                '<' => "&lt;".to_owned(),
                '>' => "&gt;".to_owned(),
                '"' => "&quot;".to_owned(),
                '\'' => "&apos;".to_owned(),
                _ => format!("&#X{number:04x};"),
            },
        }
    }

    #[test]
    fn common_writers_are_read() {
        let value = "p+w=\"a'b&c<d>/e";
        for echo in [
            r#"p\u002Bw=\u0022a\u0027b\u0026c\u003Cd\u003E/e"#,
            r#"p+w\u003d\"a\u0027b\u0026c\u003cd\u003e/e"#,
            r#"p\u002bw\u003D\u0022a\u0027b\u0026c\u003Cd\u003E\/e"#,
            "p+w=&#34;a&#39;b&amp;c&lt;d&gt;/e",
            "p&#43;w&#x3D;&quot;a&#x27;b&amp;c&lt;d&gt;&#x2F;e",
            "p%2Bw%3D%22a%27b%26c%3Cd%3E%2Fe",
            "p+w=%22a'b&c%3cd%3e/e",
        ] {
            assert_eq!(redacted(value, &format!("<{echo}>")), "<[secret:x]>");
        }
    }

    #[test]
    fn what_is_no_escape_stays_and_hides_nothing() {
        let value = "plain/value";
        for before in [
            "%",
            "%2",
            "%zz",
            "\\",
            "\\u",
            "\\ud83d",
            "\\ud83d\\u0041",
            "&",
            "&#;",
            "&#x110000;",
            "&nbsp;",
            "&amp",
            "\\x+1",
            "%+1",
            "+",
        ] {
            let text = format!("{before} {value} {before}");
            assert_eq!(
                redacted(value, &text),
                format!("{before} [secret:x] {before}")
            );
        }
    }

    proptest! {
        #[test]
        fn found_however_each_character_is_written(
            value in "[!-~äß€🐎]([ -~äß€🐎]{7,30})[!-~äß€🐎]",
            ways in proptest::collection::vec(any::<u8>(), 32),
        ) {
            for syntax in Syntax::ALL {
                let said: String = value.chars().zip(&ways).map(|(c, way)| spelled(syntax, c, *way)).collect();
                prop_assert_eq!(redacted(&value, &format!("<{said}>{said}")), "<[secret:x]>[secret:x]");
            }
        }

        #[test]
        fn undoing_makes_nothing_longer(text in proptest::collection::vec(any::<u8>(), 0..60)) {
            for syntax in Syntax::ALL {
                let undone = syntax.undone(&text).unwrap_or_else(|| Zeroizing::new(text.clone()));
                prop_assert!(undone.len() <= text.len());
                let whole: usize = syntax.pieces(&text).map(|piece| piece.place.len()).sum();
                prop_assert_eq!(whole, text.len());
            }
        }
    }
}
