//! What `audit verify` says of a journal that holds, and of one that is only a part of what it was.

use std::{fs, path::Path};

use writ_tests::{App, Said};

use super::{after, carry, data, ends, evidence, files, key};

/// The root over no event, as checkpoints write it: the sha256 of nothing.
const NO_EVENTS: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

#[test]
fn a_journal_that_holds_is_proved_and_the_limits_are_said() {
    let app = after(2);
    let said = app.writ(&["audit", "verify", "--json"]).expect(0).json();
    assert_eq!((&said["ok"], &said["runs"]), (&true.into(), &2.into()));
    assert_eq!(said["events"], said["signed"], "closing signs everything");
    // The workflow, the component, and one large event a run that is the same in both.
    assert!(
        said["blobs"].as_u64().is_some_and(|blobs| blobs >= 3),
        "{said}"
    );
    let notes = said["notes"].to_string();
    assert!(
        notes.contains("from event 0 on") && notes.contains("--checkpoint"),
        "{notes}"
    );

    let (away, key) = (carry(&app), key(&app));
    let said = app
        .writ(&[
            "audit",
            "verify",
            "--checkpoint",
            &away,
            "--key",
            &key,
            "--json",
        ])
        .expect(0)
        .json();
    assert_eq!(said["notes"].as_array().map(Vec::len), Some(0), "{said}");

    // What came later is not vouched for by it.
    let _ = app.run().expect(0);
    let said = app
        .writ(&["audit", "verify", "--checkpoint", &away, "--key", &key])
        .expect(0);
    assert!(
        said.out.contains("kept elsewhere") && said.out.contains("note  from event"),
        "{}",
        said.out
    );
}

#[test]
fn an_audit_changes_nothing_and_needs_no_right_to_write() {
    let app = after(1);
    let state = |_: ()| {
        evidence(&app)
            .iter()
            .map(|path| {
                let metadata = fs::metadata(path).expect("files are there");
                (
                    path.clone(),
                    metadata.modified().expect("times are kept"),
                    metadata.len(),
                )
            })
            .collect::<Vec<_>>()
    };
    let before = state(());
    let _ = app.writ(&["audit", "verify"]).expect(0);
    let _ = app
        .writ(&["audit", "export", "--out", "export.ndjson"])
        .expect(0);
    assert_eq!(state(()), before);
}

#[test]
fn a_tail_cut_after_a_clean_end_is_found() {
    let app = after(2);
    let away = carry(&app);
    let log = data(&app, "log/00000000000000000000.log");
    let whole = fs::read(&log).expect("the log is there");
    let ends = ends(&whole);
    let cut = ends[ends.len() - 2];
    fs::write(&log, &whole[..cut]).expect("the log can be written");
    let said = app.writ(&["audit", "verify", "--json"]).expect(5);
    let told = said.json();
    assert!(
        told["error"].to_string().contains("gone from the log"),
        "{told}"
    );
    assert_eq!(told["event"]["offset"], cut);
    assert_eq!(told["event"]["position"], ends.len() - 2);
    assert!(
        said.err.contains("expected") && said.err.contains("proved"),
        "{}",
        said.err
    );

    // Somebody who removes the checkpoints as well is found only from elsewhere.
    fs::remove_dir_all(data(&app, "checkpoints")).expect("folders can be removed");
    let said = app.writ(&["audit", "verify"]).expect(0);
    assert!(said.out.contains("are not signed yet"), "{}", said.out);
    let said = app
        .writ(&["audit", "verify", "--checkpoint", &away])
        .expect(5);
    assert!(
        said.err.contains("carried: the last 1 events"),
        "{}",
        said.err
    );
}

#[test]
fn an_altered_event_is_named_with_its_run_and_task() {
    let app = after(1);
    let log = data(&app, "log/00000000000000000000.log");
    let mut bytes = fs::read(&log).expect("the log is there");
    let ends = ends(&bytes);
    // The middle of what a task's end says.
    bytes[ends[2] - 3] ^= 1;
    fs::write(&log, &bytes).expect("the log can be written");
    let told = app.writ(&["audit", "verify", "--json"]).expect(5).json();
    assert_eq!(told["event"]["position"], 1);
    assert_eq!(told["event"]["offset"], ends[1]);
    assert_eq!(told["proved"]["events"], 1);
    assert!(
        told["event"]["run"].is_string() && told["expected"] != told["found"],
        "{told}"
    );
}

