//! Durable steps a second: a workflow whose every task calls a function in the sandbox, driven by the scheduler over a journal.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;
use writ_grant::Authority;
use writ_journal::{Journal, Options, Stats};
use writ_run::{Definition, Effects, Event, Status};
use writ_sandbox::{Limits, ResolvedFolders};
use writ_scheduler::{App, Ended, Observer, Plugin, Scheduler, Settings, Waiting};

use crate::guest::{self, authority};
use crate::report::{Report, median, rate};

const ROUNDS: u32 = 15;
const STEPS_ALONE: u64 = 10_000;
const RUNS: u64 = 64;
const STEPS_EACH: u64 = 500;
const EFFECTS: u64 = 300;
/// Steps that are timed early and late in a run.
const WINDOW: u64 = 100;
const EARLY: u64 = 10;
/// The very last step is told of only after the final flush, so the window ends before it.
const LATE: u64 = 9_890;

/// One task for every item, each a call.
const LOOP: &str = "
document: { dsl: '1.0.3', namespace: bench, name: steps, version: '0.1.0' }
do:
  - steps:
      for: { each: item, in: '${ .items }' }
      do:
        - step: { call: 'add:0.1.0@bench', with: { a: 1, b: 2 } }
";

pub(crate) fn measure(report: &mut Report) {
    let pure = Bench::new(Effects::None);
    let rounds = pure.rounds(STEPS_ALONE);
    report.line(
        "steps.pure-one-run",
        middle(&rounds, |round| round.rate),
        "steps/s",
    );
    let bytes = middle(&rounds, |round| round.did.bytes as f64 / STEPS_ALONE as f64);
    report.line("steps.journal-bytes", bytes, "bytes/step");
    // The least disturbed of each: so few steps take a millisecond, and the disk or a neighbour as long.
    let least = |of: fn(&Round) -> f64| rounds.iter().map(of).fold(f64::INFINITY, f64::min);
    let ratio = least(|round| round.late) / least(|round| round.early);
    report.line("steps.late-over-early", ratio, "times");
    let together = median((0..ROUNDS).map(|_| pure.together()).collect());
    report.line("steps.pure-64-runs", together, "steps/s");
    let rounds = Bench::new(Effects::Once).rounds(EFFECTS);
    report.line(
        "steps.effectful-one-run",
        middle(&rounds, |round| round.rate),
        "steps/s",
    );
    let flushes = middle(&rounds, |round| round.did.flushes as f64 / EFFECTS as f64);
    report.line("steps.effectful-flushes", flushes, "flushes/step");
}

/// One run, alone.
struct Round {
    /// Steps a second.
    rate: f64,
    /// What the journal did.
    did: Stats,
    /// Seconds for a step early in the run.
    early: f64,
    /// Seconds for a step late in the run.
    late: f64,
}

fn middle(rounds: &[Round], of: impl Fn(&Round) -> f64) -> f64 {
    median(rounds.iter().map(of).collect())
}

/// An app with one plugin, and where its runs are kept.
pub(crate) struct Bench {
    app: Arc<App>,
    folder: tempfile::TempDir,
    runtime: Runtime,
}

impl Bench {
    fn new(effects: Effects) -> Self {
        Self::of(LOOP, effects)
    }

