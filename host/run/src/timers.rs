//! Waits, and what happens when a time has come.

use std::sync::Arc;

use serde_json::Value as Json;
use writ_workflow::model::{Duration, TaskKind};

use crate::{
    Event, Problem, TaskId,
    arguments::View,
    begin::Ready,
    flow::{Step, Stop},
    fold::Misfit,
    state::{Phase, Site, Timer},
    tree::Fold,
};

impl Fold<'_> {
    pub(crate) fn wait_started(
        &mut self,
        site: &Site,
        due_ms: u64,
        input: Arc<Json>,
    ) -> Result<(), Misfit> {
        self.todo.remove(&site.id);
        self.state.timers.insert((due_ms, site.id, Timer::Wait));
        self.activation_mut(site.id)?.phase = Phase::Waiting { due_ms, input };
        Ok(())
    }
}

impl Step<'_, '_> {
    pub(crate) fn begin_wait(&mut self, ready: &Ready<'_>, length: &Duration) -> Result<(), Stop> {
        let length_ms = self.length(ready.site, length, &ready.input, &ready.view())?;
        if length_ms == 0 {
            return self.complete_leaf(ready, ready.input.clone(), None);
        }
        let mut started = self.started(ready);
        started.at_ms = Some(self.at.now_ms);
        started.due_ms = Some(self.at.now_ms.saturating_add(length_ms));
        self.emit_started(started);
        Ok(())
    }

    /// Does what is due first; false when nothing is.
    pub(crate) fn fire(&mut self) -> bool {
        if self
            .run
            .state
            .deadline_ms
            .is_some_and(|deadline| deadline <= self.at.now_ms)
        {
            let mut error = timeout("the workflow");
            if let Some(call) = self.in_doubt_inside(None, None) {
                error.mark_in_doubt(&call);
            }
            self.fault_run(error);
            return true;
        }
        let Some(&(due_ms, task, timer)) = self.run.state.timers.first() else {
            return false;
        };
        if due_ms > self.at.now_ms {
            return false;
        }
        let Some(activation) = self.run.state.live.get(&task) else {
            // A timer is forgotten with its task.
            return self.run.state.timers.pop_first().is_some();
        };
        let site = activation.site.clone();
        match timer {
            Timer::Wait => self.wait_over(&site),
            Timer::Retry => self.pause_over(&site),
            Timer::Attempt => self.attempt_timed_out(&site),
            Timer::Deadline => self.timed_out(&site, "the task"),
        }
        true
    }

    fn wait_over(&mut self, site: &Site) {
        let phase = self
            .run
            .state
            .live
            .get(&site.id)
            .map(|activation| &activation.phase);
        if let Some(Phase::Waiting { input, .. }) = phase {
            let input = input.clone();
            let task = self.at.definition.workflow.task(site.task);
            let result = self.complete(site, task, &input, input.clone(), Some(self.at.now_ms));
            self.fault_on_error(site, result);
        }
    }

    fn pause_over(&mut self, site: &Site) {
        match self.next_attempt_deadline(site) {
            Ok(attempt_deadline_ms) => self.emit(Event::TaskResumed {
                task: site.id,
                reference: site.reference.clone(),
                index: site.index.clone(),
                at_ms: self.at.now_ms,
                attempt_deadline_ms,
            }),
            Err(error) => self.emit_faulted(site, error, None),
        }
    }

    fn next_attempt_deadline(&mut self, site: &Site) -> Result<Option<u64>, Stop> {
        let open = self
            .run
            .state
            .live
            .get(&site.id)
            .and_then(|activation| activation.open());
        let TaskKind::Try(tried) = &self.at.definition.workflow.task(site.task).kind else {
            return Ok(None);
        };
        let (Some(open), Some(retry)) = (open, &tried.retry) else {
            return Ok(None);
        };
        let input = open.input.clone();
        let view = View::definition(&self.run.context(), &input);
        self.due(site, retry.attempt_duration.as_ref(), &input, &view)
    }

    /// What runs inside the `try` faults, so that the `try` itself can catch it.
    fn attempt_timed_out(&mut self, site: &Site) {
        let open = self
            .run
            .state
            .live
            .get(&site.id)
            .and_then(|activation| activation.open());
        let child = open.and_then(|open| open.children.first().copied());
        match child.and_then(|child: TaskId| self.run.state.live.get(&child)) {
            Some(child) => {
                let child = child.site.clone();
                self.timed_out(&child, "the attempt");
            }
            None => self.timed_out(site, "the attempt"),
        }
    }

    fn timed_out(&mut self, site: &Site, what: &str) {
        let mut error = timeout(what);
        if self.is_in_doubt(site.id) {
            error.mark_in_doubt(&site.reference);
        }
        self.emit_faulted(site, Box::new(error), Some(self.at.now_ms));
    }
}

fn timeout(what: &str) -> Problem {
    Problem::dsl(
        "timeout",
        408,
        format!("{what} did not end in the time it was given"),
    )
}
