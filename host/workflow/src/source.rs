//! What a parsed workflow remembers of its text: places, warnings, and what is valid but not executed yet.

use std::sync::Arc;

use crate::{
    diagnostic::Diagnostic,
    model::{Expression, Span, TaskIndex},
    node::Node,
};

/// The text behind a [`crate::model::Workflow`]. Empty for a workflow that was not parsed from text.
#[derive(Debug, Clone, Default)]
pub struct Source(Option<Arc<Inner>>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) root: Node,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) not_executed: Vec<NotExecuted>,
    pub(crate) expressions: Vec<Expression>,
    pub(crate) functions: Vec<TaskIndex>,
}

/// A valid part of the DSL, outside of tasks, that this host does not act upon yet.
#[derive(Debug, Clone)]
pub(crate) struct NotExecuted {
    pub(crate) what: String,
    pub(crate) span: Span,
}

impl Source {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Some(Arc::new(inner)))
    }

    /// The place that a JSON Pointer names, or the nearest thing around it that exists.
    pub fn locate(&self, pointer: &str) -> Option<Span> {
        self.0.as_ref().map(|inner| inner.root.locate(pointer))
    }

    /// What the parser found strange but not wrong.
    pub fn warnings(&self) -> &[Diagnostic] {
        self.0.as_ref().map_or(&[], |inner| &inner.warnings)
    }

    pub(crate) fn root(&self) -> Option<&Node> {
        self.0.as_ref().map(|inner| &inner.root)
    }

    pub(crate) fn not_executed(&self) -> &[NotExecuted] {
        self.0.as_ref().map_or(&[], |inner| &inner.not_executed)
    }

    pub(crate) fn expressions(&self) -> &[Expression] {
        self.0.as_ref().map_or(&[], |inner| &inner.expressions)
    }

    pub(crate) fn functions(&self) -> &[TaskIndex] {
        self.0.as_ref().map_or(&[], |inner| &inner.functions)
    }
}