    pub(crate) fn of(workflow: &str, effects: Effects) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let app = Arc::new(app(workflow, effects, folder.path()));
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .enable_time()
            .build()
            .expect("a runtime starts");
        Self {
            app,
            folder,
            runtime,
        }
    }

    /// Runs over a fresh journal, all at once; then what the journal did meanwhile.
    fn run(&self, runs: u64, input: &Json, observer: Option<Observer>) -> (Duration, Stats) {
        let data = tempfile::tempdir_in(self.folder.path()).expect("a folder can be made");
        let (journal, scheduler) = self.start(data.path(), observer);
        let began = Instant::now();
        let before = journal.stats();
        self.runtime.block_on(async {
            let waiting = self.submit(&scheduler, runs, input).await;
            for run in waiting {
                let ended: Ended = run
                    .await
                    .expect("the scheduler tells")
                    .expect("the journal works");
                assert_eq!(ended.status, Status::Completed, "{:?}", ended.error);
            }
        });
        let (taken, after) = (began.elapsed(), journal.stats());
        self.runtime.block_on(scheduler.stop());
        journal.close().expect("the journal closes");
        let flushes = after.flushes - before.flushes;
        (
            taken,
            Stats {
                flushes,
                events: after.events - before.events,
                bytes: after.bytes - before.bytes,
            },
        )
    }

    pub(crate) fn start(&self, data: &Path, observer: Option<Observer>) -> (Journal, Scheduler) {
        let (journal, _) = Journal::open(data, Options::default()).expect("the journal opens");
        let _inside = self.runtime.enter();
        (
            journal.clone(),
            Scheduler::new(journal, Settings { observer }),
        )
    }

    /// Accepts runs, which share their flushes.
    pub(crate) async fn submit(
        &self,
        scheduler: &Scheduler,
        runs: u64,
        input: &Json,
    ) -> Vec<Waiting> {
        let accepted: Vec<_> = (0..runs)
            .map(|_| {
                let (scheduler, app, input) =
                    (scheduler.clone(), Arc::clone(&self.app), input.clone());
                tokio::spawn(async move { scheduler.submit(app, input).await })
            })
            .collect();
        let mut waiting = Vec::new();
        for run in accepted {
            let run = run
                .await
                .expect("accepting does not panic")
                .expect("the journal works");
            waiting.push(run.1);
        }
        waiting
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    fn rounds(&self, steps: u64) -> Vec<Round> {
        (0..ROUNDS).map(|_| self.alone(steps)).collect()
    }

    fn alone(&self, steps: u64) -> Round {
        let marks = Arc::new(Mutex::new(Vec::with_capacity(4)));
        let seen = Arc::clone(&marks);
        let observer: Observer = Arc::new(move |_, events, _| {
            for event in events {
                if let Event::TaskCompleted { index, .. } = event
                    && let [step] = index[..]
                    && [EARLY, EARLY + WINDOW, LATE, LATE + WINDOW].contains(&step)
                {
                    seen.lock().push(Instant::now());
                }
            }
        });
        let (taken, did) = self.run(1, &items(steps), Some(observer));
        let marks = marks.lock();
        let step = |from: usize| match marks.get(from..from + 2) {
            Some([begin, end]) => (*end - *begin).as_secs_f64() / WINDOW as f64,
            Some(_) | None => f64::NAN,
        };
        Round {
            rate: rate(steps, taken),
            did,
            early: step(0),
            late: step(2),
        }
    }

    /// Steps a second of many runs.
    fn together(&self) -> f64 {
        rate(
            RUNS * STEPS_EACH,
            self.run(RUNS, &items(STEPS_EACH), None).0,
        )
    }
}

fn items(steps: u64) -> Json {
    json!({ "items": (0..steps).collect::<Vec<_>>() })
}

fn app(workflow: &str, effects: Effects, folder: &Path) -> App {
    let workflow =
        Arc::new(writ_workflow::parse(workflow, "bench.yaml").expect("the workflow is one"));
    let known = [(("bench".to_owned(), "add".to_owned()), effects)].into();
    let authority = match effects {
        Effects::None => Authority::none("bench"),
        Effects::Recorded | Effects::Idempotent | Effects::Once => {
            authority("bench", &["fs:write:/out"], "out")
        }
    };
    let folders: ResolvedFolders = match effects {
        Effects::None => ResolvedFolders::new(),
        Effects::Recorded | Effects::Idempotent | Effects::Once => {
            let out = folder.join("out");
            std::fs::create_dir_all(&out).expect("a folder can be made");
            [("/out".to_owned(), out)].into_iter().collect()
        }
    };
    let plugin = Plugin {
        component: guest::load(&guest::adder()),
        authority_without_changes: authority.without_changes(),
        authority,
        folders,
        idempotent: Default::default(),
        limits: Limits::default(),
        settings: Arc::default(),
        version: "0.1.0".to_owned(),
        digest: "07".repeat(32),
    };
    let sources: Vec<Arc<str>> = writ_workflow::expressions(&workflow)
        .iter()
        .map(|found| Arc::clone(&found.source))
        .collect();
    App {
        definition: Arc::new(
            Definition::new(Arc::clone(&workflow), known).expect("it has no schemas"),
        ),
        plugins: [("bench".to_owned(), plugin)].into(),
        runtime: json!({}),
        secrets: json!({}),
        authority: Authority::none("bench/bench"),
        limits: Limits::default(),
        web: None,
        grants: None,
        signed: Vec::new(),
        blocking: false,
        expressions: Box::new(move || {
            let none = Arc::new(|| Err("no jq here".to_owned()));
            writ_expression::Expressions::new(sources.clone(), none, writ_expression::limits())
        }),
        idle: Mutex::default(),
    }
}
