//! A host over one data folder: journal, sandbox, scheduler and runtime, opened for a command and closed after it.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use serde_json::Value as Json;
use writ_journal::{Journal, Opened, Options};
use writ_plugin::Plugin;
use writ_run::{Event, RunId};
use writ_sandbox::Sandbox;
use writ_scheduler::{Ended, Scheduler, Settings, Waiting};

use crate::{
    app::{App, Config},
    error::{Failure, Result},
    load::{self, Checked, Found},
    out::outln,
    progress::{Progress, short},
};

/// The journal of a data folder, opened by this process alone, with what it had to repair said aloud.
pub(crate) fn open_journal(data: &Path, progress: &Progress) -> Result<(Journal, Vec<RunId>)> {
    let (
        journal,
        Opened {
            repairs,
            unfinished,
        },
    ) = Journal::open(data, Options::default()).map_err(Failure::journal)?;
    for repair in repairs {
        progress.say(&format!("repaired: {repair}"));
    }
    Ok((journal, unfinished))
}

/// How long threads may take to end after the last event was appended.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// A running host.
pub(crate) struct Host {
    runtime: tokio::runtime::Runtime,
    journal: Journal,
    scheduler: Scheduler,
    sandbox: Sandbox,
    progress: Progress,
}

impl Host {
    /// Starts a host over an open journal.
    pub(crate) fn start(
        app: &App,
        journal: Journal,
        sandbox: Sandbox,
        progress: Progress,
    ) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(load::calls_at_once(app))
            .enable_time()
            .enable_io()
            .build()
            .map_err(|error| Failure::internal(format!("cannot start threads: {error}")))?;
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
            sandbox,
            progress,
        })
    }

    /// Takes up unfinished runs. One that can't go on is said aloud and left as it is; the others go on.
    pub(crate) fn resume(&self, app: &App, runs: Vec<RunId>) -> Vec<Waiting> {
        let mut waiting = Vec::new();
        for id in runs {
            let taken = self.pinned(app, id).and_then(|pinned| {
                let _inside = self.runtime.enter();
                self.scheduler
                    .resume(Arc::new(pinned), id)
                    .map_err(Failure::journal)
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
    pub(crate) fn submit(
        &self,
        app: &App,
        checked: Checked,
        input: Json,
    ) -> Result<(RunId, Waiting)> {
        let called = load::called(&checked.workflow);
        self.journal
            .put_blob(checked.text.as_bytes())
            .map_err(Failure::journal)?;
        for found in called.iter().filter_map(|name| checked.found.get(name)) {
            self.journal
                .put_blob(&found.bytes)
                .map_err(Failure::journal)?;
        }
        let assembled = Arc::new(load::assemble(app, checked, &self.sandbox)?);
        self.runtime
            .block_on(self.scheduler.submit(assembled, input))
            .map_err(Failure::journal)
    }

    /// The app that an unfinished run is pinned to, from what is kept beside the journal.
    fn pinned(&self, app: &App, id: RunId) -> Result<writ_scheduler::App> {
        let first = self.journal.read(id).map_err(Failure::journal)?.next();
        let Some(Ok(writ_journal::Record {
            event:
                Event::RunStarted {
                    workflow,
                    plugins,
                    grants,
                    ..
                },
            ..
        })) = first
        else {
            return Err(Failure::journal(format!(
                "run {id} does not begin with run.started"
            )));
        };
        let text = blob(&self.journal, &workflow.digest)?;
        let text = String::from_utf8(text).map_err(Failure::journal)?;
        let mut found = BTreeMap::new();
        for (name, pin) in plugins {
            let bytes = blob(&self.journal, pin.digest.trim_start_matches("sha256:"))?;
            let plugin = Plugin::read(&bytes, &name).map_err(Failure::journal)?;
            found.insert(
                name,
                Found {
                    plugin: Arc::new(plugin),
                    bytes: bytes.into(),
                },
            );
        }
        let grants_path = grants.map(std::path::PathBuf::from);
        let grants = load::grants(grants_path.as_deref())?;
        let (folder, config) = home(app, grants_path.as_deref())?;
        let pinned = App {
            folder,
            workflow: app.workflow.clone(),
            grants: grants_path,
            data: app.data.clone(),
            config,
        };
        let file = format!("{}/{}", workflow.namespace, workflow.name);
        match load::check(text, &file, found, &grants, &self.sandbox)? {
            Ok(checked) => load::assemble(&pinned, checked, &self.sandbox),
            Err(_) => Err(Failure::journal(format!(
                "the workflow {} it started on no longer parses",
                workflow.digest
            ))),
        }
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

    /// Waits for runs, or for Ctrl-C; then stops in order.
    pub(crate) fn finish(self, waiting: Vec<Waiting>) -> Result<Vec<Ended>> {
        let Self {
            runtime,
            journal,
            scheduler,
            progress,
            ..
        } = self;
        let ended = runtime.block_on(async {
            let all = futures_util::future::join_all(waiting);
            tokio::pin!(all);
            let interrupted = async { tokio::signal::ctrl_c().await };
            let results = tokio::select! {
                results = &mut all => { scheduler.stop().await; results }
                _ = interrupted => {
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

/// The app folder of a run that is taken up, and its configuration as it is now: where its grants are, if that is an app.
fn home(app: &App, grants: Option<&Path>) -> Result<(std::path::PathBuf, Config)> {
    match grants
        .and_then(Path::parent)
        .filter(|folder| folder.join("writ.toml").is_file())
    {
        Some(folder) => Ok((folder.to_owned(), Config::read(&folder.join("writ.toml"))?)),
        None => Ok((app.folder.clone(), Config::default())),
    }
}

/// Something kept beside the journal, by its sha256.
fn blob(journal: &Journal, digest: &str) -> Result<Vec<u8>> {
    let digest = digest.parse().map_err(Failure::journal)?;
    journal.get_blob(&digest).map_err(Failure::journal)
}

/// Prints how a run ended, for a person.
pub(crate) fn tell(ended: &Ended) {
    if let Some(error) = &ended.error {
        eprintln!(
            "error: run {} faulted: {}",
            short(ended.run),
            error.detail.as_deref().unwrap_or(&error.r#type)
        );
        if let Some(place) = &error.instance {
            eprintln!("  at {place}");
        }
        if let Some(remedy) = error.extensions.get("remedy").and_then(Json::as_str) {
            eprintln!("  help: {remedy}");
        }
    }
    if let Some(output) = &ended.output {
        outln!(
            "{}",
            serde_json::to_string_pretty(output).unwrap_or_default()
        );
    }
    eprintln!(
        "run {} {}; `writ runs events {}` tells its story",
        short(ended.run),
        ended.status,
        short(ended.run)
    );
}
