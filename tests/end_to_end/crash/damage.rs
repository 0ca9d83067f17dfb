//! Files of a data folder that were lost or changed: mended where the log can mend them, refused in plain words where not.

use std::{
    fs,
    path::{Path, PathBuf},
};

use writ_tests::{App, Said};

use super::{
    journal::{only_run, shown},
    process::{Victim, until},
};

/// An app that counts its runs in a bucket, after some of them.
fn counted(runs: u64) -> App {
    let app = App::doing(
        "  - count:\n      call: increment:0.1.0@buckets\n      with: { bucket: b, key: runs, delta: 1 }\n",
    );
    app.plugin(
        "buckets",
        "[[request]]\ncapability = \"kv:read:b\"\nreason = \"to count\"\n\n\
         [[request]]\ncapability = \"kv:write:b\"\nreason = \"to count\"\n",
    );
    app.approve();
    for run in 1..=runs {
        assert_eq!(app.run().expect(0).json()["output"], run);
    }
    app
}

/// The next run counts on, and every run is still known.
fn goes_on(app: &App, run: u64) -> Said {
    let said = app.writ(&["run", "."]).expect(0);
    assert_eq!(
        said.out.trim(),
        run.to_string(),
        "the bucket lost something: {}",
        said.err
    );
    let list = app.writ(&["runs", "list", "--json"]).expect(0).json();
    assert_eq!(list.as_array().map(Vec::len), usize::try_from(run).ok());
    let _ = app.writ(&["doctor"]).expect(0);
    said
}

fn data(app: &App, path: &str) -> PathBuf {
    app.path().join(".writ").join(path)
}

fn log(app: &App) -> PathBuf {
    data(app, "log/00000000000000000000.log")
}

/// Changes the bytes of a file.
fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    change(&mut bytes);
    fs::write(path, bytes).expect("files can be written");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("folders can be read") {
        let path = entry.expect("folders can be read").path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found
}

#[test]
fn the_state_can_be_deleted() {
    let app = counted(2);
    fs::remove_dir_all(data(&app, "state")).expect("folders can be removed");
    goes_on(&app, 3);
    fs::remove_dir_all(data(&app, "state")).expect("folders can be removed");
    fs::remove_file(data(&app, "state.session")).expect("files can be removed");
    goes_on(&app, 4);
}

#[test]
fn a_damaged_state_is_set_aside_and_made_again() {
    let app = counted(2);
    for path in files(&data(&app, "state")) {
        change(&path, |bytes| {
            bytes.iter_mut().for_each(|byte| *byte = !*byte)
        });
    }
    let said = goes_on(&app, 3);
    assert!(
        said.err.contains("repaired: the state cannot be opened"),
        "{}",
        said.err
    );
    assert!(said.err.contains("made again from the log"), "{}", said.err);
    assert!(
        data(&app, "state.damaged-1").is_dir(),
        "what was set aside is kept"
    );
    assert!(
        !goes_on(&app, 4).err.contains("repaired"),
        "it is mended once"
    );
}

#[test]
fn a_state_that_forgot_its_content_is_made_again() {
    let app = counted(2);
    for path in files(&data(&app, "state")) {
        fs::write(path, "").expect("files can be written");
    }
    goes_on(&app, 3);
}

#[test]
fn a_snapshot_that_was_left_half_written_does_no_harm() {
    let app = counted(2);
    fs::write(data(&app, "state/snap.00000000000084F3.generating"), "half")
        .expect("files can be written");
    goes_on(&app, 3);
}

#[test]
fn an_unfinished_write_at_the_end_of_the_log_is_cut_off() {
    let app = counted(2);
    let whole = fs::read(log(&app)).expect("the log can be read");
    // The beginning of an event, as a machine leaves it that stops in the middle of a write.
    change(&log(&app), |bytes| bytes.extend_from_slice(&whole[64..200]));
    let doctor = app.writ(&["doctor"]).expect(5);
    assert!(
        doctor.out.contains("00000000000000000000.log"),
        "{}",
        doctor.out
    );
    let said = goes_on(&app, 3);
    assert!(said.err.contains("unfinished write"), "{}", said.err);
}

#[test]
fn an_end_of_the_log_that_was_cut_off_is_said_aloud() {
    let app = counted(2);
    change(&log(&app), |bytes| bytes.truncate(bytes.len() - 5));
    let said = app.writ(&["run", "."]).expect(5);
    assert!(
        said.err.contains(".checkpoint: it signed") && said.err.contains("gone from its end"),
        "{}",
        said.err
    );
    // Who knows why the log is older says so by moving the checkpoints aside.
    fs::rename(data(&app, "checkpoints"), data(&app, "checkpoints.old"))
        .expect("folders can be renamed");
    let said = app.writ(&["run", "."]).expect(0);
    assert!(said.err.contains("were durable once"), "{}", said.err);
}

