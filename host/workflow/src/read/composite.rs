//! Kinds of tasks that hold or choose others: `for`, `fork`, `switch`, `try`; and `set`.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::{Reader, data, flow::ScopeKind, metadata, task::Site};
use crate::{
    form::{Form, Shape, closed, may, must, open},
    model::{Case, Expression, For, Fork, TaskKind, Template, Try},
    node::{Node, Value},
    path::Path,
    suggest, text,
};

const FOR: Shape = closed(
    "`for`",
    &[
        may("each", Form::Name),
        must("in", Form::Any),
        may("at", Form::Name),
    ],
);
const FORK: Shape = closed(
    "`fork`",
    &[must("branches", Form::Any), may("compete", Form::Any)],
);
const CASE: Shape = closed(
    "a case of `switch`",
    &[may("when", Form::Any), must("then", Form::Any)],
);
const CATCH: Shape = closed(
    "`catch`",
    &[
        may("errors", Form::Any),
        may("as", Form::Name),
        may("when", Form::Any),
        may("exceptWhen", Form::Any),
        may("retry", Form::Any),
        may("do", Form::Any),
        may("then", Form::Any),
    ],
);
const ERRORS: Shape = closed("`errors`", &[may("with", Form::Object(&ERROR_FILTER))]);
const ERROR_FILTER: Shape = open(
    "`with`",
    &[
        may("type", Form::Name),
        may("status", Form::Integer(0, 999)),
        may("instance", Form::Name),
        may("title", Form::Name),
        may("detail", Form::Name),
    ],
);
const ERROR_MEMBERS: [&str; 5] = ["type", "status", "instance", "title", "detail"];

/// Variables that the DSL itself gives to expressions.
const ARGUMENTS: [&str; 8] = [
    "context",
    "input",
    "output",
    "secrets",
    "authorization",
    "task",
    "workflow",
    "runtime",
];

/// For [`Form::Code`]: the iterator over consumed events or messages.
pub(super) const SUBSCRIPTION_ITERATOR: Shape = closed(
    "`foreach`",
    &[
        may("item", Form::Name),
        may("at", Form::Name),
        may("do", Form::Code(super::task::tasks)),
        may("output", Form::Code(data::output)),
        may("export", Form::Code(data::export)),
    ],
);

