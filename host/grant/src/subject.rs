//! Who a writ is for: a plugin, or a workflow, which makes HTTP calls of its own. Tells them apart by name alone.

use std::fmt;

/// A subject by its name. A workflow's is `namespace/name`; no plugin's name holds a `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A plugin.
    Plugin(&'a str),
    /// A workflow.
    Workflow(&'a str),
}

impl<'a> Subject<'a> {
    /// The subject that a name stands for.
    #[must_use]
    pub fn of(name: &'a str) -> Self {
        if name.contains('/') {
            Self::Workflow(name)
        } else {
            Self::Plugin(name)
        }
    }

    /// The key that names it in a grants file.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Plugin(_) => "plugin",
            Self::Workflow(_) => "workflow",
        }
    }

    /// What its author edits to ask for something, and what makes the edit count.
    pub(crate) fn ask(self, capability: &dyn fmt::Display) -> String {
        match self {
            Self::Plugin(name) => format!(
                "add a [[request]] with capability = \"{capability}\" and a reason to the plugin.toml of {name}, build it again"
            ),
            Self::Workflow(_) => format!(
                "add {{ capability: '{capability}', reason: … }} to `document.metadata.writ.requests` of the workflow"
            ),
        }
    }
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plugin(name) => write!(f, "plugin {name}"),
            Self::Workflow(name) => write!(f, "workflow {name}"),
        }
    }
}