#[test]
fn what_is_no_checkpoint_and_no_key_is_wrong_usage_or_a_bad_checkpoint() {
    let app = after(1);
    app.write("strange", "no note\n");
    let said = app
        .writ(&["audit", "verify", "--checkpoint", "strange"])
        .expect(5);
    assert!(
        said.err.contains("strange: it is no signed note"),
        "{}",
        said.err
    );
    let _ = app
        .writ(&["audit", "verify", "--checkpoint", "nowhere"])
        .expect(2);
    app.write("empty", "");
    let said = app
        .writ(&["audit", "verify", "--checkpoint", "empty"])
        .expect(2);
    assert!(
        said.err.contains("empty is empty: this is no checkpoint")
            && said.err.contains("writ audit checkpoint --out FILE"),
        "{}",
        said.err
    );
    let _ = app.writ(&["audit", "verify", "--key", "strange"]).expect(2);
    let other = after(1);
    let strange = key(&other);
    let said = app.writ(&["audit", "verify", "--key", &strange]).expect(5);
    assert!(said.err.contains("not signed by any key"), "{}", said.err);
    fs::remove_dir_all(data(&app, "log")).expect("folders can be removed");
    let _ = app.writ(&["audit", "verify"]).expect(5);
    let _ = app
        .writ(&["audit", "verify", "--data", "/nowhere"])
        .expect(2);
}

/// Runs `writ` as somebody whose keys are in this folder.
fn with_keys(app: &App, folder: &Path, arguments: &[&str]) -> Said {
    let mut command = writ_tests::command(app.path(), arguments);
    command.env("WRIT_KEYS", folder.join("keys"));
    Said::of(command.output().expect("writ can be started"))
}

#[test]
fn auditors_sign_checkpoints_and_enough_of_them_must() {
    let app = after(1);
    let away = carry(&app);
    let keys = tempfile::tempdir().expect("a folder");
    let writ = |arguments: &[&str]| with_keys(&app, keys.path(), arguments);
    for name in ["ann", "bob"] {
        let _ = writ(&["key", "new", name, "--no-passphrase", "--role", "auditor"]).expect(0);
    }
    let _ = writ(&["key", "new", "eve", "--no-passphrase"]).expect(0);
    let verify = [
        "audit",
        "verify",
        "--checkpoint",
        &away,
        "--root",
        "trust.toml",
        "--json",
    ];
    let said = writ(&verify).expect(5);
    assert!(
        said.err
            .contains("carried: 0 auditors signed it, and 1 must"),
        "{}",
        said.err
    );
    let in_folder = ["audit", "verify", "--root", "trust.toml"];
    let said = writ(&in_folder).expect(5);
    assert!(
        said.err.contains("the signatures of 1 auditors"),
        "{}",
        said.err
    );
    // A stranger's signature does not count, and does no harm.
    let _ = writ(&["audit", "sign", &away, "--key", "eve"]).expect(0);
    let _ = writ(&verify).expect(5);
    let _ = writ(&["audit", "sign", &away, "--key", "ann"]).expect(0);
    let told = writ(&verify).expect(0).json();
    assert_eq!(told["audited"], told["events"], "{told}");

    let root = fs::read_to_string(app.path().join("trust.toml")).expect("a root");
    app.write("two.toml", &format!("{root}\n[threshold]\nauditor = 2\n"));
    let two = [
        "audit",
        "verify",
        "--checkpoint",
        &away,
        "--root",
        "two.toml",
    ];
    let _ = writ(&two).expect(5);
    let _ = writ(&["audit", "sign", &away, "--key", "ann"]).expect(0);
    let _ = writ(&two).expect(5);
    let _ = writ(&["audit", "sign", &away, "--key", "bob"]).expect(0);
    let _ = writ(&two).expect(0);

    // A changed signature of a known auditor is not passed over.
    let note = fs::read_to_string(app.path().join(&away)).expect("a checkpoint");
    let last = note.trim_end().rfind(' ').expect("a signature") + 20;
    let mut bent = note.into_bytes();
    bent[last] = if bent[last] == b'A' { b'B' } else { b'A' };
    app.write(&away, &String::from_utf8(bent).expect("text"));
    let said = writ(&two).expect(5);
    assert!(said.err.contains("signature"), "{}", said.err);
    app.write("letter", "I owe you 10\n\n\u{2014} x AAAAAAAA\n");
    let _ = writ(&["audit", "sign", "letter", "--key", "ann"]).expect(2);
}

