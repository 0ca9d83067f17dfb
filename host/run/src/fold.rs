//! Folding: how each event changes the state. Cheap, evaluates nothing, and never panics, whatever it is given.

use std::sync::Arc;

use serde_json::Value as Json;
use thiserror::Error;
use writ_workflow::model::{Flow, For, TaskKind};

use crate::{
    Event, Problem, TaskId,
    state::{Activation, Inside, Phase, Site, Stage, Start},
    tree::{Fold, Lane},
};

/// An event that cannot follow the ones before it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the event {event} cannot follow the ones before it: {misfit}; the journal is not of this workflow, or was altered: see `writ doctor`"
)]
pub struct Corrupt {
    /// The event's name.
    pub event: &'static str,
    misfit: Misfit,
}

/// Why an event does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Misfit {
    #[error("the run has not started")]
    NotStarted,
    #[error("the run has started already")]
    Started,
    #[error("the run has ended")]
    Ended,
    #[error("no such task is live, or it is doing something else")]
    NotLive,
    #[error("it names another task than the workflow does")]
    Elsewhere,
    #[error("that task has nothing inside")]
    NothingInside,
    #[error("it lacks what the task iterates")]
    NoItems,
    #[error("it lacks an error, and there is none to decide on")]
    NoError,
    #[error("it names a case that the workflow does not have")]
    NoCase,
    #[error("there are more tasks side by side than can be counted")]
    TooMany,
}

