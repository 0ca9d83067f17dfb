//! The second wall: what Linux lets this whole process do from now on, whoever runs in it.
//!
//! A guest is held by the WebAssembly sandbox. Should it ever break out of that, it is in a process that has given up, for
//! good, everything its runs don't need: [`raise`] takes a plain description of what is left, a [`Wall`], and says in a
//! [`Report`] what holds and what this kernel lacks. Files and ports are Landlock's, system calls seccomp's; the rest are
//! settings of the process. Nothing of it can be taken back, and every thread that is started later is behind it too.
//!
//! Landlock binds the thread that asks and its children. So a wall is raised while there is one thread only; that is
//! checked, not hoped for.
//!
//! This crate knows nothing of ours: not what a grant is, nor what the folders and ports are for.
//!
//! Where to look: what is left of the system, `calls.rs`; what is left of files and the network, `files.rs`.

#![forbid(unsafe_code)]

mod calls;
mod files;
mod process;
mod raise;
mod report;
mod support;
mod wall;

pub use raise::{WallError, raise};
pub use report::{Lack, Protection, Report};
pub use support::support;
pub use wall::{Network, Wall};
