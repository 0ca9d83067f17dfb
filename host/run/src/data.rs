//! Data flow: templates filled, conditions asked, transformations made, values checked against schemas. Every failure becomes a
//! problem that names the place.

use std::sync::Arc;

use serde_json::Value as Json;
use writ_workflow::{
    DURATION_MS_MAX, duration_ms,
    model::{Duration, Expression, Output, Task, TaskIndex, TaskKind, Template},
};

use crate::{
    Problem,
    arguments::{Scene, View},
    definition::Door,
    flow::{Step, Stop},
    state::Site,
};

/// The deepest that a value may be nested. JSON readers stop at 128 levels, and an event adds a few of its own: what is
/// deeper could be written to a journal and never be read again.
const VALUE_DEPTH_MAX: usize = 100;

fn shallow(value: &Json) -> Result<(), Stop> {
    if !deeper_than(value, VALUE_DEPTH_MAX) {
        return Ok(());
    }
    let detail =
        format!("a value is nested more than {VALUE_DEPTH_MAX} levels deep; make it flatter");
    Err(Problem::dsl("expression", 400, detail).into())
}

/// Whether a value is nested deeper than so many levels. Looks no deeper than that.
fn deeper_than(value: &Json, levels: usize) -> bool {
    match value {
        Json::Array(items) => levels == 0 || items.iter().any(|item| deeper_than(item, levels - 1)),
        Json::Object(members) => {
            levels == 0
                || members
                    .values()
                    .any(|member| deeper_than(member, levels - 1))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}

/// About how many bytes a value has as JSON; escapes and the digits of numbers are not counted one by one.
pub(crate) fn size_of(value: &Json) -> u64 {
    const PLAIN: u64 = 6;
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => PLAIN,
        Json::String(text) => text.len() as u64 + 3,
        Json::Array(items) => items.iter().map(size_of).sum::<u64>() + 2,
        Json::Object(members) => {
            let member = |(name, value): (&String, &Json)| name.len() as u64 + 4 + size_of(value);
            members.iter().map(member).sum::<u64>() + 2
        }
    }
}

/// A kind of JSON value, for a sentence.
pub(crate) fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

fn failed(expression: &Expression, message: &str) -> Stop {
    let span = expression.span;
    let detail = format!(
        "the expression at {}:{} failed: {message} (in `{}`)",
        span.line, span.column, expression.source
    );
    Problem::dsl("expression", 400, detail).into()
}

impl Step<'_, '_> {
    pub(crate) fn evaluate(
        &mut self,
        site: Option<&Site>,
        expression: &Expression,
        on: &Json,
        view: &View,
    ) -> Result<Json, Stop> {
        let scene = Scene {
            run: &*self.run,
            at: self.at,
            site,
            view,
        };
        let result = self.evaluator.evaluate(expression, on, &scene);
        result.map_err(|message| failed(expression, &message))
    }

    /// A template's value.
    pub(crate) fn fill(
        &mut self,
        site: &Site,
        template: &Template,
        on: &Json,
        view: &View,
    ) -> Result<Arc<Json>, Stop> {
        self.fill_for(Some(site), template, on, view)
    }

    /// The same, also for the workflow's own templates.
    pub(crate) fn fill_for(
        &mut self,
        site: Option<&Site>,
        template: &Template,
        on: &Json,
        view: &View,
    ) -> Result<Arc<Json>, Stop> {
        match template {
            Template::Literal(value) => Ok(value.clone()),
            Template::Expression(_) | Template::Object(_) | Template::Array(_) => {
                let value = self.fill_value(site, template, on, view)?;
                shallow(&value)?;
                Ok(Arc::new(value))
            }
        }
    }

    fn fill_value(
        &mut self,
        site: Option<&Site>,
        template: &Template,
        on: &Json,
        view: &View,
    ) -> Result<Json, Stop> {
        match template {
            Template::Literal(value) => Ok(Json::clone(value)),
            Template::Expression(expression) => self.evaluate(site, expression, on, view),
            Template::Object(members) => members
                .iter()
                .map(|(name, value)| Ok((name.clone(), self.fill_value(site, value, on, view)?)))
                .collect(),
            Template::Array(items) => items
                .iter()
                .map(|item| self.fill_value(site, item, on, view))
                .collect::<Result<Vec<_>, _>>()
                .map(Json::Array),
        }
    }

    /// Whether a condition is true. Null counts as false; anything else but a boolean is an error.
    pub(crate) fn holds(
        &mut self,
        site: &Site,
        condition: &Expression,
        on: &Json,
        view: &View,
    ) -> Result<bool, Stop> {
        match self.evaluate(Some(site), condition, on, view)? {
            Json::Bool(answer) => Ok(answer),
            Json::Null => Ok(false),
            other @ (Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Object(_)) => {
                let message = format!(
                    "a condition must yield true or false, but this yielded {}",
                    kind_of(&other)
                );
                Err(failed(condition, &message))
            }
        }
    }

    /// A length of time, in milliseconds.
    pub(crate) fn length(
        &mut self,
        site: &Site,
        length: &Duration,
        on: &Json,
        view: &View,
    ) -> Result<u64, Stop> {
        self.length_for(Some(site), length, on, view)
    }

    /// The same, also for the workflow's own timeout.
    pub(crate) fn length_for(
        &mut self,
        site: Option<&Site>,
        length: &Duration,
        on: &Json,
        view: &View,
    ) -> Result<u64, Stop> {
        match length {
            Duration::Milliseconds(length) => Ok((*length).min(DURATION_MS_MAX)),
            Duration::Expression(expression) => {
                let value = self.evaluate(site, expression, on, view)?;
                duration_ms(&value)
                    .map_err(|error| failed(expression, &format!("{error}: {}", error.help())))
            }
        }
    }

    /// When a length of time from now is over.
    pub(crate) fn due(
        &mut self,
        site: &Site,
        length: Option<&Duration>,
        on: &Json,
        view: &View,
    ) -> Result<Option<u64>, Stop> {
        length
            .map(|length| self.length(site, length, on, view))
            .transpose()
            .map(|length| length.map(|length| self.at.now_ms.saturating_add(length)))
    }

    /// A task's transformed output and the new context, both checked.
    pub(crate) fn put_out(
        &mut self,
        site: &Site,
        task: &Task,
        input: &Arc<Json>,
        raw: Arc<Json>,
    ) -> Result<(Arc<Json>, Option<Arc<Json>>), Stop> {
        // Arrays of outputs are the one other thing that nests values deeper.
        if matches!(task.kind, TaskKind::For(_) | TaskKind::Fork(_)) {
            shallow(&raw)?;
        }
        let context = self.run.context();
        let view = View::definition(&context, input).after(&raw);
        let output = match &task.output.r#as {
            Some(template) => self.fill(site, template, &raw, &view)?,
            None => raw,
        };
        self.check(Some(site.task), Door::Output, &output)?;
        let view = view.exporting(&output);
        let Output { schema, r#as } = &task.export;
        let exported = match r#as {
            Some(template) => Some(self.fill(site, template, &output, &view)?),
            None => None,
        };
        if schema.is_some() {
            self.check(
                Some(site.task),
                Door::Export,
                exported.as_ref().unwrap_or(&context),
            )?;
        }
        Ok((output, exported.filter(|exported| *exported != context)))
    }

    /// A value against the schema at one of the doors of a task, or of the workflow.
    pub(crate) fn check(
        &self,
        task: Option<TaskIndex>,
        door: Door,
        value: &Json,
    ) -> Result<(), Stop> {
        let Some((path, message)) = self.at.definition.violation(task, door, value) else {
            return Ok(());
        };
        let place = if path.is_empty() {
            "the value".to_owned()
        } else {
            format!("the value at {path}")
        };
        let detail = format!(
            "{place} does not match the schema of the {}: {message}",
            door.as_str()
        );
        Err(Problem::dsl("validation", 400, detail)
            .with("path", path)
            .into())
    }
}
