//! Guests and inputs that want to break the host, through the real binary: each ends in a typed, recorded fault or a clear
//! refusal, and whatever comes after goes on.

mod cases;
mod cpu_memory;
mod crafted;
mod denied;
mod files;
mod host_calls;
mod state;
mod workflows;
