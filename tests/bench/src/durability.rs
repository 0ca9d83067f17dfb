//! What it costs to put an event where it outlives the machine's end, beside a bare file that is appended to and synced.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use writ_journal::{
    Claims, Journal, Options,
    merkle::{Tree, leaf},
};
use writ_run::{Event, RunId};

use crate::report::{Report, median, rate, seconds};

/// As large as a small event.
const RECORD: [u8; 200] = [b'x'; 200];
const ALONE: u64 = 300;
const WRITERS: u64 = 64;
const EACH: u64 = 300;
const ROUNDS: u32 = 5;
const LEAVES: u32 = 100_000;
const AUDITED: u64 = 50_000;

pub(crate) fn measure(report: &mut Report) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let median_of = |work: &dyn Fn(u32) -> f64| median((0..ROUNDS).map(work).collect());
    let path = |kind: &str, round: u32| folder.path().join(format!("{kind}-{round}"));
    report.line(
        "durability.file-one-writer",
        median_of(&|n| file_alone(&path("alone", n))),
        "syncs/s",
    );
    report.line(
        "durability.journal-one-writer",
        median_of(&|n| journal_alone(&path("journal", n))),
        "events/s",
    );
    report.line(
        "durability.file-64-writers",
        median_of(&|n| file_together(&path("grouped", n))),
        "records/s",
    );
    report.line(
        "durability.journal-64-writers",
        median_of(&|n| journal_together(&path("together", n), Options::default())),
        "events/s",
    );
    report.line(
        "durability.journal-64-writers-unsigned",
        median_of(&|n| {
            let unsigned = Options {
                checkpoint_events: u64::MAX,
                checkpoint_ms: u64::MAX,
                ..Options::default()
            };
            journal_together(&path("unsigned", n), unsigned)
        }),
        "events/s",
    );
    report.line(
        "durability.tree",
        1e9 * seconds(ROUNDS, tree) / f64::from(LEAVES),
        "ns/event",
    );
    report.line("audit.verify", verified(&path("audited", 0)), "events/s");
    let taken: (Vec<f64>, Vec<f64>) = (0..9).map(|n| open_and_close(&path("opened", n))).unzip();
    report.line("durability.journal-new", median(taken.0), "ms");
    report.line("durability.journal-reopen-and-close", median(taken.1), "ms");
}

fn create(path: &Path) -> File {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .expect("the file can be made")
}

fn file_alone(path: &Path) -> f64 {
    let mut file = create(path);
    let began = Instant::now();
    for _ in 0..ALONE {
        file.write_all(&RECORD)
            .and_then(|()| file.sync_data())
            .expect("the disk takes it");
    }
    rate(ALONE, began.elapsed())
}

/// What writers leave for the thread that writes.
#[derive(Default)]
struct Pool {
    bytes: Vec<u8>,
    appended: u64,
    durable: u64,
}

/// Writers wait for a thread that writes and syncs what all of them left.
fn file_together(path: &Path) -> f64 {
    let mut file = create(path);
    let (pool, changed) = (Mutex::<Pool>::default(), Condvar::new());
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                for _ in 0..EACH {
                    let mut pool = pool.lock();
                    pool.bytes.extend_from_slice(&RECORD);
                    pool.appended += 1;
                    let own = pool.appended;
                    changed.notify_all();
                    while pool.durable < own {
                        changed.wait(&mut pool);
                    }
                }
            });
        }
        let mut done = 0;
        while done < WRITERS * EACH {
            let (bytes, appended) = {
                let mut pool = pool.lock();
                while pool.bytes.is_empty() {
                    changed.wait(&mut pool);
                }
                (std::mem::take(&mut pool.bytes), pool.appended)
            };
            file.write_all(&bytes)
                .and_then(|()| file.sync_data())
                .expect("the disk takes it");
            done = appended;
            pool.lock().durable = done;
            changed.notify_all();
        }
    });
    rate(WRITERS * EACH, began.elapsed())
}

fn event() -> Event {
    Event::RunCancelled {
        reason: "because this one is measured".to_owned(),
    }
}

fn open(path: &Path) -> Journal {
    Journal::open(path, Options::default())
        .expect("the journal opens")
        .0
}

fn journal_alone(path: &Path) -> f64 {
    let journal = open(path);
    let began = Instant::now();
    append(&journal, RunId::from_bytes([1; 16]), ALONE);
    let taken = began.elapsed();
    journal.close().expect("the journal closes");
    rate(ALONE, taken)
}

fn append(journal: &Journal, run: RunId, events: u64) {
    for _ in 0..events {
        let position = journal
            .append(run, 0, &[event()])
            .expect("the journal takes it");
        journal.flush_blocking(position).expect("the disk takes it");
    }
}

/// What the Merkle tree over the log costs the committer.
fn tree() {
    let mut tree = Tree::default();
    for n in 0..LEAVES {
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&n.to_le_bytes());
        tree.push(leaf(&hash));
    }
    std::hint::black_box(tree.root());
}

/// Events a second of an audit of a closed journal.
fn verified(path: &Path) -> f64 {
    let journal = open(path);
    let events: Vec<Event> = (0..AUDITED / 100).map(|_| event()).collect();
    for run in 0..100u8 {
        journal
            .append(RunId::from_bytes([run; 16]), 0, &events)
            .expect("the journal takes them");
    }
    journal.close().expect("the journal closes");
    let taken = seconds(ROUNDS, || {
        let audited = writ_journal::audit(path, &Claims::default()).expect("the journal holds");
        assert_eq!(audited.signed(), AUDITED);
    });
    AUDITED as f64 / taken
}

fn journal_together(path: &Path, options: Options) -> f64 {
    let journal = Journal::open(path, options).expect("the journal opens").0;
    let journal = Arc::new(journal);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for n in 0..WRITERS {
            let journal = Arc::clone(&journal);
            let mut id = [0; 16];
            id[8..].copy_from_slice(&n.to_be_bytes());
            scope.spawn(move || append(&journal, RunId::from_bytes(id), EACH));
        }
    });
    rate(WRITERS * EACH, began.elapsed())
}

/// Milliseconds to begin and close a journal, and to open and close it again.
fn open_and_close(path: &Path) -> (f64, f64) {
    let ms = |taken: Duration| taken.as_secs_f64() * 1e3;
    let began = Instant::now();
    let journal = open(path);
    append(&journal, RunId::from_bytes([1; 16]), 1);
    journal.close().expect("the journal closes");
    let first = began.elapsed();
    let began = Instant::now();
    open(path).close().expect("the journal closes");
    (ms(first), ms(began.elapsed()))
}
