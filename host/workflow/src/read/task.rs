//! Task lists, and what all kinds of tasks share.

use std::sync::Arc;

use super::{
    DEFINITION_NODES_MAX, Reader, TASKS_MAX,
    flow::{Scope, ScopeKind, is_reserved},
};
use crate::{
    model::{Span, Task, TaskIndex, TaskKind},
    node::{Entry, Node, Value, object},
    path::Path,
    suggest,
};

/// Members that every task may have.
const SHARED: [&str; 7] = [
    "if", "input", "output", "export", "timeout", "then", "metadata",
];

/// A kind of task.
struct Kind {
    /// The member that makes it.
    key: &'static str,
    /// All members of its own.
    keys: &'static [&'static str],
    /// How the value of that member is read.
    read: fn(&mut Reader, &Node, &Site<'_>) -> Option<TaskKind>,
}

/// `for` stands before `do`, of which it has one too.
static KINDS: [Kind; 12] = [
    Kind {
        key: "call",
        keys: &["call", "with"],
        read: |reader, call, site| reader.call(call, site).map(TaskKind::Call),
    },
    Kind {
        key: "for",
        keys: &["for", "while", "do"],
        read: |reader, r#for, site| reader.r#for(r#for, site).map(TaskKind::For),
    },
    Kind {
        key: "do",
        keys: &["do"],
        read: |reader, tasks, site| {
            Some(TaskKind::Do(reader.sequence(tasks, &site.path.key("do"))))
        },
    },
    Kind {
        key: "emit",
        keys: &["emit"],
        read: |reader, emit, site| reader.emit(emit, site),
    },
    Kind {
        key: "fork",
        keys: &["fork"],
        read: |reader, fork, site| reader.fork(fork, site).map(TaskKind::Fork),
    },
    Kind {
        key: "listen",
        keys: &["listen", "foreach"],
        read: |reader, listen, site| reader.listen(listen, site),
    },
    Kind {
        key: "raise",
        keys: &["raise"],
        read: |reader, raise, site| reader.raise(raise, site).map(TaskKind::Raise),
    },
    Kind {
        key: "run",
        keys: &["run"],
        read: |reader, run, site| reader.run(run, site).map(TaskKind::Run),
    },
    Kind {
        key: "set",
        keys: &["set"],
        read: |reader, set, _| reader.set(set).map(TaskKind::Set),
    },
    Kind {
        key: "switch",
        keys: &["switch"],
        read: |reader, switch, site| reader.switch(switch, site).map(TaskKind::Switch),
    },
    Kind {
        key: "try",
        keys: &["try", "catch"],
        read: |reader, r#try, site| reader.r#try(r#try, site),
    },
    Kind {
        key: "wait",
        keys: &["wait"],
        read: |reader, wait, _| reader.duration(wait, "wait").map(TaskKind::Wait),
    },
];

/// A task that is being read: all that the readers of its kind need.
pub(super) struct Site<'n> {
    pub(super) node: &'n Node,
    pub(super) path: &'n Path<'n>,
    pub(super) scope: &'n Scope<'n>,
}

impl Reader {
    /// Tasks that follow each other.
    pub(super) fn sequence(&mut self, node: &Node, path: &Path<'_>) -> Vec<TaskIndex> {
        self.tasks(node, path, ScopeKind::Sequence)
    }

