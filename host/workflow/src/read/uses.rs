//! `use`: what a document declares once and refers to by name. Read before all tasks.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Reader,
    flow::{Scope, ScopeKind},
    resource::{CATALOG, POLICY},
    task,
};
use crate::{
    form::{Form, Shape, closed, may, must},
    model::{CallTarget, Task, TaskIndex, TaskKind},
    node::{Entry, Node},
    path::Path,
    source::NotExecuted,
};

const USE: Shape = closed(
    "`use`",
    &[
        may("authentications", Form::Any),
        may("errors", Form::Any),
        may("extensions", Form::Any),
        may("functions", Form::Any),
        may("retries", Form::Any),
        may("secrets", Form::Any),
        may("timeouts", Form::Any),
        may("catalogs", Form::Any),
    ],
);
const EXTENSION: Shape = closed(
    "an extension",
    &[
        must("extend", Form::Word(&EXTENDED)),
        may("when", Form::Condition),
        may("before", Form::Code(task::tasks)),
        may("after", Form::Code(task::tasks)),
    ],
);
/// So many names of a circle are shown.
const SHOWN_MAX: usize = 8;
const EXTENDED: [&str; 12] = [
    "call",
    "composite",
    "emit",
    "for",
    "listen",
    "raise",
    "run",
    "set",
    "switch",
    "try",
    "wait",
    "all",
];

impl Reader {
    pub(super) fn r#use(&mut self, node: &Node, path: &Path<'_>) {
        if !self.shape(node, &USE, path) {
            return;
        }
        self.secrets(node.get("secrets"));
        self.authentications(node, path);
        self.catalogs(node, path);
        for entry in self.section(node, "errors") {
            let error = self.error(&entry.node, &path.key("errors").key(&entry.key));
            self.uses.errors.insert(entry.key.clone(), error);
        }
        for entry in self.section(node, "timeouts") {
            let timeout =
                self.timeout_definition(&entry.node, &path.key("timeouts").key(&entry.key));
            self.uses.timeouts.insert(entry.key.clone(), timeout);
        }
        for entry in self.section(node, "retries") {
            let retry = self.retry_definition(&entry.node, &path.key("retries").key(&entry.key));
            self.uses.retries.insert(entry.key.clone(), retry);
        }
        self.functions(node, path);
        self.extensions(node.entry("extensions"), &path.key("extensions"));
    }

    fn section<'n>(&mut self, node: &'n Node, key: &str) -> &'n [Entry] {
        match node.get(key) {
            Some(section) if self.is_object(section, &format!("`{key}`")) => section.entries(),
            Some(_) | None => &[],
        }
    }

    fn secrets(&mut self, node: Option<&Node>) {
        let Some(node) = node else { return };
        for item in self.list(node, "secrets") {
            let Some(name) = self.name(item, "secrets") else {
                continue;
            };
            if self.uses.secrets.insert(name.to_owned(), ()).is_some() {
                let message = format!("the secret `{}` is declared twice", name.escape_debug());
                self.report
                    .error_help(item.span, "duplicate-key", message, "remove one of them");
            }
        }
    }

    fn authentications(&mut self, node: &Node, path: &Path<'_>) {
        let entries = self.section(node, "authentications");
        for entry in entries {
            self.uses
                .authentications
                .insert(entry.key.clone(), entry.node.clone());
        }
        for entry in entries {
            self.shape(
                &entry.node,
                &POLICY,
                &path.key("authentications").key(&entry.key),
            );
        }
    }

    fn catalogs(&mut self, node: &Node, path: &Path<'_>) {
        for entry in self.section(node, "catalogs") {
            self.shape(&entry.node, &CATALOG, &path.key("catalogs").key(&entry.key));
        }
    }

    /// All names first, so that functions can call each other.
    fn functions(&mut self, node: &Node, path: &Path<'_>) {
        let entries = self.section(node, "functions");
        for entry in entries {
            if self.report.is_full() || !self.room(entry.key_span) {
                return;
            }
            if entry.key.contains('@') {
                let message = format!("a function cannot be called `{}`", entry.key.escape_debug());
                self.report.error_help(
                    entry.key_span,
                    "name",
                    message,
                    "`@` stands before the name of a plugin",
                );
            }
            let index = self.reserve();
            self.uses.functions.insert(entry.key.clone(), index);
        }
        let path = path.key("functions");
        let mut calls = BTreeMap::new();
        for entry in entries {
            if self.report.is_full() {
                return;
            }
            let scope = Scope::new([entry.key.as_str()], ScopeKind::Function);
            let index = self.uses.functions[&entry.key];
            let inner = self.tasks.len();
            self.task(index, entry, &path.key(&entry.key), &scope);
            let own = self.tasks[index.0 as usize].iter();
            let called = own
                .chain(self.tasks[inner..].iter().flatten())
                .filter_map(called)
                .collect();
            calls.insert(index, called);
        }
        self.recursion(entries, calls);
    }

    /// A function that reaches itself is refused: what it could decide by, a loop can, and it could not end by itself.
    fn recursion(
        &mut self,
        entries: &[Entry],
        mut calls: BTreeMap<TaskIndex, BTreeSet<TaskIndex>>,
    ) {
        drop_harmless(&mut calls);
        let Some(mut at) = calls.keys().next().copied() else {
            return;
        };
        let mut trail = Vec::new();
        while !trail.contains(&at) {
            trail.push(at);
            let next = calls[&at].iter().find(|next| calls.contains_key(next));
            at = *next.expect("invariant: what is left calls something that is left");
        }
        let start = trail
            .iter()
            .position(|index| *index == at)
            .unwrap_or_default();
        let circle = trail[start..].iter().chain([&at]);
        let entry = |index: &TaskIndex| {
            entries
                .iter()
                .find(|entry| self.uses.functions.get(&entry.key) == Some(index))
        };
        let circle: Vec<&Entry> = circle.filter_map(entry).collect();
        let names: Vec<String> = circle
            .iter()
            .take(SHOWN_MAX)
            .map(|entry| format!("`{}`", entry.key))
            .collect();
        let span = circle
            .first()
            .map_or_else(Default::default, |entry| entry.key_span);
        let message = format!("a function calls itself: {}", names.join(" → "));
        self.report
            .error_help(span, "recursion", message, "loop with `for` instead");
    }

    fn extensions(&mut self, entry: Option<&Entry>, path: &Path<'_>) {
        let Some(entry) = entry else { return };
        for (at, item) in self.list(&entry.node, "extensions").iter().enumerate() {
            let Some(named) = self.only(item) else {
                continue;
            };
            self.shape(&named.node, &EXTENSION, &path.index(at).key(&named.key));
        }
        self.not_executed.push(NotExecuted {
            what: "`use.extensions`".to_owned(),
            span: entry.key_span,
        });
    }
}

