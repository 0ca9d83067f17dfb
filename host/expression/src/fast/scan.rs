//! Reads an expression's text piece by piece, splitting it exactly where the component's lexer does.
//!
//! What it does not know (comments, interpolation, unusual white space) it does not read, and the parser gives up.

use serde_json::Value as Json;

/// The text that is still to be read.
#[derive(Debug, Clone)]
pub(super) struct Scan<'s> {
    rest: &'s str,
}

impl<'s> Scan<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { rest: source }
    }

    /// The next character after white space.
    pub(super) fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        self.rest.chars().next()
    }

    /// The very next character, white space or not.
    pub(super) fn adjacent(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes the next character, after white space, if it is this one.
    pub(super) fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        found
    }

    /// A word such as `and` or `length`, which may be a keyword. Names of modules are not read.
    pub(super) fn word(&mut self) -> Option<&'s str> {
        self.peek()
            .filter(|first| first.is_ascii_alphabetic() || *first == '_')?;
        let word =
            self.while_matching(|character| character.is_ascii_alphanumeric() || character == '_');
        (!self.rest.starts_with("::")).then_some(word)
    }

    /// A run of operator characters. A minus ends a run, except as its first character.
    pub(super) fn operator(&mut self) -> Option<&'s str> {
        const FIRST: &str = "|=!<>+-*/%";
        self.peek().filter(|first| FIRST.contains(*first))?;
        let start = self.rest;
        self.rest = &start[1..];
        self.while_matching(|character| character != '-' && FIRST.contains(character));
        Some(&start[..start.len() - self.rest.len()])
    }

    /// A number whose text says exactly what a 64-bit integer or float holds.
    pub(super) fn number(&mut self) -> Option<Json> {
        self.peek().filter(char::is_ascii_digit)?;
        let text =
            self.while_matching(|character| character.is_ascii_alphanumeric() || character == '.');
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse::<i64>().map(Json::from).ok();
        }
        // Messages repeat a decimal as it was written: only one that is written as we would write it is certain.
        let number = serde_json::Number::from_f64(text.parse().ok()?)?;
        (number.to_string() == text).then_some(Json::Number(number))
    }

    /// A string without interpolation.
    pub(super) fn string(&mut self) -> Option<String> {
        if !self.take('"') {
            return None;
        }
        let mut text = String::new();
        loop {
            text.push_str(self.while_matching(|character| character != '"' && character != '\\'));
            if self.next()? == '"' {
                return Some(text);
            }
            text.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            plain @ ('"' | '\\' | '/') => plain,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let digits = self.rest.get(..4)?;
                digits
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit())
                    .then_some(())?;
                self.rest = &self.rest[4..];
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
            }
            _ => return None,
        })
    }

    fn next(&mut self) -> Option<char> {
        let character = self.rest.chars().next()?;
        self.rest = &self.rest[character.len_utf8()..];
        Some(character)
    }

    fn while_matching(&mut self, wanted: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest.trim_start_matches(wanted);
        let taken = &self.rest[..self.rest.len() - rest.len()];
        self.rest = rest;
        taken
    }
}