    /// A list of named tasks.
    pub(super) fn tasks(
        &mut self,
        node: &Node,
        path: &Path<'_>,
        kind: ScopeKind,
    ) -> Vec<TaskIndex> {
        let Value::List(items) = &node.value else {
            let help = "write `- name: …` for each task";
            let message = format!(
                "`{}` must be a list of tasks, but is {}",
                path.name(),
                node.kind()
            );
            self.report
                .error_help(node.span, "wrong-kind", message, help);
            return Vec::new();
        };
        let named: Vec<(usize, &Entry)> = items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| Some((at, self.only(item)?)))
            .collect();
        if named.len() < items.len() {
            return Vec::new();
        }
        self.names(&named);
        let scope = Scope::new(named.iter().map(|(_, entry)| entry.key.as_str()), kind);
        let mut indices = Vec::with_capacity(named.len());
        for (at, entry) in named {
            if self.report.is_full() || !self.room(entry.key_span) {
                break;
            }
            let at = path.index(at);
            let index = self.reserve();
            self.task(index, entry, &at.key(&entry.key), &scope);
            indices.push(index);
        }
        indices
    }

    /// The only member of an item of a list of named things.
    pub(super) fn only<'n>(&mut self, item: &'n Node) -> Option<&'n Entry> {
        match item.entries() {
            [entry] => return Some(entry),
            [_, second, ..] => {
                let message = "an item of this list holds one name only";
                let help =
                    "begin each with `- `, and indent what belongs to it further than its name";
                self.report
                    .error_help(second.key_span, "list-item", message, help);
            }
            [] => {
                let message = format!(
                    "an item of this list must be a name with an object, but is {}",
                    item.kind()
                );
                self.report
                    .error_help(item.span, "list-item", message, "write `- name: …`");
            }
        }
        None
    }

    fn names(&mut self, named: &[(usize, &Entry)]) {
        for (_, entry) in named {
            if entry.key.trim().is_empty() {
                self.report
                    .error(entry.key_span, "name", "a task's name is empty");
            } else if is_reserved(&entry.key) {
                let message = format!(
                    "`{}` is a flow directive: no `then` can lead to a task of that name",
                    entry.key
                );
                self.report
                    .warning_help(entry.key_span, "name", message, "rename the task");
            }
        }
    }

    /// Whether one more task may be read.
    pub(super) fn room(&mut self, span: Span) -> bool {
        let room = self.tasks.len() < TASKS_MAX;
        if !room {
            let message = format!("the document holds more than {TASKS_MAX} tasks");
            self.report.error_help(
                span,
                "limit",
                message,
                "loop with `for`, or split the workflow",
            );
        }
        room
    }

    /// Reads a task into the place that was reserved for it.
    pub(super) fn task(
        &mut self,
        index: TaskIndex,
        entry: &Entry,
        path: &Path<'_>,
        scope: &Scope<'_>,
    ) {
        let node = &entry.node;
        if !self.is_object(node, &format!("the task `{}`", entry.key.escape_debug())) {
            return;
        }
        let Some(kind) = self.kind_of(entry) else {
            return;
        };
        let site = Site { node, path, scope };
        let condition = node
            .get("if")
            .and_then(|condition| self.expression(condition, "if"));
        let input = self.input(node.get("input"), &path.key("input"));
        let output = self.output(node.get("output"), &path.key("output"));
        let export = self.export(node.get("export"), &path.key("export"));
        let timeout = node
            .get("timeout")
            .and_then(|timeout| self.timeout(timeout, &path.key("timeout")));
        let then = self.flow(node.get("then"), scope);
        self.task_metadata(node.get("metadata"), kind.key);
        let read = node
            .get(kind.key)
            .and_then(|value| (kind.read)(self, value, &site));
        let Some(kind) = read else { return };
        self.tasks[index.0 as usize] = Some(Task {
            name: entry.key.clone(),
            reference: Arc::from(path.pointer()),
            span: entry.key_span,
            condition,
            input,
            output,
            export,
            timeout,
            then,
            metadata: node
                .get("metadata")
                .map(|metadata| object(metadata.entries()))
                .unwrap_or_default(),
            definition: self.definition(node),
            kind,
        });
    }

    /// The task as `$task.definition` shows it. Each task around it holds it too, so all of them together are bounded.
    fn definition(&mut self, node: &Node) -> Arc<serde_json::Value> {
        let before = self.definition_nodes;
        self.definition_nodes += u64::from(node.weight);
        if self.definition_nodes <= DEFINITION_NODES_MAX {
            return Arc::new(node.to_json());
        }
        if before <= DEFINITION_NODES_MAX {
            let message = "the document's tasks are too large and too deep in each other";
            self.report.error_help(
                node.span,
                "limit",
                message,
                "move inner tasks to `use.functions`",
            );
        }
        Arc::new(serde_json::Value::Null)
    }

    fn kind_of(&mut self, entry: &Entry) -> Option<&'static Kind> {
        let node = &entry.node;
        let name = entry.key.escape_debug();
        let mut present = KINDS.iter().filter(|kind| node.get(kind.key).is_some());
        let Some(kind) = present.next() else {
            let keys = KINDS.each_ref().map(|kind| kind.key);
            let near = node
                .entries()
                .iter()
                .find_map(|entry| Some((entry, suggest::nearest(&entry.key, keys)?)));
            let help = match near {
                Some((entry, word)) => format!(
                    "did you mean `{word}` instead of `{}`?",
                    entry.key.escape_debug()
                ),
                None => format!("it needs one of `{}`", keys.join("`, `")),
            };
            self.report.error_help(
                entry.key_span,
                "task-kind",
                format!("the task `{name}` does nothing"),
                help,
            );
            return None;
        };
        if let Some(other) = present.find(|other| !kind.keys.contains(&other.key)) {
            let message = format!(
                "the task `{name}` has both `{}` and `{}`",
                kind.key, other.key
            );
            let span = node
                .entry(other.key)
                .map_or(entry.key_span, |entry| entry.key_span);
            self.report
                .error_help(span, "task-kind", message, "make two tasks of it");
            return None;
        }
        let known: Vec<&str> = kind.keys.iter().chain(&SHARED).copied().collect();
        self.known_keys(node, &format!("the `{}` task `{name}`", kind.key), &known);
        Some(kind)
    }
}

/// For [`crate::form::Form::Code`].
pub(super) fn tasks(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    reader.sequence(node, path);
}