impl Reader {
    pub(super) fn r#for(&mut self, node: &Node, site: &Site<'_>) -> Option<For> {
        let path = site.path.key("for");
        let body = match site.node.get("do") {
            Some(body) => self.sequence(body, &site.path.key("do")),
            None => {
                self.missing(site.node, "a `for` task", "do");
                Vec::new()
            }
        };
        let r#while = self.optional_expression(site.node, "while");
        if !self.shape(node, &FOR, &path) {
            return None;
        }
        let each = self.variable(node, "each", "item");
        let at = self.variable(node, "at", "index");
        if each == at {
            let message = format!("`each` and `at` are both `{each}`");
            self.report
                .error_help(node.span, "variable", message, "give them different names");
        }
        Some(For {
            each,
            at,
            r#in: node.get("in").and_then(|r#in| self.collection(r#in))?,
            r#while,
            body,
            concurrency: metadata::concurrency(site.node),
        })
    }

    /// What a `for` iterates: an expression, or a list of objects.
    fn collection(&mut self, node: &Node) -> Option<Template> {
        match &node.value {
            Value::Text(_) => self.expression(node, "in").map(Template::Expression),
            Value::List(items) => {
                for item in items {
                    self.is_object(item, "an item of the list in `in`");
                }
                Some(self.template(node))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Map(_) => {
                self.wrong_kind(node, "`in`", "an expression or a list of objects");
                None
            }
        }
    }

    fn variable(&mut self, node: &Node, key: &str, default: &str) -> String {
        let Some((node, name)) = node.get(key).and_then(|node| Some((node, node.text()?))) else {
            return default.to_owned();
        };
        if ARGUMENTS.contains(&name) {
            let message = format!("`{key}` would hide `${name}`, which the DSL defines");
            self.report
                .error_help(node.span, "variable", message, "choose another name");
        } else if !text::is_variable(name) && !name.trim().is_empty() {
            let message = format!("`{}` cannot name a variable", name.escape_debug());
            let help = match name.strip_prefix('$') {
                Some(bare) => format!(
                    "write `{}` here, `{}` in expressions",
                    bare.escape_debug(),
                    name.escape_debug()
                ),
                None => "use letters, digits and `_`, and begin with a letter".to_owned(),
            };
            self.report.error_help(node.span, "variable", message, help);
        }
        name.to_owned()
    }

    pub(super) fn optional_expression(&mut self, node: &Node, key: &str) -> Option<Expression> {
        node.get(key)
            .and_then(|member| self.expression(member, key))
    }

    pub(super) fn fork(&mut self, node: &Node, site: &Site<'_>) -> Option<Fork> {
        let path = site.path.key("fork");
        if !self.shape(node, &FORK, &path) {
            return None;
        }
        let branches = node.get("branches")?;
        let compete = node
            .get("compete")
            .is_some_and(|compete| self.boolean(compete, "compete").unwrap_or(false));
        Some(Fork {
            branches: self.tasks(branches, &path.key("branches"), ScopeKind::Branches),
            compete,
        })
    }

    pub(super) fn set(&mut self, node: &Node) -> Option<Template> {
        match &node.value {
            Value::Map(entries) if entries.is_empty() => {
                self.report
                    .error(node.span, "missing-key", "`set` must set something");
                None
            }
            Value::Map(_) => Some(self.template(node)),
            Value::Text(_) if self.loose => self.expression(node, "set").map(Template::Expression),
            Value::Text(text) => {
                if !text::is_expression(text) {
                    let message = "`set` gives this very text, not the result of an expression";
                    self.report.warning_help(
                        node.span,
                        "literal",
                        message,
                        "wrap it in `${ }` if it is an expression",
                    );
                }
                Some(self.template(node))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => {
                self.wrong_kind(node, "`set`", "an object or an expression");
                None
            }
        }
    }

    pub(super) fn switch(&mut self, node: &Node, site: &Site<'_>) -> Option<Vec<Case>> {
        let path = site.path.key("switch");
        let Value::List(items) = &node.value else {
            self.wrong_kind(node, "`switch`", "a list of cases");
            return None;
        };
        if items.is_empty() {
            self.report
                .error(node.span, "missing-key", "`switch` needs a case");
        }
        self.told_apart(items);
        let mut cases: Vec<Case> = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let Some(entry) = self.only(item) else {
                continue;
            };
            let at = path.index(at);
            if self.shape(&entry.node, &CASE, &at.key(&entry.key)) {
                cases.push(Case {
                    name: entry.key.clone(),
                    when: self.optional_expression(&entry.node, "when"),
                    then: self.flow(entry.node.get("then"), site.scope),
                });
            }
        }
        Some(cases)
    }

    /// A journal names the case that was taken, and only one can be what applies if no other does.
    fn told_apart(&mut self, cases: &[Node]) {
        let (mut names, mut default) = (BTreeSet::new(), false);
        for case in cases {
            let [entry] = case.entries() else { continue };
            let name = entry.key.escape_debug();
            if !names.insert(&entry.key) {
                let message = format!("there is another case `{name}`");
                self.report.error_help(
                    entry.key_span,
                    "duplicate-key",
                    message,
                    "rename one of them",
                );
            }
            if !matches!(entry.node.value, Value::Map(_)) || entry.node.get("when").is_some() {
                continue;
            }
            if default {
                let message = format!("the case `{name}` is a second one without `when`");
                let help = "a case without `when` applies if no other does: keep one of them";
                self.report
                    .error_help(entry.key_span, "conflict", message, help);
            }
            default = true;
        }
    }

    pub(super) fn r#try(&mut self, node: &Node, site: &Site<'_>) -> Option<TaskKind> {
        let body = self.sequence(node, &site.path.key("try"));
        let Some(catch) = site.node.get("catch") else {
            self.missing(site.node, "a `try` task", "catch");
            return None;
        };
        let path = site.path.key("catch");
        if !self.shape(catch, &CATCH, &path) {
            return None;
        }
        if catch.entries().is_empty() {
            let help = "say what is done with an error: `errors`, `retry`, `do` or `then`";
            self.report
                .warning_help(catch.span, "missing-key", "`catch` is empty", help);
        }
        let name = self.variable(catch, "as", "error");
        Some(TaskKind::Try(Box::new(Try {
            body,
            errors: self.error_filter(catch.get("errors"), &path),
            r#as: name,
            when: self.optional_expression(catch, "when"),
            except_when: self.optional_expression(catch, "exceptWhen"),
            retry: catch
                .get("retry")
                .and_then(|retry| self.retry(retry, &path.key("retry"))),
            handler: catch
                .get("do")
                .map(|handler| self.sequence(handler, &path.key("do"))),
            then: catch
                .get("then")
                .map(|then| self.flow(Some(then), site.scope)),
        })))
    }

    fn error_filter(&mut self, node: Option<&Node>, path: &Path<'_>) -> IndexMap<String, Json> {
        let Some(node) = node.filter(|node| self.shape(node, &ERRORS, &path.key("errors"))) else {
            return IndexMap::new();
        };
        let help = "leave `errors` out to catch any error";
        let Some(with) = node.get("with") else {
            let message = "`errors` names nothing to compare";
            self.report
                .warning_help(node.span, "missing-key", message, help);
            return IndexMap::new();
        };
        // The standard's schema allows both of the above, and wants a member here.
        if with.entries().is_empty() {
            self.report.error_help(
                with.span,
                "missing-key",
                "`with` names nothing to compare",
                help,
            );
        }
        for entry in with
            .entries()
            .iter()
            .filter(|entry| !ERROR_MEMBERS.contains(&entry.key.as_str()))
        {
            if let Some(word) = suggest::nearest(&entry.key, ERROR_MEMBERS) {
                let message = format!(
                    "no error of the DSL has a member `{}`",
                    entry.key.escape_debug()
                );
                self.report.warning_help(
                    entry.key_span,
                    "unknown-key",
                    message,
                    format!("did you mean `{word}`?"),
                );
            }
        }
        with.entries()
            .iter()
            .map(|entry| (entry.key.clone(), entry.node.to_json()))
            .collect()
    }
}
