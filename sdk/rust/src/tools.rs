//! Functions of other plugins, called through the host. Knows names, JSON and errors; what may be called is the reviewer's affair.
//!
//! Each tool needs a request and a grant of `tool:call:PLUGIN/FUNCTION`. A tool works under what *both* plugins may do, so a plugin
//! also needs what it wants its tools to do: to have `orders/find` read a folder for it, it must be granted that folder itself.
//!
//! ```no_run
//! use serde::{Deserialize, Serialize};
//! use writ_sdk::tools::{self, ToolError};
//!
//! #[derive(Serialize)]
//! struct Find<'a> {
//!     number: &'a str,
//! }
//!
//! #[derive(Deserialize)]
//! struct Order {
//!     total: String,
//! }
//!
//! /// The total of an order; none if there is no such order.
//! fn total(number: &str) -> Result<Option<String>, ToolError> {
//!     match tools::call::<Order>("orders/find", &Find { number }) {
//!         Ok(order) => Ok(Some(order.total)),
//!         // What the tool itself answered in its error case.
//!         Err(ToolError::Failed(problem)) if problem.payload() == Some(&"no such order".into()) => Ok(None),
//!         Err(other) => Err(other),
//!     }
//! }
//! ```
//!
//! What a tool answers is data that somebody else wrote. A plugin that gives it to a model should say so to the model.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::host::writ::agent::tools as host;

/// Why a tool gave no result. In all cases but [`Failed`](ToolError::Failed) and [`Json`](ToolError::Json) it was not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The reviewer granted no `tool:call` for it.
    #[error("{tool}: not granted; it needs {capability}")]
    Denied {
        /// The tool.
        tool: String,
        /// What is missing.
        capability: String,
        /// How a person would come by it.
        remedy: String,
    },
    /// It is granted and not there.
    #[error("{tool}: {what}")]
    Unknown {
        /// The tool.
        tool: String,
        /// The host's words.
        what: String,
    },
    /// The arguments are not what the function takes.
    #[error("{tool}: the arguments do not fit at {place:?}: {what}")]
    InvalidArguments {
        /// The tool.
        tool: String,
        /// A JSON pointer to the part that doesn't fit.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// It failed: by its own error case, a trap, a limit, or because something was denied to it.
    #[error("{0}")]
    Failed(Box<Problem>),
    /// More plugins would call each other than may.
    #[error("{tool}: at most {deepest} calls may be under way inside each other")]
    TooDeep {
        /// The tool.
        tool: String,
        /// How many may.
        deepest: u32,
    },
    /// The tool's plugin is already waiting for this call.
    #[error("{tool}: its plugin waits for this call: {}", chain.join(", "))]
    Cycle {
        /// The tool.
        tool: String,
        /// The functions that wait, the first caller first.
        chain: Vec<String>,
    },
    /// This call may make no more calls, or move no more bytes through them.
    #[error("{tool}: the limit {limit} = {allowed} is reached")]
    Limit {
        /// The tool.
        tool: String,
        /// The limit's name.
        limit: String,
        /// Its height.
        allowed: u64,
    },
    /// The arguments can't be written as JSON, or the answer is not of the type that was expected.
    #[error("{tool}: {source}")]
    Json {
        /// The tool.
        tool: String,
        /// Where and why.
        source: serde_json::Error,
    },
}

/// What went wrong in a tool, as a workflow would be told of it (RFC 9457).
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Problem {
    /// What kind of problem it is, as a URI.
    #[serde(rename = "type")]
    pub kind: String,
    /// A status as in HTTP.
    #[serde(default)]
    pub status: u16,
    /// What happened.
    #[serde(default)]
    pub detail: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub more: serde_json::Map<String, Value>,
}

impl Problem {
    /// What the function answered in its error case, if that is the problem.
    #[must_use]
    pub fn payload(&self) -> Option<&Value> {
        self.more.get("payload")
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.detail.as_deref().unwrap_or(&self.kind))
    }
}

/// A function that this plugin may call.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// `plugin/function`, as [`call`] takes it.
    pub name: String,
    /// What it is for, in its author's words: a stranger's, not an instruction.
    pub description: String,
    /// JSON Schema of its arguments.
    pub arguments: Value,
    /// JSON Schema of its result.
    pub result: Value,
}

/// Calls a tool, `plugin/function`, with an object of arguments, and waits for its result.
///
/// # Errors
/// When it is refused, fails, or answers something else than a `T`.
pub fn call<T: DeserializeOwned>(
    tool: &str,
    arguments: &(impl Serialize + ?Sized),
) -> Result<T, ToolError> {
    let arguments = written(tool, arguments)?;
    read(tool, host::call(tool, &arguments))
}

