//! Memory of a host that only waits, and of each run that waits in it.

use std::time::{Duration, Instant};

use writ_run::Effects;

use crate::allocation;
use crate::process::Installed;
use crate::report::Report;
use crate::steps::Bench;

const RUNS: u64 = 30_000;
/// So many are accepted at once.
const BATCH: u64 = 1_000;
/// So many come first and fill the bounded caches, sled's above all.
const WARM_UP_RUNS: u64 = 30_000;
const SETTLE: Duration = Duration::from_millis(500);
const PARKED_WITHIN: Duration = Duration::from_secs(60);

const WAIT: &str = "
document: { dsl: '1.0.3', namespace: bench, name: wait, version: '0.1.0' }
do:
  - rest: { wait: { hours: 1 } }
";

pub(crate) fn measure(report: &mut Report) {
    match Installed::find() {
        Some(installed) => {
            let waiting = installed.start(WAIT);
            std::thread::sleep(3 * SETTLE);
            report.line(
                "memory.idle-host",
                resident_kib(waiting.id()) / 1024.0,
                "MiB",
            );
        }
        None => report.note("memory.idle-host needs the host: cargo build --release -p writ-host"),
    }
    report.line("memory.waiting-run", waiting_run(), "bytes");
}

fn resident_kib(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(f64::NAN)
}

/// Bytes on the heap for each of many runs that wait for a timer, the waiting side included.
fn waiting_run() -> f64 {
    let bench = Bench::of(WAIT, Effects::None);
    let data = tempfile::tempdir().expect("a folder can be made");
    let (journal, scheduler) = bench.start(data.path(), None);
    let (mut events, input) = (0, serde_json::json!({}));
    let mut park = |runs: u64| {
        let mut waiting = Vec::new();
        for _ in 0..runs / BATCH {
            let submitted = bench.submit(&scheduler, BATCH, &input);
            waiting.extend(bench.runtime().block_on(submitted));
            // Each is accepted, and begins to wait.
            events += 2 * BATCH;
            let began = Instant::now();
            while journal.head().0 < events && began.elapsed() < PARKED_WITHIN {
                std::thread::sleep(Duration::from_millis(1));
            }
            journal
                .flush_blocking(journal.head())
                .expect("the journal works");
        }
        std::thread::sleep(SETTLE);
        waiting
    };
    let first = park(WARM_UP_RUNS);
    let (waiting, allocated) = allocation::during(|| park(RUNS));
    assert_eq!(waiting.len() as u64, RUNS, "all were accepted");
    drop((first, waiting));
    bench.runtime().block_on(scheduler.stop());
    journal.close().expect("the journal closes");
    allocated.bytes as f64 / RUNS as f64
}
