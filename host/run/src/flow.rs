//! One advance: a signal is taken in, then every task with something to do does it, until all that is left is to wait.
//!
//! Each event is folded as soon as it is decided, so that deciding and re-living see the same state.

use std::sync::Arc;

use serde_json::Value as Json;
use writ_workflow::model::{Task, TaskKind};

use crate::{
    Action, Decision, Evaluator, Event, Moment, Problem, Run, Signal, TaskId,
    fold::known_output,
    seed,
    state::{Open, Phase, Site, Stage},
};

/// Why a task cannot go on: the error it faults with.
pub(crate) type Stop = Box<Problem>;

/// One advance of a run.
pub(crate) struct Step<'s, 'm> {
    pub(crate) run: &'s mut Run,
    pub(crate) at: &'s Moment<'m>,
    pub(crate) evaluator: &'s mut dyn Evaluator,
    pub(crate) decision: Decision,
}

impl Step<'_, '_> {
    pub(crate) fn take(&mut self, signal: Signal) {
        let at_ms = self.at.now_ms;
        let stage = &self.run.state.stage;
        let going = *stage != Stage::Pending && !stage.is_final();
        let suspended = self.run.state.suspended;
        match signal {
            Signal::Start { event }
                if *stage == Stage::Pending && matches!(*event, Event::RunStarted { .. }) =>
            {
                self.emit(*event);
            }
            Signal::Returned {
                task,
                attempt,
                result,
            } => self.returned(task, attempt, result),
            Signal::Recovered if going => self.emit(Event::RunRecovered { at_ms }),
            Signal::Cancel { reason } if going => self.emit(Event::RunCancelled { reason }),
            Signal::Suspend if going && !suspended => self.emit(Event::RunSuspended { at_ms }),
            Signal::Resume if going && suspended => self.emit(Event::RunResumed { at_ms }),
            Signal::Start { .. }
            | Signal::Recovered
            | Signal::Cancel { .. }
            | Signal::Suspend
            | Signal::Resume
            | Signal::Continue => {}
            // The host may have been early: then it is asked again.
            Signal::Woken => self.run.life.wake_ms = None,
        }
    }

    /// Does what is to be done, up to the bound of one advance.
    pub(crate) fn work(&mut self) {
        for _ in 0..self.at.definition.limits.steps_per_advance_max {
            if !self.work_once() {
                return self.settle();
            }
            if self.evaluator.is_late() {
                break;
            }
        }
        self.settle();
        if !self.run.state.stage.is_final() {
            self.decision.actions.push(Action::Continue);
        }
    }

    /// Does one thing; false when there is nothing to do.
    fn work_once(&mut self) -> bool {
        if self.run.state.suspended {
            return false;
        }
        match &self.run.state.stage {
            Stage::Pending | Stage::Cancelled | Stage::Faulted(_) | Stage::Completed(_) => false,
            Stage::Entering => {
                self.enter();
                true
            }
            Stage::Leaving(output) => {
                let output = output.clone();
                self.finish(output);
                true
            }
            Stage::Failing(error) => {
                let error = Problem::clone(error);
                self.emit(Event::RunFaulted { error });
                true
            }
            Stage::Running => self.fire() || self.next_task(),
        }
    }

    fn next_task(&mut self) -> bool {
        let Some(task) = self.next_todo() else {
            return false;
        };
        let Some(activation) = self.run.state.live.get(&task) else {
            return true;
        };
        let site = activation.site.clone();
        let phase = activation.phase.clone();
        let task = self.at.definition.workflow.task(site.task);
        let result = match &phase {
            Phase::Pending => self.begin(&site, task),
            Phase::Calling(calling) => self.call_again(&site, task, calling),
            Phase::Waiting { .. } => Ok(()),
            Phase::Open(open) => self.step_open(&site, task, open),
        };
        self.fault_on_error(&site, result);
        true
    }

    fn next_todo(&mut self) -> Option<TaskId> {
        if !self.at.stopping {
            return self.run.life.todo.pop_first();
        }
        let todo = self.run.life.todo.iter().copied();
        let next = todo.into_iter().find(|task| !self.would_call(*task))?;
        self.run.life.todo.remove(&next);
        Some(next)
    }

