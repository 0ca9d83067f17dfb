//! How a call can end other than well, and what it used. Every end is one of these: none of them stops the host.

use serde_json::Value as Json;
use writ_grant::Denied;
use writ_plugin::MismatchError;

use crate::error::LoadError;
use crate::folders::FolderError;
use crate::port::{HostCall, Port, PortError};
use crate::trap::bounded;

/// How much of a host call is shown.
const CALL_BYTES_MAX: usize = 300;

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The function itself answered with its error case.
    #[error("the function answered with an error: {payload}")]
    Guest {
        /// The payload of `result`'s error case.
        payload: Json,
    },
    /// The arguments don't fit the function's parameters.
    #[error(transparent)]
    Arguments(#[from] MismatchError),
    /// The component exports no such function.
    #[error("there is no function `{function}`; the plugin has: {}", known.join(", "))]
    UnknownFunction {
        /// What was asked for.
        function: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The guest's code failed in itself.
    #[error("the guest trapped: {message}")]
    Trap {
        /// What happened.
        message: String,
        /// Where in the guest, innermost first, as far as names are known. Bounded.
        backtrace: Vec<String>,
    },
    /// A bound was reached.
    #[error(
        "the limit {limit} was reached: {allowed} {unit}; raise it in [limits] if the work needs more"
    )]
    Limit {
        /// Its name, as in a manifest's `[limits]`.
        limit: &'static str,
        /// Its value.
        allowed: u64,
        /// What the value counts.
        unit: &'static str,
    },
    /// A capability was missing.
    #[error("denied: {0}")]
    Denied(#[from] Denied),
    /// The guest called an interface that this host links to deny, whatever is granted.
    #[error(
        "denied: {interface} {function} is not available to any plugin on this host; nothing can grant it"
    )]
    Unavailable {
        /// The interface's name.
        interface: String,
        /// The function's name.
        function: String,
    },
    /// Re-execution did something other than what was recorded.
    #[error(
        "re-execution differs from the record: recorded {}, now {}",
        bounded(&expected.to_string(), CALL_BYTES_MAX),
        bounded(&found.to_string(), CALL_BYTES_MAX)
    )]
    Diverged {
        /// What the record holds at this point.
        expected: Box<HostCall>,
        /// What the guest asked for.
        found: Box<HostCall>,
    },
    /// The host stopped while this call was at work: nobody can say whether it happened.
    #[error("the host stopped while this was at work, so nobody can say whether it happened: {}", bounded(&call.to_string(), CALL_BYTES_MAX))]
    InDoubt {
        /// What was about to be called.
        call: Box<HostCall>,
    },
    /// The guest ended its program.
    #[error("the guest left with exit code {code}")]
    Exit {
        /// Its exit code.
        code: i32,
    },
    /// The component imports what this call's authority doesn't give, or what no call can have.
    #[error(transparent)]
    Import(#[from] LoadError),
    /// A granted folder can't be given to the guest.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A fault of the host's own, caught.
    #[error("the host failed: {message}")]
    Host {
        /// What happened.
        message: String,
    },
}

impl From<PortError> for Fault {
    /// What can't be recorded did not happen, as far as the run knows: the guest doesn't go on.
    fn from(error: PortError) -> Self {
        Self::Host {
            message: error.to_string(),
        }
    }
}

/// What a call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time on the processor, in microseconds.
    pub cpu_us: u64,
    /// Time on the wall, in microseconds.
    pub wall_us: u64,
    /// The most linear memory held at once, in bytes.
    pub memory_bytes_peak: u64,
    /// Calls from the guest to the host.
    pub host_calls: u64,
    /// Bytes written to stdout and stderr.
    pub log_bytes: u64,
    /// Bytes written to files.
    pub file_write_bytes: u64,
    /// Distinct files and folders.
    pub files: u64,
    /// Entries read from folder listings.
    pub directory_entries: u64,
    /// Bytes of randomness.
    pub random_bytes: u64,
    /// Calls of other components' functions.
    pub tool_calls: u64,
    /// Bytes of their arguments and answers.
    pub tool_bytes: u64,
    /// HTTP requests.
    pub http_requests: u64,
    /// Bytes of the bodies of HTTP requests.
    pub http_request_bytes: u64,
    /// Bytes of HTTP responses.
    pub http_response_bytes: u64,
}

/// How a call ended.
pub struct Outcome {
    /// The answer as JSON (the ok case of a `result` is the bare value), or the fault.
    pub result: Result<Json, Fault>,
    /// What it used.
    pub usage: Usage,
    /// The port that was lent to the call.
    pub port: Box<dyn Port>,
}
