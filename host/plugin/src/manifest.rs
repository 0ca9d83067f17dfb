//! The manifest, `plugin.toml`: what an author says of a plugin and asks for it.
//!
//! Knows the file's format and the grammar of capabilities; nothing of components, folders or grants.

mod error;
mod fields;
mod sections;
#[cfg(test)]
mod tests;

use indexmap::IndexMap;
use semver::Version;
use serde::Deserialize;
use writ_grant::Request;

use crate::effects::Effects;

pub use error::ManifestError;

/// Largest manifest that is read.
pub const MANIFEST_BYTES_MAX: usize = 64 << 10;
/// Most requests in a manifest: beyond this no reviewer reads them.
pub(crate) const REQUESTS_MAX: usize = 256;
/// Longest description or reason.
pub(crate) const SENTENCE_CHARS_MAX: usize = 500;

/// A manifest without errors.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The plugin's name: `[a-z][a-z0-9-]{0,62}`.
    pub name: String,
    /// The plugin's version.
    pub version: Version,
    /// What it is for.
    pub description: String,
    /// How it is built.
    pub build: Build,
    /// What it asks for.
    pub requests: Vec<Request>,
    /// What it says of its functions, by name.
    pub functions: IndexMap<String, FunctionPolicy>,
    /// Limits that it sets otherwise than the host does.
    pub limits: LimitOverrides,
    text: String,
}

/// How a plugin is built from its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The language of its source.
    pub language: Language,
    /// The finished component, relative to the manifest's folder; for [`Language::Prebuilt`] only.
    pub component: Option<String>,
}

/// The language of a plugin's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust, built by cargo.
    Rust,
    /// JavaScript.
    Javascript,
    /// Python.
    Python,
    /// C.
    C,
    /// None: a finished component lies in the folder.
    Prebuilt,
}

impl Language {
    /// Every language, as the manifest spells it.
    pub(crate) const ALL: [(&'static str, Language); 5] = [
        ("rust", Language::Rust),
        ("javascript", Language::Javascript),
        ("python", Language::Python),
        ("c", Language::C),
        ("prebuilt", Language::Prebuilt),
    ];
}

/// What a manifest says of one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct FunctionPolicy {
    /// What a call does to the world, if it says.
    pub effects: Option<Effects>,
}

/// Limits that a manifest sets otherwise than the host does; none where it is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitOverrides {
    /// Memory of one call, all of it together.
    pub memory_bytes_max: Option<u64>,
    /// CPU time of one call.
    pub cpu_ms_max: Option<u64>,
    /// Wall-clock time of one call.
    pub wall_ms_max: Option<u64>,
    /// Stack of one call.
    pub stack_bytes_max: Option<u64>,
    /// Elements of all tables together.
    pub table_elements_max: Option<u64>,
    /// Core instances.
    pub instances_max: Option<u64>,
    /// Handles open at once.
    pub handles_max: Option<u64>,
    /// Host calls in one call.
    pub host_calls_max: Option<u64>,
    /// Bytes of log output in one call.
    pub log_bytes_max: Option<u64>,
    /// Bytes of a call's result, as JSON.
    pub output_bytes_max: Option<u64>,
    /// Bytes of a call's arguments, as JSON.
    pub argument_bytes_max: Option<u64>,
    /// Bytes of randomness in one call.
    pub random_bytes_max: Option<u64>,
    /// Distinct files and folders that one call opens, makes, moves or removes.
    pub files_max: Option<u64>,
    /// Files and folders that one call has open at once, its granted folders included.
    pub open_files_max: Option<u64>,
    /// Bytes that one call writes to files.
    pub file_write_bytes_max: Option<u64>,
    /// Entries that one call reads from folder listings.
    pub directory_entries_max: Option<u64>,
    /// Bytes that the record of one call takes.
    pub recorded_bytes_max: Option<u64>,
    /// HTTP requests in one call.
    pub http_requests_max: Option<u64>,
    /// Bytes of the bodies that one call sends by HTTP, all requests together.
    pub http_request_bytes_max: Option<u64>,
    /// Bytes of the responses that one call gets by HTTP, all of them together.
    pub http_response_bytes_max: Option<u64>,
    /// Time of one HTTP exchange, from the look-up of the name to the last byte.
    pub http_ms_max: Option<u64>,
    /// Calls of other plugins' functions in one call.
    pub tool_calls_max: Option<u64>,
    /// Bytes of the arguments of one such call, and of its answer.
    pub tool_bytes_max: Option<u64>,
    /// Bytes of the arguments and answers of all such calls in one call.
    pub tool_bytes_total_max: Option<u64>,
    /// Calls of plugins by plugins that may be under way at once, one inside the other.
    pub tool_depth_max: Option<u64>,
}

impl LimitOverrides {
    /// Every limit by its key in `[limits]`.
    pub(crate) fn by_key(&mut self) -> [(&'static str, &mut Option<u64>); 25] {
        [
            ("memory_bytes_max", &mut self.memory_bytes_max),
            ("cpu_ms_max", &mut self.cpu_ms_max),
            ("wall_ms_max", &mut self.wall_ms_max),
            ("stack_bytes_max", &mut self.stack_bytes_max),
            ("table_elements_max", &mut self.table_elements_max),
            ("instances_max", &mut self.instances_max),
            ("handles_max", &mut self.handles_max),
            ("host_calls_max", &mut self.host_calls_max),
            ("log_bytes_max", &mut self.log_bytes_max),
            ("output_bytes_max", &mut self.output_bytes_max),
            ("argument_bytes_max", &mut self.argument_bytes_max),
            ("random_bytes_max", &mut self.random_bytes_max),
            ("files_max", &mut self.files_max),
            ("open_files_max", &mut self.open_files_max),
            ("file_write_bytes_max", &mut self.file_write_bytes_max),
            ("directory_entries_max", &mut self.directory_entries_max),
            ("recorded_bytes_max", &mut self.recorded_bytes_max),
            ("http_requests_max", &mut self.http_requests_max),
            ("http_request_bytes_max", &mut self.http_request_bytes_max),
            ("http_response_bytes_max", &mut self.http_response_bytes_max),
            ("http_ms_max", &mut self.http_ms_max),
            ("tool_calls_max", &mut self.tool_calls_max),
            ("tool_bytes_max", &mut self.tool_bytes_max),
            ("tool_bytes_total_max", &mut self.tool_bytes_total_max),
            ("tool_depth_max", &mut self.tool_depth_max),
        ]
    }
}

impl Manifest {
    /// Reads a manifest. `file` is its name in errors.
    ///
    /// # Errors
    /// At the first thing wrong, with its line, column and a remedy.
    pub fn parse(text: &str, file: &str) -> Result<Manifest, ManifestError> {
        sections::parse(text).map_err(|fault| fault.locate(text, file))
    }

    /// The text that it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}