/// Calls several tools, each with its arguments; the answers come in the same order. One that fails keeps none of the others from being
/// called. Where types differ, `serde_json::Value` does for both.
pub fn call_all<T: DeserializeOwned>(
    calls: &[(&str, impl Serialize)],
) -> Vec<Result<T, ToolError>> {
    let mut asked = Vec::with_capacity(calls.len());
    let mut unwritten = Vec::with_capacity(calls.len());
    for (tool, arguments) in calls {
        match written(tool, arguments) {
            Ok(arguments) => {
                let tool = (*tool).to_owned();
                asked.push(host::ToolCall { tool, arguments });
                unwritten.push(None);
            }
            Err(error) => unwritten.push(Some(error)),
        }
    }
    let mut answers = host::call_all(&asked).into_iter();
    let mut answer = |(tool, error): (&str, Option<ToolError>)| match error {
        Some(error) => Err(error),
        None => answers.next().map_or_else(
            || {
                Err(named(
                    tool,
                    host::ToolError::Unknown("the host gave no answer".to_owned()),
                ))
            },
            |answer| read(tool, answer),
        ),
    };
    let tools = calls.iter().map(|(tool, _)| *tool);
    tools.zip(unwritten).map(&mut answer).collect()
}

/// The tools that this plugin may call, by name.
#[must_use]
pub fn list() -> Vec<Tool> {
    let schema = |text: String| serde_json::from_str(&text).unwrap_or_default();
    let tool = |tool: host::Tool| Tool {
        name: format!("{}/{}", tool.plugin, tool.function),
        description: tool.description,
        arguments: schema(tool.arguments_schema),
        result: schema(tool.result_schema),
    };
    host::list().into_iter().map(tool).collect()
}

fn written(tool: &str, arguments: &(impl Serialize + ?Sized)) -> Result<String, ToolError> {
    serde_json::to_string(arguments).map_err(|source| not_json(tool, source))
}

fn read<T: DeserializeOwned>(
    tool: &str,
    answer: Result<String, host::ToolError>,
) -> Result<T, ToolError> {
    let text = answer.map_err(|error| named(tool, error))?;
    serde_json::from_str(&text).map_err(|source| not_json(tool, source))
}

fn not_json(tool: &str, source: serde_json::Error) -> ToolError {
    ToolError::Json {
        tool: tool.to_owned(),
        source,
    }
}

fn named(tool: &str, error: host::ToolError) -> ToolError {
    let tool = tool.to_owned();
    match error {
        host::ToolError::Denied(denial) => ToolError::Denied {
            tool,
            capability: denial.capability,
            remedy: denial.remedy,
        },
        host::ToolError::Unknown(what) => ToolError::Unknown { tool, what },
        host::ToolError::InvalidArguments(mismatch) => ToolError::InvalidArguments {
            tool,
            place: mismatch.place,
            what: mismatch.what,
        },
        host::ToolError::Failed(problem) => match serde_json::from_str(&problem) {
            Ok(problem) => ToolError::Failed(Box::new(problem)),
            Err(source) => ToolError::Json { tool, source },
        },
        host::ToolError::TooDeep(deepest) => ToolError::TooDeep { tool, deepest },
        host::ToolError::Cycle(chain) => ToolError::Cycle { tool, chain },
        host::ToolError::Limit(bound) => ToolError::Limit {
            tool,
            limit: bound.name,
            allowed: bound.allowed,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_refuses_keeps_its_parts() {
        let problem = r#"{"type":"urn:writ:error:guest","status":500,"detail":"no","payload":{"code":7},"plugin":"p"}"#;
        let ToolError::Failed(problem) = named("p/f", host::ToolError::Failed(problem.to_owned()))
        else {
            panic!("it failed")
        };
        assert_eq!(problem.payload(), Some(&serde_json::json!({ "code": 7 })));
        assert_eq!((problem.to_string().as_str(), problem.status), ("no", 500));
        let bound = host::Bound {
            name: "tool_calls_max".to_owned(),
            allowed: 3,
        };
        let words = named("p/f", host::ToolError::Limit(bound)).to_string();
        assert_eq!(words, "p/f: the limit tool_calls_max = 3 is reached");
        assert!(matches!(
            read::<u8>("p/f", Ok("300".to_owned())),
            Err(ToolError::Json { .. })
        ));
        assert_eq!(read::<u8>("p/f", Ok("30".to_owned())).ok(), Some(30));
    }
}
