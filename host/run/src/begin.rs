//! How a task begins: its condition, its input, its bounds, then what it is for.

use std::sync::Arc;

use serde_json::Value as Json;
use writ_workflow::model::{Case, RunKind, Task, TaskKind};

use crate::{
    Event, Problem, TaskStarted,
    arguments::View,
    definition::Door,
    flow::{Step, Stop},
    state::Site,
};

/// A task whose input is transformed and checked.
pub(crate) struct Ready<'a> {
    pub(crate) site: &'a Site,
    pub(crate) task: &'a Task,
    pub(crate) input: Arc<Json>,
    pub(crate) deadline_ms: Option<u64>,
}

impl Ready<'_> {
    pub(crate) fn view(&self) -> View {
        View::definition(&self.site.context, &self.input)
    }
}

impl Step<'_, '_> {
    /// First steps of a task: its condition, its input, then what it is for.
    pub(crate) fn begin(&mut self, site: &Site, task: &Task) -> Result<(), Stop> {
        let limits = self.at.definition.limits;
        if site.id.0 >= limits.tasks_max {
            let detail = format!(
                "the run reached its limit of {} tasks; look for a loop that does not end, or raise the limit",
                limits.tasks_max
            );
            self.fault_run(Problem::ours("limit", 500, detail).with("limit", limits.tasks_max));
            return Ok(());
        }
        let view = View::context(&site.context);
        if let Some(condition) = &task.condition
            && !self.holds(site, condition, &site.raw, &view)?
        {
            self.emit(Event::TaskSkipped {
                task: site.id,
                reference: site.reference.clone(),
                index: site.index.clone(),
            });
            return Ok(());
        }
        self.check(Some(site.task), Door::Input, &site.raw)?;
        let input = self.transformed(site, task)?;
        let view = View::definition(&site.context, &input);
        let deadline_ms = self.due(site, task.timeout.as_ref(), &input, &view)?;
        let ready = Ready {
            site,
            task,
            input,
            deadline_ms,
        };
        self.begin_kind(&ready)
    }

    /// A task's transformed input.
    pub(crate) fn transformed(&mut self, site: &Site, task: &Task) -> Result<Arc<Json>, Stop> {
        match &task.input.from {
            Some(template) => self.fill(site, template, &site.raw, &View::context(&site.context)),
            None => Ok(site.raw.clone()),
        }
    }

    fn begin_kind(&mut self, ready: &Ready<'_>) -> Result<(), Stop> {
        match &ready.task.kind {
            TaskKind::Call(call) => self.begin_call(ready, call),
            TaskKind::Do(_) => self.begin_do(ready),
            TaskKind::For(looped) => self.begin_for(ready, looped),
            TaskKind::Fork(fork) => self.begin_fork(ready, fork),
            TaskKind::Raise(raise) => self.begin_raise(ready, raise),
            TaskKind::Set(template) => {
                let output = self.fill(ready.site, template, &ready.input, &ready.view())?;
                self.complete_leaf(ready, output, None)
            }
            TaskKind::Switch(cases) => self.begin_switch(ready, cases),
            TaskKind::Try(tried) => self.begin_try(ready, tried),
            TaskKind::Wait(length) => self.begin_wait(ready, length),
            TaskKind::Emit => Err(self.not_possible("`emit` is not executed yet")),
            TaskKind::Listen => Err(self.not_possible("`listen` is not executed yet")),
            TaskKind::Run(RunKind::Workflow) => Err(self.not_possible("`run: workflow` is not executed yet")),
            TaskKind::Run(RunKind::Script | RunKind::Shell | RunKind::Container) => {
                Err(self.not_possible("`run` executes no scripts, shells or containers: untrusted code runs as plugins"))
            }
        }
    }

    /// A problem for what this host does not do; `writ check` finds it before a run starts.
    pub(crate) fn not_possible(&self, what: &str) -> Stop {
        Problem::dsl("configuration", 400, format!("{what}; see `writ check`")).into()
    }

    fn begin_do(&mut self, ready: &Ready<'_>) -> Result<(), Stop> {
        self.admit(ready, 1)?;
        let started = self.started(ready);
        self.emit_started(started);
        Ok(())
    }

    /// The first case whose condition is true, or else the one without a condition.
    fn begin_switch(&mut self, ready: &Ready<'_>, cases: &[Case]) -> Result<(), Stop> {
        let view = ready.view();
        let mut chosen = cases.iter().find(|case| case.when.is_none());
        for case in cases {
            if let Some(condition) = &case.when
                && self.holds(ready.site, condition, &ready.input, &view)?
            {
                chosen = Some(case);
                break;
            }
        }
        self.complete_leaf(
            ready,
            ready.input.clone(),
            chosen.map(|case| case.name.clone()),
        )
    }

    /// Refuses what would nest too deep or make too many tasks live.
    pub(crate) fn admit(&self, ready: &Ready<'_>, inside: usize) -> Result<(), Stop> {
        let limits = self.at.definition.limits;
        let (what, limit) = if ready.site.depth >= limits.nesting_max {
            ("tasks inside tasks", u64::from(limits.nesting_max))
        } else if self.run.state.live.len().saturating_add(inside) > limits.live_tasks_max {
            ("live tasks", limits.live_tasks_max as u64)
        } else {
            return Ok(());
        };
        let detail = format!(
            "the run reached its limit of {limit} {what}; do less at a time, or raise the limit"
        );
        Err(Problem::ours("limit", 500, detail)
            .with("limit", limit)
            .into())
    }

    /// The beginning of a task with tasks inside.
    pub(crate) fn started(&self, ready: &Ready<'_>) -> TaskStarted {
        TaskStarted {
            task: ready.site.id,
            reference: ready.site.reference.clone(),
            index: ready.site.index.clone(),
            at_ms: ready.deadline_ms.map(|_| self.at.now_ms),
            input: (ready.input != ready.site.raw).then(|| ready.input.clone()),
            deadline_ms: ready.deadline_ms,
            due_ms: None,
            attempt_deadline_ms: None,
            retry_until_ms: None,
            items: None,
            arguments: None,
            call: None,
        }
    }

    pub(crate) fn emit_started(&mut self, started: TaskStarted) {
        self.emit(Event::TaskStarted(Box::new(started)));
    }

    /// Completes a task that left no trace before.
    pub(crate) fn complete_leaf(
        &mut self,
        ready: &Ready<'_>,
        raw: Arc<Json>,
        case: Option<String>,
    ) -> Result<(), Stop> {
        let (output, context) = self.put_out(ready.site, ready.task, &ready.input, raw)?;
        self.emit_completed(ready.site, output, context, case, None);
        Ok(())
    }
}
