//! What a writ can be for, as a reviewer meets it: a component, or a workflow that asks for something itself.

use writ_grant::{Digest, Request};
use writ_plugin::Plugin;
use writ_trust::Artefact;
use writ_workflow::model::Workflow;

use crate::error::{Failure, Result};

/// One plugin or workflow that is there.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// Its name; a workflow's has its namespace in front.
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) digest: Digest,
    pub(crate) description: String,
    pub(crate) requests: Vec<Request>,
    /// What its component imports; nothing for a workflow.
    pub(crate) imports: Vec<String>,
    /// Components have authors who sign; documents don't.
    authored: bool,
}

impl Subject {
    pub(crate) fn plugin(plugin: &Plugin) -> Self {
        Self {
            name: plugin.name.clone(),
            version: plugin.version.to_string(),
            digest: plugin.digest,
            description: plugin.description.clone(),
            requests: plugin.requests.clone(),
            imports: plugin
                .imports
                .iter()
                .map(|import| import.interface.clone())
                .collect(),
            authored: true,
        }
    }

    pub(crate) fn workflow(workflow: &Workflow) -> Result<Self> {
        let document = &workflow.document;
        Ok(Self {
            name: format!("{}/{}", document.namespace, document.name),
            version: document.version.clone(),
            digest: format!("sha256:{}", workflow.digest)
                .parse()
                .map_err(Failure::internal)?,
            description: document.title.clone().unwrap_or_default(),
            requests: workflow.requests.clone(),
            imports: Vec::new(),
            authored: false,
        })
    }

    /// Whether it is a component.
    pub(crate) fn is_plugin(&self) -> bool {
        self.authored
    }

    /// The same as what papers are held against.
    pub(crate) fn artefact(&self) -> Artefact<'_> {
        Artefact {
            name: &self.name,
            version: &self.version,
            digest: &self.digest,
            requests: &self.requests,
            imports: &self.imports,
            authored: self.authored,
        }
    }

    /// The start of the names of its papers' files: the name and the first digits of the digest.
    pub(crate) fn file_stem(&self) -> String {
        file_stem(&self.name, &self.digest)
    }
}

/// The start of the names of the files that hold papers about one digest.
pub(crate) fn file_stem(name: &str, digest: &Digest) -> String {
    let hex = digest.to_string();
    let hex = hex
        .trim_start_matches("sha256:")
        .get(..12)
        .unwrap_or_default()
        .to_owned();
    format!("{}-{hex}", name.replace('/', "."))
}
