//! Single values: text, names, lists, numbers, words, URIs. Each is read or its kind is reported.
//!
//! Knows nothing of shapes.

use writ_grant::is_unsafe;

use crate::{
    model::Template,
    node::{Node, Value},
    read::Reader,
    suggest, text,
};

impl Reader {
    pub(crate) fn text<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n str> {
        let text = node.text();
        if text.is_none() {
            self.wrong_kind(node, &format!("`{name}`"), "text");
        }
        text
    }

    /// Text that is not empty, can be shown, and is not an expression.
    pub(crate) fn name<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n str> {
        let text = self.text(node, name)?;
        if text.trim().is_empty() {
            self.report
                .error(node.span, "pattern", format!("`{name}` is empty"));
            return None;
        }
        if let Some(bad) = text.chars().find(|c| is_unsafe(*c)) {
            let message = format!(
                "`{name}` holds the unprintable character U+{:04X}",
                u32::from(bad)
            );
            self.report.error_help(
                node.span,
                "pattern",
                message,
                "use visible characters in names",
            );
            return None;
        }
        if text::is_expression(text) {
            let message = format!("`{name}` cannot be an expression");
            self.report
                .error_help(node.span, "pattern", message, "write the value itself");
            return None;
        }
        Some(text)
    }

    pub(crate) fn list<'n>(&mut self, node: &'n Node, name: &str) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => {
                self.wrong_kind(node, &format!("`{name}`"), "a list");
                &[]
            }
        }
    }

    pub(crate) fn integer(&mut self, node: &Node, name: &str, min: i64, max: i64) -> Option<i64> {
        let number = match &node.value {
            Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
            Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => None,
        };
        match number {
            Some(number) if (min..=max).contains(&number) => Some(number),
            Some(number) => {
                let message = match max {
                    i64::MAX => format!("`{name}` must be at least {min}, but is {number}"),
                    _ => format!("`{name}` must be between {min} and {max}, but is {number}"),
                };
                self.report.error(node.span, "range", message);
                None
            }
            None => {
                self.wrong_kind(node, &format!("`{name}`"), "a whole number");
                None
            }
        }
    }

    pub(crate) fn boolean(&mut self, node: &Node, name: &str) -> Option<bool> {
        match &node.value {
            Value::Bool(value) => Some(*value),
            Value::Null | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                self.wrong_kind(node, &format!("`{name}`"), "`true` or `false`");
                None
            }
        }
    }

    pub(crate) fn word(
        &mut self,
        node: &Node,
        name: &str,
        words: &[&'static str],
    ) -> Option<&'static str> {
        let text = self.text(node, name)?;
        let found = words.iter().copied().find(|word| *word == text);
        if found.is_none() {
            let message = format!("`{name}` cannot be `{}`", text.escape_debug());
            let help =
                suggest::help(text, words.iter().copied(), "it is one of").unwrap_or_default();
            self.report.error_help(node.span, "word", message, help);
        }
        found
    }

    pub(super) fn uri(&mut self, node: &Node, name: &str) {
        let Some(text) = self.text(node, name) else {
            return;
        };
        if !text::is_uri_template(text) {
            let message = format!("`{name}` must be a URI, but is `{}`", text.escape_debug());
            self.report.error(node.span, "pattern", message);
        }
    }

    pub(crate) fn uri_or_expression(&mut self, node: &Node, name: &str) -> Option<Template> {
        let text = self.text(node, name)?;
        if !text::is_expression(text) {
            self.uri(node, name);
        }
        Some(self.template(node))
    }
}

/// JSON has one kind of number: `2.0` is whole.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}
