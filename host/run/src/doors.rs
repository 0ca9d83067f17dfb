//! How a workflow is entered and left: its input and its output, transformed and checked.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::{
    Event, Problem,
    arguments::View,
    definition::Door,
    flow::{Step, Stop},
};

impl Step<'_, '_> {
    /// The workflow's input is checked and transformed.
    pub(crate) fn enter(&mut self) {
        if let Err(error) = self.try_enter() {
            self.fault_run(*error);
        }
    }

    fn try_enter(&mut self) -> Result<(), Stop> {
        let workflow = &self.at.definition.workflow;
        let raw = self
            .run
            .state
            .start
            .as_ref()
            .map_or_else(Default::default, |start| start.input.clone());
        self.check(None, Door::Input, &raw)?;
        let view = View::entry();
        let input = match &workflow.input.from {
            Some(template) => self.fill_for(None, template, &raw, &view)?,
            None => raw.clone(),
        };
        let deadline_ms = match &workflow.timeout {
            Some(length) => Some(self.length_for(None, length, &input, &view)?),
            None => None,
        };
        self.emit(Event::RunEntered {
            input: (input != raw).then_some(input),
            deadline_ms: deadline_ms.map(|length| self.at.now_ms.saturating_add(length)),
        });
        Ok(())
    }

    /// The workflow's output is transformed and checked.
    pub(crate) fn finish(&mut self, output: Arc<Json>) {
        let event = match self.try_finish(output) {
            Ok(output) => Event::RunCompleted { output },
            Err(error) => return self.fault_run(*error),
        };
        self.emit(event);
    }

    fn try_finish(&mut self, raw: Arc<Json>) -> Result<Json, Stop> {
        let view = View::context(&self.run.context());
        let output = match &self.at.definition.workflow.output.r#as {
            Some(template) => self.fill_for(None, template, &raw, &view)?,
            None => raw,
        };
        self.check(None, Door::Output, &output)?;
        Ok(Arc::unwrap_or_clone(output))
    }

    pub(crate) fn fault_run(&mut self, mut error: Problem) {
        error.instance.get_or_insert_with(|| "/".to_owned());
        self.emit(Event::RunFaulted { error });
    }
}