#[test]
fn a_log_that_was_altered_is_refused_and_left_alone() {
    let app = counted(2);
    change(&log(&app), |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
    let altered = fs::read(log(&app)).expect("the log can be read");
    for gone in ["", "state"] {
        if !gone.is_empty() {
            fs::remove_dir_all(data(&app, gone)).expect("folders can be removed");
        }
        let doctor = app.writ(&["doctor"]).expect(5);
        assert!(
            doctor.out.contains("00000000000000000000.log, byte"),
            "{}",
            doctor.out
        );
        let said = app.writ(&["run", "."]);
        assert_eq!(
            fs::read(log(&app)).expect("the log can be read"),
            altered,
            "a damaged log was changed: {}",
            said.err
        );
        assert_eq!(said.code, 5, "{}", said.err);
        assert!(
            said.err.contains("00000000000000000000.log, byte") && said.err.contains("restore"),
            "{}",
            said.err
        );
    }
}

/// An app with a run that waits for a long time, and no host.
fn waiting() -> (App, String) {
    let app = App::doing("  - pause:\n      wait: { minutes: 10 }\n");
    let host = Victim::start(app.path(), &["run", "."]);
    until("the run", || {
        app.writ(&["runs", "list", "--json"])
            .out
            .contains("\"run\"")
    });
    let _ = host.kill();
    let run = only_run(&app);
    (app, run)
}

/// The workflow that a run is pinned to, beside the journal.
fn pinned_workflow(app: &App, run: &str) -> PathBuf {
    let shown = shown(app, run);
    let digest = shown["workflow"]["digest"]
        .as_str()
        .expect("workflows have digests");
    data(app, "blobs").join(&digest[..2]).join(&digest[2..])
}

#[test]
fn a_run_whose_workflow_is_missing_or_altered_stays_as_it_is() {
    let (app, run) = waiting();
    let blob = pinned_workflow(&app, &run);
    let whole = fs::read(&blob).expect("the workflow is kept");
    change(&blob, |bytes| bytes[0] ^= 1);
    let said = app.writ(&["runs", "resume"]).expect(6);
    assert!(
        said.err.contains(&format!("run {run} stays unfinished")),
        "{}",
        said.err
    );
    assert!(
        said.err.contains("was altered") && said.err.contains("restore"),
        "{}",
        said.err
    );
    fs::remove_file(&blob).expect("files can be removed");
    let doctor = app.writ(&["doctor"]).expect(5);
    assert!(
        doctor.out.contains(&format!("run {run} cannot go on"))
            && doctor.out.contains("is missing"),
        "{}",
        doctor.out
    );
    let said = app.writ(&["runs", "resume"]).expect(6);
    assert!(
        said.err.contains("is missing") && said.err.contains("restore"),
        "{}",
        said.err
    );

    // Restored, it goes on.
    fs::write(&blob, whole).expect("files can be written");
    let _ = app.writ(&["doctor"]).expect(0);
    let mut host = Victim::start(app.path(), &["runs", "resume"]);
    assert!(host.says("resuming run"));
    assert!(
        !host
            .kill()
            .err
            .iter()
            .any(|line| line.contains("unfinished"))
    );
}

#[test]
fn a_large_result_that_is_missing_or_altered_is_noticed() {
    let text = "x".repeat(20_000);
    let app = App::doing(&format!("  - large:\n      set: {{ text: {text} }}\n"));
    let ended = app.run().expect(0).json();
    let run = ended["run"].as_str().expect("runs are named");
    let workflow = pinned_workflow(&app, run);
    let large: Vec<PathBuf> = files(&data(&app, "blobs"))
        .into_iter()
        .filter(|path| *path != workflow)
        .collect();
    assert!(!large.is_empty(), "a large result is kept beside the log");
    change(&large[0], |bytes| bytes[100] ^= 1);
    for (damage, gone) in [("was altered", false), ("is missing", true)] {
        if gone {
            fs::remove_file(&large[0]).expect("files can be removed");
        }
        for arguments in [
            ["doctor", "--data", "."].as_slice(),
            &["runs", "events", run],
            &["runs", "show", run],
        ] {
            let said = app.writ(arguments).expect(5);
            assert!(
                format!("{}{}", said.out, said.err).contains(damage),
                "{arguments:?}: {}{}",
                said.out,
                said.err
            );
        }
    }
}
