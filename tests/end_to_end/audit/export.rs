//! An export is verified by a script that knows nothing of this program, and no changed export is.

#![expect(clippy::disallowed_methods, reason = "tests start the real script")]

use std::{
    fs,
    process::{Command, Stdio},
};

use writ_tests::{App, Said, root, writ};

use super::{after, carry, key};

/// Runs the script that the documentation gives to strangers.
fn script(app: &App, export: &str, key: &str) -> Said {
    let output = Command::new("python3")
        .arg("-B")
        .arg(root().join("docs/audit/verify_export.py"))
        .args([export, key])
        .current_dir(app.path())
        .output()
        .expect("python3 can be started");
    Said::of(output)
}

/// Loud, because nothing is tested then.
fn is_python_missing() -> bool {
    let missing = Command::new("python3").arg("--version").output().is_err();
    if missing {
        eprintln!("SKIPPED: there is no python3, so no export was verified by a stranger");
    }
    missing
}

fn only_run(app: &App) -> String {
    let runs = app.writ(&["runs", "list", "--json"]).expect(0).json();
    runs[0]["run"].as_str().expect("runs are named").to_owned()
}

#[test]
fn exports_are_verified_by_a_stranger() {
    if is_python_missing() {
        return;
    }
    let app = after(3);
    let key = key(&app);
    let all = app
        .writ(&["audit", "export", "--out", "all.ndjson", "--json"])
        .expect(0)
        .json();
    let said = script(&app, "all.ndjson", &key).expect(0);
    assert!(
        said.out
            .starts_with(&format!("verified: {} events of 3 runs", all["events"])),
        "{}",
        said.out
    );

    let run = only_run(&app);
    let one = app
        .writ(&[
            "audit",
            "export",
            "--run",
            &run,
            "--out",
            "one.ndjson",
            "--json",
        ])
        .expect(0)
        .json();
    assert!(one["events"].as_u64() < all["events"].as_u64());
    let said = script(&app, "one.ndjson", &key).expect(0);
    assert!(
        said.out
            .starts_with(&format!("verified: {} events of 1 runs", one["events"])),
        "{}",
        said.out
    );

    // To standard output it is the same, and what is elsewhere in the log does not show in it.
    let said = app.writ(&["audit", "export", "--run", &run]).expect(0);
    let file = fs::read_to_string(app.path().join("one.ndjson")).expect("the export is there");
    assert_eq!(said.out, file);
    let of_run = file.lines().filter(|line| line.contains(&run)).count();
    assert_eq!(Some(of_run as u64), one["events"].as_u64());

    // Another log's key vouches for nothing here.
    let _ = script(&app, "all.ndjson", &super::key(&after(1))).expect(1);
    let said = app.writ(&["audit", "export", "--json"]).expect(2);
    assert!(said.err.contains("--out"), "{}", said.err);
}

#[test]
fn exports_that_were_changed_are_refused_by_a_stranger() {
    if is_python_missing() {
        return;
    }
    let app = after(2);
    let key = key(&app);
    let run = only_run(&app);
    for arguments in [
        &["audit", "export", "--out", "e"][..],
        &["audit", "export", "--run", &run, "--out", "e"],
    ] {
        let _ = app.writ(arguments).expect(0);
        let _ = script(&app, "e", &key).expect(0);
        let whole = fs::read_to_string(app.path().join("e")).expect("the export is there");
        let lines: Vec<&str> = whole.lines().collect();
        let refused = |text: &str, what: &str| {
            fs::write(app.path().join("bent"), text).expect("files can be written");
            let said = script(&app, "bent", &key);
            assert_ne!(said.code, 0, "{what}: {}", said.out);
        };
        let joined = |lines: &[&str]| format!("{}\n", lines.join("\n"));
        for at in 0..lines.len() {
            let mut less = lines.clone();
            less.remove(at);
            refused(&joined(&less), &format!("line {at} removed"));
            let mut twice = lines.clone();
            twice.insert(at, lines[at]);
            refused(&joined(&twice), &format!("line {at} doubled"));
            if at + 1 < lines.len() {
                let mut moved = lines.clone();
                moved.swap(at, at + 1);
                refused(
                    &joined(&moved),
                    &format!("lines {at} and {} swapped", at + 1),
                );
            }
            // Bytes all over the line, its ends among them.
            let line = lines[at].as_bytes();
            for step in 0..4 {
                let mut bent = line.to_vec();
                let place = (line.len() - 1) * step / 3;
                bent[place] ^= 1 << (step % 5);
                let bent = String::from_utf8_lossy(&bent).into_owned();
                let mut changed = lines.clone();
                changed[at] = &bent;
                refused(&joined(&changed), &format!("line {at} byte {place}"));
            }
        }
        refused(whole.trim_end(), "the last newline removed");
        refused(&format!("{whole}\n"), "an empty line at the end");
    }
}

