//! Data flow: `input`, `output`, `export` and the schemas in them.

use std::sync::Arc;

use super::Reader;
use crate::{
    form::{Form, Shape, closed, may, one_of},
    model::{Input, Output, Schema},
    node::{Node, Value},
    path::Path,
    read::resource::EXTERNAL_RESOURCE,
};

const INPUT: Shape = closed(
    "`input`",
    &[may("schema", Form::Any), may("from", Form::Any)],
);
const OUTPUT: Shape = closed(
    "`output`",
    &[may("schema", Form::Any), may("as", Form::Any)],
);
const EXPORT: Shape = closed(
    "`export`",
    &[may("schema", Form::Any), may("as", Form::Any)],
);
const SCHEMA: Shape = one_of(
    "`schema`",
    &[
        may("format", Form::Name),
        may("document", Form::Any),
        may("resource", Form::Object(&EXTERNAL_RESOURCE)),
    ],
    &[&["document", "resource"]],
);

impl Reader {
    pub(super) fn input(&mut self, node: Option<&Node>, path: &Path<'_>) -> Input {
        let Some(node) = node.filter(|node| self.shape(node, &INPUT, path)) else {
            return Input::default();
        };
        Input {
            schema: self.member_schema(node, path),
            from: node
                .get("from")
                .and_then(|from| self.transformation(from, "from")),
        }
    }

    pub(super) fn output(&mut self, node: Option<&Node>, path: &Path<'_>) -> Output {
        self.outward(node, &OUTPUT, path)
    }

    pub(super) fn export(&mut self, node: Option<&Node>, path: &Path<'_>) -> Output {
        self.outward(node, &EXPORT, path)
    }

    fn outward(&mut self, node: Option<&Node>, shape: &'static Shape, path: &Path<'_>) -> Output {
        let Some(node) = node.filter(|node| self.shape(node, shape, path)) else {
            return Output::default();
        };
        Output {
            schema: self.member_schema(node, path),
            r#as: node
                .get("as")
                .and_then(|r#as| self.transformation(r#as, "as")),
        }
    }

    fn member_schema(&mut self, node: &Node, path: &Path<'_>) -> Option<Schema> {
        let schema = node.get("schema")?;
        self.schema(schema, &path.key("schema"))
    }

    fn schema(&mut self, node: &Node, path: &Path<'_>) -> Option<Schema> {
        if !self.shape(node, &SCHEMA, path) {
            return None;
        }
        self.schema_format(node.get("format"));
        if let Some(resource) = node.entry("resource") {
            let help = "write the schema itself under `document`";
            self.report.error_help(
                resource.key_span,
                "not-available",
                "schemas are not fetched from elsewhere",
                help,
            );
        }
        let document = node.get("document")?;
        match &document.value {
            Value::Map(_) | Value::Bool(_) => Some(Schema {
                document: Arc::new(document.to_json()),
                span: document.span,
            }),
            Value::Null | Value::Number(_) | Value::Text(_) | Value::List(_) => {
                self.wrong_kind(document, "a JSON Schema", "an object, `true` or `false`");
                None
            }
        }
    }

    fn schema_format(&mut self, node: Option<&Node>) {
        let Some((node, format)) = node.and_then(|node| Some((node, node.text()?))) else {
            return;
        };
        if format.split(':').next() != Some("json") {
            let message = format!(
                "schemas of the format `{}` are not available",
                format.escape_debug()
            );
            self.report.error_help(
                node.span,
                "not-available",
                message,
                "write a JSON Schema; leave `format` out",
            );
        }
    }
}

/// For [`Form::Code`].
pub(super) fn output(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    reader.output(Some(node), path);
}

/// For [`Form::Code`].
pub(super) fn export(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    reader.export(Some(node), path);
}
