//! Why bytes are not a plugin, in words that say what to do. Knows nothing of how the bytes were found.

use writ_grant::printable;

use crate::manifest::ManifestError;

/// Longest complaint of a decoder that is passed on: it may repeat what a stranger wrote.
pub(crate) const PROBLEM_CHARS_MAX: usize = 600;

/// Why a component can't be read as a plugin, or a manifest not be embedded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PluginError {
    /// Nothing at all.
    #[error("the file is empty; build the plugin again")]
    Empty,
    /// More than a plugin may weigh.
    #[error(
        "the component has {bytes} bytes; at most {max} are accepted. Strip debug information, or keep large data outside"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The size accepted.
        max: usize,
    },
    /// Not WebAssembly.
    #[error(
        "this is not WebAssembly: {found}. A plugin is a component in binary form, as compilers for wasm32-wasip2 write it"
    )]
    NotWasm {
        /// What it looks like instead.
        found: String,
    },
    /// WebAssembly without a component's types.
    #[error(
        "this is a core WebAssembly module, and a plugin must be a component. Build for the target wasm32-wasip2, \
         or turn the module into a component with `wasm-tools component new`"
    )]
    CoreModule,
    /// WIT in binary form, with nothing to run.
    #[error(
        "this is a WIT package in binary form: it describes interfaces and holds no code. Build a component that exports them"
    )]
    WitPackage,
    /// A component cut short or damaged.
    #[error("the component is damaged or cut short: {problem}. Build or copy it again")]
    Damaged {
        /// What was found wrong, and where.
        problem: String,
    },
    /// A valid component whose description goes beyond what is accepted.
    #[error("the component has more {what} than the {max} that are accepted")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The number accepted.
        max: usize,
    },
    /// The manifest in the component, or to be put into it, is wrong.
    #[error("{0}")]
    Manifest(#[from] ManifestError),
    /// Two manifests in one component.
    #[error(
        "the component holds {count} manifests, so it's unclear which one counts. Build the plugin again from its source"
    )]
    Manifests {
        /// How many.
        count: usize,
    },
    /// The manifest in the component is not text.
    #[error("the component's manifest is not text (UTF-8). Build the plugin again from its source")]
    ManifestEncoding,
    /// The documentation in the component can't be read.
    #[error(
        "the component's documentation can't be read: {problem}. Build the plugin again from its source"
    )]
    Docs {
        /// What was found wrong.
        problem: String,
    },
    /// WIT source that can't be read.
    #[error("{problem}")]
    Wit {
        /// The parser's complaint, with file and line.
        problem: String,
    },
    /// The manifest speaks of a function that isn't there.
    #[error(
        "the manifest has a section [functions.{}], but the component exports no such function; {help}",
        printable(name)
    )]
    UnknownFunction {
        /// The function named.
        name: String,
        /// What was probably meant, or what exists.
        help: String,
    },
}