#[test]
fn what_is_no_export_is_refused_by_a_stranger() {
    if is_python_missing() {
        return;
    }
    let app = after(1);
    let key = key(&app);
    let _ = app.writ(&["audit", "export", "--out", "e"]).expect(0);
    let whole = fs::read_to_string(app.path().join("e")).expect("the export is there");
    let (header, events) = whole.split_once('\n').expect("a line");
    let signed = |note: &str| header.replace("\\n\\n", note) + "\n" + events;
    for (what, text) in [
        ("nothing", String::new()),
        ("an empty line", "\n".to_owned()),
        ("the first line alone", format!("{header}\n")),
        ("the rest alone", events.to_owned()),
        ("other JSON", "{}\n".to_owned()),
        ("JSON without end", "[".repeat(200_000)),
        (
            "a number without end",
            format!("{{\"format\":{}}}\n", "9".repeat(100_000)),
        ),
        ("a note without an end", signed("\\n")),
        ("a note with two ends", signed("\\n\\n\\n\\n")),
        (
            "a key twice",
            whole.replacen("{\"format\"", "{\"format\":1,\"format\"", 1),
        ),
        (
            "what is not UTF-8 said",
            whole.replacen("tests", "\\ud800", 1),
        ),
        ("a mark at the start", format!("\u{feff}{whole}")),
    ] {
        fs::write(app.path().join("bent"), text).expect("files can be written");
        let said = script(&app, "bent", &key);
        assert!(
            said.code != 0 && !said.out.contains("verified"),
            "{what}: {said:?}"
        );
    }
    for key in ["", "a+b", "a+b+c", &key[1..], &format!("{key}=")] {
        let said = script(&app, "e", key);
        assert!(said.code != 0 && said.out.is_empty(), "{key}: {said:?}");
    }
    let _ = script(&app, "e", &key).expect(0);
}

#[test]
fn an_export_does_not_go_to_a_terminal() {
    if is_python_missing() {
        return;
    }
    let app = after(1);
    let terminal =
        "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let output = Command::new("python3")
        .args(["-c", terminal])
        .arg(writ())
        .args(["audit", "export"])
        .current_dir(app.path())
        .stdin(Stdio::null())
        .output()
        .expect("python3 can be started");
    let said = Said::of(output).expect(2);
    assert!(
        said.out.contains("not for a terminal") && said.out.contains("--out"),
        "{said:?}"
    );
}

#[test]
fn an_export_of_an_altered_log_is_refused() {
    let app = after(1);
    let away = carry(&app);
    let log = super::data(&app, "log/00000000000000000000.log");
    let mut bytes = fs::read(&log).expect("the log is there");
    bytes[200] ^= 1;
    fs::write(&log, bytes).expect("the log can be written");
    let _ = app
        .writ(&["audit", "export", "--checkpoint", &away, "--out", "e"])
        .expect(5);
    assert!(!app.path().join("e").exists() && !app.path().join("e.part").exists());
}
