//! Tests of the journal as a whole, by what is done to it.

mod audit;
mod crash;
mod fault;
mod fixture;
mod kill;
mod kv;
mod law;
mod look;
mod recover;
mod share;
mod tamper;
mod unfinished;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use writ_run::{Event, HostCall, KvChange, RunId, TaskId, WorkflowPin};

use crate::{Journal, Opened, Options, Record};

fn dir() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn run(n: u8) -> RunId {
    RunId::from_bytes([n; 16])
}

fn started(name: &str) -> Event {
    Event::RunStarted {
        workflow: WorkflowPin {
            namespace: "tests".into(),
            name: name.into(),
            version: "1.0.0".into(),
            digest: "d".repeat(64),
        },
        plugins: BTreeMap::new(),
        input: serde_json::json!({"n": 1}),
        at_ms: 5,
        seed: 7,
        grants: None,
        signed: Vec::new(),
    }
}

fn completed() -> Event {
    Event::RunCompleted {
        output: serde_json::json!("done"),
    }
}

fn said(text: impl Into<String>) -> Event {
    Event::GuestLogged {
        task: TaskId(3),
        stream: "stdout".into(),
        text: text.into(),
        chain: Vec::new(),
    }
}

fn set(bucket: &str, key: &str, value: Option<&[u8]>) -> Event {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    Event::HostCalled {
        task: TaskId(0),
        attempt: 1,
        index: 0,
        call: HostCall {
            interface: "wasi:keyvalue/store".into(),
            function: "bucket.set".into(),
            arguments: serde_json::json!([]),
        },
        answer: serde_json::json!(null),
        grant: "kv:write:b".into(),
        chain: Vec::new(),
        kv: vec![KvChange {
            bucket: bucket.into(),
            key: key.into(),
            value: value.map(|v| STANDARD.encode(v)),
        }],
    }
}

fn small() -> Options {
    Options {
        segment_bytes_max: 1024,
        ..Options::default()
    }
}

fn open(dir: &Path) -> (Journal, Opened) {
    Journal::open(dir, Options::default()).unwrap()
}

fn open_small(dir: &Path) -> (Journal, Opened) {
    Journal::open(dir, small()).unwrap()
}

/// The texts of a run's `guest.logged` events.
fn texts(journal: &Journal, run: RunId) -> Vec<String> {
    let records: Vec<Record> = journal.read(run).unwrap().map(Result::unwrap).collect();
    for (number, record) in records.iter().enumerate() {
        assert_eq!(record.number, number as u64);
    }
    records
        .into_iter()
        .filter_map(|record| {
            if let Event::GuestLogged { text, .. } = record.event {
                Some(text)
            } else {
                None
            }
        })
        .collect()
}

/// Segment files, in order.
fn segments(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir.join("log"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|e| e == "log"))
        .collect();
    files.sort();
    files
}

/// A closed journal of two runs with one event in a blob.
fn written(dir: &Path, options: Options) {
    let (journal, opened) = Journal::open(dir, options).unwrap();
    assert!(opened.repairs.is_empty(), "{:?}", opened.repairs);
    for n in 0..6u64 {
        let of = run(1 + (n % 2) as u8);
        if n < 2 {
            journal.append(of, n, &[started("w")]).unwrap();
        }
        let position = journal
            .append(of, n, &[said(format!("event {n}"))])
            .unwrap();
        journal.flush_blocking(position).unwrap();
    }
    journal
        .append(run(1), 9, &[said("x".repeat(5000))])
        .unwrap();
    journal.append(run(2), 9, &[completed()]).unwrap();
    journal.close().unwrap();
}
