//! One file per interface that the host provides. Each says what it gives, what it asks the policy, and what it records.
//! An interface must not know how it is linked or who drives the call.

pub(crate) mod clocks;
pub(crate) mod config;
pub(crate) mod environment;
pub(crate) mod file_access;
mod file_path;
pub(crate) mod file_stream;
mod filesystem;
pub(crate) mod http;
pub(crate) mod keyvalue;
mod keyvalue_access;
mod poll;
pub(crate) mod random;
pub(crate) mod sockets;
pub(crate) mod stdio;
pub(crate) mod timer;
pub(crate) mod tools;
