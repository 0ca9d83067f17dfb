//! Accepts runs, keeps the active ones apart from the parked ones, and stops them all without losing any.

use std::{collections::HashMap, sync::Arc};

use rustix::rand::{GetRandomFlags, getrandom};
use serde_json::Value as Json;
use tokio::sync::{Semaphore, watch};
use writ_journal::{Journal, JournalError};
use writ_run::{Event, Problem, Run, RunId, Signal, Status};

use crate::{
    app::App,
    clock::now_ms,
    drive::{Drive, Rest},
    recover,
    timers::Timers,
    told::{Told, Waiting, told},
};

/// Told of each group of events, after they were appended.
pub type Observer = Arc<dyn Fn(RunId, &[Event], &Run) + Send + Sync>;

/// How the scheduler runs.
pub struct Settings {
    /// Told of what happens.
    pub observer: Option<Observer>,
}

/// Requests of `call: http` that are under way at once, of all runs together; others wait for their turn. Each is a connection, and
/// those must leave the journal files to open.
pub const REQUESTS_AT_ONCE: usize = 64;

/// What the scheduler can't go on after.
#[derive(Debug, thiserror::Error)]
pub enum SchedulerError {
    /// The journal failed: nothing more is acknowledged.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal of a run can't be folded.
    #[error("run {run} can't be continued: {message}")]
    Corrupt {
        /// Which run.
        run: RunId,
        /// Why.
        message: String,
    },
    /// The system gave no random bytes.
    #[error("the system gave no random numbers: {0}")]
    Random(#[from] rustix::io::Errno),
    /// The host stopped before the run ended; it goes on at the next start.
    #[error("the host stopped before the run ended")]
    Stopped,
}

/// How far a run came.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The run.
    pub run: RunId,
    /// Its status: an end, or where it stood when the host stopped.
    pub status: Status,
    /// Its output, when completed.
    pub output: Option<Json>,
    /// Its error, when faulted.
    pub error: Option<Problem>,
}

/// A cheap handle to the scheduler.
#[derive(Clone)]
pub struct Scheduler(Arc<Inner>);

/// What all runs share.
pub(crate) struct Inner {
    pub(crate) journal: Journal,
    observer: Option<Observer>,
    stop: watch::Sender<bool>,
    timers: Timers,
    /// For requests that workflows send themselves.
    pub(crate) requests: Semaphore,
}

/// A run that waits for a time: all that is kept of it in memory.
pub(crate) struct Parked {
    id: RunId,
    app: Arc<App>,
    told: Told,
}

impl Inner {
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    pub(crate) fn observe(&self, run: RunId, events: &[Event], state: &Run) {
        if let Some(observer) = &self.observer {
            observer(run, events, state);
        }
    }
}

impl Scheduler {
    /// Starts the timer task; needs a multi-threaded tokio runtime.
    pub fn new(journal: Journal, settings: Settings) -> Self {
        let (stop, stopping) = watch::channel(false);
        let inner = Arc::new(Inner {
            journal,
            observer: settings.observer,
            stop,
            timers: Timers::default(),
            requests: Semaphore::new(REQUESTS_AT_ONCE),
        });
        let scheduler = Self(inner);
        tokio::spawn(scheduler.clone().wake_parked(stopping));
        scheduler
    }

    /// Accepts a run: when this returns, it is durable and will be carried to its end, whatever happens to the host.
    pub async fn submit(
        &self,
        app: Arc<App>,
        input: Json,
    ) -> Result<(RunId, Waiting), SchedulerError> {
        let now_ms = now_ms();
        let id = new_id(now_ms)?;
        let started = app.started(input, now_ms, random()?);
        let mut run = Run::new(id);
        run.apply(&app.definition, &started)
            .map_err(|corrupt| SchedulerError::Corrupt {
                run: id,
                message: corrupt.to_string(),
            })?;
        let position = self
            .0
            .journal
            .append(id, now_ms, std::slice::from_ref(&started))?;
        self.0.journal.flush(position).await?;
        self.0.observe(id, &[started], &run);
        let drive = Drive::new(
            Arc::clone(&self.0),
            Arc::clone(&app),
            run,
            id,
            HashMap::new(),
        );
        let (told, waiting) = told();
        tokio::spawn(
            self.clone()
                .carry(drive, Parked { id, app, told }, Signal::Continue),
        );
        Ok((id, waiting))
    }

    /// Takes up a run that an earlier process left unfinished.
    pub fn resume(&self, app: Arc<App>, id: RunId) -> Result<Waiting, SchedulerError> {
        let (told, waiting) = told();
        self.clone()
            .unpark(Parked { id, app, told }, Signal::Recovered);
        Ok(waiting)
    }

    /// Stops every run where it stands; each goes on at the next start. Returns when nothing more will be appended.
    pub async fn stop(self) {
        self.0.stop.send_replace(true);
        // Every drive holds a handle to the shared part; the last one to go is this.
        while Arc::strong_count(&self.0) > 1 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    /// Folds a run from its journal and drives it on.
    fn unpark(self, parked: Parked, first: Signal) {
        let folded = recover::fold(&self.0.journal, parked.id, &parked.app);
        match folded {
            Ok((run, recorded)) => {
                let drive = Drive::new(
                    Arc::clone(&self.0),
                    Arc::clone(&parked.app),
                    run,
                    parked.id,
                    recorded,
                );
                tokio::spawn(self.carry(drive, parked, first));
            }
            Err(error) => parked.told.tell(Err(error)),
        }
    }

    /// Drives a run until it rests, and remembers or reports it.
    async fn carry(self, drive: Drive, parked: Parked, first: Signal) {
        match drive.go(first).await {
            Ok(Rest::Ended(run) | Rest::Stopped(run)) => {
                let ended = Ended {
                    run: parked.id,
                    status: run.status(),
                    output: run.output().cloned(),
                    error: run.error().cloned(),
                };
                drop(self);
                parked.told.tell(Ok(ended));
            }
            Ok(Rest::Parked { wake_ms }) => self.0.timers.insert(wake_ms, parked),
            Err(error) => {
                if let SchedulerError::Journal(error) = &error {
                    tracing::error!(run = %parked.id, %error, "the journal failed; the host stops");
                    self.0.stop.send_replace(true);
                }
                drop(self);
                parked.told.tell(Err(error));
            }
        }
    }

    /// Takes parked runs up again when their time has come.
    async fn wake_parked(self, mut stopping: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => break,
                parked = self.0.timers.due() => self.clone().unpark(parked, Signal::Woken),
            }
        }
        for parked in self.0.timers.take_all() {
            parked.told.tell(Err(SchedulerError::Stopped));
        }
    }
}

/// A UUID of version 7.
fn new_id(now_ms: u64) -> Result<RunId, SchedulerError> {
    let mut bytes = [0; 10];
    fill(&mut bytes)?;
    Ok(RunId::from_bytes(
        uuid::Builder::from_unix_timestamp_millis(now_ms, &bytes)
            .into_uuid()
            .into_bytes(),
    ))
}

fn random() -> Result<u64, SchedulerError> {
    let mut bytes = [0; 8];
    fill(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn fill(bytes: &mut [u8]) -> Result<(), SchedulerError> {
    // Up to 256 bytes come whole or not at all.
    getrandom(bytes, GetRandomFlags::empty())?;
    Ok(())
}
