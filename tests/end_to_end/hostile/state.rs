//! What can happen to a data folder: cut, edited, lost. Nothing that was acknowledged is lost in silence.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value as Json, json};
use writ_tests::App;

use super::cases::{call, document};

/// Bytes before the first event of a log.
const HEADER_BYTES: usize = 64;
/// Bytes of an event before its body; the first four are the body's length, less the top bit.
const PREFIX_BYTES: usize = 8;

pub(super) fn log(app: &App) -> PathBuf {
    app.path().join(".writ/log/00000000000000000000.log")
}

/// Where each event of a log begins, and where the last one ends.
pub(super) fn frames(bytes: &[u8]) -> Vec<usize> {
    let mut places = vec![HEADER_BYTES];
    while let Some(prefix) = bytes
        .get(places[places.len() - 1]..)
        .and_then(|rest| rest.first_chunk::<4>())
    {
        let length = (u32::from_le_bytes(*prefix) & 0x7fff_ffff) as usize;
        if length == 0 {
            break;
        }
        places.push(places[places.len() - 1] + PREFIX_BYTES + length);
    }
    places
}

/// An app that adds two to a counter in a bucket, once a run.
pub(super) fn counting() -> App {
    let add = call(
        "buckets",
        "increment",
        &json!({ "bucket": "b", "key": "n", "delta": 2 }),
    );
    let app = App::new(&document(&[json!({ "add": add })], &[]));
    let requests = ["read", "write"].map(|access| {
        format!("[[request]]\ncapability = \"kv:{access}:b\"\nreason = \"to count\"\n\n")
    });
    app.plugin("buckets", &requests.concat());
    app.approve();
    app
}

pub(super) fn sum(app: &App) -> Json {
    app.run().expect(0).json()["output"].clone()
}

pub(super) fn statuses(app: &App) -> Vec<Json> {
    let runs = app.writ(&["runs", "list", "--json"]).expect(0).json();
    runs.as_array()
        .expect("an array")
        .iter()
        .map(|run| run["status"].clone())
        .collect()
}

#[test]
fn an_unfinished_end_is_mended_aloud_and_the_run_goes_on() {
    let app = counting();
    assert_eq!(sum(&app), 2);
    let bytes = fs::read(log(&app)).expect("a log");
    let end = *frames(&bytes).last().expect("an end");
    fs::write(log(&app), &bytes[..end - 5]).expect("a log");
    // A machine that stops in the middle of a write has not signed it.
    fs::remove_dir_all(app.path().join(".writ/checkpoints")).expect("checkpoints");
    let said = app.writ(&["run", "."]).expect(0);
    assert!(
        said.err.contains("repaired: ") && said.err.contains("resumed run"),
        "{}",
        said.err
    );
    assert_eq!(said.out, "4\n", "the first addition happened once");
    assert_eq!(statuses(&app), ["completed", "completed"]);
    let _ = app.writ(&["doctor"]).expect(0);
}

#[test]
fn an_altered_log_is_refused_and_left_as_it_is() {
    let app = counting();
    for _ in 0..3 {
        let _ = sum(&app);
    }
    let whole = fs::read(log(&app)).expect("a log");
    let at = frames(&whole);
    let mut edited = whole.clone();
    edited[at[2] + 150] ^= 1;
    let removed = [&whole[..at[2]], &whole[at[3]..]].concat();
    let swapped = [
        &whole[..at[2]],
        &whole[at[3]..at[4]],
        &whole[at[2]..at[3]],
        &whole[at[4]..],
    ]
    .concat();
    let mut headless = whole.clone();
    headless[20] ^= 1;
    for (what, bytes) in [
        ("edited", edited),
        ("removed", removed),
        ("swapped", swapped),
        ("headless", headless),
    ] {
        fs::write(log(&app), &bytes).expect("a log");
        for arguments in [&["run", ".", "--json"][..], &["doctor", "--json"]] {
            let said = app.writ(arguments).expect(5);
            let told = said.out + &said.err;
            assert!(
                told.contains("00000000000000000000.log") && told.contains("restore"),
                "{what}: {told}"
            );
        }
        assert_eq!(
            fs::read(log(&app)).expect("a log"),
            bytes,
            "{what}: the evidence was changed"
        );
    }
    fs::write(log(&app), &whole).expect("a log");
    assert_eq!(sum(&app), 8, "the log that is put back is good");
}

/// Every file of a folder, folders inside included.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn a_blob_that_is_missing_or_altered_is_named() {
    let app = App::new(&document(
        &[json!({ "long": { "set": { "text": "x".repeat(10_000) } } })],
        &[],
    ));
    let run = app.run().expect(0).json()["run"]
        .as_str()
        .expect("an id")
        .to_owned();
    let held =
        |path: &PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains("run.completed"));
    let blob = files(&app.path().join(".writ/blobs"))
        .into_iter()
        .find(held)
        .expect("the last event is a blob");
    let digest = blob
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let content = fs::read_to_string(&blob).expect("a blob");
    for (altered, what) in [
        (Some(content.replacen('x', "y", 1)), "altered"),
        (None, "missing"),
    ] {
        match altered {
            Some(text) => fs::write(&blob, text).expect("a blob"),
            None => fs::remove_file(&blob).expect("a blob"),
        }
        for arguments in [
            &["runs", "show", &run][..],
            &["runs", "events", &run],
            &["doctor"],
        ] {
            let said = app.writ(arguments).expect(5);
            let told = said.out + &said.err;
            assert!(
                told.contains(what) && told.contains(&digest[..16]) && told.contains("restore"),
                "{arguments:?}: {told}"
            );
        }
    }
    let _ = app.run().expect(0);
}

#[test]
fn the_state_can_be_thrown_away_and_survives_nonsense() {
    let app = counting();
    assert_eq!(sum(&app), 2);
    let state = app.path().join(".writ/state");
    fs::remove_dir_all(&state).expect("a state");
    assert_eq!(sum(&app), 4);
    for path in files(&state) {
        fs::write(path, "nonsense".repeat(1_000)).expect("a file");
    }
    let said = app.writ(&["run", "."]).expect(0);
    assert_eq!(said.out, "6\n");
    assert!(said.err.contains("repaired: "), "{}", said.err);
    assert_eq!(statuses(&app).len(), 3);
}