impl Fold<'_> {
    /// Folds one event.
    pub(crate) fn event(&mut self, event: &Event) -> Result<(), Corrupt> {
        self.fit(event).map_err(|misfit| Corrupt {
            event: event.name(),
            misfit,
        })
    }

    fn fit(&mut self, event: &Event) -> Result<(), Misfit> {
        if let Event::RunStarted {
            input, at_ms, seed, ..
        } = event
        {
            return self.run_started(input, *at_ms, *seed);
        }
        if self.state.stage == Stage::Pending {
            return Err(Misfit::NotStarted);
        }
        if let Some(task) = told_of(event) {
            // What a host or a guest did changes no task; it may come after its task was given up.
            return if task.0 < self.state.next_task {
                Ok(())
            } else {
                Err(Misfit::NotLive)
            };
        }
        if self.state.stage.is_final() {
            return Err(Misfit::Ended);
        }
        self.fit_run(event)
    }

    fn fit_run(&mut self, event: &Event) -> Result<(), Misfit> {
        match event {
            Event::RunEntered { input, deadline_ms } => {
                self.run_entered(input.clone(), *deadline_ms)
            }
            Event::RunCompleted { output } => {
                self.ended(Stage::Completed(Arc::new(output.clone())));
                Ok(())
            }
            Event::RunFaulted { error } => {
                self.ended(Stage::Faulted(Box::new(error.clone())));
                Ok(())
            }
            Event::RunCancelled { .. } => {
                self.ended(Stage::Cancelled);
                Ok(())
            }
            Event::RunSuspended { at_ms } => {
                self.state.suspended = true;
                self.tick(Some(*at_ms))
            }
            Event::RunResumed { at_ms } => {
                self.state.suspended = false;
                self.tick(Some(*at_ms))
            }
            Event::RunStarted { .. }
            | Event::RunRecovered { .. }
            | Event::TaskCancelled { .. }
            | Event::HostIntended { .. }
            | Event::HostCalled { .. }
            | Event::ToolCalled { .. }
            | Event::ToolReturned { .. }
            | Event::HostDenied { .. }
            | Event::FileUsed { .. }
            | Event::GuestLogged { .. } => Ok(()),
            Event::TaskStarted(_)
            | Event::TaskCompleted { .. }
            | Event::TaskSkipped { .. }
            | Event::TaskFaulted { .. }
            | Event::TaskRetried { .. }
            | Event::TaskResumed { .. }
            | Event::TaskCaught { .. }
            | Event::TaskIterated { .. } => self.fit_task(event),
        }
    }

    fn fit_task(&mut self, event: &Event) -> Result<(), Misfit> {
        match event {
            Event::TaskStarted(started) => self.task_started(started),
            Event::TaskCompleted {
                task,
                reference,
                output,
                context,
                case,
                at_ms,
                ..
            } => {
                let site = self.site_named(*task, reference)?;
                self.tick(*at_ms)?;
                self.task_completed(&site, output.clone(), context.clone(), case.as_deref())
            }
            Event::TaskSkipped {
                task, reference, ..
            } => {
                let site = self.site_named(*task, reference)?;
                self.leave(&site, &Flow::Continue, site.raw.clone())
            }
            Event::TaskFaulted {
                task,
                reference,
                error,
                at_ms,
                ..
            } => {
                self.site_named(*task, reference)?;
                self.tick(*at_ms)?;
                self.task_faulted(*task, error.as_deref())
            }
            Event::TaskRetried {
                task,
                reference,
                attempt,
                due_ms,
                attempt_deadline_ms,
                at_ms,
                ..
            } => {
                let site = self.site_named(*task, reference)?;
                self.tick(Some(*at_ms))?;
                self.retried(&site, *attempt, *due_ms, *attempt_deadline_ms)
            }
            Event::TaskResumed {
                task,
                reference,
                at_ms,
                attempt_deadline_ms,
                ..
            } => {
                let site = self.site_named(*task, reference)?;
                self.tick(Some(*at_ms))?;
                self.resumed(&site, *attempt_deadline_ms)
            }
            Event::TaskCaught {
                task, reference, ..
            } => {
                let site = self.site_named(*task, reference)?;
                let TaskKind::Try(tried) = &self.workflow.task(site.task).kind else {
                    return Err(Misfit::NothingInside);
                };
                self.caught(&site, tried)
            }
            Event::TaskIterated {
                task,
                reference,
                iteration,
                ..
            } => {
                let site = self.site_named(*task, reference)?;
                let looped = self.for_of(&site)?;
                self.iterated(&site, looped, *iteration)
            }
            Event::RunStarted { .. }
            | Event::RunEntered { .. }
            | Event::RunCompleted { .. }
            | Event::RunFaulted { .. }
            | Event::RunCancelled { .. }
            | Event::RunSuspended { .. }
            | Event::RunResumed { .. }
            | Event::RunRecovered { .. }
            | Event::TaskCancelled { .. }
            | Event::HostIntended { .. }
            | Event::HostCalled { .. }
            | Event::ToolCalled { .. }
            | Event::ToolReturned { .. }
            | Event::HostDenied { .. }
            | Event::FileUsed { .. }
            | Event::GuestLogged { .. } => Ok(()),
        }
    }

    fn run_started(&mut self, input: &Json, at_ms: u64, seed: u64) -> Result<(), Misfit> {
        if self.state.stage != Stage::Pending {
            return Err(Misfit::Started);
        }
        let input = Arc::new(input.clone());
        self.state.start = Some(Arc::new(Start {
            input: input.clone(),
            at_ms,
            seed,
        }));
        self.state.clock_ms = at_ms;
        let entry = &self.workflow.input;
        if entry.schema.is_some() || entry.from.is_some() || self.workflow.timeout.is_some() {
            self.state.stage = Stage::Entering;
            return Ok(());
        }
        self.state.stage = Stage::Running;
        self.reach(Lane::root(), 0, input)
    }

    fn run_entered(
        &mut self,
        input: Option<Arc<Json>>,
        deadline_ms: Option<u64>,
    ) -> Result<(), Misfit> {
        if self.state.stage != Stage::Entering {
            return Err(Misfit::Started);
        }
        let raw = self
            .state
            .start
            .as_ref()
            .ok_or(Misfit::NotStarted)?
            .input
            .clone();
        self.state.deadline_ms = deadline_ms;
        self.state.stage = Stage::Running;
        self.reach(Lane::root(), 0, input.unwrap_or(raw))
    }

    fn ended(&mut self, stage: Stage) {
        self.drop_all();
        self.state.stage = stage;
        self.state.suspended = false;
    }

    /// The recorded clock moves on, never back.
    pub(crate) fn tick(&mut self, at_ms: Option<u64>) -> Result<(), Misfit> {
        if let Some(at_ms) = at_ms {
            self.state.clock_ms = self.state.clock_ms.max(at_ms);
        }
        Ok(())
    }

    fn task_completed(
        &mut self,
        site: &Site,
        output: Option<Arc<Json>>,
        context: Option<Arc<Json>>,
        case: Option<&str>,
    ) -> Result<(), Misfit> {
        let workflow = self.workflow;
        let task = workflow.task(site.task);
        let activation = self.activation_mut(site.id)?;
        let output = match output {
            Some(output) => output,
            None => known_output(activation).ok_or(Misfit::NotLive)?,
        };
        let caught = matches!(activation.open().map(|open| &open.inside), Some(Inside::Try(state)) if state.caught);
        let flow = match (&task.kind, case) {
            (TaskKind::Switch(cases), Some(name)) => {
                &cases
                    .iter()
                    .find(|case| case.name == name)
                    .ok_or(Misfit::NoCase)?
                    .then
            }
            (TaskKind::Try(tried), _) if caught => tried.then.as_ref().unwrap_or(&task.then),
            (_, Some(_)) => return Err(Misfit::NoCase),
            (_, None) => &task.then,
        };
        if let Some(context) = context {
            self.state.context = context;
        }
        self.leave(site, flow, output)
    }

    fn task_faulted(&mut self, task: TaskId, error: Option<&Problem>) -> Result<(), Misfit> {
        let error = match (
            error,
            self.activation_mut(task)?.open().map(|open| &open.inside),
        ) {
            (Some(error), _) => error.clone(),
            (None, Some(Inside::Try(attempts))) => attempts.error().ok_or(Misfit::NoError)?.clone(),
            (
                None,
                Some(Inside::List(_) | Inside::Loop(_) | Inside::Parallel(_) | Inside::Fork(_))
                | None,
            ) => {
                return Err(Misfit::NoError);
            }
        };
        self.fault(task, Box::new(error))
    }

    /// The site of a live task, if the event means the same task of the workflow.
    pub(crate) fn site_named(&self, task: TaskId, reference: &str) -> Result<Arc<Site>, Misfit> {
        let site = self.site(task)?;
        if *site.reference == *reference {
            Ok(site)
        } else {
            Err(Misfit::Elsewhere)
        }
    }

    pub(crate) fn activation_mut(&mut self, task: TaskId) -> Result<&mut Activation, Misfit> {
        self.state.live.get_mut(&task).ok_or(Misfit::NotLive)
    }
}

