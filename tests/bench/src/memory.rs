//! Memory of a host that only waits, and of each run that waits in it.

use std::time::{Duration, Instant};

use writ_run::Effects;

use crate::allocation;
use crate::process::Installed;
use crate::report::Report;
use crate::steps::Bench;

const RUNS: u64 = 10_000;
/// What is there before is warmed up by so many.
const WARM_UP_RUNS: u64 = 1_000;
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

/// Bytes on the heap for each of many runs that wait for a timer, all caches of the host and the waiting side included.
fn waiting_run() -> f64 {
    let bench = Bench::of(WAIT, Effects::None);
    let data = tempfile::tempdir().expect("a folder can be made");
    let (journal, scheduler) = bench.start(data.path(), None);
    let park = |runs: u64, parked: u64| {
        let waiting =
            bench
                .runtime()
                .block_on(bench.submit(&scheduler, runs, &serde_json::json!({})));
        let began = Instant::now();
        while journal.head().0 < 2 * (parked + runs) && began.elapsed() < PARKED_WITHIN {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(SETTLE);
        waiting
    };
    let first = park(WARM_UP_RUNS, 0);
    let (waiting, allocated) = allocation::during(|| park(RUNS, WARM_UP_RUNS));
    assert_eq!(waiting.len() as u64, RUNS, "all were accepted");
    drop((first, waiting));
    bench.runtime().block_on(scheduler.stop());
    journal.close().expect("the journal closes");
    allocated.bytes as f64 / RUNS as f64
}
