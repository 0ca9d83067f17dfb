//! What events are made of.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use crate::{Effects, TaskId};

/// How a task began. Which fields there are depends on what the task does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskStarted {
    /// Which activation.
    pub task: TaskId,
    /// JSON Pointer of the task.
    pub reference: Arc<str>,
    /// Positions in the loops around it, the outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub index: Vec<u64>,
    /// When; absent where nothing depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<u64>,
    /// Transformed input, of a task with tasks inside; absent when it is the raw one.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub input: Option<Arc<Json>>,
    /// When the task times out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// When a wait is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<u64>,
    /// When the first attempt of a `try` times out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt_deadline_ms: Option<u64>,
    /// When a `try` gives up trying again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_until_ms: Option<u64>,
    /// What a `for` iterates; absent when the document itself says it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub items: Option<Arc<Json>>,
    /// Arguments of a function that the document defines: the raw input of its task.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub arguments: Option<Arc<Json>>,
    /// The call that is about to be made, when it can touch the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Intent>,
}

/// What is about to be called. Arguments are not kept: they are computed again, to the same bits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The plugin.
    pub plugin: String,
    /// The function.
    pub function: String,
    /// Attempt of the `try` around it, from 1.
    pub attempt: u32,
    /// What a second call would do.
    pub effects: Effects,
    /// What the outside can tell a repeated call by.
    pub idempotency_key: String,
}

/// Keeps `null` apart from a field that is not there.
pub(super) fn present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Arc<Json>>, D::Error> {
    Json::deserialize(deserializer).map(|value| Some(Arc::new(value)))
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

/// A signed writ that a run rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedPin {
    /// The plugin or workflow that it is for.
    pub name: String,
    /// sha256 of what was signed, as `sha256:` and hexadecimal digits.
    pub payload: String,
    /// The epoch of the trust root.
    pub epoch: u64,
    /// The reviewers whose signatures counted, as `name+id`.
    pub by: Vec<String>,
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
