//! What this host reads in a document's `metadata.writ`: the rest of `metadata` is free and left alone.

use super::{CONCURRENCY_MAX, Reader};
use crate::{
    node::{Node, Value},
    suggest,
};

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

    /// `metadata` of the document.
    pub(super) fn document_metadata(&mut self, node: Option<&Node>) {
        self.writ(node, "`metadata.writ` of the document", &[]);
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
