//! A run: its folded state, and what only the host that executes it needs to know.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

use serde_json::{Value as Json, json};

use crate::{
    Corrupt, Decision, Definition, Evaluator, Event, Moment, Problem, RunId, Signal, Status,
    TaskId, clock,
    flow::Step,
    state::{Phase, Site, Stage, State},
    tree::Fold,
};

/// A run of a workflow. Two are equal when their journals say the same of them.
#[derive(Debug, Clone)]
pub struct Run {
    id: RunId,
    pub(crate) state: State,
    pub(crate) life: Life,
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.state == other.state
    }
}

/// What one host knows beside the journal. It dies with the host and is not missed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Life {
    /// Activations with something to do.
    pub(crate) todo: BTreeSet<TaskId>,
    /// Calls that were asked for and have not come back.
    pub(crate) outstanding: BTreeMap<TaskId, Outstanding>,
    /// Activations that the latest event gave up.
    pub(crate) dropped: Vec<Arc<Site>>,
    /// The latest wish to be woken.
    pub(crate) wake_ms: Option<u64>,
    /// The end was told.
    pub(crate) finished: bool,
    workflow: OnceLock<Arc<Json>>,
}

/// A call that has not come back.
#[derive(Debug, Clone)]
pub(crate) struct Outstanding {
    pub(crate) attempt: u32,
    /// The task's transformed input.
    pub(crate) input: Arc<Json>,
}

impl Run {
    /// A run of which nothing has happened yet.
    pub fn new(id: RunId) -> Self {
        Self {
            id,
            state: State::new(),
            life: Life::default(),
        }
    }

    /// Its name.
    pub const fn id(&self) -> RunId {
        self.id
    }

    /// Folds one event of its journal. After an error the run must not be used.
    pub fn apply(&mut self, definition: &Definition, event: &Event) -> Result<(), Corrupt> {
        self.life.dropped.clear();
        Fold {
            workflow: &definition.workflow,
            state: &mut self.state,
            todo: &mut self.life.todo,
            dropped: &mut self.life.dropped,
        }
        .event(event)
    }

    /// Takes a signal in, goes on as far as it can, and says what happened and what is to be done.
    pub fn advance(
        &mut self,
        at: &Moment<'_>,
        signal: Signal,
        evaluator: &mut dyn Evaluator,
    ) -> Decision {
        let mut step = Step {
            run: self,
            at,
            evaluator,
            decision: Decision::default(),
        };
        step.take(signal);
        step.work();
        step.decision
    }

    /// Its status phase.
    pub fn status(&self) -> Status {
        match &self.state.stage {
            Stage::Pending => Status::Pending,
            Stage::Cancelled => Status::Cancelled,
            Stage::Faulted(_) => Status::Faulted,
            Stage::Completed(_) => Status::Completed,
            Stage::Entering | Stage::Running | Stage::Leaving(_) | Stage::Failing(_) => {
                if self.state.suspended {
                    Status::Suspended
                } else if self.is_waiting() {
                    Status::Waiting
                } else {
                    Status::Running
                }
            }
        }
    }

    /// Nothing is left but times to come.
    fn is_waiting(&self) -> bool {
        self.state.stage == Stage::Running
            && self.life.todo.is_empty()
            && self.life.outstanding.is_empty()
    }

    /// The output, once completed.
    pub fn output(&self) -> Option<&Json> {
        if let Stage::Completed(output) = &self.state.stage {
            Some(output)
        } else {
            None
        }
    }

    /// The error, once faulted.
    pub fn error(&self) -> Option<&Problem> {
        if let Stage::Faulted(error) = &self.state.stage {
            Some(error)
        } else {
            None
        }
    }

    /// The earliest time at which something is due.
    pub fn next_wake_ms(&self) -> Option<u64> {
        if self.state.suspended || self.state.stage.is_final() {
            return None;
        }
        let timer = self.state.timers.first().map(|(due, _, _)| *due);
        [timer, self.state.deadline_ms].into_iter().flatten().min()
    }

    /// The tasks that are live now, and how far its loops are: enough for a terminal.
    pub fn progress(&self) -> Progress {
        let mut progress = Progress::default();
        for activation in self.state.live.values() {
            let site = &activation.site;
            if let Phase::Open(open) = &activation.phase {
                let counted = open.inside.progress();
                progress
                    .loops
                    .extend(counted.map(|(done, total)| LoopProgress {
                        name: name_of(&site.reference),
                        reference: site.reference.clone(),
                        done,
                        total,
                    }));
            } else {
                progress.tasks.push(name_of(&site.reference));
            }
        }
        progress
    }

    pub(crate) fn context(&self) -> Arc<Json> {
        self.state.context.clone()
    }

    pub(crate) fn seed(&self) -> u64 {
        self.state.start.as_ref().map_or(0, |start| start.seed)
    }

    /// `$workflow`, built once.
    pub(crate) fn workflow_argument(&self, definition: &Definition) -> Arc<Json> {
        let build = || {
            let start = self.state.start.as_deref();
            Arc::new(json!({
                "id": self.id.to_string(),
                "definition": definition.workflow.definition,
                "input": start.map(|start| &start.input),
                "startedAt": clock::describe(start.map_or(0, |start| start.at_ms)),
            }))
        };
        self.life.workflow.get_or_init(build).clone()
    }
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Names of the live tasks that have no tasks inside, in the order in which they were reached.
    pub tasks: Vec<String>,
    /// The live loops, the outermost first.
    pub loops: Vec<LoopProgress>,
}

/// How far a loop is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopProgress {
    /// The loop's name.
    pub name: String,
    /// JSON Pointer of it.
    pub reference: Arc<str>,
    /// How many iterations have ended.
    pub done: u64,
    /// How many items there are.
    pub total: u64,
}

/// Name of the task that a JSON Pointer points to.
pub(crate) fn name_of(reference: &str) -> String {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    last.replace("~1", "/").replace("~0", "~")
}
