//! Whose call was it? Events name a task; the document of the run says what the task calls. Knows nothing of policies.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
    sync::Arc,
};

use writ_journal::Reader;
use writ_run::{PluginPin, WorkflowPin};
use writ_workflow::model::{CallTarget, TaskKind};

/// Somebody who may be granted something: a plugin, or a workflow on its own account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Actor {
    /// A plugin's name, or a workflow's `namespace/name`.
    pub(super) name: String,
    /// `sha256:` and 64 digits.
    pub(super) digest: String,
    /// Whether it is a workflow.
    pub(super) is_workflow: bool,
}

/// Which task calls what, by the JSON Pointer of the task.
#[derive(Debug, Default)]
pub(super) struct Document {
    plugins: HashMap<Arc<str>, String>,
    /// Tasks that the host performs for the workflow.
    own: Vec<Arc<str>>,
}

impl Document {
    /// The document of a run, as it is kept beside the journal; an empty one when it can't be read any more.
    pub(super) fn read(reader: &Reader, digest: &str) -> Self {
        Self::parse(reader, digest).unwrap_or_default()
    }

    fn parse(reader: &Reader, digest: &str) -> Option<Self> {
        let text = reader.get_blob(&digest.parse().ok()?).ok()?;
        let workflow = writ_workflow::parse(std::str::from_utf8(&text).ok()?, "workflow").ok()?;
        let mut document = Self::default();
        for task in &workflow.tasks {
            let TaskKind::Call(call) = &task.kind else {
                continue;
            };
            match &call.target {
                CallTarget::Plugin { plugin, .. } => {
                    document
                        .plugins
                        .insert(task.reference.clone(), plugin.clone());
                }
                CallTarget::Http(_) => document.own.push(task.reference.clone()),
                CallTarget::Defined(_) | CallTarget::Protocol(_) => {}
            }
        }
        Some(document)
    }
}

/// The actors of one run. Cheap to clone.
#[derive(Clone)]
pub(super) struct Cast {
    document: Rc<Document>,
    plugins: Rc<BTreeMap<String, PluginPin>>,
    workflow: Rc<Actor>,
}

impl Cast {
    pub(super) fn new(
        document: Rc<Document>,
        workflow: &WorkflowPin,
        plugins: &BTreeMap<String, PluginPin>,
    ) -> Self {
        Self {
            document,
            plugins: Rc::new(plugins.clone()),
            workflow: Rc::new(Actor {
                name: format!("{}/{}", workflow.namespace, workflow.name),
                digest: prefixed(&workflow.digest),
                is_workflow: true,
            }),
        }
    }

    /// A plugin that the run is pinned to.
    pub(super) fn plugin(&self, name: &str) -> Option<Actor> {
        self.plugins.get(name).map(|pin| Actor {
            name: name.to_owned(),
            digest: prefixed(&pin.digest),
            is_workflow: false,
        })
    }

    /// The plugins of functions that called each other, `plugin/function`; none if one is not pinned.
    pub(super) fn chain(&self, steps: &[String]) -> Option<Vec<Actor>> {
        let plugin = |step: &String| self.plugin(step.split('/').next().unwrap_or(step));
        steps.iter().map(plugin).collect()
    }

    /// Who acts in a task, if the document tells.
    pub(super) fn of_task(&self, reference: &str) -> Option<Actor> {
        if let Some(plugin) = self.document.plugins.get(reference) {
            return self.plugin(plugin);
        }
        let is_own = self.document.own.iter().any(|own| **own == *reference);
        is_own.then(|| (*self.workflow).clone())
    }

    /// The one actor that there is, when there is no other.
    pub(super) fn only(&self) -> Option<Actor> {
        if !self.document.own.is_empty() || self.plugins.len() != 1 {
            return None;
        }
        self.plugins
            .keys()
            .next()
            .and_then(|name| self.plugin(name))
    }
}

fn prefixed(digest: &str) -> String {
    format!("sha256:{}", digest.trim_start_matches("sha256:"))
}
