//! A journal's folder whose files were changed: opening it gives what was written or says that it was changed, and nothing else.
//!
//! The input is a row of changes to a small journal that is made once. With its checksums mended, a changed event passes the
//! framing, so that what is behind it is met too: the chains, the JSON, the index.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use serde_json::json;
use writ_journal::{
    AuditFault, Claims, Journal, JournalError, Options, Reader, Record, Scope, audit, export,
};
use writ_run::{Event, RunId};
use writ_trust::PublicKey;

use super::Target;
use crate::words;

/// Bytes of one change: what, which file, where (4), a value, a length.
const CHANGE_BYTES: usize = 8;
const CHANGES_MAX: usize = 24;
/// Where the first event of a segment stands.
const SEGMENT_HEADER_BYTES: usize = 64;
const SECRET_KEY: &str = "log.key";
const FILE_BYTES_MAX: usize = 64 << 10;

pub(super) const TARGET: Target = Target {
    name: "log",
    check,
    seeds,
    words: &[
        "\x07\0\0\0\0\0\0\0",
        "\x06\x01\0\0\0\0\0\0",
        "\x02\0",
        "\x05\x01",
        "\u{80}",
    ],
    rounds: 400,
    bytes_max: CHANGE_BYTES * CHANGES_MAX,
};

fn seeds() -> Vec<Vec<u8>> {
    let change = |kind: u8, file: u8, at: u32, [value, length]: [u8; 2]| {
        [&[kind, file][..], &at.to_le_bytes(), &[value, length]].concat()
    };
    let mended = |file: u8| change(7, file, 0, [0, 0]);
    vec![
        Vec::new(),
        change(0, 1, 100, [1, 0]),
        [change(0, 1, 170, [1, 0]), mended(1)].concat(),
        [change(0, 2, 80, [0xff, 0]), mended(2)].concat(),
        // The number of an event in its run, and its time, as high as they can be.
        [change(4, 1, 90, [0xff, 8]), mended(1)].concat(),
        [change(4, 1, 98, [0xff, 8]), mended(1)].concat(),
        // The first position of a segment, and of the one before.
        [change(4, 1, 12, [0xff, 16]), mended(1)].concat(),
        change(1, 1, 300, [0, 0]),
        change(2, 1, 200, [0, 40]),
        change(3, 2, 64, [0, 16]),
        change(4, 1, 500, [9, 9]),
        change(5, 1, 0, [0, 0]),
        change(6, 1, 1, [0, 0]),
        change(8, 0, 10, [7, 200]),
    ]
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The journal as files, and what it says.
struct Original {
    files: Files,
    records: Vec<Record>,
    /// The last checkpoint and the key, as somebody kept them elsewhere.
    kept: (String, PublicKey),
}

impl Original {
    fn claims(&self) -> Claims {
        Claims {
            keys: vec![self.kept.1.clone()],
            outside: vec![("kept".to_owned(), self.kept.0.clone())],
            auditors: Vec::new(),
        }
    }
}

static ORIGINAL: LazyLock<Original> = LazyLock::new(|| {
    let home = home();
    write(home.path()).expect("a journal can be written");
    let records = readable(home.path()).expect("it can be read");
    let audited = audit(home.path(), &Claims::default()).expect("it holds");
    let last = audited.claims.last().expect("it was closed, and so signed");
    let key = fs::read_to_string(home.path().join("log.vkey")).expect("its key is there");
    let key = key.trim().parse().expect("a key is one");
    Original {
        files: read_files(home.path()),
        records,
        kept: (last.note.clone(), key),
    }
});

/// In memory where there is such a place: each input syncs a dozen times.
fn home() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let home = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    home.expect("a temporary folder can be made")
}

fn check(bytes: &[u8]) {
    let mut files = ORIGINAL.files.clone();
    for change in bytes.chunks_exact(CHANGE_BYTES).take(CHANGES_MAX) {
        apply(&mut files, change);
    }
    let home = home();
    for (path, content) in &files {
        let path = home.path().join(path);
        fs::create_dir_all(path.parent().expect("files have folders"))
            .expect("folders can be made");
        fs::write(path, content).expect("files can be written");
    }
    let proved = audit(home.path(), &ORIGINAL.claims());
    let audited = audit(home.path(), &Claims::default());
    let looked = readable(home.path());
    match &looked {
        Ok(records) if proved.is_ok() => {
            assert_eq!(records, &ORIGINAL.records, "the audit saw nothing")
        }
        Ok(records) => unaltered_in_runs(records),
        Err(error) => {
            said(error);
            assert!(audited.is_err(), "the audit saw nothing: {error}");
        }
    }
    let mut lines = Vec::new();
    let exported = export(home.path(), &Claims::default(), Scope::Log, &mut lines);
    assert!(
        exported.is_err() || audited.is_ok(),
        "what does not hold was exported"
    );
    for fault in [&proved, &audited]
        .into_iter()
        .filter_map(|found| found.as_ref().err())
    {
        words::tame(&fault.to_string());
    }
    // The secret key proves nothing, but a host can't sign without it.
    let has_key = files.get(Path::new(SECRET_KEY)) == ORIGINAL.files.get(Path::new(SECRET_KEY));
    reopened(home.path(), audited.is_ok() && has_key);
}

