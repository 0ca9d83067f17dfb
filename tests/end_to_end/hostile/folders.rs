//! Folders that no plugin may have, and guests that fill those they have.

#![expect(
    clippy::disallowed_methods,
    reason = "a test starts a process with little room"
)]

use std::{fs, os::unix::fs::symlink, process::Command};

use serde_json::json;
use writ_tests::{App, Said};

use super::{
    cases::{CONFIGURATION, Cases, call},
    denied::{allow, request},
    files::{REQUESTS, app, of, tree},
};

#[test]
fn a_disk_is_not_filled() {
    let app = app();
    app.config(
        "[plugins.files.limits]\nfiles_max = 20\nfile_write_bytes_max = 3000000\nhandles_max = 50\ndirectory_entries_max = 30\n",
    );
    for number in 0..40 {
        app.write(&format!("data/in/full/{number}"), "");
    }
    let outcomes = Cases::default()
        .call(
            "some",
            "files",
            "make-many",
            json!({ "mount": "/out", "count": 10 }),
        )
        .call(
            "many",
            "files",
            "make-many",
            json!({ "mount": "/drop", "count": 1_000_000 }),
        )
        .call(
            "bloat",
            "files",
            "bloat",
            json!({ "mount": "/drop", "path": "big", "bytes": 1_u64 << 40 }),
        )
        .call(
            "open",
            "files",
            "open-many",
            json!({ "mount": "/in", "path": "a.txt", "times": 1_000_000 }),
        )
        .call("full", "files", "list", of("/in", "full"))
        .run(&app);
    assert_eq!(*outcomes.ok("some"), json!(10));
    for (name, limit, allowed) in [
        ("many", "files_max", 20),
        ("bloat", "file_write_bytes_max", 3_000_000),
        ("open", "handles_max", 50),
        ("full", "directory_entries_max", 30),
    ] {
        outcomes.limit(name, "files", limit, allowed);
    }
    let drop = app.path().join("data/drop");
    assert!(tree(&drop).len() <= 23, "{}", tree(&drop).len());
    assert!(fs::metadata(drop.join("big")).expect("a file").len() <= 3_000_000);
}

/// Runs an app in a process that may have at most so many files open, and begins with fewer.
fn run_with_open_files(app: &App, most: u32) -> Said {
    let script = format!("ulimit -Sn 100 && ulimit -Hn {most} && exec \"$0\" run . --json");
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(writ_tests::writ())
        .current_dir(app.path())
        .output();
    Said::of(output.expect("a shell can be started"))
}

#[test]
fn guests_that_keep_files_open_leave_the_host_enough_of_its_own() {
    let app = app();
    app.config("\n[host]\ncalls_at_once = 2\n");
    let greedy = |function: &str| {
        let all = json!({ "mount": "/in", "path": "a.txt", "times": 1_000_000 });
        json!({
            "try": [{ "open": call("files", function, &all) }],
            "catch": { "do": [{ "told": { "set": { "limit": "${ $error.limit }" } } }] },
        })
    };
    let both = json!({ "fork": { "branches": [
        { "files": greedy("open-many") },
        { "streams": greedy("stream-many") },
    ] } });
    let text = json!({ "mount": "/out", "path": "e.txt", "text": "new" });
    Cases::default()
        .task("both", both)
        .call("after", "files", "write", text)
        .write(&app);
    app.approve();
    // Just enough for two calls with 128 each, for requests, and for the host: it makes use of what it may have, and no more is needed.
    let outcomes = Cases::told(&app, run_with_open_files(&app, 736));
    assert_eq!(
        *outcomes.ok("both"),
        json!([{ "limit": "open_files_max" }, { "limit": "open_files_max" }])
    );
    assert!(outcomes.ok("after").is_null());
    let said = run_with_open_files(&app, 735).expect(2);
    for words in [
        "735",
        "736 are needed",
        "open_files_max",
        "calls_at_once",
        "ulimit -n",
    ] {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    let doctor = app.writ(&["doctor"]).expect(0);
    assert!(doctor.out.contains("736 are needed"), "{}", doctor.out);
}

#[test]
fn what_is_no_file_is_not_opened_and_holds_nothing_up() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let app = app();
    let inside = app.path().join("data/in");
    mknodat(CWD, inside.join("pipe"), FileType::Fifo, Mode::RUSR, 0).expect("a pipe");
    symlink("pipe", inside.join("link")).expect("a link");
    let _socket = std::os::unix::net::UnixListener::bind(inside.join("socket")).expect("a socket");
    let outcomes = Cases::default()
        .call("pipe", "files", "read", of("/in", "pipe"))
        .call("link", "files", "read", of("/in", "link"))
        .call("socket", "files", "read", of("/in", "socket"))
        .call("file", "files", "read", of("/in", "a.txt"))
        .run(&app);
    // A thread that opened the pipe would hold up the end of the process. All is compiled by now.
    let began = std::time::Instant::now();
    let _ = app.run();
    let taken = began.elapsed();
    assert!(taken < std::time::Duration::from_secs(4), "{taken:?}");
    for name in ["pipe", "link", "socket"] {
        outcomes.refused(name, "unsupported");
    }
    assert_eq!(*outcomes.ok("file"), json!("inside"));
}