impl<'a> Fold<'a> {
    /// The `for` that a live task executes.
    pub(crate) fn for_of(&self, site: &Site) -> Result<&'a For, Misfit> {
        match &self.workflow.task(site.task).kind {
            TaskKind::For(looped) => Ok(looped),
            TaskKind::Call(_)
            | TaskKind::Do(_)
            | TaskKind::Emit
            | TaskKind::Fork(_)
            | TaskKind::Listen
            | TaskKind::Raise(_)
            | TaskKind::Run(_)
            | TaskKind::Set(_)
            | TaskKind::Switch(_)
            | TaskKind::Try(_)
            | TaskKind::Wait(_) => Err(Misfit::NothingInside),
        }
    }
}

/// The task that a host's or a guest's event is about.
fn told_of(event: &Event) -> Option<TaskId> {
    match event {
        Event::HostIntended { task, .. }
        | Event::HostCalled { task, .. }
        | Event::ToolCalled { task, .. }
        | Event::ToolReturned { task, .. }
        | Event::HostDenied { task, .. }
        | Event::FileUsed { task, .. }
        | Event::GuestLogged { task, .. }
        | Event::TaskCancelled { task, .. } => Some(*task),
        Event::RunStarted { .. }
        | Event::RunEntered { .. }
        | Event::RunCompleted { .. }
        | Event::RunFaulted { .. }
        | Event::RunCancelled { .. }
        | Event::RunSuspended { .. }
        | Event::RunResumed { .. }
        | Event::RunRecovered { .. }
        | Event::TaskStarted(_)
        | Event::TaskCompleted { .. }
        | Event::TaskSkipped { .. }
        | Event::TaskFaulted { .. }
        | Event::TaskRetried { .. }
        | Event::TaskResumed { .. }
        | Event::TaskCaught { .. }
        | Event::TaskIterated { .. } => None,
    }
}

/// What a task's output is when its event does not say: that of what is inside, or else its raw input.
pub(crate) fn known_output(activation: &Activation) -> Option<Arc<Json>> {
    match &activation.phase {
        Phase::Open(open) => open.output(),
        Phase::Waiting { input, .. } => Some(input.clone()),
        Phase::Pending | Phase::Calling(_) => Some(activation.site.raw.clone()),
    }
}