fn called(task: &Task) -> Option<TaskIndex> {
    match &task.kind {
        TaskKind::Call(call) => match call.target {
            CallTarget::Defined(index) => Some(index),
            CallTarget::Plugin { .. } | CallTarget::Http(_) | CallTarget::Protocol(_) => None,
        },
        TaskKind::Do(_)
        | TaskKind::Emit
        | TaskKind::For(_)
        | TaskKind::Fork(_)
        | TaskKind::Listen
        | TaskKind::Raise(_)
        | TaskKind::Run(_)
        | TaskKind::Set(_)
        | TaskKind::Switch(_)
        | TaskKind::Try(_)
        | TaskKind::Wait(_) => None,
    }
}

/// Removes every function that calls none, then those that called only such, and so on: what is left goes in circles.
fn drop_harmless(calls: &mut BTreeMap<TaskIndex, BTreeSet<TaskIndex>>) {
    let mut callers: BTreeMap<TaskIndex, Vec<TaskIndex>> = BTreeMap::new();
    let mut open: BTreeMap<TaskIndex, usize> = BTreeMap::new();
    for (caller, called) in calls.iter() {
        open.insert(*caller, called.len());
        for index in called {
            callers.entry(*index).or_default().push(*caller);
        }
    }
    let mut harmless: Vec<TaskIndex> = open
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(index, _)| *index)
        .collect();
    while let Some(index) = harmless.pop() {
        calls.remove(&index);
        for caller in callers.remove(&index).unwrap_or_default() {
            let Some(count) = open.get_mut(&caller) else {
                continue;
            };
            *count -= 1;
            if *count == 0 {
                harmless.push(caller);
            }
        }
    }
}
