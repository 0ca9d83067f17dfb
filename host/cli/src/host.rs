//! A host over one data folder: journal, scheduler and runtime, opened for a command and closed after it.
//!
//! A process that becomes one passes through phases, and each command shows them in this order:
//! 1. *read*: the app, its grants, unfinished runs; plugins are built from source, the folder is taken;
//! 2. *compile*: components become machine code in memory, in a child process where they aren't in the cache; then it is known
//!    how many files may be open at once, and made sure that they can be ([`crate::open_files`]);
//! 3. *wall*: everything that the grants don't name is given up, for good, while there is one thread ([`crate::wall`]);
//! 4. *threads*: the journal, the runtime and the clock of the sandbox start here, and are all behind the wall;
//! 5. *run*.

use std::{path::Path, sync::Arc, time::Duration};

use serde_json::Value as Json;
use writ_grant::printable;
use writ_journal::{Journal, Opened, Options, TakenFolder};
use writ_run::RunId;
use writ_scheduler::{Ended, Scheduler, Settings, Waiting};

use crate::{
    app::App,
    error::{Failure, Result},
    load::{self, Compiled, Parsed},
    out::{errln, outln},
    progress::{Progress, short},
    reach,
    signals::{Heeded, Signals},
    unfinished::Unfinished,
};

/// Takes a data folder for this process alone, without a thread yet.
pub(crate) fn take_folder(data: &Path) -> Result<TakenFolder> {
    TakenFolder::take(data).map_err(Failure::journal)
}

/// A run that can be accepted: the workflow joined to its components, and what is kept of both beside the journal.
pub(crate) struct Accepted {
    app: Arc<writ_scheduler::App>,
    kept: Vec<Arc<[u8]>>,
}

impl Accepted {
    /// Joins them; the first thing that can't be had is the error.
    pub(crate) fn new(app: &App, parsed: Parsed, compiled: Compiled) -> Result<Self> {
        let mut kept: Vec<Arc<[u8]>> = vec![parsed.text.as_bytes().into()];
        let reached = reach::plugins(&parsed.workflow, &parsed.known);
        let found = reached.iter().filter_map(|name| parsed.found.get(name));
        kept.extend(found.map(|found| Arc::clone(&found.bytes)));
        let app = Arc::new(load::assemble(app, parsed, compiled)?);
        Ok(Self { app, kept })
    }
}

/// How long threads may take to end after the last event was appended.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// A running host.
pub(crate) struct Host {
    runtime: tokio::runtime::Runtime,
    journal: Journal,
    scheduler: Scheduler,
    progress: Progress,
    signals: Signals,
    /// Runs that an earlier process left unfinished.
    left: Vec<RunId>,
}