/// What a host makes of it at start.
fn reopened(home: &Path, is_whole: bool) {
    let opened = Journal::open(home, options()).and_then(|(journal, opened)| {
        for repair in &opened.repairs {
            words::tame(&repair.to_string());
        }
        let records = all(&journal)?;
        journal.close()?;
        Ok(records)
    });
    match opened {
        Ok(records) => {
            unaltered(&records);
            let fault = audit(home, &Claims::default()).err();
            // Blobs are looked at when they are needed; a host goes on without one that no event of the state names.
            let is_of_blobs = |fault: &AuditFault| {
                matches!(
                    fault.error,
                    JournalError::BlobMissing { .. } | JournalError::BlobAltered { .. }
                )
            };
            if let Some(fault) = fault.filter(|fault| !is_of_blobs(fault)) {
                panic!("what was opened and closed does not hold: {fault}");
            }
        }
        Err(error) => {
            assert!(!is_whole, "a log that holds can't be opened: {error}");
            said(&error);
        }
    }
}

/// What a look at the log accepts, run by run: a run's own chain is checked, so only the last event of each can be another,
/// and where in the log it stands is not known for sure.
fn unaltered_in_runs(records: &[Record]) {
    let was_written = |record: &Record| {
        let mut known = ORIGINAL.records.iter();
        known.any(|known| (known.hash, &known.event) == (record.hash, &record.event))
    };
    for (at, record) in records.iter().enumerate() {
        let is_last = records
            .get(at + 1)
            .is_none_or(|next| next.run != record.run);
        assert!(
            is_last || was_written(record),
            "accepted, and never written: {record:?}"
        );
    }
}

/// What a host accepts: only the last event of the log has none behind it.
fn unaltered(records: &[Record]) {
    let last = records.iter().map(|record| record.position).max();
    for record in records
        .iter()
        .filter(|record| Some(record.position) != last)
    {
        assert!(
            ORIGINAL.records.contains(record),
            "accepted, and never written: {record:?}"
        );
    }
}

fn said(error: &JournalError) {
    words::tame(&error.to_string());
}

fn options() -> Options {
    Options {
        segment_bytes_max: 1024,
        background_sync_ms: 60_000,
        ..Options::default()
    }
}

/// A closed journal of two runs, several segments, one event in a blob, and key-value pairs.
fn write(dir: &Path) -> Result<(), JournalError> {
    let (journal, _) = Journal::open(dir, options())?;
    let workflow = journal.put_blob(b"do: []")?.to_string();
    for n in 0..6_u8 {
        let run = RunId::from_bytes([1 + n % 2; 16]);
        if n < 2 {
            journal.append(run, 1, &[started(&workflow)])?;
        }
        let text = if n == 4 {
            "x".repeat(5_000)
        } else {
            format!("event {n}")
        };
        let position = journal.append(run, u64::from(n), &[said_by_guest(&text), changed(n)])?;
        journal.flush_blocking(position)?;
    }
    journal.append(
        RunId::from_bytes([2; 16]),
        9,
        &[Event::RunCompleted {
            output: json!("done"),
        }],
    )?;
    journal.close()
}

/// Events are written as their JSON, so that a field that is added later is absent here, as it is in old journals.
fn event(json: serde_json::Value) -> Event {
    serde_json::from_value(json).expect("an old event can be read")
}

fn started(workflow: &str) -> Event {
    let workflow =
        json!({ "namespace": "tests", "name": "w", "version": "1.0.0", "digest": workflow });
    event(json!({
        "type": "run.started", "workflow": workflow, "plugins": {}, "input": { "n": 1 }, "at_ms": 5, "seed": 7,
    }))
}

fn said_by_guest(text: &str) -> Event {
    event(json!({ "type": "guest.logged", "task": 3, "stream": "stdout", "text": text }))
}

