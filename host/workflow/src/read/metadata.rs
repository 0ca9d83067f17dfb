//! What this host reads in a document's `metadata.writ`: the rest of `metadata` is free and left alone.

use writ_grant::{Capability, Request};

use super::{CONCURRENCY_MAX, Reader};
use crate::{
    form::{Form, Shape, closed, may, must},
    node::{Node, Value},
    path::Path,
    suggest,
};

/// Most requests of one workflow.
const REQUESTS_MAX: usize = 256;
/// Longest reason.
const REASON_CHARACTERS_MAX: usize = 500;
const REQUEST: Shape = closed(
    "a request",
    &[
        must("capability", Form::Name),
        must("reason", Form::Name),
        may("optional", Form::Boolean),
    ],
);

/// Members of `metadata.writ` that the design foresees and this host does not act upon yet.
const LATER: [&str; 4] = ["budget", "compensate", "confidence", "guards"];

impl Reader {
    /// `metadata` of a task of some kind.
    pub(super) fn task_metadata(&mut self, node: Option<&Node>, kind: &str) {
        let known: &[&str] = if kind == "for" { &["concurrency"] } else { &[] };
        let what = format!("`metadata.writ` of a `{kind}` task");
        let Some(writ) = self.writ(node, &what, known) else {
            return;
        };
        if let Some(concurrency) = writ.get("concurrency").filter(|_| kind == "for") {
            self.integer(concurrency, "concurrency", 1, i64::from(CONCURRENCY_MAX));
        }
    }

    /// `metadata` of the document: what the workflow itself asks to be allowed.
    pub(super) fn document_metadata(
        &mut self,
        node: Option<&Node>,
        path: &Path<'_>,
    ) -> Vec<Request> {
        let what = "`metadata.writ` of the document";
        let requests = self
            .writ(node, what, &["requests"])
            .and_then(|writ| writ.get("requests"));
        let Some(requests) = requests else {
            return Vec::new();
        };
        let list = self.list(requests, "requests");
        if list.len() > REQUESTS_MAX {
            let message = format!(
                "there are {} requests; at most {REQUESTS_MAX} are accepted",
                list.len()
            );
            self.report
                .error_help(requests.span, "limit", message, "ask for wider paths");
            return Vec::new();
        }
        let path = path.key("writ");
        let path = path.key("requests");
        let mut asked: Vec<Request> = Vec::new();
        for (at, node) in list.iter().enumerate() {
            let Some(request) = self.request(node, &path.index(at)) else {
                continue;
            };
            if asked
                .iter()
                .any(|known| known.capability == request.capability)
            {
                let message = format!("`{}` is requested twice", request.capability);
                self.report
                    .error_help(node.span, "duplicate-key", message, "remove one of them");
            }
            asked.push(request);
        }
        asked
    }

    fn request(&mut self, node: &Node, path: &Path<'_>) -> Option<Request> {
        if !self.shape(node, &REQUEST, path) {
            return None;
        }
        let reason = node.get("reason")?;
        let characters = reason.text()?.chars().count();
        if characters > REASON_CHARACTERS_MAX {
            let message = format!(
                "`reason` has {characters} characters; at most {REASON_CHARACTERS_MAX} are accepted"
            );
            self.report
                .error_help(reason.span, "limit", message, "shorten it");
        }
        let optional = matches!(
            node.get("optional"),
            Some(Node {
                value: Value::Bool(true),
                ..
            })
        );
        Some(Request {
            capability: self.capability(node.get("capability")?)?,
            reason: reason.text()?.to_owned(),
            optional,
        })
    }

    fn capability(&mut self, node: &Node) -> Option<Capability> {
        let capability = match node.text()?.parse::<Capability>() {
            Ok(capability) => capability,
            Err(error) => {
                self.report
                    .error(node.span, "capability", error.to_string());
                return None;
            }
        };
        let own = match capability {
            Capability::Http { .. } | Capability::SecretUse { .. } => true,
            Capability::Fs { .. }
            | Capability::Kv { .. }
            | Capability::Config { .. }
            | Capability::Env { .. }
            | Capability::ModelChat { .. }
            | Capability::Memory { .. }
            | Capability::ToolCall { .. }
            | Capability::HumanAsk { .. }
            | Capability::ClockReal
            | Capability::RandomReal => false,
        };
        if !own {
            let message =
                format!("a workflow itself only sends requests: it cannot use `{capability}`");
            self.report.error_help(
                node.span,
                "capability",
                message,
                "request `http:` and `secret:use:` here; anything else in a plugin's plugin.toml",
            );
        }
        own.then_some(capability)
    }

    fn writ<'n>(
        &mut self,
        metadata: Option<&'n Node>,
        what: &str,
        known: &[&str],
    ) -> Option<&'n Node> {
        let metadata = metadata.filter(|metadata| self.is_object(metadata, "`metadata`"))?;
        let writ = metadata
            .get("writ")
            .filter(|writ| self.is_object(writ, "`metadata.writ`"))?;
        for entry in writ
            .entries()
            .iter()
            .filter(|entry| !known.contains(&entry.key.as_str()))
        {
            if self.report.is_full() {
                break;
            }
            if LATER.contains(&entry.key.as_str()) {
                let message = format!("`metadata.writ.{}` is not available yet", entry.key);
                self.report
                    .error_help(entry.key_span, "not-available", message, "remove it");
                continue;
            }
            let message = format!("unknown key `{}` in {what}", entry.key.escape_debug());
            let help = suggest::help(&entry.key, known.iter().copied(), "known are");
            let help = help.unwrap_or_else(|| "remove it".to_owned());
            self.report
                .error_help(entry.key_span, "unknown-key", message, help);
        }
        Some(writ)
    }
}

/// `metadata.writ.concurrency` of a task, once it is validated.
pub(super) fn concurrency(task: &Node) -> Option<u32> {
    let node = task.get("metadata")?.get("writ")?.get("concurrency")?;
    match &node.value {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok(),
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => None,
    }
}
