//! What the DSL has and this host does not execute: not yet, or never.

use super::Checker;
use crate::model::{CallTarget, RunKind, Task, TaskKind};

const NEVER: &str = "untrusted code runs as components only";
const NEVER_HELP: &str = "make a plugin of it with `writ plugin new`, and call that";
const LATER_HELP: &str = "remove it, or call a plugin that does the same";

impl Checker<'_> {
    pub(super) fn executed(&mut self) {
        for part in self.workflow.source.not_executed() {
            let message = format!("{} is not executed yet", part.what);
            self.report
                .error_help(part.span, "not-executed", message, "remove it");
        }
        for task in &self.workflow.tasks {
            match &task.kind {
                TaskKind::Emit => self.later(task, "emit", "`emit`"),
                TaskKind::Listen => self.later(task, "listen", "`listen`"),
                TaskKind::Run(kind) => self.process(task, *kind),
                TaskKind::Call(call) => match &call.target {
                    CallTarget::Protocol(name) => {
                        self.later(task, "call", &format!("`call: {name}`"))
                    }
                    CallTarget::Plugin { .. } | CallTarget::Http(_) | CallTarget::Defined(_) => {}
                },
                TaskKind::Do(_)
                | TaskKind::For(_)
                | TaskKind::Fork(_)
                | TaskKind::Raise(_)
                | TaskKind::Set(_)
                | TaskKind::Switch(_)
                | TaskKind::Try(_)
                | TaskKind::Wait(_) => {}
            }
        }
    }

    fn later(&mut self, task: &Task, key: &str, what: &str) {
        let span = self.place(task, &format!("/{key}"));
        self.report.error_help(
            span,
            "not-executed",
            format!("{what} is not executed yet"),
            LATER_HELP,
        );
    }

    fn process(&mut self, task: &Task, kind: RunKind) {
        let word = match kind {
            RunKind::Workflow => return self.later(task, "run", "`run: workflow`"),
            RunKind::Script => "script",
            RunKind::Shell => "shell",
            RunKind::Container => "container",
        };
        let span = self.place(task, &format!("/run/{word}"));
        let message = format!("`run: {word}` is never executed: {NEVER}");
        self.report
            .error_help(span, "never-executed", message, NEVER_HELP);
    }
}
