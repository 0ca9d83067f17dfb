//! What a run executes: a workflow, what its functions do to the world, its schemas compiled, its bounds.

use std::{collections::BTreeMap, fmt, sync::Arc};

use jsonschema::Validator;
use serde_json::Value as Json;
use writ_workflow::model::{Schema, Span, TaskIndex, Workflow};

use crate::{Effects, Problem};

/// How much of a validator's message is kept: it may quote the whole value.
const MESSAGE_CHARACTERS_MAX: usize = 400;

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

/// Where a value is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Door {
    Input,
    Output,
    Export,
}

impl Door {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Export => "export",
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
    /// By task (none is the workflow itself) and door.
    validators: BTreeMap<(Option<TaskIndex>, Door), Validator>,
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
    #[expect(
        clippy::result_large_err,
        reason = "asked once a workflow, not once a step"
    )]
    /// Compiles the workflow's schemas; the problem names the first that is not a valid JSON Schema.
    pub fn new(
        workflow: Arc<Workflow>,
        effects: BTreeMap<(String, String), Effects>,
    ) -> Result<Self, Problem> {
        let mut validators = BTreeMap::new();
        for (task, door, schema) in schemas(&workflow) {
            let validator =
                validator(schema).map_err(|error| bad_schema(&workflow, task, schema, &error))?;
            validators.insert((task, door), validator);
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

    /// What a function does to the world.
    #[must_use]
    pub fn effects_of(&self, plugin: &str, function: &str) -> Effects {
        self.effects
            .get(&(plugin.to_owned(), function.to_owned()))
            .copied()
            .unwrap_or(Effects::Once)
    }

    /// The first violation of a schema: where in the value, and what.
    pub(crate) fn violation(
        &self,
        task: Option<TaskIndex>,
        door: Door,
        value: &Json,
    ) -> Option<(String, String)> {
        let validator = self.validators.get(&(task, door))?;
        let error = validator.iter_errors(value).next()?;
        let message: String = error
            .to_string()
            .chars()
            .take(MESSAGE_CHARACTERS_MAX)
            .collect();
        Some((error.instance_path().to_string(), message))
    }
}

/// Every schema of a workflow that is no valid JSON Schema, where it stands, and why.
#[must_use]
pub fn bad_schemas(workflow: &Workflow) -> Vec<(Span, String)> {
    let bad = |schema: &Schema| Some((schema.span, validator(schema).err()?));
    schemas(workflow)
        .filter_map(|(_, _, schema)| bad(schema))
        .collect()
}

fn validator(schema: &Schema) -> Result<Validator, String> {
    let built = jsonschema::options().build(&schema.document);
    built.map_err(|error| error.to_string())
}

/// Every schema with where it is asked.
fn schemas(workflow: &Workflow) -> impl Iterator<Item = (Option<TaskIndex>, Door, &Schema)> {
    let own = [
        (None, Door::Input, workflow.input.schema.as_ref()),
        (None, Door::Output, workflow.output.schema.as_ref()),
    ];
    let tasks = (0..).zip(&workflow.tasks).flat_map(|(index, task)| {
        let index = Some(TaskIndex(index));
        [
            (index, Door::Input, task.input.schema.as_ref()),
            (index, Door::Output, task.output.schema.as_ref()),
            (index, Door::Export, task.export.schema.as_ref()),
        ]
    });
    own.into_iter()
        .chain(tasks)
        .filter_map(|(task, door, schema)| schema.map(|schema| (task, door, schema)))
}

fn bad_schema(
    workflow: &Workflow,
    task: Option<TaskIndex>,
    schema: &Schema,
    error: &str,
) -> Problem {
    let place = format!("{}:{}", schema.span.line, schema.span.column);
    let mut problem = Problem::dsl(
        "configuration",
        400,
        format!("the JSON Schema at {place} cannot be used: {error}; correct it, or leave it out"),
    );
    let owner = task.map_or("/", |task| &workflow.task(task).reference);
    problem.instance = Some(owner.to_owned());
    problem
}
