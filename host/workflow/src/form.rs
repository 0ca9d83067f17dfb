//! A small language for the shapes that the DSL's schema gives its objects, and the reader that holds nodes to them.
//!
//! Shapes are tables of constants beside the code that uses them. Where the schema says `oneOf`, the tables say what
//! decides, so that errors can name it.

mod value;

use crate::{
    node::{Node, Value},
    path::Path,
    read::Reader,
    suggest,
};

/// What a value must be.
pub(crate) enum Form {
    /// Anything: read by code elsewhere, or free by the schema.
    Any,
    /// Any value, in which text of the form `${ … }` is an expression.
    Data,
    /// An object of that kind.
    DataObject,
    /// Text, which may be an expression.
    Text,
    /// Text that is a name of something and never an expression.
    Name,
    /// An expression, with or without `${ }`.
    Condition,
    /// An expression, with `${ }`.
    Expression,
    /// A URI template.
    Uri,
    /// A URI template or an expression with `${ }`.
    UriOrExpression,
    /// A whole number between two bounds.
    Integer(i64, i64),
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of which every item has the form.
    List(&'static Form),
    /// An object with free names, of which every member has the form.
    Map(&'static Form),
    /// An object of the shape.
    Object(&'static Shape),
    /// What code says.
    Code(fn(&mut Reader, &Node, &Path<'_>)),
}

/// What an object must be.
pub(crate) struct Shape {
    /// The object, in messages: "unknown key `x` in …".
    pub(crate) what: &'static str,
    /// Its members.
    pub(crate) fields: &'static [Field],
    /// Of each group, exactly one member must be there.
    pub(crate) one_of: &'static [&'static [&'static str]],
    /// Whether members not named here are allowed.
    pub(crate) open: bool,
}

/// One member of a [`Shape`].
pub(crate) struct Field {
    key: &'static str,
    form: Form,
    required: bool,
}

/// A member that must be there.
pub(crate) const fn must(key: &'static str, form: Form) -> Field {
    Field {
        key,
        form,
        required: true,
    }
}

/// A member that may be there.
pub(crate) const fn may(key: &'static str, form: Form) -> Field {
    Field {
        key,
        form,
        required: false,
    }
}

/// An object with these members and no others.
pub(crate) const fn closed(what: &'static str, fields: &'static [Field]) -> Shape {
    Shape {
        what,
        fields,
        one_of: &[],
        open: false,
    }
}

/// An object with these members and any others.
pub(crate) const fn open(what: &'static str, fields: &'static [Field]) -> Shape {
    Shape {
        what,
        fields,
        one_of: &[],
        open: true,
    }
}

/// An object with these members and no others, of which exactly one of the named must be there.
pub(crate) const fn one_of(
    what: &'static str,
    fields: &'static [Field],
    one_of: &'static [&'static [&'static str]],
) -> Shape {
    Shape {
        what,
        fields,
        one_of,
        open: false,
    }
}

impl Reader {
    /// Holds an object to its shape, members included. `false` when it is not an object at all.
    pub(crate) fn shape(&mut self, node: &Node, shape: &'static Shape, path: &Path<'_>) -> bool {
        if !self.is_object(node, shape.what) {
            return false;
        }
        if !shape.open {
            let known: Vec<&str> = shape.fields.iter().map(|field| field.key).collect();
            self.known_keys(node, shape.what, &known);
        }
        for field in shape.fields {
            match node.get(field.key) {
                Some(member) => self.form(member, &field.form, field.key, &path.key(field.key)),
                None if field.required => self.missing(node, shape.what, field.key),
                None => {}
            }
        }
        for group in shape.one_of {
            self.exactly_one(node, shape.what, group);
        }
        true
    }

    fn exactly_one(&mut self, node: &Node, what: &str, group: &[&str]) {
        let words = || {
            group
                .iter()
                .map(|key| format!("`{key}`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let mut present = node
            .entries()
            .iter()
            .filter(|entry| group.contains(&entry.key.as_str()));
        match (present.next(), present.next()) {
            (Some(_), None) => {}
            (None, _) => {
                let message = format!("{what} needs one of {}", words());
                self.report.error(node.span, "missing-key", message);
            }
            (Some(first), Some(second)) => {
                let message = format!("{what} has both `{}` and `{}`", first.key, second.key);
                let help = format!("keep one of {}", words());
                self.report
                    .error_help(second.key_span, "conflict", message, help);
            }
        }
    }

    /// Holds a value to its form. `name` is what messages call it.
    pub(crate) fn form(&mut self, node: &Node, form: &'static Form, name: &str, path: &Path<'_>) {
        match form {
            Form::Any => {}
            Form::Data => {
                self.template(node);
            }
            Form::DataObject => {
                if self.is_object(node, &format!("`{name}`")) {
                    self.template(node);
                }
            }
            Form::Text => {
                if self.text(node, name).is_some() {
                    self.template(node);
                }
            }
            Form::Name => {
                self.name(node, name);
            }
            Form::Condition => {
                self.expression(node, name);
            }
            Form::Expression => {
                self.wrapped_expression(node, name);
            }
            Form::Uri => {
                self.uri(node, name);
            }
            Form::UriOrExpression => {
                self.uri_or_expression(node, name);
            }
            Form::Integer(min, max) => {
                self.integer(node, name, *min, *max);
            }
            Form::Boolean => {
                self.boolean(node, name);
            }
            Form::Word(words) => {
                self.word(node, name, words);
            }
            Form::List(item) => {
                for (at, inner) in self.list(node, name).iter().enumerate() {
                    self.form(inner, item, &format!("{name}[{at}]"), &path.index(at));
                }
            }
            Form::Map(value) => {
                if self.is_object(node, &format!("`{name}`")) {
                    for entry in node.entries() {
                        self.form(&entry.node, value, &entry.key, &path.key(&entry.key));
                    }
                }
            }
            Form::Object(shape) => {
                self.shape(node, shape, path);
            }
            Form::Code(read) => read(self, node, path),
        }
    }

    pub(crate) fn is_object(&mut self, node: &Node, what: &str) -> bool {
        let fits = matches!(node.value, Value::Map(_));
        if !fits {
            self.wrong_kind(node, what, "an object");
        }
        fits
    }

    pub(crate) fn known_keys(&mut self, node: &Node, what: &str, known: &[&str]) {
        for entry in node
            .entries()
            .iter()
            .filter(|entry| !known.contains(&entry.key.as_str()))
        {
            if self.report.is_full() {
                return;
            }
            let message = format!("unknown key `{}` in {what}", entry.key.escape_debug());
            match suggest::help(&entry.key, known.iter().copied(), "known are") {
                Some(help) => self
                    .report
                    .error_help(entry.key_span, "unknown-key", message, help),
                None => self.report.error(entry.key_span, "unknown-key", message),
            }
        }
    }

    pub(crate) fn missing(&mut self, node: &Node, what: &str, key: &str) {
        self.report
            .error(node.span, "missing-key", format!("{what} needs `{key}`"));
    }

    pub(crate) fn wrong_kind(&mut self, node: &Node, what: &str, expected: &str) {
        let message = format!("{what} must be {expected}, but is {}", node.kind());
        match &node.value {
            Value::Null => self.report.error_help(
                node.span,
                "wrong-kind",
                message,
                "write a value or remove the key",
            ),
            Value::Bool(_) | Value::Number(_) if expected == "text" => {
                self.report
                    .error_help(node.span, "wrong-kind", message, "quote it");
            }
            Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                self.report.error(node.span, "wrong-kind", message);
            }
        }
    }
}
