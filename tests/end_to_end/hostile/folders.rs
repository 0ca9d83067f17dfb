//! Folders that no plugin may have, and guests that fill those they have.

use std::{fs, os::unix::fs::symlink};

use serde_json::json;
use writ_tests::App;

use super::{
    cases::{CONFIGURATION, Cases},
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

#[test]
fn folders_that_no_plugin_may_have_are_refused() {
    for (folders, place) in [
        ("{ \"/in\" = \"/proc\" }", "/proc"),
        ("{ \"/in\" = \"/\" }", "/"),
        ("{ \"/in\" = \".\" }", ".writ"),
        ("{ \"/in\" = \".writ/log\" }", ".writ"),
        ("{ \"/in\" = \"sneaky\" }", ".writ"),
    ] {
        let app = App::new("");
        app.plugin(
            "files",
            "[[request]]\ncapability = \"fs:read:/in\"\nreason = \"input\"\n",
        );
        app.config(&format!("folders = {folders}\n"));
        symlink(".writ", app.path().join("sneaky")).expect("a link");
        let outcomes = Cases::default()
            .call("read", "files", "read", of("/in", "version"))
            .run(&app);
        let error = outcomes.error("read", CONFIGURATION);
        let detail = error["detail"].as_str().unwrap_or_default();
        assert!(
            detail.contains("no plugin may reach") && detail.contains(place),
            "{folders}: {detail}"
        );
    }
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
