//! Hosts that die, share a folder or find no room: what was accepted goes on, under the limits that hold.

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value as Json, json};
use writ_tests::{App, Said, command, writ};

use super::{
    cases::{call, document},
    state::{counting, statuses, sum},
};

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
    assert_eq!(statuses(&app), ["waiting"]);
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
