//! From a tree to a workflow: everything that the document alone decides.
//!
//! One [`Reader`] walks the tree once, reports what it finds wrong and goes on, so that one look shows all problems. Nothing
//! here knows plugins, grants or how a run proceeds.

mod call;
mod composite;
mod data;
mod document;
mod error;
mod events;
mod flow;
mod http;
mod metadata;
mod process;
mod protocol;
mod reference;
mod resource;
mod retry;
mod task;
mod uses;
mod value;

use std::sync::Arc;

use indexmap::IndexMap;

use crate::{
    diagnostic::{Diagnostic, Report},
    model::{Duration, Expression, Raise, Retry, Span, Task, TaskIndex, Workflow},
    node::Node,
    source::{Inner, NotExecuted, Source},
    yaml,
};

/// The most tasks that one document may hold.
pub const TASKS_MAX: usize = 10_000;
/// The longest expression.
pub const EXPRESSION_BYTES_MAX: usize = 64 * 1024;
/// How many iterations of a `for` may go on at once.
pub const CONCURRENCY_MAX: u32 = 1024;
/// Nodes of all task definitions together, each counted again in every task around it.
pub const DEFINITION_NODES_MAX: u64 = 2_000_000;

/// Reads a document, YAML or JSON. `file` is what diagnostics call it.
///
/// # Errors
/// All problems that were found, at most [`crate::DIAGNOSTICS_MAX`], in the order of the document, warnings among them.
pub fn parse(text: &str, file: &str) -> Result<Workflow, Vec<Diagnostic>> {
    let mut report = Report::new(file);
    let root = yaml::read(text, &mut report);
    let mut reader = Reader::new(report);
    let Some(root) = root else {
        return Err(reader.report.finish());
    };
    let workflow = reader
        .document(&root, text)
        .filter(|_| !reader.report.failed());
    let found = reader.report.finish();
    let Some(mut workflow) = workflow else {
        return Err(found);
    };
    let tasks: Option<Vec<Task>> = reader.tasks.into_iter().collect();
    workflow.tasks = tasks.expect("invariant: a task that could not be read was reported");
    workflow.source = Source::new(Inner {
        root,
        warnings: found,
        not_executed: reader.not_executed,
        expressions: reader.expressions,
        functions: reader.uses.functions.into_values().collect(),
    });
    Ok(workflow)
}

/// What is known while a document is read.
pub(crate) struct Reader {
    pub(crate) report: Report,
    /// A task's place is reserved when it is reached and filled when it is read.
    tasks: Vec<Option<Task>>,
    expressions: Vec<Expression>,
    not_executed: Vec<NotExecuted>,
    definition_nodes: u64,
    loose: bool,
    uses: Uses,
}

/// What `use` declares. A declaration that is not valid stands as `None`, so that references to it are not reported too.
#[derive(Default)]
struct Uses {
    authentications: IndexMap<String, Node>,
    errors: IndexMap<String, Option<Raise>>,
    functions: IndexMap<String, TaskIndex>,
    retries: IndexMap<String, Option<Retry>>,
    secrets: IndexMap<String, ()>,
    timeouts: IndexMap<String, Option<Duration>>,
}

impl Reader {
    fn new(report: Report) -> Self {
        Self {
            report,
            tasks: Vec::new(),
            expressions: Vec::new(),
            not_executed: Vec::new(),
            definition_nodes: 0,
            loose: false,
            uses: Uses::default(),
        }
    }

    /// A place for a task that is about to be read.
    fn reserve(&mut self) -> TaskIndex {
        let index = u32::try_from(self.tasks.len()).unwrap_or(u32::MAX);
        self.tasks.push(None);
        TaskIndex(index)
    }

    fn add_expression(&mut self, source: &str, span: Span) -> Expression {
        let expression = Expression {
            source: Arc::from(source),
            span,
            index: u32::try_from(self.expressions.len()).unwrap_or(u32::MAX),
        };
        self.expressions.push(expression.clone());
        expression
    }
}