#[test]
fn a_checkpoint_counts_for_what_auditors_signed_of_this_log() {
    let app = after(1);
    let keys = tempfile::tempdir().expect("a folder");
    let writ = |arguments: &[&str]| with_keys(&app, keys.path(), arguments);
    let sign = |file: &str, key: &str| writ(&["audit", "sign", file, "--key", key]).expect(0);
    let verify = |named: &[&str]| {
        let named = named.iter().flat_map(|file| ["--checkpoint", file]);
        let base = ["audit", "verify", "--root", "trust.toml", "--json"];
        writ(&base.into_iter().chain(named).collect::<Vec<_>>())
    };
    let refused = |named: &[&str], why: &str| {
        let said = verify(named).expect(5);
        assert!(said.err.contains(why), "{}", said.err);
    };
    let read = |file: &str| fs::read_to_string(app.path().join(file)).expect("a checkpoint");
    let _ = writ(&["key", "new", "bob", "--no-passphrase", "--role", "auditor"]).expect(0);
    let _ = writ(&["audit", "checkpoint", "--out", "old"]).expect(0);
    let _ = sign("old", "bob");
    let told = verify(&["old"]).expect(0).json();
    assert_eq!(told["audited"], told["events"], "{told}");

    // What an auditor signed of the past, wherever it lies, says nothing of what somebody names now.
    let (size, in_folder) = (&told["events"], files(&data(&app, "checkpoints")).remove(0));
    fs::write(in_folder, read("old")).expect("files can be written");
    let _ = app.run().expect(0);
    let told = verify(&[]).expect(0).json();
    assert_eq!(&told["audited"], size);
    let note = format!("no auditor vouches for what came from event {size} on");
    assert!(told["notes"].to_string().contains(&note), "{told}");
    let _ = writ(&["audit", "checkpoint", "--out", "new"]).expect(0);
    refused(&["new"], "new: 0 auditors signed it, and 1 must");
    refused(&["new", "old"], "new: 0 auditors signed it, and 1 must");

    // A line beside the auditor's name that they did not make does not pass for a signature, and keeps nobody from signing.
    let old = read("old");
    let (_, signatures) = old.split_once("\n\n").expect("a note");
    let line_of = |name: &str| {
        let mut lines = signatures.lines();
        let line = lines.find(|line| line.contains(&format!(" {name} ")));
        line.expect("a signature").to_owned()
    };
    app.write("new", &format!("{}{}\n", read("new"), line_of("bob")));
    refused(&["new"], "the signature of bob+");
    let _ = sign("new", "bob");
    let told = verify(&["new"]).expect(0).json();
    assert_eq!(told["audited"], told["events"], "{told}");

    // An auditor's name is no log's, and no event is nothing to vouch for.
    let text = read("new");
    let [log, size, root]: [&str; 3] = text
        .lines()
        .take(3)
        .collect::<Vec<_>>()
        .try_into()
        .expect("three lines");
    let of_log = line_of(log);
    app.write("bobs", &format!("bob\n{size}\n{root}\n\n{of_log}\n"));
    let _ = sign("bobs", "bob");
    refused(&["bobs"], "its signature does not hold");
    app.write(
        "bobs",
        &format!("bob\n{size}\n{root}\n\n{}\n", line_of("bob")),
    );
    let _ = sign("bobs", "bob");
    refused(&["bobs"], "no key of the log bob");
    let kept = keys.path().join(format!("keys/{log}.key"));
    fs::copy(data(&app, "log.key"), kept).expect("files can be copied");
    app.write("none", &format!("{log}\n0\n{NO_EVENTS}\n\n{of_log}\n"));
    let _ = sign("none", log);
    let _ = sign("none", "bob");
    refused(&["none"], "none: it says nothing of any event");
}
