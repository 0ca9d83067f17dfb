//! How the tree of live tasks grows and shrinks: tasks are reached, complete into what follows, fault up to the nearest
//! `try`, and are dropped with all inside them.
//!
//! Only folding comes here; no expression is evaluated.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value as Json;
use writ_workflow::model::{CallTarget, Flow, TaskIndex, TaskKind, Workflow};

use crate::{
    Problem, TaskId,
    fold::Misfit,
    state::{Activation, Inside, Open, Phase, Scope, Site, Stage, State, Timer},
};

/// The folding of one event: what it reads, and what it changes.
pub(crate) struct Fold<'a> {
    pub(crate) workflow: &'a Workflow,
    pub(crate) state: &'a mut State,
    /// Activations with something to do.
    pub(crate) todo: &'a mut BTreeSet<TaskId>,
    /// Activations that were given up.
    pub(crate) dropped: &'a mut Vec<Arc<Site>>,
}

/// Where the next task of a list starts from.
pub(crate) struct Lane {
    pub(crate) parent: Option<TaskId>,
    pub(crate) lane: u32,
    pub(crate) attempt: u32,
    pub(crate) depth: u32,
    pub(crate) scope: Scope,
    pub(crate) index: Vec<u64>,
}

impl Lane {
    /// The top-level list.
    pub(crate) fn root() -> Self {
        Self {
            parent: None,
            lane: 0,
            attempt: 1,
            depth: 0,
            scope: Scope::default(),
            index: Vec::new(),
        }
    }

    /// A list inside a task.
    pub(crate) fn inside(site: &Site, lane: u32) -> Self {
        Self {
            parent: Some(site.id),
            lane,
            attempt: site.attempt,
            depth: site.depth.saturating_add(1),
            scope: site.scope.clone(),
            index: site.index.clone(),
        }
    }

    /// The list that a task stands in.
    fn of(site: &Site) -> Self {
        Self {
            parent: site.parent,
            lane: site.lane,
            attempt: site.attempt,
            depth: site.depth,
            scope: site.scope.clone(),
            index: site.index.clone(),
        }
    }
}

