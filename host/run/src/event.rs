//! What a journal remembers of a run. Self-describing JSON; fields are only ever added, and then optional.
//!
//! An event carries every result of an evaluation that later steps need, and leaves out what folding knows already.
//! Nothing here knows how an event changes a run, nor where it is kept.

mod look;
mod parts;
mod story;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use look::RunChange;
pub use parts::{HostCall, Intent, KvChange, PluginPin, SignedPin, TaskStarted, WorkflowPin};

use parts::present;

use crate::{Problem, TaskId};

/// One thing that happened in a run. The time and the order are the journal's to keep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// The run was accepted. Everything it will ever need is named here by digest.
    #[serde(rename = "run.started")]
    RunStarted {
        /// The workflow it runs, to its end.
        workflow: WorkflowPin,
        /// The plugins it may call, to its end.
        plugins: BTreeMap<String, PluginPin>,
        /// Raw input.
        input: Json,
        /// When, in milliseconds since 1970: the run's recorded clock starts here.
        at_ms: u64,
        /// Seed of all randomness in the run.
        seed: u64,
        /// Where its grants are read from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grants: Option<String>,
        /// The signed writs that it was accepted on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        signed: Vec<SignedPin>,
    },
    /// The run ended well.
    #[serde(rename = "run.completed")]
    RunCompleted {
        /// Its output.
        output: Json,
    },
    /// The run ended with an error that nothing caught.
    #[serde(rename = "run.faulted")]
    RunFaulted {
        /// The error.
        error: Problem,
    },
    /// The run was cancelled.
    #[serde(rename = "run.cancelled")]
    RunCancelled {
        /// Why.
        reason: String,
    },
    /// A workflow with an input schema, an input transformation or a timeout was entered.
    #[serde(rename = "run.entered")]
    RunEntered {
        /// The transformed input; absent when it is the raw one.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            deserialize_with = "present"
        )]
        input: Option<Arc<Json>>,
        /// When the whole run times out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline_ms: Option<u64>,
    },
    /// The run starts nothing new until it is resumed.
    #[serde(rename = "run.suspended")]
    RunSuspended {
        /// When.
        at_ms: u64,
    },
    /// The run goes on.
    #[serde(rename = "run.resumed")]
    RunResumed {
        /// When.
        at_ms: u64,
    },
    /// A host took the run over from one that had stopped. Its recorded clock does not move.
    #[serde(rename = "run.recovered")]
    RunRecovered {
        /// When.
        at_ms: u64,
    },
    /// A task began that does not complete with the same event: one with tasks inside, one that waits, one that may time
    /// out, or a call that can touch the world (then this is its intent).
    #[serde(rename = "task.started")]
    TaskStarted(Box<TaskStarted>),
    /// A task ended well.
    #[serde(rename = "task.completed")]
    TaskCompleted {
        /// Which activation.
        task: TaskId,
        /// JSON Pointer of the task.
        reference: Arc<str>,
        /// Positions in the loops around it, the outermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        index: Vec<u64>,
        /// Transformed output; absent when it is what the run knows already: for a task with tasks inside their output,
        /// for another its raw input.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            deserialize_with = "present"
        )]
        output: Option<Arc<Json>>,
        /// The new `$context`, when the task exports one.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            deserialize_with = "present"
        )]
        context: Option<Arc<Json>>,
        /// The case that a `switch` chose.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
        /// When, for effects and waits: the run's recorded clock moves on to it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_ms: Option<u64>,
    },
    /// A task was left out because its `if` was not true.
    #[serde(rename = "task.skipped")]
    TaskSkipped {
        /// Which activation.
        task: TaskId,
        /// JSON Pointer of the task.
        reference: Arc<str>,
        /// Positions in the loops around it, the outermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        index: Vec<u64>,
    },
    /// A task ended with an error. It passes through the tasks around it up to the nearest `try`.
    #[serde(rename = "task.faulted")]
    TaskFaulted {
        /// Which activation.
        task: TaskId,
        /// JSON Pointer of the task.
        reference: Arc<str>,
        /// Positions in the loops around it, the outermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        index: Vec<u64>,
        /// The error; absent when a `try` passes on the one it was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Box<Problem>>,
        /// When, for timeouts and effects.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_ms: Option<u64>,
    },
    /// A `try` is going to try again.
    #[serde(rename = "task.retried")]
    TaskRetried {
        /// Which activation of the `try`.
        task: TaskId,
        /// JSON Pointer of the task.
        reference: Arc<str>,
        /// Positions in the loops around it, the outermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        index: Vec<u64>,
        /// The attempt to come, from 2.
        attempt: u32,
        /// How long it waits before.
        delay_ms: u64,
        /// When it tries again; absent when at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due_ms: Option<u64>,
        /// When an attempt that begins at once times out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt_deadline_ms: Option<u64>,
        /// When this was decided.
        at_ms: u64,
    },
    /// The time before another attempt is over.
    #[serde(rename = "task.resumed")]
    TaskResumed {
        /// Which activation of the `try`.
        task: TaskId,
        /// JSON Pointer of the task.
        reference: Arc<str>,
        /// Positions in the loops around it, the outermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        index: Vec<u64>,
        /// When.
        at_ms: u64,
        /// When this attempt times out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt_deadline_ms: Option<u64>,
    },
    /// A `try` caught the error it was given.
    #[serde(rename = "task.caught")]
    TaskCaught {
        /// Which activation of the `try`.
        task: TaskId,
        /// JSON Pointer of the task.
        reference: Arc<str>,
        /// Positions in the loops around it, the outermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        index: Vec<u64>,
    },
    /// The `while` of a loop allowed one more iteration.
    #[serde(rename = "task.iterated")]
    TaskIterated {
        /// Which activation of the `for`.
        task: TaskId,
        /// JSON Pointer of the task.
        reference: Arc<str>,
        /// Positions in the loops around it, the outermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        index: Vec<u64>,
        /// The position that is next.
        iteration: u64,
    },
    /// A task was given up, with all tasks inside, because of what another event says. For the reader only.
    #[serde(rename = "task.cancelled")]
    TaskCancelled {
        /// Which activation.
        task: TaskId,
        /// JSON Pointer of the task.
        reference: Arc<str>,
        /// Positions in the loops around it, the outermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        index: Vec<u64>,
    },
    /// A host call that can change the world is about to be made: durable before it is. Its answer follows as `host.called`
    /// with the same index; without one, nobody knows what came of it.
    #[serde(rename = "host.intended")]
    HostIntended {
        /// For which task activation.
        task: TaskId,
        /// In which attempt of it, from 1.
        attempt: u32,
        /// Position among the recorded host calls of that attempt, from 0.
        index: u32,
        /// What is about to be called.
        call: HostCall,
        /// The functions that called each other up to the one that does this, `plugin/function`, the task's own first; absent when it is
        /// the task's own.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        chain: Vec<String>,
    },
    /// A guest made a host call that is recorded.
    #[serde(rename = "host.called")]
    HostCalled {
        /// For which task activation.
        task: TaskId,
        /// In which attempt of it, from 1.
        attempt: u32,
        /// Position among the recorded host calls of that attempt, from 0.
        index: u32,
        /// What was called.
        call: HostCall,
        /// What the guest was answered.
        answer: Json,
        /// The grant that allowed it.
        grant: String,
        /// What it changed in key-value buckets; applied with this very event.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kv: Vec<KvChange>,
        /// The functions that called each other up to the one that did this, `plugin/function`, the task's own first; absent when it is
        /// the task's own.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        chain: Vec<String>,
    },
    /// A guest calls a function of another plugin. What that one does follows, under its chain, and then the answer as
    /// `tool.returned`; without one, the callee did not come to an end.
    #[serde(rename = "tool.called")]
    ToolCalled {
        /// For which task activation.
        task: TaskId,
        /// In which attempt of it, from 1.
        attempt: u32,
        /// Position among the recorded host calls of that attempt, from 0.
        index: u32,
        /// The functions that called each other, `plugin/function`: the task's own first, the one that is called last.
        chain: Vec<String>,
        /// What was called, with its arguments.
        call: HostCall,
        /// The grant that allowed it.
        grant: String,
    },
    /// A function of another plugin answered the guest that called it.
    #[serde(rename = "tool.returned")]
    ToolReturned {
        /// For which task activation.
        task: TaskId,
        /// In which attempt of it, from 1.
        attempt: u32,
        /// The position of the call that is answered.
        index: u32,
        /// `{"Ok": result}`, or `{"Err": why there is none}`.
        answer: Json,
    },
    /// A guest attempted what no grant allows.
    #[serde(rename = "host.denied")]
    HostDenied {
        /// For which task activation.
        task: TaskId,
        /// Which plugin.
        plugin: String,
        /// What it lacked.
        capability: String,
        /// What would mend it.
        remedy: String,
        /// The functions that called each other up to the one that did this, `plugin/function`, the task's own first; absent when it is
        /// the task's own.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        chain: Vec<String>,
    },
    /// What a guest did with a file or folder of a granted mount: told once per path and operation, when the call ends, in whatever
    /// way; what was under way then counts. File contents are not recorded.
    #[serde(rename = "file.used")]
    FileUsed {
        /// For which task activation.
        task: TaskId,
        /// The path as the guest sees it.
        path: String,
        /// `open`, `list`, `create-folder`, `remove`, `rename`, `link`, `change`.
        operation: String,
        /// How many times.
        times: u64,
        /// Bytes that the guest got.
        bytes_read: u64,
        /// Bytes that the guest wrote.
        bytes_written: u64,
        /// The capability that allowed it.
        grant: String,
        /// The functions that called each other up to the one that did this, `plugin/function`, the task's own first; absent when it is
        /// the task's own.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        chain: Vec<String>,
    },
    /// A guest wrote to its log, stdout or stderr. Bounded by the plugin's limits.
    #[serde(rename = "guest.logged")]
    GuestLogged {
        /// For which task activation.
        task: TaskId,
        /// `stdout`, `stderr`, or a log level.
        stream: String,
        /// The text.
        text: String,
        /// The functions that called each other up to the one that did this, `plugin/function`, the task's own first; absent when it is
        /// the task's own.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        chain: Vec<String>,
    },
}
