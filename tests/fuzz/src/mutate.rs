//! Makes new inputs out of known ones: bytes, words, lines and brackets moved about. Knows no format but that texts have words,
//! lines and brackets, and takes each format's own words from its target.

use std::ops::Range;

use crate::random::Random;

/// Most changes that one input gets.
const CHANGES_MAX: usize = 6;
/// How often a piece is repeated at most.
const REPEATS_MAX: usize = 300;

/// Words that readers of many formats stumble over.
const WORDS: [&str; 40] = [
    "\0",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\u{feff}",
    "\u{202e}",
    "\u{ad}",
    "\u{1b}[2J",
    "é",
    "\u{1f600}",
    "e\u{301}",
    "\"",
    "'",
    "\\",
    "\\u0000",
    "\\ud800",
    "${",
    "}",
    "[",
    "{",
    "[[",
    "(",
    "#",
    "//",
    "..",
    "*",
    "%2f",
    "%00",
    "-",
    "-0",
    "0x",
    "1e999",
    "NaN",
    "null",
    "true",
    "18446744073709551616",
    "9223372036854775807",
    "99999999999999999999999",
    "2147483648",
];
const BYTES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, b'\n', b'"', b'/'];

/// Makes inputs for one target.
pub struct Mutator<'t> {
    random: Random,
    seeds: &'t [Vec<u8>],
    words: &'t [&'t str],
    bytes_max: usize,
}

