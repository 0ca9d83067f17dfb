//! An export is verified by a script that knows nothing of this program, and no changed export is.

#![expect(clippy::disallowed_methods, reason = "tests start the real script")]

use std::{
    fs,
    process::{Command, Stdio},
};

use serde_json::Value as Json;
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

/// An export that nobody changed.
struct Whole {
    key: String,
    text: String,
}

impl Whole {
    /// That of the log, and that of one run.
    fn both(app: &App) -> [Self; 2] {
        let run = only_run(app);
        [vec![], vec!["--run", &run]].map(|scope| {
            let arguments = [&["audit", "export"], &scope[..]].concat();
            Self {
                key: key(app),
                text: app.writ(&arguments).expect(0).out,
            }
        })
    }

    fn lines(&self) -> Vec<&str> {
        self.text.lines().collect()
    }

    fn with<'t>(&'t self, change: impl FnOnce(&mut Vec<&'t str>)) -> String {
        let mut lines = self.lines();
        change(&mut lines);
        format!("{}\n", lines.join("\n"))
    }

    /// Lets the script judge this, what was bent, and this with bits flipped: each one, or each so many.
    fn judge(&self, step: usize, bent: &[String]) {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: String, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("files can be written");
            path
        };
        let whole = write("whole".to_owned(), &self.text);
        let bent = bent.iter().enumerate();
        let bent: Vec<_> = bent.map(|(n, text)| write(n.to_string(), text)).collect();
        let docs = root().join("docs/audit/verify_export.py");
        let output = Command::new("python3")
            .arg("-B")
            .arg(root().join("tests/end_to_end/audit/every_bit.py"))
            .args([docs.as_os_str(), self.key.as_ref()])
            .arg(step.to_string())
            .arg(whole)
            .args(&bent)
            .output()
            .expect("python3 can be started");
        let said = Said::of(output);
        let accepted = bent.iter().find(|path| {
            let path = path.to_str().expect("text");
            said.err.contains(&format!("{path} is verified"))
        });
        let accepted = accepted.map(|path| fs::read_to_string(path).expect("text"));
        assert_eq!(said.code, 0, "{}: {accepted:?}", said.err);
    }
}

/// Lines that are gone, there twice, or in another order; and an end that is not the end.
fn lines_moved(whole: &Whole) -> Vec<String> {
    let count = whole.lines().len();
    let mut bent = vec![
        String::new(),
        whole.with(|lines| lines.truncate(1)),
        whole.text.trim_end().to_owned(),
        format!("{}\n", whole.text),
    ];
    for at in 0..count {
        bent.push(whole.with(|lines| {
            let _ = lines.remove(at);
        }));
        bent.push(whole.with(|lines| lines.insert(at, lines[at])));
        if at + 1 < count {
            bent.push(whole.with(|lines| lines.swap(at, at + 1)));
        }
    }
    bent
}

/// A value as somebody else might write it, or another one of whatever type.
fn others(value: &Json, size: u64) -> Vec<String> {
    let mut others: Vec<String> = [
        "null", "true", "false", "{}", "[]", "[[]]", "\"\"", "0", "1",
    ]
    .map(str::to_owned)
    .to_vec();
    match value {
        Json::Number(number) => {
            let n = number.as_u64().expect("no negative numbers");
            others.extend([format!("{n}.0"), format!("{n}e0"), format!("\"{n}\"")]);
            others.extend([format!("-{n}"), format!("0{n}"), format!(" {n}")]);
            others.extend([1, size, 2 * size, 256, 1 << 32].map(|more| (n + more).to_string()));
            others.push(format!("{}", (1_u128 << 64) + u128::from(n)));
        }
        Json::String(text) => {
            let rest = text.get(2..).unwrap_or_default();
            let spelled = [
                text.to_uppercase(),
                rest.to_owned(),
                format!("00{text}"),
                format!("0x{rest}"),
                format!(" {text}"),
                format!("{text} "),
                format!("+{}", &text[1..]),
                format!("{}_{}", &text[..1], &text[1..]),
                format!("{{{text}}}"),
                text.replace('-', ""),
                format!("{text}x"),
                format!("{text}\n"),
            ];
            others.extend(spelled.map(|text| Json::String(text).to_string()));
        }
        Json::Array(steps) => {
            let mut lists = vec![
                steps.iter().rev().cloned().collect(),
                [&steps[..], &["00".repeat(32).into()]].concat(),
            ];
            for at in 0..steps.len() {
                let step = steps[at].as_str().expect("steps are text");
                for other in [&step[2..], &format!("00{step}"), ""] {
                    let mut list = steps.clone();
                    list[at] = other.into();
                    lists.push(list);
                }
                lists.push([&steps[..at], &steps[at + 1..]].concat());
            }
            others.extend(lists.into_iter().map(|list| Json::Array(list).to_string()));
        }
        Json::Null | Json::Bool(_) | Json::Object(_) => panic!("no export has {value}"),
    }
    let said = value.to_string();
    others.retain(|other| *other != said);
    others
}

/// Each value of each line in place of which something else stands.
fn values_changed(whole: &Whole) -> Vec<String> {
    let mut bent = Vec::new();
    for (at, line) in whole.lines().into_iter().enumerate() {
        let read: Json = serde_json::from_str(line).expect("lines are JSON");
        for (name, value) in read.as_object().expect("lines are objects") {
            let said = format!("\"{name}\":{value}");
            assert!(line.contains(&said), "{said}");
            for other in others(value, whole.lines().len() as u64 - 1) {
                let other = line.replacen(&said, &format!("\"{name}\":{other}"), 1);
                bent.push(whole.with(|lines| lines[at] = &other));
            }
        }
    }
    bent
}

#[test]
fn exports_that_were_changed_are_refused_by_a_stranger() {
    if is_python_missing() {
        return;
    }
    let app = after(2);
    for whole in Whole::both(&app) {
        let bent = [lines_moved(&whole), values_changed(&whole)].concat();
        assert!(bent.len() > 500, "{}", bent.len());
        whole.judge(197, &bent);
    }
}

#[test]
fn every_bit_of_an_export_counts() {
    if is_python_missing() {
        return;
    }
    let app = App::doing("  - a: { set: { got: 1 } }\n");
    for _ in 0..2 {
        let _ = app.run().expect(0);
    }
    for whole in Whole::both(&app) {
        whole.judge(1, &[]);
    }
}

#[test]
fn what_is_no_export_is_not_verified_in_plain_words() {
    if is_python_missing() {
        return;
    }
    let app = after(1);
    let [whole, _] = Whole::both(&app);
    app.write("whole", &whole.text);
    app.write("empty", "");
    app.write("strange", "{}\n");
    app.write("deep", &format!("{}\n", "[".repeat(200_000)));
    fs::write(app.path().join("bytes"), [0xff, 0xfe, b'\n']).expect("files can be written");
    for (file, key) in [
        ("nowhere", &whole.key),
        ("empty", &whole.key),
        ("strange", &whole.key),
        ("deep", &whole.key),
        ("bytes", &whole.key),
    ] {
        let said = script(&app, file, key).expect(1);
        assert!(said.err.starts_with("NOT VERIFIED: "), "{}", said.err);
        assert_eq!((said.out.as_str(), said.err.lines().count()), ("", 1));
    }
    for no_key in ["", "log.vkey"] {
        let said = script(&app, "whole", no_key).expect(2);
        assert!(said.err.starts_with("usage: python3 "), "{}", said.err);
        assert_eq!((said.out.as_str(), said.err.lines().count()), ("", 1));
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