    fn would_call(&self, task: TaskId) -> bool {
        let live = self.run.state.live.get(&task);
        live.is_some_and(|activation| {
            let task = self.at.definition.workflow.task(activation.site.task);
            matches!(task.kind, TaskKind::Call(_)) && activation.open().is_none()
        })
    }

    fn step_open(&mut self, site: &Site, task: &Task, open: &Open) -> Result<(), Stop> {
        match &task.kind {
            TaskKind::For(looped) => self.step_loop(site, task, open, looped),
            TaskKind::Try(tried) => self.step_try(site, task, open, tried),
            TaskKind::Call(_)
            | TaskKind::Do(_)
            | TaskKind::Emit
            | TaskKind::Fork(_)
            | TaskKind::Listen
            | TaskKind::Raise(_)
            | TaskKind::Run(_)
            | TaskKind::Set(_)
            | TaskKind::Switch(_)
            | TaskKind::Wait(_) => self.close(site, task, open),
        }
    }

    /// Completes a task with its raw output.
    pub(crate) fn complete(
        &mut self,
        site: &Site,
        task: &Task,
        input: &Arc<Json>,
        raw: Arc<Json>,
        at_ms: Option<u64>,
    ) -> Result<(), Stop> {
        let (output, context) = self.put_out(site, task, input, raw)?;
        self.emit_completed(site, output, context, None, at_ms);
        Ok(())
    }

    pub(crate) fn emit_completed(
        &mut self,
        site: &Site,
        output: Arc<Json>,
        context: Option<Arc<Json>>,
        case: Option<String>,
        at_ms: Option<u64>,
    ) {
        let known = self.run.state.live.get(&site.id).and_then(known_output);
        let unchanged = known.is_some_and(|known| Arc::ptr_eq(&known, &output) || known == output);
        self.emit(Event::TaskCompleted {
            task: site.id,
            reference: site.reference.clone(),
            index: site.index.clone(),
            output: (!unchanged).then_some(output),
            context,
            case,
            at_ms,
        });
    }

    pub(crate) fn fault_on_error(&mut self, site: &Site, result: Result<(), Stop>) {
        if let Err(error) = result {
            self.emit_faulted(site, error, None);
        }
    }

    pub(crate) fn emit_faulted(&mut self, site: &Site, mut error: Stop, at_ms: Option<u64>) {
        error
            .instance
            .get_or_insert_with(|| site.reference.to_string());
        if let Some(call) = self.left_in_doubt_by(site) {
            error.mark_in_doubt(&call);
        }
        self.emit(Event::TaskFaulted {
            task: site.id,
            reference: site.reference.clone(),
            index: site.index.clone(),
            error: Some(error),
            at_ms,
        });
    }

    /// Records an event, folds it, and gives up the calls of all that it gave up.
    pub(crate) fn emit(&mut self, event: Event) {
        self.run
            .apply(self.at.definition, &event)
            .expect("a run folds what it decided itself");
        let faulted = if let Event::TaskFaulted { task, .. } = &event {
            Some(*task)
        } else {
            None
        };
        self.decision.events.push(event);
        if let Some(task) = faulted {
            self.give_up_call(task);
        }
        let over = self.run.state.stage.is_final();
        for site in std::mem::take(&mut self.run.life.dropped) {
            self.give_up_call(site.id);
            if !over {
                self.decision.events.push(Event::TaskCancelled {
                    task: site.id,
                    reference: site.reference.clone(),
                    index: site.index.clone(),
                });
            }
        }
    }

    /// Says at the end of an advance what has changed for the host.
    fn settle(&mut self) {
        if self.run.state.stage.is_final() {
            if !std::mem::replace(&mut self.run.life.finished, true) {
                self.decision.actions.push(Action::Finished);
            }
            return;
        }
        let wake_ms = self.run.next_wake_ms();
        if let Some(at_ms) = wake_ms.filter(|_| wake_ms != self.run.life.wake_ms) {
            self.decision.actions.push(Action::Wake { at_ms });
        }
        self.run.life.wake_ms = wake_ms;
    }

    pub(crate) fn seed_of(&self, task: crate::TaskId, attempt: u32, purpose: &str) -> u64 {
        seed::derive(self.run.seed(), task, attempt, purpose)
    }
}