impl<'t> Mutator<'t> {
    /// From a target's seeds and words; nothing that it makes is longer than `bytes_max`.
    #[must_use]
    pub fn new(seed: u64, seeds: &'t [Vec<u8>], words: &'t [&'t str], bytes_max: usize) -> Self {
        Self {
            random: Random::new(seed),
            seeds,
            words,
            bytes_max,
        }
    }

    /// The next input.
    pub fn input(&mut self) -> Vec<u8> {
        let mut input = self.random.pick(self.seeds).cloned().unwrap_or_default();
        for _ in 0..=self.random.below(CHANGES_MAX) {
            self.change(&mut input);
            input.truncate(self.bytes_max);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        match self.random.below(12) {
            0 => self.flip(input),
            1 => self.set(input),
            2 | 3 => self.insert_word(input),
            4 | 5 => self.replace_word(input),
            6 => self.remove(input),
            7 => self.move_line(input),
            8 => self.splice(input),
            9 => self.repeat(input),
            10 => self.number(input),
            _ => self.nest(input),
        }
    }

    fn flip(&mut self, input: &mut [u8]) {
        let at = self.random.below(input.len());
        let bit = self.random.below(8);
        if let Some(byte) = input.get_mut(at) {
            *byte ^= 1 << bit;
        }
    }

    fn set(&mut self, input: &mut [u8]) {
        let at = self.random.below(input.len());
        let value = *self.random.pick(&BYTES).unwrap_or(&0);
        if let Some(byte) = input.get_mut(at) {
            *byte = value;
        }
    }

    fn any_word(&mut self) -> &'t [u8] {
        let own = self.random.below(3) > 0 && !self.words.is_empty();
        let words: &[&'t str] = if own { self.words } else { &WORDS };
        self.random.pick(words).map_or(b"", |word| word.as_bytes())
    }

    fn insert_word(&mut self, input: &mut Vec<u8>) {
        let at = self.random.below(input.len() + 1);
        let word = self.any_word();
        input.splice(at..at, word.iter().copied());
    }

    fn replace_word(&mut self, input: &mut Vec<u8>) {
        let place = self.place_of_word(input);
        let word = self.any_word();
        input.splice(place, word.iter().copied());
    }

    /// Letters and digits in a row, around some place.
    fn place_of_word(&mut self, input: &[u8]) -> Range<usize> {
        let at = self.random.below(input.len());
        let is_word =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let start = input[..at]
            .iter()
            .rposition(|byte| !is_word(byte))
            .map_or(0, |before| before + 1);
        let end = input[at..]
            .iter()
            .position(|byte| !is_word(byte))
            .map_or(input.len(), |length| at + length);
        start..end.max(start)
    }

    fn range(&mut self, input: &[u8], longest: usize) -> Range<usize> {
        let start = self.random.below(input.len());
        let length = self.random.below(longest.min(input.len() - start) + 1);
        start..start + length
    }

    fn remove(&mut self, input: &mut Vec<u8>) {
        let longest = *self.random.pick(&[1, 8, 64, 4096]).unwrap_or(&1);
        let range = self.range(input, longest);
        input.drain(range);
    }

    /// Takes a line and puts it, or a copy of it, elsewhere.
    fn move_line(&mut self, input: &mut Vec<u8>) {
        let mut lines: Vec<Vec<u8>> = input
            .split_inclusive(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        let (from, to) = (
            self.random.below(lines.len()),
            self.random.below(lines.len()),
        );
        let Some(line) = lines.get(from).cloned() else {
            return;
        };
        if self.random.below(2) == 0 {
            lines.remove(from);
        }
        lines.insert(to.min(lines.len()), line);
        *input = lines.concat();
    }

    /// A piece of another seed.
    fn splice(&mut self, input: &mut Vec<u8>) {
        let Some(other) = self.random.pick(self.seeds) else {
            return;
        };
        let piece = self.range(other, 256);
        let at = self.random.below(input.len() + 1);
        let until = (at + self.random.below(piece.len() + 1)).min(input.len());
        input.splice(at..until, other[piece].iter().copied());
    }

    fn repeat(&mut self, input: &mut Vec<u8>) {
        let piece = self.range(input, 32);
        let times = self.random.below(REPEATS_MAX);
        let end = piece.end;
        let repeated = input[piece].repeat(times);
        input.splice(end..end, repeated);
    }

    /// Another number in place of one.
    fn number(&mut self, input: &mut Vec<u8>) {
        let digits: Vec<usize> = (0..input.len())
            .filter(|at| input[*at].is_ascii_digit())
            .collect();
        let Some(at) = self.random.pick(&digits).copied() else {
            return;
        };
        let end = input[at..]
            .iter()
            .position(|byte| !byte.is_ascii_digit())
            .map_or(input.len(), |length| at + length);
        let number = match self.random.below(4) {
            0 => self.random.below(10).to_string(),
            1 => self.random.bits().to_string(),
            2 => (1_u64 << self.random.below(64)).to_string(),
            _ => format!("{}.{}", self.random.below(3), self.random.bits()),
        };
        input.splice(at..end, number.into_bytes());
    }

    /// Brackets in brackets around a piece.
    fn nest(&mut self, input: &mut Vec<u8>) {
        let piece = self.range(input, 64);
        let depth = self.random.below(REPEATS_MAX);
        let (open, close) = *self
            .random
            .pick(&[
                ("[", "]"),
                ("{\"a\":", "}"),
                ("(", ")"),
                ("- ", ""),
                ("some(", ")"),
            ])
            .unwrap_or(&("[", "]"));
        let inside = input[piece.clone()].to_vec();
        let nested = [
            open.repeat(depth).as_bytes(),
            &inside,
            close.repeat(depth).as_bytes(),
        ]
        .concat();
        input.splice(piece, nested);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(seed: u64) -> Vec<Vec<u8>> {
        let seeds = [b"a = 1\nb = [2]\n".to_vec(), Vec::new()];
        let mut mutator = Mutator::new(seed, &seeds, &["version"], 500);
        (0..500).map(|_| mutator.input()).collect()
    }

    #[test]
    fn a_seed_repeats_and_another_differs() {
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
    }

    #[test]
    fn inputs_are_bounded_and_many() {
        let made = inputs(3);
        assert!(made.iter().all(|input| input.len() <= 500));
        let distinct: std::collections::BTreeSet<_> = made.iter().collect();
        assert!(distinct.len() > 300, "{}", distinct.len());
    }
}