impl Host {
    /// Starts the threads of a host: the first after the wall. What the journal had to repair is said aloud.
    pub(crate) fn start(
        folder: TakenFolder,
        calls_at_once: usize,
        heeded: Heeded,
        progress: Progress,
    ) -> Result<Self> {
        let (
            journal,
            Opened {
                repairs,
                unfinished: left,
            },
        ) = folder.open(Options::default()).map_err(Failure::journal)?;
        for repair in repairs {
            progress.say(&format!("repaired: {repair}"));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(calls_at_once)
            .enable_time()
            .enable_io()
            .build()
            .map_err(|error| Failure::internal(format!("cannot start threads: {error}")))?;
        // Before any run: what ends this process in mid-call leaves an effect in doubt.
        let signals = {
            let _inside = runtime.enter();
            heeded
                .listen()
                .map_err(|error| Failure::internal(format!("cannot listen for signals: {error}")))?
        };
        let shown = progress.clone();
        let settings = Settings {
            observer: Some(Arc::new(move |id, events, run| {
                shown.events(id, events, run)
            })),
        };
        let scheduler = {
            let _inside = runtime.enter();
            Scheduler::new(journal.clone(), settings)
        };
        Ok(Self {
            runtime,
            journal,
            scheduler,
            progress,
            signals,
            left,
        })
    }

    /// How many runs an earlier process left unfinished.
    pub(crate) fn left(&self) -> usize {
        self.left.len()
    }

    /// Takes up unfinished runs. One that can't go on is said aloud and left as it is; the others go on.
    pub(crate) fn resume(&self, mut unfinished: Unfinished) -> Vec<Waiting> {
        let mut waiting = Vec::new();
        for id in self.left.iter().copied() {
            let taken = unfinished.take(id).and_then(|app| {
                let _inside = self.runtime.enter();
                self.scheduler.resume(app, id).map_err(Failure::journal)
            });
            match taken {
                Ok(run) => {
                    self.progress.say(&format!("resuming run {}", short(id)));
                    waiting.push(run);
                }
                Err(failure) => {
                    self.progress
                        .say(&format!("run {id} stays unfinished: {}", failure.message));
                    if let Some(help) = failure.help {
                        self.progress.say(&format!("  help: {help}"));
                    }
                }
            }
        }
        waiting
    }

    /// Accepts a run. Everything that it is pinned to is kept beside the journal first.
    pub(crate) fn submit(&self, accepted: Accepted, input: Json) -> Result<(RunId, Waiting)> {
        for bytes in &accepted.kept {
            self.journal.put_blob(bytes).map_err(Failure::journal)?;
        }
        self.runtime
            .block_on(self.scheduler.submit(accepted.app, input))
            .map_err(Failure::journal)
    }

    /// Stops without waiting for any run: another process takes them up.
    pub(crate) fn stop(self, waiting: Vec<Waiting>) -> Result<()> {
        drop(waiting);
        let Self {
            runtime,
            journal,
            scheduler,
            ..
        } = self;
        runtime.block_on(scheduler.stop());
        runtime.shutdown_timeout(STOP_TIMEOUT);
        journal.close().map_err(Failure::journal)
    }

    /// Waits for runs, or for a signal; then stops in order.
    pub(crate) fn finish(self, waiting: Vec<Waiting>) -> Result<Vec<Ended>> {
        let Self {
            runtime,
            journal,
            scheduler,
            progress,
            mut signals,
            ..
        } = self;
        let ended = runtime.block_on(async {
            let all = futures_util::future::join_all(waiting);
            tokio::pin!(all);
            let results = tokio::select! {
                results = &mut all => { scheduler.stop().await; results }
                () = signals.any() => {
                    progress.say("stopping; unfinished runs go on at the next start");
                    scheduler.stop().await;
                    all.await
                }
            };
            results
        });
        progress.finish();
        runtime.shutdown_timeout(STOP_TIMEOUT);
        let (mut runs, mut failed) = (Vec::new(), None);
        for result in ended {
            match result {
                Ok(Ok(ended)) => runs.push(ended),
                Ok(Err(writ_scheduler::SchedulerError::Stopped)) | Err(_) => {}
                // One run's trouble is not the others': each says its own, and the others have ended well.
                Ok(Err(error @ writ_scheduler::SchedulerError::Corrupt { .. })) => {
                    progress.say(&format!("error: {error}"));
                }
                Ok(Err(error)) => failed = failed.or(Some(error)),
            }
        }
        if let Some(error) = failed {
            return Err(Failure::journal(error));
        }
        journal.close().map_err(Failure::journal)?;
        Ok(runs)
    }
}

/// Prints how a run ended, for a person; `data` is what a command about it has to say of the data folder. What a guest says of it stays on its line, so that it adds none in the host's name.
pub(crate) fn tell(ended: &Ended, data: &str) {
    if let Some(error) = &ended.error {
        errln!(
            "error: run {} faulted: {}",
            short(ended.run),
            printable(error.detail.as_deref().unwrap_or(&error.r#type))
        );
        if let Some(place) = &error.instance {
            errln!("  at {}", printable(place));
        }
        if let Some(remedy) = error.extensions.get("remedy").and_then(Json::as_str) {
            errln!("  help: {}", printable(remedy));
        }
    }
    if let Some(output) = &ended.output {
        outln!(
            "{}",
            serde_json::to_string_pretty(output).unwrap_or_default()
        );
    }
    errln!(
        "run {} {}; `writ runs events {}{data}` tells its story",
        short(ended.run),
        ended.status,
        short(ended.run),
    );
}
