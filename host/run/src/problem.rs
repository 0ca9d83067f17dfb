//! Errors as workflows see them: RFC 7807 problem details with the DSL's types, and a few of our own.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// Prefix of the error types that the DSL defines.
pub const DSL: &str = "https://serverlessworkflow.io/spec/1.0.0/errors/";

/// Prefix of our own error types.
pub const OURS: &str = "urn:writ:error:";
/// The member of an error that names a call which it left in doubt.
const IN_DOUBT: &str = "inDoubt";

/// A problem, as `catch` compares it and as a faulted run reports it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// A URI that names the kind.
    pub r#type: String,
    /// HTTP status code that fits best.
    pub status: u16,
    /// Short name of the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What happened this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// JSON Pointer of the task that raised it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Further members, for instance `plugin`, `capability`, `remedy`, `payload`.
    #[serde(flatten)]
    pub extensions: Map<String, Json>,
}

impl Problem {
    /// One of the DSL's own kinds: `configuration`, `validation`, `expression`, `authentication`, `authorization`, `timeout`,
    /// `communication`, `runtime`.
    pub fn dsl(kind: &str, status: u16, detail: impl Into<String>) -> Self {
        Self {
            r#type: format!("{DSL}{kind}"),
            status,
            title: Some(kind.to_owned()),
            detail: Some(detail.into()),
            instance: None,
            extensions: Map::new(),
        }
    }

    /// One of our own kinds: `in-doubt`, `denied`, `limit`, `trap`, `guest`.
    pub fn ours(kind: &str, status: u16, detail: impl Into<String>) -> Self {
        Self {
            r#type: format!("{OURS}{kind}"),
            ..Self::dsl(kind, status, detail)
        }
    }

    /// Whether this is an effect of which nobody can say if it happened, or leaves one behind.
    pub fn is_in_doubt(&self) -> bool {
        self.r#type.strip_prefix(OURS) == Some("in-doubt") || self.extensions.contains_key(IN_DOUBT)
    }

    /// Says that a call was given up by this whose effect may or may not have happened.
    pub(crate) fn mark_in_doubt(&mut self, call: &str) {
        let extensions = &mut self.extensions;
        extensions.entry(IN_DOUBT).or_insert_with(|| call.into());
    }

    /// As expressions see it.
    pub fn to_json(&self) -> Json {
        serde_json::to_value(self).expect("a problem has string keys only")
    }

    /// The same with one more extension member.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Json>) -> Self {
        self.extensions.insert(member.to_owned(), value.into());
        self
    }
}