/// The folder is refused for the place that it overlaps, before anything runs, and found by a check.
#[track_caller]
fn given_to_none(app: &App, more: &[&str], place: &str) {
    for command in ["check", "run"] {
        let arguments = [&[command, ".", "--json"], more].concat();
        let said = writ_tests::command(app.path(), &arguments)
            .env("WRIT_KEYS", app.path().join("own/keys"))
            .output();
        let said = Said::of(said.expect("writ can be started")).expect(4);
        for words in ["no plugin may reach", place, "`writ grant approve`"] {
            assert!(said.out.contains(words), "{words}: {}", said.out);
        }
    }
}

/// An app whose plugin is granted this folder, with this access.
fn granted(access: &str, folder: &str) -> App {
    let app = App::new("");
    let capability = format!("fs:{access}:/in");
    app.plugin("files", &request(&capability));
    Cases::default()
        .call("read", "files", "read", of("/in", "version"))
        .write(&app);
    allow(&app, "files", &[&format!("{capability}={folder}")]);
    app
}

/// The same grants with another folder.
fn regranted(app: &App, folder: &str) -> String {
    let grants = fs::read_to_string(app.path().join("grants.toml")).expect("grants");
    grants.replace("folder = \"data\"", &format!("folder = \"{folder}\""))
}

#[test]
fn folders_that_no_plugin_may_have_are_refused() {
    let app = granted("read", "data");
    symlink(".writ", app.path().join("sneaky")).expect("a link");
    let all = [
        ("/proc", "/proc"),
        ("/", "/proc"),
        (".", ".writ"),
        (".writ/log", ".writ"),
        ("sneaky", ".writ"),
    ]
    .map(|(folder, place)| (regranted(&app, folder), place));
    for (grants, place) in all {
        app.write("grants.toml", &grants);
        given_to_none(&app, &[], place);
    }
}

#[test]
fn what_says_who_may_do_what_and_what_is_secret_is_given_to_no_plugin() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let data = data.path().display().to_string();
    let app = granted("write", "data");
    app.config("\n[secrets.erp]\nfile = \"tokens/erp\"\n");
    let all = [
        (".", "workflow.yaml"),
        ("writs", "writs"),
        ("writs/new", "writs"),
        ("sources", "sources/double"),
        ("sources/files/deep", "sources/files"),
        ("tokens", "tokens/erp"),
        ("own", "own/keys"),
        ("own/keys", "own/keys"),
    ]
    .map(|(folder, place)| (regranted(&app, folder), place));
    // Grants that lie elsewhere are no less private, and neither is what lies beside them.
    let elsewhere = [(".", "policy/grants.toml"), ("writs", "policy/writs")]
        .map(|(folder, place)| (regranted(&app, folder), place));
    for (grants, place) in all {
        app.write("grants.toml", &grants);
        given_to_none(&app, &["--data", &data], place);
    }
    for (grants, place) in elsewhere {
        app.write("policy/grants.toml", &grants);
        let more = ["--data", &data, "--grants", "policy/grants.toml"];
        given_to_none(&app, &more, place);
    }
    for made in ["writs", "tokens", "own", "policy/writs"] {
        assert!(!app.path().join(made).exists(), "{made} was made");
    }
}

#[test]
fn what_is_secret_is_not_read_either() {
    let app = granted("read", "tokens");
    app.config("\n[secrets.erp]\nfile = \"tokens/erp\"\n");
    given_to_none(&app, &[], "tokens/erp");
}

#[test]
fn one_folder_is_not_read_only_and_writable_under_two_names() {
    let app = App::new("");
    let requests = REQUESTS.replace("fs:write:/drop", "fs:read:/drop");
    app.plugin("files", &requests);
    app.config(
        "folders = { \"/in\" = \"data\", \"/out\" = \"data/out\", \"/drop\" = \"data/drop\" }\n",
    );
    for folder in ["out", "drop"] {
        app.write(&format!("data/{folder}/x"), "x");
    }
    let outcomes = Cases::default()
        .call("read", "files", "read", of("/in", "out/x"))
        .run(&app);
    let detail = outcomes.error("read", CONFIGURATION)["detail"].to_string();
    assert!(
        detail.contains("/in is read-only but shares host folders with /out"),
        "{detail}"
    );
}

#[test]
fn a_folder_that_is_gone_is_named_before_anything_runs() {
    let app = app();
    Cases::default()
        .call("read", "files", "read", of("/in", "a.txt"))
        .write(&app);
    app.approve();
    let (folder, away) = (app.path().join("data/in"), app.path().join("data/away"));
    fs::rename(&folder, &away).expect("folders can be moved");
    let said = app.writ(&["run", "."]).expect(2);
    assert!(
        said.err.contains("/in") && said.err.contains("data/in") && said.err.contains("help: "),
        "{}",
        said.err
    );
    fs::rename(&away, &folder).expect("folders can be moved");
    assert_eq!(*Cases::started(&app).ok("read"), json!("inside"));
}
