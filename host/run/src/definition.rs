//! What a run executes: a workflow, what its functions do to the world, its schemas compiled, its bounds.

use std::{collections::BTreeMap, fmt, sync::Arc};

use jsonschema::Validator;
use serde_json::Value as Json;
use writ_workflow::model::{Schema, Workflow};

use crate::{Effects, Problem};

/// Bounds of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Activations of tasks in all, loops and retries included.
    pub tasks_max: u64,
    /// Activations that are live at the same time.
    pub live_tasks_max: usize,
    /// Tasks inside tasks inside tasks.
    pub nesting_max: u32,
    /// Steps in one [`advance`](crate::Run::advance).
    pub steps_per_advance_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tasks_max: 1_000_000,
            live_tasks_max: 10_000,
            nesting_max: 256,
            steps_per_advance_max: 1_024,
        }
    }
}

/// What a run executes; immutable, shared by all runs of the same workflow.
pub struct Definition {
    /// The workflow.
    pub workflow: Arc<Workflow>,
    /// What each function does to the world, by plugin and function. One that is missing counts as [`Effects::Once`].
    pub effects: BTreeMap<(String, String), Effects>,
    /// Bounds of a run.
    pub limits: Limits,
    /// By address of the schema's document, which the workflow keeps alive.
    validators: BTreeMap<usize, Validator>,
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Definition")
            .field("workflow", &self.workflow.document)
            .field("effects", &self.effects)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Definition {
    /// Compiles the workflow's schemas; the problem names the first that is not a valid JSON Schema.
    pub fn new(workflow: Arc<Workflow>, effects: BTreeMap<(String, String), Effects>) -> Result<Self, Problem> {
        let mut validators = BTreeMap::new();
        for (owner, schema) in schemas(&workflow) {
            let validator = jsonschema::options()
                .build(&schema.document)
                .map_err(|error| bad_schema(owner, schema, &error.to_string()))?;
            validators.insert(address(schema), validator);
        }
        Ok(Self {
            workflow,
            effects,
            limits: Limits::default(),
            validators,
        })
    }

    /// The same with other bounds.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    pub(crate) fn effects_of(&self, plugin: &str, function: &str) -> Effects {
        self.effects
            .get(&(plugin.to_owned(), function.to_owned()))
            .copied()
            .unwrap_or(Effects::Once)
    }

    /// The first violation of a schema: where in the value, and what.
    pub(crate) fn violation(&self, schema: &Schema, value: &Json) -> Option<(String, String)> {
        let validator = self.validators.get(&address(schema))?;
        let error = validator.iter_errors(value).next()?;
        Some((error.instance_path().to_string(), error.to_string()))
    }
}

fn address(schema: &Schema) -> usize {
    Arc::as_ptr(&schema.document) as usize
}

/// Every schema with the reference of its owner.
fn schemas(workflow: &Workflow) -> impl Iterator<Item = (&str, &Schema)> {
    let own = [&workflow.input.schema, &workflow.output.schema].map(|schema| ("/", schema.as_ref()));
    let tasks = workflow.tasks.iter().flat_map(|task| {
        [&task.input.schema, &task.output.schema, &task.export.schema]
            .map(|schema| (task.reference.as_ref(), schema.as_ref()))
    });
    own.into_iter()
        .chain(tasks)
        .filter_map(|(owner, schema)| schema.map(|schema| (owner, schema)))
}

fn bad_schema(owner: &str, schema: &Schema, error: &str) -> Problem {
    let place = format!("{}:{}", schema.span.line, schema.span.column);
    let mut problem = Problem::dsl(
        "configuration",
        400,
        format!("the JSON Schema at {place} cannot be used: {error}; correct it, or leave it out"),
    );
    problem.instance = Some(owner.to_owned());
    problem
}
