//! The document as a whole: its header, its parts, and the order in which they are read.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Reader;
use crate::{
    form::{Form, Shape, closed, may, must},
    model::{Document, Source, Workflow},
    node::Node,
    path::Path,
    text,
};

const WORKFLOW: Shape = closed(
    "a workflow document",
    &[
        must("document", Form::Any),
        may("input", Form::Any),
        may("use", Form::Any),
        must("do", Form::Any),
        may("timeout", Form::Any),
        may("output", Form::Any),
        may("schedule", Form::Any),
        may("evaluate", Form::Object(&EVALUATE)),
    ],
);
const DOCUMENT: Shape = closed(
    "`document`",
    &[
        must("dsl", Form::Name),
        must("namespace", Form::Name),
        must("name", Form::Name),
        must("version", Form::Name),
        may("title", Form::Text),
        may("summary", Form::Text),
        may("tags", Form::Map(&Form::Any)),
        may("metadata", Form::Any),
    ],
);
const EVALUATE: Shape = closed(
    "`evaluate`",
    &[
        may("language", Form::Name),
        may("mode", Form::Word(&["strict", "loose"])),
    ],
);

/// Versions of the DSL that mean the same to this host.
const DSL_VERSIONS: [&str; 4] = ["1.0.0", "1.0.1", "1.0.2", "1.0.3"];

impl Reader {
    /// Everything but the tasks, which the caller takes from the reader.
    pub(super) fn document(&mut self, root: &Node, text: &str) -> Option<Workflow> {
        let path = Path::ROOT;
        if !self.shape(root, &WORKFLOW, &path) {
            return None;
        }
        self.evaluate(root.get("evaluate"));
        let document = root.get("document");
        let requests = self.document_metadata(
            document.and_then(|document| document.get("metadata")),
            &path.key("document").key("metadata"),
        );
        let document = document.and_then(|document| self.header(document, &path.key("document")));
        if let Some(uses) = root.get("use") {
            self.r#use(uses, &path.key("use"));
        }
        let input = self.input(root.get("input"), &path.key("input"));
        let tasks = root
            .get("do")
            .map(|tasks| self.sequence(tasks, &path.key("do")));
        let output = self.output(root.get("output"), &path.key("output"));
        let timeout = root
            .get("timeout")
            .and_then(|timeout| self.timeout(timeout, &path.key("timeout")));
        self.schedule(root, &path);
        Some(Workflow {
            document: document?,
            input,
            output,
            timeout,
            secrets: self.uses.secrets.keys().cloned().collect(),
            requests,
            tasks: Vec::new(),
            root: tasks?,
            definition: Arc::new(root.to_json()),
            digest: digest(text),
            source: Source::default(),
        })
    }

    fn evaluate(&mut self, node: Option<&Node>) {
        let Some(node) = node else { return };
        if let Some(language) = node
            .get("language")
            .filter(|language| language.text() != Some("jq"))
        {
            let message = "expressions are written in jq here, in no other language";
            self.report
                .error_help(language.span, "not-available", message, "remove `language`");
        }
        let Some(mode) = node.get("mode").filter(|mode| mode.text() == Some("loose")) else {
            return;
        };
        self.loose = true;
        self.report.warning_help(
            mode.span,
            "loose",
            "in loose mode the text of `set` is an expression without `${ }` too; no other text is guessed at",
            "wrap expressions in `${ }` and remove `mode`",
        );
    }

    fn header(&mut self, node: &Node, path: &Path<'_>) -> Option<Document> {
        if !self.shape(node, &DOCUMENT, path) {
            return None;
        }
        self.dsl(node.get("dsl")?);
        self.label(node, "namespace");
        self.label(node, "name");
        self.version(node.get("version")?);
        let own = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
        Some(Document {
            dsl: own("dsl")?,
            namespace: own("namespace")?,
            name: own("name")?,
            version: own("version")?,
            title: own("title"),
            summary: own("summary"),
        })
    }

    fn dsl(&mut self, node: &Node) {
        let Some(version) = node.text() else { return };
        if !DSL_VERSIONS.contains(&version) {
            let message = format!(
                "the DSL version `{}` is not known here",
                version.escape_debug()
            );
            self.report.error_help(
                node.span,
                "dsl-version",
                message,
                "this host executes 1.0.0 to 1.0.3",
            );
        }
    }

    fn label(&mut self, node: &Node, key: &str) {
        let Some((node, label)) = node.get(key).and_then(|node| Some((node, node.text()?))) else {
            return;
        };
        if !label.trim().is_empty() && !text::is_expression(label) && !text::is_label(label) {
            let message = format!("`{key}` cannot be `{}`", label.escape_debug());
            let help =
                "use letters, digits and `-`, at most 63, and begin and end with a letter or digit";
            self.report.error_help(node.span, "pattern", message, help);
        }
    }

    fn version(&mut self, node: &Node) {
        let Some(version) = node.text() else { return };
        if let Err(error) = semver::Version::parse(version) {
            let message = format!("`version` is not a semantic version: {error}");
            self.report.error_help(
                node.span,
                "pattern",
                message,
                "write it in full, for instance `0.1.0`",
            );
        }
    }
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