fn changed(n: u8) -> Event {
    event(json!({
        "type": "host.called", "task": 0, "attempt": 1, "index": n, "answer": null, "grant": "kv:write:b",
        "call": { "interface": "wasi:keyvalue/store", "function": "bucket.set", "arguments": [] },
        "kv": [{ "bucket": "b", "key": format!("k{n}"), "value": "AAEC" }],
    }))
}

fn all(journal: &Journal) -> Result<Vec<Record>, JournalError> {
    let mut records = Vec::new();
    for summary in journal.runs()? {
        for record in journal.read(summary.run)? {
            records.push(record?);
        }
    }
    for key in journal.kv_keys("b", None, 100)? {
        journal.kv_get("b", &key)?;
    }
    Ok(records)
}

fn readable(dir: &Path) -> Result<Vec<Record>, JournalError> {
    let reader = Reader::open(dir)?;
    let mut records = Vec::new();
    for summary in reader.runs()? {
        for record in reader.read(summary.run)? {
            records.push(record?);
        }
    }
    Ok(records)
}

/// Everything but the state, which is made again from it.
fn read_files(dir: &Path) -> Files {
    let mut files = Files::new();
    for name in [SECRET_KEY, "log.vkey"] {
        files.insert(
            name.into(),
            fs::read(dir.join(name)).expect("a file of the journal"),
        );
    }
    let mut folders = vec![dir.join("log"), dir.join("blobs"), dir.join("checkpoints")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the journal") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let content = fs::read(&path).expect("a file of the journal");
                let written = content
                    .iter()
                    .rposition(|byte| *byte != 0)
                    .map_or(0, |last| last + 1);
                let name = path.strip_prefix(dir).expect("it is inside").to_owned();
                files.insert(name, content[..written].to_vec());
            }
        }
    }
    files
}

fn apply(files: &mut Files, change: &[u8]) {
    let names: Vec<PathBuf> = files.keys().cloned().collect();
    let Some(name) = names.get(usize::from(change[1]) % names.len().max(1)) else {
        return;
    };
    let at = u32::from_le_bytes([change[2], change[3], change[4], change[5]]) as usize;
    let value = u16::from_le_bytes([change[6], change[7]]);
    let (low, length) = (change[6], usize::from(change[7]));
    let content = files.get_mut(name).expect("its name is known");
    let at = at % (content.len() + 1);
    let end = (at + length).min(content.len());
    match change[0] % 10 {
        0 => content
            .get_mut(at)
            .into_iter()
            .for_each(|byte| *byte ^= low.max(1)),
        1 => content.truncate(at),
        2 => drop(content.drain(at..end)),
        3 => {
            let piece = content[at..end].to_vec();
            content.splice(at..at, piece);
        }
        4 => content[at..end].fill(low),
        5 => drop(files.remove(name)),
        6 => swap_frames(content, at, usize::from(value)),
        7 => mend_checksums(content),
        8 => content.extend(std::iter::repeat_n(low, length)),
        _ => content[at..end].reverse(),
    }
    if let Some(content) = files.get_mut(name) {
        content.truncate(FILE_BYTES_MAX);
    }
}

/// Where frames begin and end, as far as their lengths say so.
fn frames(content: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = SEGMENT_HEADER_BYTES;
    while let Some(word) = content.get(at..at + 4) {
        let length = u32::from_le_bytes([word[0], word[1], word[2], word[3]]) & 0x7fff_ffff;
        let end = at.saturating_add(8).saturating_add(length as usize);
        if length == 0 || end > content.len() {
            break;
        }
        found.push((at, end));
        at = end;
    }
    found
}

fn swap_frames(content: &mut Vec<u8>, one: usize, other: usize) {
    let frames = frames(content);
    if frames.len() < 2 {
        return;
    }
    let (a, b) = (one % frames.len(), other % frames.len());
    let (first, second) = (frames[a.min(b)], frames[a.max(b)]);
    let swapped = [
        &content[..first.0],
        &content[second.0..second.1],
        &content[first.1.min(second.0)..second.0],
        &content[first.0..first.1],
        &content[second.1..],
    ]
    .concat();
    if first != second {
        *content = swapped;
    }
}

fn mend_checksums(content: &mut [u8]) {
    if content.len() >= SEGMENT_HEADER_BYTES {
        let crc = crc32fast::hash(&content[..60]).to_le_bytes();
        content[60..64].copy_from_slice(&crc);
    }
    for (start, end) in frames(content) {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&content[start..start + 4]);
        crc.update(&content[start + 8..end]);
        content[start + 4..start + 8].copy_from_slice(&crc.finalize().to_le_bytes());
    }
}
