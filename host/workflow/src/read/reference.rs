//! References by name to what `use` declares.

use indexmap::IndexMap;

use super::Reader;
use crate::{
    model::{Duration, Raise, Retry, TaskIndex},
    node::Node,
    path::Path,
    source::NotExecuted,
    suggest,
};

/// A part of `use` that names can refer to.
#[derive(Clone, Copy)]
enum Section {
    Authentications,
    Errors,
    Functions,
    Retries,
    Secrets,
    Timeouts,
}

impl Section {
    fn key(self) -> &'static str {
        match self {
            Self::Authentications => "authentications",
            Self::Errors => "errors",
            Self::Functions => "functions",
            Self::Retries => "retries",
            Self::Secrets => "secrets",
            Self::Timeouts => "timeouts",
        }
    }
}

impl Reader {
    pub(super) fn error_reference(&mut self, node: &Node, name: &str) -> Option<Raise> {
        let found = self.uses.errors.get(name).cloned();
        self.resolved(node, name, Section::Errors, found).flatten()
    }

    pub(super) fn retry_reference(&mut self, node: &Node, name: &str) -> Option<Retry> {
        let found = self.uses.retries.get(name).cloned();
        self.resolved(node, name, Section::Retries, found).flatten()
    }

    pub(super) fn timeout_reference(&mut self, node: &Node, name: &str) -> Option<Duration> {
        let found = self.uses.timeouts.get(name).cloned();
        self.resolved(node, name, Section::Timeouts, found)
            .flatten()
    }

    pub(super) fn function_reference(&mut self, node: &Node, name: &str) -> Option<TaskIndex> {
        let found = self.uses.functions.get(name).copied();
        self.resolved(node, name, Section::Functions, found)
    }

    fn resolved<T>(
        &mut self,
        node: &Node,
        name: &str,
        section: Section,
        found: Option<T>,
    ) -> Option<T> {
        if found.is_none() {
            let key = section.key();
            let message = format!("`use.{key}` declares no `{}`", name.escape_debug());
            let help = suggest::help(name, self.declared(section), "it declares");
            let help = help.unwrap_or_else(|| match section {
                Section::Functions => {
                    "a plugin's function is written `function:version@plugin`".to_owned()
                }
                Section::Authentications
                | Section::Errors
                | Section::Retries
                | Section::Timeouts => {
                    format!("declare it in `use.{key}`, or write it out here")
                }
                Section::Secrets => "declare it in `use.secrets`".to_owned(),
            });
            self.report
                .error_help(node.span, "unknown-reference", message, help);
        }
        found
    }

    fn declared(&self, section: Section) -> Vec<&str> {
        fn names<T>(declared: &IndexMap<String, T>) -> Vec<&str> {
            declared.keys().map(String::as_str).collect()
        }
        match section {
            Section::Authentications => names(&self.uses.authentications),
            Section::Errors => names(&self.uses.errors),
            Section::Functions => names(&self.uses.functions),
            Section::Retries => names(&self.uses.retries),
            Section::Secrets => names(&self.uses.secrets),
            Section::Timeouts => names(&self.uses.timeouts),
        }
    }
}

/// For [`crate::form::Form::Code`]: the name of an authentication policy.
pub(super) fn authentication(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    let Some(name) = reader.name(node, path.name()) else {
        return;
    };
    let found = reader.uses.authentications.get(name).map(|_| ());
    reader.resolved(node, name, Section::Authentications, found);
}

/// The same where what refers to one is valid, and not executed yet.
pub(super) fn authentication_unused(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    authentication(reader, node, path);
    let Some(name) = node.text() else { return };
    let what = format!("the authentication policy `{}`", name.escape_debug());
    reader.not_executed.push(NotExecuted {
        what,
        span: node.span,
    });
}

/// For [`crate::form::Form::Code`]: the name of a secret.
pub(super) fn secret(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    let Some(name) = reader.name(node, path.name()) else {
        return;
    };
    let found = reader.uses.secrets.get(name).copied();
    reader.resolved(node, name, Section::Secrets, found);
}
