//! What a journal remembers of a run. Self-describing JSON; fields are only ever added, and then optional.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

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
    },
}

/// The workflow a run is pinned to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowPin {
    /// `document.namespace`
    pub namespace: String,
    /// `document.name`
    pub name: String,
    /// `document.version`
    pub version: String,
    /// sha256 of the document's text, lower-case hexadecimal; the text is kept beside the journal.
    pub digest: String,
}

/// A plugin a run is pinned to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginPin {
    /// The plugin's version.
    pub version: String,
    /// sha256 of the component, lower-case hexadecimal; the component is kept beside the journal.
    pub digest: String,
}

/// A host call of a guest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostCall {
    /// WIT interface, for instance `wasi:keyvalue/store`.
    pub interface: String,
    /// Function of it, for instance `bucket.set`.
    pub function: String,
    /// Arguments, as JSON.
    pub arguments: Json,
}

/// One change of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvChange {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The new value in base64; `None` removes the key.
    pub value: Option<String>,
}
