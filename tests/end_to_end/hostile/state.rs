//! What can happen to a data folder: cut, edited, lost, shared, full. Nothing that was acknowledged is lost in silence.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value as Json, json};
use writ_tests::{App, Said, command, writ};

use super::cases::{call, document};

/// Bytes before the first event of a log.
const HEADER_BYTES: usize = 64;
/// Bytes of an event before its body; the first four are the body's length, less the top bit.
const PREFIX_BYTES: usize = 8;

fn log(app: &App) -> PathBuf {
    app.path().join(".writ/log/00000000000000000000.log")
}

/// Where each event of a log begins, and where the last one ends.
fn frames(bytes: &[u8]) -> Vec<usize> {
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
fn counting() -> App {
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

fn sum(app: &App) -> Json {
    app.run().expect(0).json()["output"].clone()
}

fn statuses(app: &App) -> Vec<Json> {
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

/// A host in the background, killed when dropped.
struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        self.0.kill().expect("a process can be killed");
        let _ = self.0.wait().expect("a process ends");
    }
}

/// A `writ run` in the background that waits in the middle of its run: what led there is durable.
fn waiting(app: &App) -> Host {
    let mut host = command(app.path(), &["run", ".", "--json"]);
    let child = Host(
        host.stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("writ can be started"),
    );
    for _ in 0..600 {
        let said = app.writ(&["runs", "list", "--json"]);
        if said.code == 0
            && said.json()[0]["events"]
                .as_u64()
                .is_some_and(|events| events >= 2)
        {
            return child;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("the run does not wait");
}

fn wait_then(task: Json, milliseconds: u64) -> String {
    document(
        &[
            json!({ "rest": { "wait": { "milliseconds": milliseconds } } }),
            json!({ "then": task }),
        ],
        &[],
    )
}

#[test]
fn two_hosts_do_not_share_a_data_folder() {
    let app = App::new(&wait_then(json!({ "set": { "a": 1 } }), 3_600_000));
    let host = waiting(&app);
    let said = app.run().expect(5);
    let holder = format!("process {}", host.0.id());
    assert!(
        said.err.contains("in use by") && said.err.contains(&holder),
        "{}",
        said.err
    );
    let _ = app.writ(&["runs", "resume"]).expect(5);
    assert_eq!(statuses(&app), ["running"]);
}

#[test]
fn a_run_ends_on_what_it_began_with_although_its_plugin_is_gone() {
    let app = App::new(&wait_then(
        call("double", "double", &json!({ "n": 4 })),
        800,
    ));
    app.plugin("double", "");
    drop(waiting(&app));
    app.write("writ.toml", "");
    app.write(
        "workflow.yaml",
        &document(&[json!({ "other": { "set": { "a": 1 } } })], &[]),
    );
    fs::remove_dir_all(app.path().join("sources")).expect("a folder");
    let ended = app.writ(&["runs", "resume", "--json"]).expect(0).json();
    assert_eq!(
        (&ended[0]["status"], &ended[0]["output"]),
        (&json!("completed"), &json!(8))
    );
    let said = app.run().expect(0);
    assert_eq!(said.json()["output"], json!({ "a": 1 }));
}

#[test]
fn the_operators_limits_and_settings_hold_after_a_crash() {
    for resume in [&["runs", "resume", "--json"][..], &["run", ".", "--json"]] {
        let app = App::new(&wait_then(call("infinite-loop", "run", &json!({})), 800));
        app.plugin("infinite-loop", "");
        app.config("[plugins.infinite-loop.limits]\ncpu_ms_max = 60\n");
        drop(waiting(&app));
        let run = app.writ(&["runs", "list", "--json"]).expect(0).json()[0]["run"]
            .as_str()
            .expect("an id")
            .to_owned();
        let _ = app.writ(resume);
        let events = app.events(&run);
        let last = &events.last().expect("events")["event"];
        assert_eq!(
            (&last["type"], &last["error"]["allowed"]),
            (&json!("run.faulted"), &json!(60)),
            "{last}"
        );
    }
}

#[test]
fn every_beginning_of_a_log_leads_to_the_same_end() {
    let roll = |name: &str| json!({ name: { "call": "roll:0.1.0@chance", "export": { "as": format!("${{ $context + {{ \"{name}\": . }} }}") } } });
    let tasks = [
        roll("one"),
        json!({ "rest": { "wait": { "milliseconds": 1 } } }),
        roll("two"),
    ];
    let app = App::new(&document(
        &tasks,
        &[("output", json!({ "as": "${ $context }" }))],
    ));
    app.plugin("chance", "");
    let first = app.run().expect(0).json();
    let whole = fs::read(log(&app)).expect("a log");
    let at = frames(&whole);
    assert!(at.len() > 4, "{at:?}");
    for end in &at[1..at.len() - 1] {
        fs::write(log(&app), &whole[..*end]).expect("a log");
        let ended = app.writ(&["runs", "resume", "--json"]).expect(0).json();
        assert_eq!(ended[0]["run"], first["run"]);
        let (before, after) = (&first["output"], &ended[0]["output"]);
        assert_eq!(after["one"], before["one"], "cut at byte {end}");
        // What was recorded of the time is what it goes on with; what was not is now.
        for part in ["bytes", "number", "insecure", "seed", "order"] {
            assert_eq!(after["two"][part], before["two"][part], "cut at byte {end}");
        }
    }
}

#[test]
fn a_full_disk_acknowledges_nothing_and_is_gone_on_from() {
    let app = counting();
    assert_eq!(sum(&app), 2);
    // Three thousand bytes a step, so that it is the log that grows.
    let long = json!({ "long": { "set": { "text": "x".repeat(3_000) } } });
    let numbers = format!("${{ {:?} }}", (0..200).collect::<Vec<_>>());
    let fill = |name: &str| {
        let note = json!({ "note": { "set": { "text": "${ .text }", "n": "${ $n }" } } });
        json!({ name: { "for": { "each": "n", "in": numbers }, "do": [note] } })
    };
    let add = call(
        "buckets",
        "increment",
        &json!({ "bucket": "b", "key": "n", "delta": 2 }),
    );
    app.write(
        "workflow.yaml",
        &document(
            &[long, fill("fill"), fill("again"), json!({ "add": add })],
            &[],
        ),
    );
    // No file may grow past 1,600 × 512 bytes, as on a disk that is full.
    let output = full_disk(&app);
    assert_eq!(output.code, 5, "{output:?}");
    assert!(
        output
            .err
            .contains("the journal stopped when it could not write")
            || output.err.contains("cannot "),
        "{}",
        output.err
    );
    assert!(!output.out.contains("completed"), "{}", output.out);
    let total = app.run().expect(0).json()["output"]
        .as_u64()
        .unwrap_or_default();
    assert!([4, 6].contains(&total), "{total}");
    let _ = app.writ(&["doctor"]).expect(0);
}

#[expect(
    clippy::disallowed_methods,
    reason = "a shell sets the limit on file sizes for the real binary"
)]
fn full_disk(app: &App) -> Said {
    let mut shell = Command::new("sh");
    shell
        .args([
            "-c",
            "ulimit -f 1600; trap '' XFSZ; exec \"$0\" run . --json",
        ])
        .arg(writ())
        .current_dir(app.path());
    Said::of(
        shell
            .stdin(Stdio::null())
            .output()
            .expect("a shell can be started"),
    )
}
