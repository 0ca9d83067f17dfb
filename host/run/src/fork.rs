//! `fork`: branches side by side; either all are awaited, or the first to complete wins.

use std::sync::Arc;

use serde_json::Value as Json;
use writ_workflow::model::{Fork, Task};

use crate::{
    Problem, TaskId,
    begin::Ready,
    data::size_of,
    flow::{Step, Stop},
    fold::Misfit,
    state::{Inside, Open, Site},
    tree::{Fold, Lane},
};

/// How much the outputs of concurrent lists may come to, as JSON: no more than one event can tell.
const GATHERED_BYTES_MAX: u64 = 48 << 20;

/// What concurrent lists put out, in the order of the lists.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gathered {
    outputs: Vec<Option<Arc<Json>>>,
    bytes: u64,
}

impl Gathered {
    /// Of so many lists, each with this output already.
    pub(crate) fn new(lists: usize, output: Option<Arc<Json>>) -> Self {
        Self {
            outputs: vec![output; lists],
            bytes: 0,
        }
    }

    pub(crate) fn lists(&self) -> usize {
        self.outputs.len()
    }

    /// Keeps an output.
    pub(crate) fn put(&mut self, list: u32, output: Arc<Json>) -> Result<(), Misfit> {
        let slot = self.outputs.get_mut(list as usize).ok_or(Misfit::NotLive)?;
        self.bytes = self.bytes.saturating_add(size_of(&output));
        *slot = Some(output);
        Ok(())
    }

    /// The first output that there is.
    fn first(&self) -> Option<Arc<Json>> {
        self.outputs.iter().flatten().next().cloned()
    }

    /// An array of all of them.
    pub(crate) fn array(&self) -> Arc<Json> {
        let outputs = self.outputs.iter().flatten();
        Arc::new(Json::Array(
            outputs.map(|output| Json::clone(output)).collect(),
        ))
    }

    pub(crate) fn is_too_much(&self) -> bool {
        self.bytes > GATHERED_BYTES_MAX
    }
}

/// How far the branches are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Race {
    compete: bool,
    /// With `compete` only the winner's.
    outputs: Gathered,
    missing: usize,
}

impl Race {
    /// Whether a fault of one branch leaves the others running.
    pub(crate) fn goes_on(&self, others: bool) -> bool {
        self.compete && others
    }

    /// The array of all outputs, or the winner's output. A race without branches has no winner, but it has ended.
    pub(crate) fn output(&self) -> Option<Arc<Json>> {
        if self.compete && self.outputs.lists() > 0 {
            return self.outputs.first();
        }
        (self.missing == 0).then(|| self.outputs.array())
    }

    pub(crate) fn is_too_much(&self) -> bool {
        self.outputs.is_too_much()
    }
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
            outputs: Gathered::new(fork.branches.len(), None),
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
        race.outputs.put(lane, output)?;
        race.missing = race.missing.saturating_sub(1);
        let (compete, missing, too_much) = (race.compete, race.missing, race.is_too_much());
        if compete {
            for loser in losers {
                self.drop_one(loser);
            }
        }
        if compete || missing == 0 || too_much {
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
        if open.inside.is_too_much() {
            let detail = format!(
                "what its concurrent tasks put out is more than {GATHERED_BYTES_MAX} bytes of JSON; let them put out less (`output.as`), or keep large data in files"
            );
            return Err(Problem::ours("limit", 500, detail).into());
        }
        match open.output() {
            Some(output) => self.complete(site, task, &open.input, output, None),
            None => Ok(()),
        }
    }
}
