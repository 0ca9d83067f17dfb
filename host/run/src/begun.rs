//! Folding of `task.started`: a task gets what it has inside, or waits, or is calling.

use std::sync::Arc;

use serde_json::Value as Json;
use writ_workflow::model::{CallTarget, For, TaskKind, Template};

use crate::{
    TaskId, TaskStarted,
    fold::Misfit,
    state::{Inside, Open, Phase, Site, Timer},
    tree::{Fold, Lane},
};

impl Fold<'_> {
    pub(crate) fn task_started(&mut self, started: &TaskStarted) -> Result<(), Misfit> {
        let site = self.site_named(started.task, &started.reference)?;
        let activation = self.activation_mut(started.task)?;
        if activation.phase != Phase::Pending {
            return Err(Misfit::NotLive);
        }
        activation.deadline_ms = started.deadline_ms;
        self.tick(started.at_ms)?;
        if let Some(deadline) = started.deadline_ms {
            self.state
                .timers
                .insert((deadline, site.id, Timer::Deadline));
        }
        let input = started.input.clone().unwrap_or_else(|| site.raw.clone());
        self.open_kind(&site, started, input)
    }

    fn open_kind(
        &mut self,
        site: &Site,
        started: &TaskStarted,
        input: Arc<Json>,
    ) -> Result<(), Misfit> {
        let workflow = self.workflow;
        match &workflow.task(site.task).kind {
            TaskKind::Do(_) => {
                self.open(site.id, input.clone(), Inside::List(None))?;
                self.reach(Lane::inside(site, 0), 0, input)
            }
            TaskKind::For(looped) => {
                let items = items(looped, started).ok_or(Misfit::NoItems)?;
                self.for_started(site, looped, input, items)
            }
            TaskKind::Fork(fork) => self.fork_started(site, fork, input),
            TaskKind::Try(_) => self.try_started(
                site,
                input,
                started.attempt_deadline_ms,
                started.retry_until_ms,
            ),
            TaskKind::Wait(_) => {
                self.wait_started(site, started.due_ms.ok_or(Misfit::NotLive)?, input)
            }
            TaskKind::Call(call) => match &call.target {
                CallTarget::Defined(_) => {
                    self.function_started(site, input, started.arguments.clone())
                }
                CallTarget::Plugin { .. } | CallTarget::Http(_) => self.call_started(site, started),
                CallTarget::Protocol(_) => Err(Misfit::NothingInside),
            },
            TaskKind::Emit
            | TaskKind::Listen
            | TaskKind::Raise(_)
            | TaskKind::Run(_)
            | TaskKind::Set(_)
            | TaskKind::Switch(_) => Err(Misfit::NothingInside),
        }
    }

    /// A task gets something inside.
    pub(crate) fn open(
        &mut self,
        task: TaskId,
        input: Arc<Json>,
        inside: Inside,
    ) -> Result<(), Misfit> {
        self.todo.remove(&task);
        self.activation_mut(task)?.phase = Phase::Open(Box::new(Open {
            input,
            children: Default::default(),
            inside,
        }));
        Ok(())
    }
}

fn items(looped: &For, started: &TaskStarted) -> Option<Arc<Json>> {
    match &looped.r#in {
        Template::Literal(items) => Some(items.clone()),
        Template::Expression(_) | Template::Object(_) | Template::Array(_) => started.items.clone(),
    }
}
