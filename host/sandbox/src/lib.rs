//! Runs components: engine, limits, links and host calls. The only crate that names wasmtime.
//!
//! Bytes become a [`Component`] through [`Sandbox::load`]: compiled in a child process with limits, kept in an
//! authenticated cache. [`Component::call`] runs one function in a fresh instance, JSON in and JSON out, under
//! [`Limits`] that are always on and an [`Authority`](writ_grant::Authority) that decides what it may touch. However the guest
//! behaves, the result is an [`Outcome`]; nothing a guest does ends or blocks the host.
//!
//! What the sandbox needs from above it, it asks of a [`Port`]: a record of host calls, key-value state, an ear for denials and
//! log lines; and of [`Tools`]: the components that guests may call. It must not know of runs, workflows, journals or the people who ask for a call.
//!
//! Where to look: what can be linked at all, `linker.rs`; what each interface allows and records, `interface/`; how the engine
//! is bound, `engine.rs` and `limiter.rs`; the one place that trusts machine code, `trusted.rs`.

mod bindings;
mod bounded;
mod cache;
mod call;
mod compile;
mod component;
mod convert;
mod engine;
mod error;
mod exchange;
mod fault;
mod folders;
mod interface;
mod limiter;
mod limits;
mod linker;
mod log;
mod meter;
mod offer;
mod payload;
mod port;
mod sandbox;
mod state;
mod ticker;
mod tools;
mod trap;
mod trusted;
mod warm;

pub use call::Call;
pub use compile::{CompileLimits, CompilerChild, compile_child_main};
pub use component::Component;
pub use error::{LoadError, SandboxError};
pub use exchange::{Answer, Asked, Exchanged, Unanswered, Web, exchange, is_repeatable};
pub use fault::{Fault, Outcome, Usage};
pub use folders::{FolderError, ResolvedFolders};
pub use limits::Limits;
pub use offer::offer;
pub use payload::Payload;
pub use port::{
    Durable, FileNote, FileOperation, HostCall, KvAnswer, KvError, KvOperation, Port, PortError,
    Recalled, ToolRecord, kv_answer_from_json, kv_answer_to_json,
};
pub use sandbox::{Config, Sandbox};
pub use state::Settings;
pub use tools::{NoTools, Tool, Tools};
pub use warm::Warm;
pub use writ_grant::{
    Authority, Capability, Denied, Method, Origin, QUERY_BYTES_MAX, Refusal, SecretPlace,
    SecretUse, Target,
};
pub use writ_http::{
    Client, Config as WebConfig, HeaderMap, HeaderName, HeaderValue, Limits as ExchangeLimits,
    Response as WebResponse, Secrets, decoded, placeholder,
};
pub use writ_plugin::Value;

#[cfg(test)]
mod tests;
