//! What a run remembers between two steps: the tasks that are live and the data they need, nothing of the past.
//!
//! Plain data. Nothing here knows expressions, nor how events change it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Map, Value as Json};
use writ_workflow::model::TaskIndex;

use crate::{
    Problem, TaskId,
    for_::{Loop, Parallel},
    fork::Race,
    try_::Attempts,
};

/// The folded state of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) stage: Stage,
    pub(crate) suspended: bool,
    pub(crate) start: Option<Arc<Start>>,
    /// `$context`
    pub(crate) context: Arc<Json>,
    /// The latest recorded time.
    pub(crate) clock_ms: u64,
    /// The next activation's number.
    pub(crate) next_task: u64,
    /// When the whole run times out.
    pub(crate) deadline_ms: Option<u64>,
    pub(crate) live: BTreeMap<TaskId, Activation>,
    /// Every time at which something is due.
    pub(crate) timers: BTreeSet<(u64, TaskId, Timer)>,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            stage: Stage::Pending,
            suspended: false,
            start: None,
            context: Arc::new(Json::Object(Map::new())),
            clock_ms: 0,
            next_task: 0,
            deadline_ms: None,
            live: BTreeMap::new(),
            timers: BTreeSet::new(),
        }
    }

    /// The earliest time at which an activation, or a task around it, or the run times out.
    pub(crate) fn deadline_of(&self, task: TaskId) -> Option<u64> {
        let mut earliest = self.deadline_ms;
        let mut next = Some(task);
        while let Some(activation) = next.and_then(|task| self.live.get(&task)) {
            let attempt = activation
                .open()
                .and_then(|open| open.attempt_deadline_ms());
            let own = [earliest, activation.deadline_ms, attempt];
            earliest = own.into_iter().flatten().min();
            next = activation.site.parent;
        }
        earliest
    }
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stage {
    /// Not started.
    Pending,
    /// Started; its input is to be checked and transformed.
    Entering,
    /// Tasks are live.
    Running,
    /// The last task ended with this output, which is to be transformed and checked.
    Leaving(Arc<Json>),
    /// An error reached the top and is to be reported.
    Failing(Box<Problem>),
    /// Ended.
    Cancelled,
    /// Ended.
    Faulted(Box<Problem>),
    /// Ended.
    Completed(Arc<Json>),
}

impl Stage {
    pub(crate) const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Cancelled | Self::Faulted(_) | Self::Completed(_)
        )
    }
}

/// What a run was started with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Start {
    pub(crate) input: Arc<Json>,
    pub(crate) at_ms: u64,
    pub(crate) seed: u64,
}

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// A wait is over.
    Wait,
    /// A `try` tries again.
    Retry,
    /// An attempt of a `try` times out.
    Attempt,
    /// A task times out.
    Deadline,
}

/// A live task.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Activation {
    pub(crate) site: Arc<Site>,
    pub(crate) deadline_ms: Option<u64>,
    pub(crate) phase: Phase,
}

impl Activation {
    pub(crate) fn open(&self) -> Option<&Open> {
        if let Phase::Open(open) = &self.phase {
            Some(open)
        } else {
            None
        }
    }

    pub(crate) fn open_mut(&mut self) -> Option<&mut Open> {
        if let Phase::Open(open) = &mut self.phase {
            Some(open)
        } else {
            None
        }
    }
}

/// What never changes while a task is live.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Site {
    pub(crate) id: TaskId,
    pub(crate) task: TaskIndex,
    pub(crate) reference: Arc<str>,
    /// Positions in the loops around it, the outermost first.
    pub(crate) index: Vec<u64>,
    /// The live task whose list it stands in; none for the top-level list.
    pub(crate) parent: Option<TaskId>,
    /// Which of the parent's concurrent lists.
    pub(crate) lane: u32,
    /// Where in that list.
    pub(crate) position: usize,
    /// Attempt of the nearest `try` around it.
    pub(crate) attempt: u32,
    /// How many tasks are around it.
    pub(crate) depth: u32,
    pub(crate) scope: Scope,
    /// Raw input.
    pub(crate) raw: Arc<Json>,
    /// `$context` when it was reached: what its definition sees, so that it is the same when it is executed again.
    pub(crate) context: Arc<Json>,
    /// The recorded clock when it was reached.
    pub(crate) clock_ms: u64,
}

/// What a live task is doing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Phase {
    /// Nothing of it is recorded yet.
    Pending,
    /// A call of which the start is recorded.
    Calling(Calling),
    /// A wait.
    Waiting { due_ms: u64, input: Arc<Json> },
    /// It has tasks inside.
    Open(Box<Open>),
}

/// A call of which the start is recorded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Calling {
    pub(crate) clock_ms: u64,
    /// The call can touch the world.
    pub(crate) intent: Option<crate::Intent>,
}

/// A task with tasks inside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Open {
    /// Transformed input.
    pub(crate) input: Arc<Json>,
    /// The live tasks directly inside.
    pub(crate) children: BTreeSet<TaskId>,
    pub(crate) inside: Inside,
}

impl Open {
    fn attempt_deadline_ms(&self) -> Option<u64> {
        if let Inside::Try(attempts) = &self.inside {
            attempts.deadline_ms
        } else {
            None
        }
    }

    /// The raw output, once all inside has ended.
    pub(crate) fn output(&self) -> Option<Arc<Json>> {
        match &self.inside {
            Inside::List(output) => output.clone(),
            Inside::Loop(state) => state.output(),
            Inside::Parallel(state) => state.output(),
            Inside::Fork(state) => state.output(),
            Inside::Try(state) => state.output(),
        }
    }
}

/// What is inside a task.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Inside {
    /// One list: `do`, or a function of the document. Its output, once it has ended.
    List(Option<Arc<Json>>),
    /// `for`, one item after the other.
    Loop(Loop),
    /// `for`, some items at a time.
    Parallel(Parallel),
    /// `fork`
    Fork(Race),
    /// `try`
    Try(Attempts),
}

impl Inside {
    /// How many iterations of a loop are done, of how many.
    pub(crate) fn progress(&self) -> Option<(u64, u64)> {
        match self {
            Self::Loop(state) => Some(state.progress()),
            Self::Parallel(state) => Some(state.progress()),
            Self::List(_) | Self::Fork(_) | Self::Try(_) => None,
        }
    }

    /// Whether what concurrent lists put out is more than can be told together.
    pub(crate) fn is_too_much(&self) -> bool {
        match self {
            Self::Parallel(state) => state.is_too_much(),
            Self::Fork(state) => state.is_too_much(),
            Self::List(_) | Self::Loop(_) | Self::Try(_) => false,
        }
    }
}

/// Variables that loops and handlers bind around a task.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Scope(Option<Arc<Binding>>);

#[derive(Debug, PartialEq)]
struct Binding {
    name: String,
    value: Arc<Json>,
    outer: Scope,
}

impl Scope {
    pub(crate) fn bind(&self, name: &str, value: Arc<Json>) -> Self {
        Self(Some(Arc::new(Binding {
            name: name.to_owned(),
            value,
            outer: self.clone(),
        })))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Json>> {
        self.bindings()
            .find(|binding| binding.name == name)
            .map(|binding| &binding.value)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.bindings().map(|binding| binding.name.as_str())
    }

    fn bindings(&self) -> impl Iterator<Item = &Binding> {
        std::iter::successors(self.0.as_deref(), |binding| binding.outer.0.as_deref())
    }
}
