//! References by name to what `use` declares.

use indexmap::IndexMap;

use super::Reader;
use crate::{
    model::{Duration, Raise, Retry, TaskIndex},
    node::Node,
    path::Path,
    suggest,
};

impl Reader {
    pub(super) fn error_reference(&mut self, node: &Node, name: &str) -> Option<Raise> {
        let found = self.uses.errors.get(name).cloned();
        self.resolved(node, name, "errors", found).flatten()
    }

    pub(super) fn retry_reference(&mut self, node: &Node, name: &str) -> Option<Retry> {
        let found = self.uses.retries.get(name).cloned();
        self.resolved(node, name, "retries", found).flatten()
    }

    pub(super) fn timeout_reference(&mut self, node: &Node, name: &str) -> Option<Duration> {
        let found = self.uses.timeouts.get(name).cloned();
        self.resolved(node, name, "timeouts", found).flatten()
    }

    pub(super) fn function_reference(&mut self, node: &Node, name: &str) -> Option<TaskIndex> {
        let found = self.uses.functions.get(name).copied();
        self.resolved(node, name, "functions", found)
    }

    fn resolved<T>(&mut self, node: &Node, name: &str, section: &str, found: Option<T>) -> Option<T> {
        if found.is_none() {
            let message = format!("`use.{section}` declares no `{}`", name.escape_debug());
            let help = suggest::help(name, self.declared(section), "it declares");
            let help = help.unwrap_or_else(|| match section {
                "functions" => "a plugin's function is written `function:version@plugin`".to_owned(),
                _ => format!("declare it in `use.{section}`, or write it out here"),
            });
            self.report.error_help(node.span, "unknown-reference", message, help);
        }
        found
    }

    fn declared(&self, section: &str) -> Vec<&str> {
        fn names<T>(declared: &IndexMap<String, T>) -> Vec<&str> {
            declared.keys().map(String::as_str).collect()
        }
        match section {
            "authentications" => names(&self.uses.authentications),
            "errors" => names(&self.uses.errors),
            "functions" => names(&self.uses.functions),
            "retries" => names(&self.uses.retries),
            "secrets" => names(&self.uses.secrets),
            _ => names(&self.uses.timeouts),
        }
    }
}

/// For [`crate::form::Form::Code`]: the name of an authentication policy.
pub(super) fn authentication(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    let Some(name) = reader.name(node, path.name()) else { return };
    let found = reader.uses.authentications.get(name).copied();
    drop(reader.resolved(node, name, "authentications", found));
}

/// For [`crate::form::Form::Code`]: the name of a secret.
pub(super) fn secret(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    let Some(name) = reader.name(node, path.name()) else { return };
    let found = reader.uses.secrets.get(name).copied();
    drop(reader.resolved(node, name, "secrets", found));
}
