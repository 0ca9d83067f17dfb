//! What others ask of an event without knowing its variants: its name, what it changes in the run index, in key-value
//! buckets.

use super::{Event, KvChange, WorkflowPin};
use crate::{Problem, Status, TaskId};

/// What an event changes in an index of runs.
#[derive(Debug, Clone, PartialEq)]
pub struct RunChange {
    /// The status from now on.
    pub status: Status,
    /// The workflow, when the run starts.
    pub workflow: Option<WorkflowPin>,
    /// Why it faulted, when it did.
    pub error: Option<Problem>,
    /// Why it was cancelled, when it was.
    pub reason: Option<String>,
}

impl RunChange {
    fn to(status: Status) -> Self {
        Self {
            status,
            workflow: None,
            error: None,
            reason: None,
        }
    }
}

impl Event {
    /// The name that stands as `type` in its JSON, for instance `task.completed`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunStarted { .. } => "run.started",
            Self::RunEntered { .. } => "run.entered",
            Self::RunCompleted { .. } => "run.completed",
            Self::RunFaulted { .. } => "run.faulted",
            Self::RunCancelled { .. } => "run.cancelled",
            Self::RunSuspended { .. } => "run.suspended",
            Self::RunResumed { .. } => "run.resumed",
            Self::RunRecovered { .. } => "run.recovered",
            Self::TaskStarted(_) => "task.started",
            Self::TaskCompleted { .. } => "task.completed",
            Self::TaskSkipped { .. } => "task.skipped",
            Self::TaskFaulted { .. } => "task.faulted",
            Self::TaskRetried { .. } => "task.retried",
            Self::TaskResumed { .. } => "task.resumed",
            Self::TaskCaught { .. } => "task.caught",
            Self::TaskIterated { .. } => "task.iterated",
            Self::TaskCancelled { .. } => "task.cancelled",
            Self::HostIntended { .. } => "host.intended",
            Self::HostCalled { .. } => "host.called",
            Self::ToolCalled { .. } => "tool.called",
            Self::ToolReturned { .. } => "tool.returned",
            Self::HostDenied { .. } => "host.denied",
            Self::FileUsed { .. } => "file.used",
            Self::GuestLogged { .. } => "guest.logged",
        }
    }

    /// What it changes in an index of runs, if anything.
    pub fn summary(&self) -> Option<RunChange> {
        match self {
            Self::RunStarted { workflow, .. } => Some(RunChange {
                workflow: Some(workflow.clone()),
                ..RunChange::to(Status::Running)
            }),
            Self::RunCompleted { .. } => Some(RunChange::to(Status::Completed)),
            Self::RunFaulted { error } => Some(RunChange {
                error: Some(error.clone()),
                ..RunChange::to(Status::Faulted)
            }),
            Self::RunCancelled { reason } => Some(RunChange {
                reason: Some(reason.clone()),
                ..RunChange::to(Status::Cancelled)
            }),
            Self::RunSuspended { .. } => Some(RunChange::to(Status::Suspended)),
            Self::RunResumed { .. } => Some(RunChange::to(Status::Running)),
            Self::RunEntered { .. }
            | Self::RunRecovered { .. }
            | Self::TaskStarted(_)
            | Self::TaskCompleted { .. }
            | Self::TaskSkipped { .. }
            | Self::TaskFaulted { .. }
            | Self::TaskRetried { .. }
            | Self::TaskResumed { .. }
            | Self::TaskCaught { .. }
            | Self::TaskIterated { .. }
            | Self::TaskCancelled { .. }
            | Self::HostIntended { .. }
            | Self::HostCalled { .. }
            | Self::ToolCalled { .. }
            | Self::ToolReturned { .. }
            | Self::HostDenied { .. }
            | Self::FileUsed { .. }
            | Self::GuestLogged { .. } => None,
        }
    }

    /// What it changes in key-value buckets, in order.
    pub fn kv(&self) -> &[KvChange] {
        if let Self::HostCalled { kv, .. } = self {
            kv
        } else {
            &[]
        }
    }

    /// Digests, sha256 in hexadecimal, of what must be kept beside the journal because of it.
    pub fn pins(&self) -> impl Iterator<Item = &str> {
        let (workflow, plugins) = if let Self::RunStarted {
            workflow, plugins, ..
        } = self
        {
            (Some(workflow), Some(plugins))
        } else {
            (None, None)
        };
        let plugins = plugins
            .into_iter()
            .flat_map(std::collections::BTreeMap::values);
        workflow
            .map(|pin| &pin.digest)
            .into_iter()
            .chain(plugins.map(|pin| &pin.digest))
            .map(|digest| digest.trim_start_matches("sha256:"))
    }

    /// The task activation that ends with it, well or not.
    pub fn ends(&self) -> Option<TaskId> {
        match self {
            Self::TaskCompleted { task, .. }
            | Self::TaskSkipped { task, .. }
            | Self::TaskFaulted { task, .. }
            | Self::TaskCancelled { task, .. } => Some(*task),
            Self::RunStarted { .. }
            | Self::RunEntered { .. }
            | Self::RunCompleted { .. }
            | Self::RunFaulted { .. }
            | Self::RunCancelled { .. }
            | Self::RunSuspended { .. }
            | Self::RunResumed { .. }
            | Self::RunRecovered { .. }
            | Self::TaskStarted(_)
            | Self::TaskRetried { .. }
            | Self::TaskResumed { .. }
            | Self::TaskCaught { .. }
            | Self::TaskIterated { .. }
            | Self::HostIntended { .. }
            | Self::HostCalled { .. }
            | Self::ToolCalled { .. }
            | Self::ToolReturned { .. }
            | Self::HostDenied { .. }
            | Self::FileUsed { .. }
            | Self::GuestLogged { .. } => None,
        }
    }

    /// Whether somebody who watches a run wants to read it: what happens to the run, what goes wrong, what takes long.
    pub fn milestone(&self) -> bool {
        match self {
            Self::RunStarted { .. }
            | Self::RunCompleted { .. }
            | Self::RunFaulted { .. }
            | Self::RunCancelled { .. }
            | Self::RunSuspended { .. }
            | Self::RunResumed { .. }
            | Self::RunRecovered { .. }
            | Self::TaskFaulted { .. }
            | Self::TaskRetried { .. }
            | Self::TaskCaught { .. }
            | Self::HostDenied { .. } => true,
            Self::TaskStarted(started) => started.items.is_some() || started.due_ms.is_some(),
            Self::RunEntered { .. }
            | Self::TaskCompleted { .. }
            | Self::TaskSkipped { .. }
            | Self::TaskResumed { .. }
            | Self::TaskIterated { .. }
            | Self::TaskCancelled { .. }
            | Self::HostIntended { .. }
            | Self::HostCalled { .. }
            | Self::ToolCalled { .. }
            | Self::ToolReturned { .. }
            | Self::FileUsed { .. }
            | Self::GuestLogged { .. } => false,
        }
    }
}
