//! What can go wrong before any guest code runs: starting the sandbox, and turning bytes into a loaded component.

use std::path::PathBuf;

/// The sandbox could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The engine refused its settings; on a 64-bit Linux machine this should not happen.
    #[error("the WebAssembly engine can't start: {0}; is there enough address space (ulimit -v)?")]
    Engine(String),
    /// The cache folder or its key is unusable.
    #[error(
        "the compile cache at {path} can't be used: {cause}; make the folder writable for this user or name another"
    )]
    Cache {
        /// The file or folder in question.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
}

/// A component could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The bytes are not those that were reviewed.
    #[error(
        "{plugin}: the bytes have digest {found}, not {expected}; they changed since they were read: add the plugin again"
    )]
    Digest {
        /// The plugin's name.
        plugin: String,
        /// The digest that the caller vouched for.
        expected: String,
        /// The digest of the bytes.
        found: String,
    },
    /// The engine does not accept the component.
    #[error("{plugin}: not a component this host can run: {message}")]
    Invalid {
        /// The plugin's name.
        plugin: String,
        /// What the engine said.
        message: String,
    },
    /// Compiling took more than it may.
    #[error(
        "{plugin}: too {what} to compile: more than {allowed} {unit}; build it smaller (optimise for size, fewer functions)"
    )]
    TooExpensive {
        /// The plugin's name.
        plugin: String,
        /// `slow`, or what else was too much.
        what: &'static str,
        /// The bound.
        allowed: u64,
        /// What the bound counts.
        unit: &'static str,
    },
    /// The compiler process failed in some other way.
    #[error("{plugin}: the compiler process failed: {message}")]
    Compiler {
        /// The plugin's name.
        plugin: String,
        /// What happened.
        message: String,
    },
    /// The component imports what nothing on this host provides.
    #[error("{plugin} imports {import}, which this host doesn't provide: {remedy}")]
    UnknownImport {
        /// The plugin's name.
        plugin: String,
        /// The import.
        import: String,
        /// What to do about it.
        remedy: String,
    },
    /// The component imports what needs a capability, and it has none of that kind.
    #[error("{plugin} imports {import}, which needs {capability}: {remedy}")]
    NotGranted {
        /// The plugin's name.
        plugin: String,
        /// The import.
        import: String,
        /// The form of the missing capability.
        capability: &'static str,
        /// What to do about it.
        remedy: String,
    },
}
