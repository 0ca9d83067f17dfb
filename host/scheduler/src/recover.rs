//! Folds a run from its journal, with the host calls that its unfinished tasks had already made.

use std::collections::{HashMap, VecDeque};

use writ_journal::Journal;
use writ_run::{Event, Run, RunId, TaskId};

use crate::{app::App, port::Recorded, scheduler::SchedulerError};

type Calls = HashMap<(TaskId, u32), VecDeque<Recorded>>;

/// The state of a run, and the recorded host calls of tasks that have no result yet.
pub(crate) fn fold(
    journal: &Journal,
    id: RunId,
    app: &App,
) -> Result<(Run, Calls), SchedulerError> {
    let mut run = Run::new(id);
    let mut recorded = Calls::new();
    for record in journal.read(id)? {
        let event = record?.event;
        run.apply(&app.definition, &event)
            .map_err(|corrupt| SchedulerError::Corrupt {
                run: id,
                message: corrupt.to_string(),
            })?;
        if let Some(task) = event.ends() {
            recorded.retain(|(of, _), _| *of != task);
        }
        if let Event::HostCalled {
            task,
            attempt,
            call,
            answer,
            ..
        } = event
        {
            recorded
                .entry((task, attempt))
                .or_default()
                .push_back((call, answer));
        }
    }
    Ok((run, recorded))
}
