//! Tasks that can never run, because everything before them leads elsewhere.
//!
//! Careful in one direction: whatever an expression decides is taken to be possible.

use super::Checker;
use crate::model::{Flow, Task, TaskIndex, TaskKind, Workflow};

impl Checker<'_> {
    pub(super) fn reach(&mut self) {
        let workflow = self.workflow;
        self.list(&workflow.root);
        for task in &workflow.tasks {
            for list in lists(task) {
                self.list(list);
            }
        }
    }

    /// Reports the first of each stretch of tasks that nothing reaches.
    fn list(&mut self, list: &[TaskIndex]) {
        let reached = reached(self.workflow, list);
        let mut before = true;
        for (index, reached) in list.iter().zip(reached) {
            if before && !reached {
                let task = self.workflow.task(*index);
                let message = format!("the task `{}` can never run", task.name);
                let help =
                    "all tasks before it lead elsewhere: mend their `then`, or remove the task";
                self.report
                    .warning_help(task.span, "unreachable", message, help);
            }
            before = reached;
        }
    }
}

/// The lists of tasks that follow each other inside of a task.
fn lists(task: &Task) -> Vec<&[TaskIndex]> {
    match &task.kind {
        TaskKind::Do(body) => vec![body],
        TaskKind::For(r#for) => vec![&r#for.body],
        TaskKind::Try(r#try) => [&r#try.body]
            .into_iter()
            .chain(&r#try.handler)
            .map(Vec::as_slice)
            .collect(),
        TaskKind::Call(_)
        | TaskKind::Emit
        | TaskKind::Fork(_)
        | TaskKind::Listen
        | TaskKind::Raise(_)
        | TaskKind::Run(_)
        | TaskKind::Set(_)
        | TaskKind::Switch(_)
        | TaskKind::Wait(_) => Vec::new(),
    }
}

fn reached(workflow: &Workflow, list: &[TaskIndex]) -> Vec<bool> {
    let mut reached = vec![false; list.len()];
    let mut open = vec![0];
    while let Some(at) = open.pop() {
        if at >= list.len() || reached[at] {
            continue;
        }
        reached[at] = true;
        open.extend(successors(workflow.task(list[at]), at));
    }
    reached
}

/// Positions that may come after a task.
fn successors(task: &Task, at: usize) -> Vec<usize> {
    let follow = |flow: &Flow| match flow {
        Flow::Continue => Some(at + 1),
        Flow::Goto(target) => Some(*target),
        Flow::Exit | Flow::End => None,
    };
    let own = follow(&task.then);
    let mut next: Vec<usize> = match &task.kind {
        TaskKind::Raise(_) => Vec::new(),
        TaskKind::Switch(cases) => {
            let default = cases.iter().any(|case| case.when.is_none());
            cases
                .iter()
                .filter_map(|case| follow(&case.then))
                .chain(own.filter(|_| !default))
                .collect()
        }
        TaskKind::Try(r#try) => own
            .into_iter()
            .chain(r#try.then.as_ref().and_then(follow))
            .collect(),
        TaskKind::Call(_)
        | TaskKind::Do(_)
        | TaskKind::Emit
        | TaskKind::For(_)
        | TaskKind::Fork(_)
        | TaskKind::Listen
        | TaskKind::Run(_)
        | TaskKind::Set(_)
        | TaskKind::Wait(_) => own.into_iter().collect(),
    };
    if task.condition.is_some() {
        next.push(at + 1);
        next.extend(own);
    }
    next
}
