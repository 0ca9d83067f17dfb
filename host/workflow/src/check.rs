//! A parsed workflow against the plugins it calls and what they are granted, and against what this host executes.
//!
//! Finds, before anything runs: plugins, functions, versions and arguments that don't exist or don't fit; capabilities that a
//! called plugin needs and no grant gives; expressions that are not jq; tasks that can never run; and parts of the DSL that are
//! not executed, refused by name. No I/O: plugins come in as data, and jq errors as text by the expression's index.

mod call;
mod catalog;
mod executed;
mod http;
mod reach;
mod tools;

use std::{collections::BTreeMap, sync::Arc};

use writ_grant::Authority;
use writ_plugin::Plugin;

use crate::{
    diagnostic::{Diagnostic, Report},
    model::{Span, Task, Workflow},
};

/// The plugins that a workflow can call, by name.
pub type Catalog = BTreeMap<String, Known>;

/// A plugin that a workflow can call.
#[derive(Debug, Clone)]
pub struct Known {
    /// The plugin.
    pub plugin: Arc<Plugin>,
    /// What it may do; `None` as long as nobody has reviewed it.
    pub authority: Option<Authority>,
}

/// What is wrong with expressions, by their index: the message of whoever knows jq.
pub type ExpressionErrors = BTreeMap<usize, String>;

/// Everything that is wrong with a workflow among these plugins and with this authority of its own, and the parser's warnings, in the order of the document.
pub fn check(
    workflow: &Workflow,
    file: &str,
    plugins: &Catalog,
    own: &Authority,
    expressions: &ExpressionErrors,
) -> Vec<Diagnostic> {
    let mut checker = Checker {
        workflow,
        plugins,
        own,
        report: Report::new(file),
    };
    checker.expressions(expressions);
    checker.executed();
    checker.catalogs();
    checker.calls();
    checker.http();
    checker.reach();
    for warning in workflow.source.warnings() {
        checker.report.push(warning.clone());
    }
    checker.report.finish()
}

/// What all checks share.
struct Checker<'w> {
    workflow: &'w Workflow,
    plugins: &'w Catalog,
    own: &'w Authority,
    report: Report,
}

impl Checker<'_> {
    /// The place of a part of a task; of its name when the workflow was not parsed from text.
    fn place(&self, task: &Task, inside: &str) -> Span {
        self.workflow
            .source
            .locate(&format!("{}{inside}", task.reference))
            .unwrap_or(task.span)
    }

    fn expressions(&mut self, errors: &ExpressionErrors) {
        let expressions = self.workflow.source.expressions();
        for (index, message) in errors {
            let Some(expression) = expressions.get(*index) else {
                continue;
            };
            self.report.error(
                expression.span,
                "expression",
                format!("not a jq expression: {message}"),
            );
        }
    }
}
