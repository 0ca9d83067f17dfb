//! Errors that a document defines: inline in `raise`, or in `use.errors`.

use super::{Reader, task::Site};
use crate::{
    form::{Form, Shape, closed, may, must},
    model::{Raise, Template},
    node::{Node, Value},
    path::Path,
    text,
};

const RAISE: Shape = closed("`raise`", &[must("error", Form::Any)]);
const ERROR: Shape = closed(
    "an error",
    &[
        must("type", Form::Any),
        must("status", Form::Integer(100, 599)),
        may("instance", Form::Any),
        may("title", Form::Any),
        may("detail", Form::Any),
    ],
);

impl Reader {
    pub(super) fn raise(&mut self, node: &Node, site: &Site<'_>) -> Option<Raise> {
        let path = site.path.key("raise");
        if !self.shape(node, &RAISE, &path) {
            return None;
        }
        let error = node.get("error")?;
        match &error.value {
            Value::Text(name) => self.error_reference(error, name),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => {
                self.error(error, &path.key("error"))
            }
        }
    }

    /// An error's definition.
    pub(super) fn error(&mut self, node: &Node, path: &Path<'_>) -> Option<Raise> {
        if !self.shape(node, &ERROR, path) {
            return None;
        }
        let title = self.error_text(node, "title");
        let detail = self.error_text(node, "detail");
        let instance = node
            .get("instance")
            .and_then(|instance| self.instance(instance));
        Some(Raise {
            r#type: node
                .get("type")
                .and_then(|kind| self.uri_or_expression(kind, "type"))?,
            status: node.get("status").map(|status| self.template(status))?,
            title,
            detail,
            instance,
        })
    }

    fn error_text(&mut self, node: &Node, key: &str) -> Option<Template> {
        let member = node.get(key)?;
        self.text(member, key)?;
        Some(self.template(member))
    }

    fn instance(&mut self, node: &Node) -> Option<Template> {
        let text = self.text(node, "instance")?;
        if !text::is_expression(text) && !text::is_json_pointer(text) {
            let message = format!(
                "`instance` must be a JSON Pointer, but is `{}`",
                text.escape_debug()
            );
            self.report.error_help(
                node.span,
                "pattern",
                message,
                "for instance `/do/0/check`, or leave it out",
            );
        }
        Some(self.template(node))
    }
}