impl Fold<'_> {
    /// Reaches the task at a position of a list, or the list's end.
    pub(crate) fn reach(
        &mut self,
        lane: Lane,
        position: usize,
        raw: Arc<Json>,
    ) -> Result<(), Misfit> {
        let Some(task) = self.list(lane.parent)?.get(position).copied() else {
            return self.lane_ended(lane.parent, lane.lane, raw);
        };
        let id = TaskId(self.state.next_task);
        self.state.next_task += 1;
        if let Some(parent) = lane.parent {
            self.open_mut(parent)?.children.insert(id);
        }
        let site = Site {
            id,
            task,
            reference: self.workflow.task(task).reference.clone(),
            index: lane.index,
            parent: lane.parent,
            lane: lane.lane,
            position,
            attempt: lane.attempt,
            depth: lane.depth,
            scope: lane.scope,
            raw,
            context: self.state.context.clone(),
            clock_ms: self.state.clock_ms,
        };
        let activation = Activation {
            site: Arc::new(site),
            deadline_ms: None,
            phase: Phase::Pending,
        };
        self.state.live.insert(id, activation);
        self.todo.insert(id);
        Ok(())
    }

    /// The list that a live task has inside now.
    fn list(&self, parent: Option<TaskId>) -> Result<&[TaskIndex], Misfit> {
        let Some(parent) = parent else {
            return Ok(&self.workflow.root);
        };
        let activation = self.state.live.get(&parent).ok_or(Misfit::NotLive)?;
        match &self.workflow.task(activation.site.task).kind {
            TaskKind::Do(list) => Ok(list),
            TaskKind::For(looped) => Ok(&looped.body),
            TaskKind::Fork(fork) => Ok(&fork.branches),
            TaskKind::Try(tried) => match activation.open().map(|open| &open.inside) {
                Some(Inside::Try(attempts)) if attempts.is_handling() => {
                    Ok(tried.handler.as_deref().unwrap_or_default())
                }
                Some(_) | None => Ok(&tried.body),
            },
            TaskKind::Call(call) => match &call.target {
                CallTarget::Defined(index) => Ok(std::slice::from_ref(index)),
                CallTarget::Plugin { .. } | CallTarget::Http(_) | CallTarget::Protocol(_) => {
                    Err(Misfit::NothingInside)
                }
            },
            TaskKind::Emit
            | TaskKind::Listen
            | TaskKind::Raise(_)
            | TaskKind::Run(_)
            | TaskKind::Set(_)
            | TaskKind::Switch(_)
            | TaskKind::Wait(_) => Err(Misfit::NothingInside),
        }
    }

    /// A task ended well: goes where it leads.
    pub(crate) fn leave(
        &mut self,
        site: &Site,
        flow: &Flow,
        output: Arc<Json>,
    ) -> Result<(), Misfit> {
        self.remove(site.id);
        match flow {
            Flow::End => {
                self.drop_all();
                self.state.stage = Stage::Leaving(output);
                Ok(())
            }
            Flow::Exit => self.lane_ended(site.parent, site.lane, output),
            Flow::Continue | Flow::Goto(_) if self.is_branch(site) => {
                self.lane_ended(site.parent, site.lane, output)
            }
            Flow::Continue => self.reach(Lane::of(site), site.position.saturating_add(1), output),
            Flow::Goto(position) => self.reach(Lane::of(site), *position, output),
        }
    }

    /// A branch of a `fork` stands alone, whatever stands after it.
    fn is_branch(&self, site: &Site) -> bool {
        let parent = site.parent.and_then(|parent| self.state.live.get(&parent));
        parent.is_some_and(|parent| {
            matches!(self.workflow.task(parent.site.task).kind, TaskKind::Fork(_))
        })
    }

    /// A list ran to its end.
    fn lane_ended(
        &mut self,
        parent: Option<TaskId>,
        lane: u32,
        output: Arc<Json>,
    ) -> Result<(), Misfit> {
        let Some(parent) = parent else {
            self.state.stage = Stage::Leaving(output);
            return Ok(());
        };
        match &mut self.open_mut(parent)?.inside {
            Inside::List(slot) => {
                *slot = Some(output);
                self.todo.insert(parent);
                Ok(())
            }
            Inside::Loop(_) => self.iteration_ended(parent, output),
            Inside::Parallel(_) => self.item_ended(parent, lane, output),
            Inside::Fork(_) => self.branch_ended(parent, lane, output),
            Inside::Try(_) => self.attempt_ended(parent, output),
        }
    }

    /// A task ended with an error, which goes up to the nearest `try`.
    pub(crate) fn fault(&mut self, task: TaskId, error: Box<Problem>) -> Result<(), Misfit> {
        let mut faulted = task;
        loop {
            let site = self
                .state
                .live
                .get(&faulted)
                .ok_or(Misfit::NotLive)?
                .site
                .clone();
            self.remove(faulted);
            let Some(parent) = site.parent else {
                self.state.stage = Stage::Failing(error);
                return Ok(());
            };
            let open = self.open_mut(parent)?;
            let others = !open.children.is_empty();
            match &mut open.inside {
                Inside::Try(attempts) if attempts.is_trying() => {
                    return self.attempt_failed(parent, error);
                }
                Inside::Fork(race) if race.goes_on(others) => return Ok(()),
                Inside::Try(_)
                | Inside::Fork(_)
                | Inside::List(_)
                | Inside::Loop(_)
                | Inside::Parallel(_) => {
                    faulted = parent;
                }
            }
        }
    }

    /// Takes an activation away with all inside; what was inside counts as dropped.
    pub(crate) fn remove(&mut self, task: TaskId) {
        let Some(activation) = self.state.live.remove(&task) else {
            return;
        };
        self.todo.remove(&task);
        self.forget_timers(&activation);
        if let Some(parent) = activation
            .site
            .parent
            .and_then(|parent| self.state.live.get_mut(&parent))
            && let Some(open) = parent.open_mut()
        {
            open.children.remove(&task);
        }
        if let Phase::Open(open) = activation.phase {
            for child in open.children {
                self.drop_one(child);
            }
        }
    }

    /// Gives an activation up with all inside.
    pub(crate) fn drop_one(&mut self, task: TaskId) {
        if let Some(activation) = self.state.live.get(&task) {
            self.dropped.push(activation.site.clone());
            self.remove(task);
        }
    }

    /// Gives up all that is live.
    pub(crate) fn drop_all(&mut self) {
        let tops: Vec<TaskId> = self.state.live.keys().copied().collect();
        for task in tops {
            self.drop_one(task);
        }
    }

    fn forget_timers(&mut self, activation: &Activation) {
        let id = activation.site.id;
        let mut forget = |due: Option<u64>, timer: Timer| {
            if let Some(due) = due {
                self.state.timers.remove(&(due, id, timer));
            }
        };
        forget(activation.deadline_ms, Timer::Deadline);
        match &activation.phase {
            Phase::Waiting { due_ms, .. } => forget(Some(*due_ms), Timer::Wait),
            Phase::Open(open) => {
                if let Inside::Try(attempts) = &open.inside {
                    forget(attempts.deadline_ms, Timer::Attempt);
                    forget(attempts.due_ms(), Timer::Retry);
                }
            }
            Phase::Pending | Phase::Calling(_) => {}
        }
    }

    pub(crate) fn open_mut(&mut self, task: TaskId) -> Result<&mut Open, Misfit> {
        let activation = self.state.live.get_mut(&task).ok_or(Misfit::NotLive)?;
        activation.open_mut().ok_or(Misfit::NothingInside)
    }

    pub(crate) fn site(&self, task: TaskId) -> Result<Arc<Site>, Misfit> {
        let activation = self.state.live.get(&task).ok_or(Misfit::NotLive)?;
        Ok(activation.site.clone())
    }
}
