//! `fork`: branches side by side; either all are awaited, or the first to complete wins.

use std::sync::Arc;

use serde_json::Value as Json;
use writ_workflow::model::{Fork, Task};

use crate::{
    TaskId,
    begin::Ready,
    flow::{Step, Stop},
    fold::Misfit,
    state::{Inside, Open, Site},
    tree::{Fold, Lane},
};

/// How far the branches are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Race {
    compete: bool,
    /// In the order of the branches. With `compete` only the winner's.
    outputs: Vec<Option<Arc<Json>>>,
    missing: usize,
}

impl Race {
    /// Whether a fault of one branch leaves the others running.
    pub(crate) fn goes_on(&self, others: bool) -> bool {
        self.compete && others
    }

    /// The array of all outputs, or the winner's output.
    pub(crate) fn output(&self) -> Option<Arc<Json>> {
        if self.compete {
            return self.outputs.iter().flatten().next().cloned();
        }
        (self.missing == 0).then(|| gather(&self.outputs))
    }
}

/// An array of what concurrent lists put out.
pub(crate) fn gather(outputs: &[Option<Arc<Json>>]) -> Arc<Json> {
    let items = outputs
        .iter()
        .flatten()
        .map(|output| Json::clone(output))
        .collect();
    Arc::new(Json::Array(items))
}

impl Fold<'_> {
    pub(crate) fn fork_started(
        &mut self,
        site: &Site,
        fork: &Fork,
        input: Arc<Json>,
    ) -> Result<(), Misfit> {
        let race = Race {
            compete: fork.compete,
            outputs: vec![None; fork.branches.len()],
            missing: fork.branches.len(),
        };
        self.open(site.id, input.clone(), Inside::Fork(race))?;
        if fork.branches.is_empty() {
            self.todo.insert(site.id);
        }
        for branch in 0..fork.branches.len() {
            let lane = u32::try_from(branch).map_err(|_| Misfit::TooMany)?;
            self.reach(Lane::inside(site, lane), branch, input.clone())?;
        }
        Ok(())
    }

    pub(crate) fn branch_ended(
        &mut self,
        fork: TaskId,
        lane: u32,
        output: Arc<Json>,
    ) -> Result<(), Misfit> {
        let open = self.open_mut(fork)?;
        let losers: Vec<TaskId> = open.children.iter().copied().collect();
        let Inside::Fork(race) = &mut open.inside else {
            return Err(Misfit::NothingInside);
        };
        let slot = race.outputs.get_mut(lane as usize).ok_or(Misfit::NotLive)?;
        *slot = Some(output);
        race.missing = race.missing.saturating_sub(1);
        let (compete, missing) = (race.compete, race.missing);
        if compete {
            for loser in losers {
                self.drop_one(loser);
            }
        }
        if compete || missing == 0 {
            self.todo.insert(fork);
        }
        Ok(())
    }
}

impl Step<'_, '_> {
    /// Starts all branches.
    pub(crate) fn begin_fork(&mut self, ready: &Ready<'_>, fork: &Fork) -> Result<(), Stop> {
        self.admit(ready, fork.branches.len())?;
        let started = self.started(ready);
        self.emit_started(started);
        Ok(())
    }

    /// Completes a task of which all inside has ended.
    pub(crate) fn close(&mut self, site: &Site, task: &Task, open: &Open) -> Result<(), Stop> {
        match open.output() {
            Some(output) => self.complete(site, task, &open.input, output, None),
            None => Ok(()),
        }
    }
}
