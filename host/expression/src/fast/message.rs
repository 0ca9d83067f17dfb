//! Error messages, word for word the component's, and as short.

use serde_json::Value as Json;

use super::Stop;
use super::term::{Calculation, Key};

/// Longest message; the rest is cut, which an ellipsis shows. The component's number.
const MESSAGE_BYTES_MAX: usize = 500;

/// A value has nothing under this key.
pub(super) fn index(value: &Json, key: &Key) -> Stop {
    let mut message = Message::new();
    message.text("cannot index ").value(value).text(" with ");
    match key {
        Key::Name(name) => message.string(name),
        Key::Position(position) => message.text(&position.to_string()),
    };
    message.stop()
}

/// These two values cannot be calculated with.
pub(super) fn calculation(left: &Json, calculation: Calculation, right: &Json) -> Stop {
    let mut message = Message::new();
    message
        .text("cannot calculate ")
        .value(left)
        .text(" ")
        .text(calculation.symbol())
        .text(" ")
        .value(right);
    message.stop()
}

/// A value that is no number was to be one.
pub(super) fn not_a_number(value: &Json) -> Stop {
    let mut message = Message::new();
    message.text("cannot use ").value(value).text(" as number");
    message.stop()
}

/// A value that has no length.
pub(super) fn no_length(value: &Json) -> Stop {
    let mut message = Message::new();
    message.value(value).text(" has no length");
    message.stop()
}

/// A text that stops growing soon after it is too long, however large the values are.
struct Message {
    text: String,
    /// Whether it names a number that the component may spell otherwise.
    is_uncertain: bool,
}

impl Message {
    fn new() -> Self {
        Self {
            text: String::new(),
            is_uncertain: false,
        }
    }

    fn is_full(&self) -> bool {
        self.text.len() > MESSAGE_BYTES_MAX
    }

    fn text(&mut self, text: &str) -> &mut Self {
        if !self.is_full() {
            self.text.push_str(text);
        }
        self
    }

    fn value(&mut self, value: &Json) -> &mut Self {
        match value {
            Json::Null => self.text("null"),
            Json::Bool(true) => self.text("true"),
            Json::Bool(false) => self.text("false"),
            Json::Number(number) => {
                let number = number.to_string();
                // The component spells a number of its input as it was written, `1e+20`, and one that it
                // calculated its own way, `1e20`. Which of them this is can't be seen here.
                self.is_uncertain |= number.contains('e');
                self.text(&number)
            }
            Json::String(text) => self.string(text),
            Json::Array(items) => {
                self.text("[");
                self.separated(items, |message, item| {
                    message.value(item);
                });
                self.text("]")
            }
            Json::Object(members) => {
                self.text("{");
                self.separated(members, |message, (name, value)| {
                    message.string(name).text(":").value(value);
                });
                self.text("}")
            }
        }
    }

    fn separated<T>(&mut self, items: impl IntoIterator<Item = T>, write: impl Fn(&mut Self, T)) {
        for (position, item) in items.into_iter().enumerate() {
            if self.is_full() {
                return;
            }
            if position > 0 {
                self.text(",");
            }
            write(self, item);
        }
    }

    fn string(&mut self, text: &str) -> &mut Self {
        self.text("\"");
        for character in text.chars() {
            if self.is_full() {
                break;
            }
            match character {
                '"' | '\\' => self.text.extend(['\\', character]),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '\u{8}' => self.text.push_str("\\b"),
                '\u{c}' => self.text.push_str("\\f"),
                '\0'..='\u{1f}' | '\u{7f}' => self
                    .text
                    .push_str(&format!("\\u{:04x}", u32::from(character))),
                _ => self.text.push(character),
            }
        }
        self.text("\"")
    }

    /// The error with this message; the component's to say where it may have other words.
    fn stop(mut self) -> Stop {
        if self.is_uncertain {
            return Stop::Defer;
        }
        if self.is_full() {
            self.text
                .truncate(self.text.floor_char_boundary(MESSAGE_BYTES_MAX));
            self.text.push('…');
        }
        Stop::Error(self.text)
    }
}
