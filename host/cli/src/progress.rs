//! Progress of long work: bars on a terminal, plain lines elsewhere, nothing with `--json`.

use std::{collections::HashMap, sync::Arc, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use writ_run::{Event, Run, RunId};

use crate::{out::errln, report::watched};

/// Where progress is shown.
#[derive(Clone)]
pub(crate) struct Progress(Arc<Shown>);

enum Shown {
    Nothing,
    Lines,
    Bars {
        all: MultiProgress,
        runs: Mutex<HashMap<RunId, ProgressBar>>,
    },
}

impl Progress {
    pub(crate) fn new(json: bool) -> Self {
        Self(Arc::new(if json {
            Shown::Nothing
        } else if watched() {
            Shown::Bars {
                all: MultiProgress::new(),
                runs: Mutex::default(),
            }
        } else {
            Shown::Lines
        }))
    }

    /// One line about something that happened once.
    pub(crate) fn say(&self, text: &str) {
        match &*self.0 {
            Shown::Nothing => {}
            Shown::Lines => errln!("{text}"),
            Shown::Bars { all, .. } => all.suspend(|| errln!("{text}")),
        }
    }

    /// What a run just did.
    pub(crate) fn events(&self, id: RunId, events: &[Event], run: &Run) {
        if events
            .iter()
            .any(|event| matches!(event, Event::RunStarted { .. }))
        {
            // Durable from here on: whatever happens to this process, the run will be carried to its end.
            self.say(&format!("accepted run {id}"));
        }
        match &*self.0 {
            Shown::Nothing => {}
            Shown::Lines => {
                for event in events.iter().filter(|event| event.milestone()) {
                    errln!("{}  {}", short(id), event.story());
                }
            }
            Shown::Bars { all, runs } => {
                let mut runs = runs.lock();
                let bar = runs.entry(id).or_insert_with(|| all.add(bar(id)));
                update(bar, run);
            }
        }
    }

    /// Takes the bars away.
    pub(crate) fn finish(&self) {
        if let Shown::Bars { all, runs } = &*self.0 {
            for bar in runs.lock().values() {
                bar.finish_and_clear();
            }
            drop(all.clear());
        }
    }
}

/// The beginning of a run's id is enough to tell it apart.
pub(crate) fn short(id: RunId) -> String {
    id.to_string()[..13].to_owned()
}

fn bar(id: RunId) -> ProgressBar {
    let bar = ProgressBar::no_length().with_prefix(short(id));
    bar.set_style(spinner());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{prefix} {spinner} {elapsed} {wide_msg}")
        .expect("the template is valid")
}

fn loop_style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix} [{bar:24}] {pos}/{len} {elapsed} {wide_msg}")
        .expect("the template is valid")
}

fn update(bar: &ProgressBar, run: &Run) {
    let progress = run.progress();
    // The innermost loop with a known length is what a person wants to see move.
    if let Some(shown) = progress.loops.first() {
        bar.set_style(loop_style());
        bar.set_length(shown.total);
        bar.set_position(shown.done);
    } else {
        bar.set_style(spinner());
    }
    bar.set_message(progress.tasks.join(", "));
}
