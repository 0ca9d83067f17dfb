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
fn a_pipe_that_nobody_writes_holds_nothing_up() {
    let app = app();
    app.config("[plugins.files.limits]\nwall_ms_max = 500\n");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        app.path().join("data/in/pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .expect("a pipe");
    let outcomes = Cases::default()
        .call("pipe", "files", "read", of("/in", "pipe"))
        .run(&app);
    outcomes.limit("pipe", "files", "wall_ms_max", 500);
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
