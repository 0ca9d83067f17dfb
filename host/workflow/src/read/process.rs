//! `run`: workflows, containers, scripts and shell commands, validated in shape, not executed.

use super::{Reader, resource::EXTERNAL_RESOURCE, task::Site, value};
use crate::{
    form::{Form, Shape, closed, may, must, one_of},
    model::RunKind,
    node::Node,
    path::Path,
};

const RUN: Shape = one_of(
    "`run`",
    &[
        may("await", Form::Boolean),
        may(
            "return",
            Form::Word(&["stdout", "stderr", "code", "all", "none"]),
        ),
        may("container", Form::Object(&CONTAINER)),
        may("script", Form::Object(&SCRIPT)),
        may("shell", Form::Object(&SHELL)),
        may("workflow", Form::Object(&WORKFLOW)),
    ],
    &[&["container", "script", "shell", "workflow"]],
);

const CONTAINER: Shape = closed(
    "`container`",
    &[
        must("image", Form::Text),
        may("name", Form::Text),
        may("command", Form::Text),
        may("ports", Form::DataObject),
        may("volumes", Form::DataObject),
        may("environment", Form::DataObject),
        may("stdin", Form::Text),
        may("arguments", Form::List(&Form::Text)),
        may("lifetime", Form::Code(lifetime)),
        may(
            "pullPolicy",
            Form::Word(&["ifNotPresent", "always", "never"]),
        ),
    ],
);
const LIFETIME: Shape = closed(
    "`lifetime`",
    &[
        must("cleanup", Form::Word(&["always", "never", "eventually"])),
        may("after", Form::Code(value::duration)),
    ],
);

const SCRIPT: Shape = one_of(
    "`script`",
    &[
        must("language", Form::Text),
        may("stdin", Form::Text),
        may("arguments", Form::List(&Form::Text)),
        may("environment", Form::DataObject),
        may("code", Form::Text),
        may("source", Form::Object(&EXTERNAL_RESOURCE)),
    ],
    &[&["code", "source"]],
);

const SHELL: Shape = closed(
    "`shell`",
    &[
        must("command", Form::Text),
        may("stdin", Form::Text),
        may("arguments", Form::List(&Form::Text)),
        may("environment", Form::DataObject),
    ],
);

const WORKFLOW: Shape = closed(
    "`workflow`",
    &[
        must("namespace", Form::Text),
        must("name", Form::Text),
        must("version", Form::Text),
        may("input", Form::DataObject),
    ],
);

const KINDS: [(&str, RunKind); 4] = [
    ("workflow", RunKind::Workflow),
    ("script", RunKind::Script),
    ("shell", RunKind::Shell),
    ("container", RunKind::Container),
];

impl Reader {
    pub(super) fn run(&mut self, node: &Node, site: &Site<'_>) -> Option<RunKind> {
        self.shape(node, &RUN, &site.path.key("run"))
            .then_some(())?;
        KINDS
            .iter()
            .find(|(key, _)| node.get(key).is_some())
            .map(|(_, kind)| *kind)
    }
}

/// `after` goes with `cleanup: eventually`, and only with it.
fn lifetime(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    if !reader.shape(node, &LIFETIME, path) {
        return;
    }
    let eventually = node.get("cleanup").and_then(Node::text) == Some("eventually");
    match node.entry("after") {
        None if eventually => {
            reader.missing(node, "`lifetime` with `cleanup: eventually`", "after")
        }
        Some(after) if !eventually => {
            let message = "`after` has a meaning only with `cleanup: eventually`";
            reader
                .report
                .error_help(after.key_span, "conflict", message, "remove it");
        }
        None | Some(_) => {}
    }
}
