//! Where the scanner is, in terms of the text that a person wrote.
//!
//! Knows nothing of what stands there.

use crate::{model::Span, surrogate::Rewritten};

/// Character positions, which the scanner counts, to bytes of the original text.
pub(super) struct Places<'t> {
    /// Byte of each character, and of the end; empty for ASCII text, where both are the same.
    bytes: Vec<u32>,
    length: usize,
    rewritten: &'t Rewritten<'t>,
}

impl<'t> Places<'t> {
    pub(super) fn new(text: &str, rewritten: &'t Rewritten<'t>) -> Self {
        let mut bytes = Vec::new();
        if !text.is_ascii() {
            bytes.extend(text.char_indices().map(|(at, _)| at as u32));
            bytes.push(text.len() as u32);
        }
        Self {
            bytes,
            length: text.len(),
            rewritten,
        }
    }

    fn byte(&self, character: usize) -> usize {
        let character = self.rewritten.original(character);
        if self.bytes.is_empty() {
            return character.min(self.length);
        }
        self.bytes
            .get(character)
            .map_or(self.length, |byte| *byte as usize)
    }

    pub(super) fn span(&self, span: saphyr_parser::Span) -> Span {
        Span {
            end: self.byte(span.end.index()),
            ..self.point(span.start)
        }
    }

    /// No escape spans lines, so a column moves as far as its position does beyond the beginning of its line.
    pub(super) fn point(&self, marker: saphyr_parser::Marker) -> Span {
        let line_start = marker.index().saturating_sub(marker.col());
        let column = self.rewritten.original(marker.index()) - self.rewritten.original(line_start);
        let start = self.byte(marker.index());
        Span {
            start,
            end: start,
            line: marker.line().max(1),
            column: column + 1,
        }
    }
}
