//! Which variables an expression may name, at which point of the data flow. Each is built only when it is asked for.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::{
    Arguments, Moment, Run, clock,
    state::{Scope, Site},
};

/// What is known at one point of the data flow, beside what is known everywhere.
#[derive(Debug, Default)]
pub(crate) struct View {
    context: Option<Arc<Json>>,
    input: Option<Arc<Json>>,
    raw_output: Option<Arc<Json>>,
    output: Option<Arc<Json>>,
    scope: Option<Scope>,
}

impl View {
    /// The workflow's `input.from`.
    pub(crate) fn entry() -> Self {
        Self::default()
    }

    /// A task's `if` and `input.from`, and the workflow's `output.as`.
    pub(crate) fn context(context: &Arc<Json>) -> Self {
        Self {
            context: Some(context.clone()),
            ..Self::default()
        }
    }

    /// What a task's own definition says.
    pub(crate) fn definition(context: &Arc<Json>, input: &Arc<Json>) -> Self {
        Self {
            input: Some(input.clone()),
            ..Self::context(context)
        }
    }

    /// A task's `output.as`.
    pub(crate) fn after(self, raw_output: &Arc<Json>) -> Self {
        Self {
            raw_output: Some(raw_output.clone()),
            ..self
        }
    }

    /// A task's `export.as`.
    pub(crate) fn exporting(self, output: &Arc<Json>) -> Self {
        Self {
            output: Some(output.clone()),
            ..self
        }
    }

    /// With the variables of an iteration or of a caught error instead of those around the task.
    pub(crate) fn with_scope(self, scope: Scope) -> Self {
        Self {
            scope: Some(scope),
            ..self
        }
    }
}

/// Where an expression is evaluated.
pub(crate) struct Scene<'a> {
    pub(crate) run: &'a Run,
    pub(crate) at: &'a Moment<'a>,
    /// None for the workflow's own expressions.
    pub(crate) site: Option<&'a Site>,
    pub(crate) view: &'a View,
}

impl Scene<'_> {
    fn scope(&self) -> Option<&Scope> {
        self.view
            .scope
            .as_ref()
            .or(self.site.map(|site| &site.scope))
    }

    fn task(&self, site: &Site) -> Json {
        let task = self.at.definition.workflow.task(site.task);
        let mut shown = json!({
            "name": task.name,
            "reference": site.reference,
            "definition": task.definition,
            "input": site.raw,
            "startedAt": clock::describe(site.clock_ms),
        });
        if let Some(output) = &self.view.raw_output {
            shown["output"] = Json::clone(output);
        }
        shown
    }
}

impl Arguments for Scene<'_> {
    fn get(&self, name: &str) -> Option<Arc<Json>> {
        match name {
            "context" => self.view.context.clone(),
            "input" => self.view.input.clone(),
            "output" => self.view.output.clone(),
            "task" => self.site.map(|site| Arc::new(self.task(site))),
            "workflow" => Some(self.run.workflow_argument(self.at.definition)),
            "runtime" => Some(Arc::new(self.at.runtime.clone())),
            "secrets" => Some(Arc::new(self.at.secrets.clone())),
            _ => self.scope()?.get(name).cloned(),
        }
    }

    fn names(&self) -> Vec<String> {
        let known = [
            ("context", self.view.context.is_some()),
            ("input", self.view.input.is_some()),
            ("output", self.view.output.is_some()),
            ("task", self.site.is_some()),
            ("workflow", true),
            ("runtime", true),
            ("secrets", true),
        ];
        let mut names: Vec<String> = known
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(name, _)| name.to_owned())
            .collect();
        for name in self.scope().into_iter().flat_map(Scope::names) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }
}
