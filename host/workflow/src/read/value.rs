//! Expressions, templates and durations.
//!
//! Only the document's own text is ever read here; data of a run never is, so data can't smuggle expressions in.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{EXPRESSION_BYTES_MAX, Reader};
use crate::{
    duration,
    model::{Duration, Expression, Template},
    node::{Node, Value},
    path::Path,
    text,
};

/// A template under construction: plain parts are joined before they are wrapped.
enum Built {
    Plain(Json),
    Live(Template),
}

impl Built {
    fn template(self) -> Template {
        match self {
            Self::Plain(json) => Template::Literal(Arc::new(json)),
            Self::Live(template) => template,
        }
    }
}

impl Reader {
    /// A value in which text of the form `${ … }` is an expression.
    pub(crate) fn template(&mut self, node: &Node) -> Template {
        self.built(node).template()
    }

    fn built(&mut self, node: &Node) -> Built {
        match &node.value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Built::Plain(node.to_json()),
            Value::Text(text) => self.built_text(node, text),
            Value::List(items) => {
                let items: Vec<Built> = items.iter().map(|item| self.built(item)).collect();
                if items.iter().any(|item| matches!(item, Built::Live(_))) {
                    return Built::Live(Template::Array(
                        items.into_iter().map(Built::template).collect(),
                    ));
                }
                Built::Plain(Json::Array(items.into_iter().filter_map(plain).collect()))
            }
            Value::Map(entries) => {
                let members: Vec<(String, Built)> = entries
                    .iter()
                    .map(|entry| (entry.key.clone(), self.built(&entry.node)))
                    .collect();
                if members
                    .iter()
                    .any(|(_, member)| matches!(member, Built::Live(_)))
                {
                    let members = members
                        .into_iter()
                        .map(|(key, member)| (key, member.template()));
                    return Built::Live(Template::Object(members.collect()));
                }
                let members = members
                    .into_iter()
                    .filter_map(|(key, member)| Some((key, plain(member)?)));
                Built::Plain(Json::Object(members.collect::<Map<_, _>>()))
            }
        }
    }

    fn built_text(&mut self, node: &Node, text: &str) -> Built {
        self.warn_interpolation(node, text);
        let inner = text::unwrap_expression(text);
        let expression = inner.and_then(|inner| self.checked_expression(node, inner));
        match expression {
            Some(expression) => Built::Live(Template::Expression(expression)),
            None => Built::Plain(Json::String(text.to_owned())),
        }
    }

    fn warn_interpolation(&mut self, node: &Node, text: &str) {
        if text::looks_interpolated(text) {
            self.report.warning_help(
                node.span,
                "interpolation",
                "`${` inside of text is not evaluated: text is an expression as a whole or not at all",
                "build the text in jq, for instance `${ \"Hello \\(.name)\" }`",
            );
        }
    }

    /// Text that the DSL defines to be an expression: `${ }` may be left out.
    pub(crate) fn expression(&mut self, node: &Node, name: &str) -> Option<Expression> {
        let text = self.text(node, name)?;
        self.warn_interpolation(node, text);
        let source = text::unwrap_expression(text).unwrap_or(text.trim());
        self.checked_expression(node, source)
    }

    /// Text that the schema wants wrapped in `${ }`.
    pub(crate) fn wrapped_expression(&mut self, node: &Node, name: &str) -> Option<Expression> {
        let text = self.text(node, name)?;
        let Some(source) = text::unwrap_expression(text) else {
            let message = format!("`{name}` must be an expression");
            self.report.error_help(
                node.span,
                "pattern",
                message,
                format!("write `${{ {} }}`", text.trim().escape_debug()),
            );
            return None;
        };
        self.checked_expression(node, source)
    }

    fn checked_expression(&mut self, node: &Node, source: &str) -> Option<Expression> {
        if source.is_empty() {
            self.report.error_help(
                node.span,
                "expression",
                "the expression is empty",
                "write `.` for the value itself",
            );
            return None;
        }
        if source.len() > EXPRESSION_BYTES_MAX {
            let message = format!(
                "an expression of {} bytes; at most {EXPRESSION_BYTES_MAX} are allowed",
                source.len()
            );
            self.report
                .error_help(node.span, "limit", message, "do this in a plugin");
            return None;
        }
        Some(self.add_expression(source, node.span))
    }

    /// Text as an expression, anything else as a template: `from`, `as`, `for.in`.
    pub(crate) fn transformation(&mut self, node: &Node, name: &str) -> Option<Template> {
        match &node.value {
            Value::Text(_) => self.expression(node, name).map(Template::Expression),
            Value::Map(_) => Some(self.template(node)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => {
                self.wrong_kind(node, &format!("`{name}`"), "an expression or an object");
                None
            }
        }
    }

    /// A length of time: an ISO 8601 text, an object, or an expression.
    pub(crate) fn duration(&mut self, node: &Node, name: &str) -> Option<Duration> {
        match &node.value {
            Value::Text(text) => self.duration_text(node, text),
            Value::Map(_) => self.duration_object(node, name).map(Duration::Milliseconds),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => {
                self.wrong_kind(
                    node,
                    &format!("`{name}`"),
                    "a duration such as `PT30S` or `{seconds: 30}`",
                );
                None
            }
        }
    }

    fn duration_text(&mut self, node: &Node, text: &str) -> Option<Duration> {
        if let Some(source) = text::unwrap_expression(text) {
            return self
                .checked_expression(node, source)
                .map(Duration::Expression);
        }
        match duration::parse(text) {
            Ok(ms) => Some(Duration::Milliseconds(ms)),
            Err(error) => {
                self.report
                    .error_help(node.span, "duration", error.to_string(), error.help());
                None
            }
        }
    }

    fn duration_object(&mut self, node: &Node, name: &str) -> Option<u64> {
        self.known_keys(
            node,
            &format!("`{name}`"),
            &duration::UNITS.map(|(unit, _)| unit),
        );
        if node.entries().is_empty() {
            self.report.error_help(
                node.span,
                "duration",
                format!("`{name}` is empty"),
                "for instance `{seconds: 30}`",
            );
            return None;
        }
        let mut parts = Vec::new();
        for (unit, ms) in duration::UNITS {
            let Some(member) = node.get(unit) else {
                continue;
            };
            let count = self
                .integer(member, unit, 0, i64::MAX)
                .and_then(|count| u64::try_from(count).ok());
            parts.push((count?, ms));
        }
        let total = duration::total(parts);
        if total.is_none() {
            self.report.error(
                node.span,
                "duration",
                format!("`{name}` is longer than a hundred years"),
            );
        }
        total
    }
}

fn plain(built: Built) -> Option<Json> {
    match built {
        Built::Plain(json) => Some(json),
        Built::Live(_) => None,
    }
}

/// For [`crate::form::Form::Code`].
pub(super) fn duration(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    reader.duration(node, path.name());
}
