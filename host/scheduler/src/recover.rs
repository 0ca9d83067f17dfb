//! Folds a run from its journal, with the host calls that its unfinished tasks had already made, or were about to make.

use std::collections::HashMap;

use writ_journal::Journal;
use writ_run::{Event, Run, RunId, TaskId};

use crate::{
    app::App,
    port::{Record, Recorded},
    scheduler::SchedulerError,
};

type Calls = HashMap<(TaskId, u32), Record>;

/// The state of a run, and the recorded host calls of tasks that have no result yet.
pub(crate) fn fold(
    journal: &Journal,
    id: RunId,
    app: &App,
) -> Result<(Run, Calls), SchedulerError> {
    let mut run = Run::new(id);
    let mut calls = Calls::new();
    for record in journal.read(id)? {
        let event = record?.event;
        run.apply(&app.definition, &event)
            .map_err(|corrupt| SchedulerError::Corrupt {
                run: id,
                message: corrupt.to_string(),
            })?;
        if let Some(task) = event.ends() {
            calls.retain(|(of, _), _| *of != task);
        }
        note(&mut calls, event);
    }
    Ok((run, calls))
}

/// Notes the host call that an event tells of, or its answer, which takes the place of an intent.
fn note(calls: &mut Calls, event: Event) {
    let (of, index, call, answer) = match event {
        Event::HostIntended {
            task,
            attempt,
            index,
            call,
            ..
        } => ((task, attempt), index, call, None),
        Event::HostCalled {
            task,
            attempt,
            index,
            call,
            answer,
            ..
        } => ((task, attempt), index, call, Some(answer)),
        Event::ToolCalled {
            task,
            attempt,
            index,
            call,
            ..
        } => ((task, attempt), index, call, None),
        Event::ToolReturned {
            task,
            attempt,
            index,
            answer,
        } => {
            if let Some(record) = calls.get_mut(&(task, attempt)) {
                returned(record, index, answer);
            }
            return;
        }
        Event::RunStarted { .. }
        | Event::RunEntered { .. }
        | Event::RunCompleted { .. }
        | Event::RunFaulted { .. }
        | Event::RunCancelled { .. }
        | Event::RunSuspended { .. }
        | Event::RunResumed { .. }
        | Event::RunRecovered { .. }
        | Event::TaskStarted(_)
        | Event::TaskCompleted { .. }
        | Event::TaskSkipped { .. }
        | Event::TaskFaulted { .. }
        | Event::TaskRetried { .. }
        | Event::TaskResumed { .. }
        | Event::TaskCaught { .. }
        | Event::TaskIterated { .. }
        | Event::TaskCancelled { .. }
        | Event::HostDenied { .. }
        | Event::FileUsed { .. }
        | Event::GuestLogged { .. } => return,
    };
    let next = index.saturating_add(1);
    let recorded = Recorded { call, answer, next };
    calls.entry(of).or_default().insert(index, recorded);
}

/// A tool answered: it is not run again, so what it did on the way is of no more use.
fn returned(record: &mut Record, index: u32, answer: serde_json::Value) {
    let inside = record.split_off(&index.saturating_add(1));
    let last = inside.values().map(|recorded| recorded.next).max();
    if let Some(recorded) = record.get_mut(&index) {
        recorded.answer = Some(answer);
        recorded.next = last.unwrap_or(recorded.next);
    }
}
