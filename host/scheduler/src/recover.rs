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
        if let Some((of, index, recorded)) = recorded(event) {
            calls.entry(of).or_default().insert(index, recorded);
        }
    }
    Ok((run, calls))
}

/// The host call that an event tells of: whose, at which position, and what is known of it. An answer takes the place of its
/// intent.
fn recorded(event: Event) -> Option<((TaskId, u32), u32, Recorded)> {
    let (task, attempt, index, call, answer) = match event {
        Event::HostIntended {
            task,
            attempt,
            index,
            call,
        } => (task, attempt, index, call, None),
        Event::HostCalled {
            task,
            attempt,
            index,
            call,
            answer,
            ..
        } => (task, attempt, index, call, Some(answer)),
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
        | Event::GuestLogged { .. } => return None,
    };
    Some(((task, attempt), index, Recorded { call, answer }))
}
