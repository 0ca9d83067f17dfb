//! Guests that want files which no writ names, or more of those that one does.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt, symlink},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use serde_json::{Value as Json, json};
use writ_tests::App;

use super::cases::{Cases, GUEST, call};

pub(super) const REQUESTS: &str = "
[[request]]
capability = \"fs:read:/in\"
reason = \"input\"

[[request]]
capability = \"fs:read:/out\"
reason = \"to compare\"

[[request]]
capability = \"fs:write:/out\"
reason = \"output\"

[[request]]
capability = \"fs:write:/drop\"
reason = \"a letter box\"
";

/// An app whose plugin may read `data/in`, read and write `data/out`, and write `data/drop`; beside them lies a secret.
pub(super) fn app() -> App {
    let app = App::new("");
    app.plugin("files", REQUESTS);
    app.config(
        "folders = { \"/in\" = \"data/in\", \"/out\" = \"data/out\", \"/drop\" = \"data/drop\" }\n",
    );
    for (file, text) in [
        ("in/a.txt", "inside"),
        ("in/folder/b.txt", "deep"),
        ("out/c.txt", "old"),
        ("drop/d.txt", "posted"),
        ("secret.txt", "secret"),
    ] {
        app.write(&format!("data/{file}"), text);
    }
    app
}

/// Every file below a folder, with what it holds; links by where they lead.
pub(super) fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.display().to_string();
        if path.is_symlink() {
            let target = fs::read_link(&path).expect("a link");
            found.insert(name, format!("-> {}", target.display()));
        } else if path.is_dir() {
            found.insert(name, "folder".to_owned());
            found.extend(tree(&path));
        } else {
            found.insert(name, fs::read_to_string(&path).expect("a text"));
        }
    }
    found
}

pub(super) fn of(mount: &str, path: &str) -> Json {
    json!({ "mount": mount, "path": path })
}

fn between(mount: &str, path: &str, other_mount: &str, other_path: &str) -> Json {
    json!({ "mount": mount, "path": path, "other-mount": other_mount, "other-path": other_path })
}

#[test]
fn no_path_and_no_link_leads_out_of_a_granted_folder() {
    let app = app();
    let data = app.path().join("data");
    symlink("../secret.txt", data.join("in/link")).expect("a link");
    symlink("/etc/passwd", data.join("in/absolute-link")).expect("a link");
    symlink("..", data.join("in/up")).expect("a link");
    let before = tree(&data);
    let long = format!("{}secret.txt", "folder/../../".repeat(100));
    let paths = [
        "../secret.txt",
        "/etc/passwd",
        "folder/../../secret.txt",
        "link",
        "absolute-link",
        "up/secret.txt",
        "..",
        &long,
    ];
    let mut cases = Cases::default().call("allowed", "files", "read", of("/in", "folder/b.txt"));
    for (number, path) in paths.iter().enumerate() {
        cases = cases.call(&format!("read{number}"), "files", "read", of("/in", path));
        let text = json!({ "mount": "/out", "path": path, "text": "changed" });
        cases = cases.call(&format!("write{number}"), "files", "write", text);
    }
    let outcomes = cases
        .call("upwards", "files", "list", of("/in", ".."))
        .call("through", "files", "list", of("/in", "up"))
        .call("nul", "files", "read", of("/in", "a.txt\u{0}b"))
        .call(
            "symlink",
            "files",
            "symlink",
            json!({ "mount": "/out", "path": "l", "target": "../secret.txt" }),
        )
        .call(
            "symlink2",
            "files",
            "symlink",
            json!({ "mount": "/out", "path": "m", "target": "/etc/passwd" }),
        )
        .call("elsewhere", "files", "read", of("/data", "secret.txt"))
        .call("mounts", "files", "mounts", json!({}))
        .run(&app);
    assert_eq!(*outcomes.ok("allowed"), json!("deep"));
    for number in 0..paths.len() {
        outcomes.refused(&format!("read{number}"), "not-permitted");
    }
    // A name that leads nowhere in `/out` is made there, where writing is granted: the links are in `/in`.
    for number in [0, 1, 2, 6, 7] {
        outcomes.refused(&format!("write{number}"), "not-permitted");
    }
    for name in ["upwards", "through", "symlink", "symlink2"] {
        outcomes.refused(name, "not-permitted");
    }
    let _ = outcomes.error("nul", GUEST);
    outcomes.refused("elsewhere", "no-mount");
    assert_eq!(*outcomes.ok("mounts"), json!(["/in", "/out", "/drop"]));
    outcomes.denied("files", "fs:read:/etc/passwd", "[[request]]");
    outcomes.denied("files", "fs:write:/", "/out/../secret.txt");
    assert!(outcomes.told("host.denied").count() >= paths.len() * 2 - 3);
    let mut after = tree(&data);
    for made in ["link", "absolute-link"] {
        let made = data.join("out").join(made).display().to_string();
        assert_eq!(after.remove(&made).as_deref(), Some("changed"));
    }
    assert_eq!(after, before);
}

#[test]
fn what_is_read_only_stays_as_it_is() {
    let app = app();
    let data = app.path().join("data");
    let before = tree(&data);
    let attempts = [
        (
            "write",
            json!({ "mount": "/in", "path": "a.txt", "text": "x" }),
        ),
        (
            "write",
            json!({ "mount": "/in", "path": "new.txt", "text": "x" }),
        ),
        ("truncate-by-opening", of("/in", "a.txt")),
        ("truncate-by-size", of("/in", "a.txt")),
        ("remove", of("/in", "a.txt")),
        ("make-folder", of("/in", "new")),
        ("set-absurd-times", of("/in", "a.txt")),
        (
            "symlink",
            json!({ "mount": "/in", "path": "l", "target": "a.txt" }),
        ),
        ("hard-link", between("/in", "a.txt", "/out", "a.txt")),
        ("hard-link", between("/out", "c.txt", "/in", "c.txt")),
        ("rename", between("/in", "a.txt", "/out", "a.txt")),
        ("rename", between("/out", "c.txt", "/in", "c.txt")),
        ("read", of("/drop", "d.txt")),
        ("hard-link", between("/drop", "d.txt", "/in", "d.txt")),
    ];
    let mut cases = Cases::default();
    for (number, (function, arguments)) in attempts.iter().enumerate() {
        cases = cases.call(
            &format!("try{number}"),
            "files",
            function,
            arguments.clone(),
        );
    }
    let outcomes = cases
        .call(
            "many",
            "files",
            "make-many",
            json!({ "mount": "/in", "count": 3 }),
        )
        .run(&app);
    for number in 0..attempts.len() {
        outcomes.refused(&format!("try{number}"), "not-permitted");
    }
    assert_eq!(*outcomes.ok("many"), json!(0));
    outcomes.denied("files", "fs:write:/in/a.txt", "[[request]]");
    outcomes.denied("files", "fs:read:/drop/d.txt", "[[request]]");
    assert_eq!(tree(&data), before);
    assert_eq!(
        fs::metadata(data.join("in/a.txt")).expect("a file").nlink(),
        1
    );
}

#[test]
fn what_is_granted_can_be_done_and_is_recorded_with_its_grant() {
    let app = app();
    let outcomes = Cases::default()
        .call(
            "write",
            "files",
            "write",
            json!({ "mount": "/out", "path": "e.txt", "text": "new" }),
        )
        .call("times", "files", "set-absurd-times", of("/out", "c.txt"))
        .call(
            "rename",
            "files",
            "rename",
            between("/out", "e.txt", "/drop", "e.txt"),
        )
        .run(&app);
    for name in ["write", "rename"] {
        assert!(outcomes.ok(name).is_null());
    }
    assert_eq!(
        fs::read_to_string(app.path().join("data/drop/e.txt")).expect("a file"),
        "new"
    );
    assert_eq!(
        fs::read_to_string(app.path().join("data/out/c.txt")).expect("a file"),
        "old"
    );
    let used = outcomes
        .told("file.used")
        .any(|event| event["path"] == "/out/e.txt" && event["grant"] == "fs:write:/out");
    assert!(used, "{:?}", outcomes.told("file.used").collect::<Vec<_>>());
}

#[test]
fn what_was_done_by_a_call_that_nobody_waits_for_any_more_is_recorded() {
    let app = app();
    app.plugin("slow", "");
    let text = json!({ "mount": "/out", "path": "e.txt", "text": "new" });
    let race = json!({ "fork": { "compete": true, "branches": [
        { "loser": call("files", "write-and-spin", &text) },
        { "winner": call("slow", "slow", &json!({ "milliseconds": 1500 })) },
    ] } });
    let outcomes = Cases::default().task("race", race).run(&app);
    let _ = outcomes.ok("race");
    let used = outcomes
        .told("file.used")
        .find(|event| event["operation"] == "open")
        .expect("what the loser did is recorded");
    assert_eq!(
        (&used["path"], &used["grant"], &used["bytes_written"]),
        (&json!("/out/e.txt"), &json!("fs:write:/out"), &json!(3))
    );
    let said = outcomes.told("guest.logged").next().expect("a line");
    assert_eq!(said["text"], "it is written");
}

#[test]
fn no_path_says_one_file_and_means_another() {
    let app = app();
    let at_drop = |path: &str| of("/drop", path);
    let link =
        |path: &str, target: &str| json!({ "mount": "/drop", "path": path, "target": target });
    let outcomes = Cases::default()
        .call("p", "files", "make-folder", at_drop("p"))
        .call("q", "files", "make-folder", at_drop("p/q"))
        .call("s", "files", "symlink", link("s", "p/q"))
        .call("in", "files", "symlink", link("in", "."))
        .call("lie", "files", "read", at_drop("s/../../in/d.txt"))
        .call("aside", "files", "remove", at_drop("s/../d.txt"))
        .call("plain", "files", "read", of("/in", "folder/../a.txt"))
        .run(&app);
    for name in ["lie", "aside"] {
        outcomes.refused(name, "not-permitted");
    }
    assert_eq!(*outcomes.ok("plain"), json!("inside"));
    outcomes.denied("files", "fs:read:/", "/drop/s/../../in/d.txt");
    let read: Vec<_> = outcomes
        .told("file.used")
        .filter(|event| event["operation"] == "open")
        .map(|event| &event["path"])
        .collect();
    assert_eq!(read, ["/in/a.txt"]);
}

#[test]
fn what_may_not_be_read_is_not_given_a_name_where_it_may_be() {
    let app = app();
    let data = app.path().join("data");
    let before = tree(&data);
    let outcomes = Cases::default()
        .call(
            "link",
            "files",
            "hard-link",
            between("/drop", "d.txt", "/out", "d.txt"),
        )
        .call(
            "rename",
            "files",
            "rename",
            between("/drop", "d.txt", "/out", "d.txt"),
        )
        .call(
            "share",
            "files",
            "hard-link",
            between("/out", "c.txt", "/drop", "c.txt"),
        )
        .run(&app);
    for name in ["link", "rename", "share"] {
        outcomes.refused(name, "not-permitted");
    }
    outcomes.denied("files", "fs:read:/drop/d.txt", "[[request]]");
    assert_eq!(tree(&data), before);
}

#[test]
fn a_link_that_is_swapped_meanwhile_opens_nothing_else() {
    let app = app();
    let inside = app.path().join("data/in");
    let (link, spare) = (inside.join("swap"), inside.join("spare"));
    symlink("a.txt", &link).expect("a link");
    let done = AtomicBool::new(false);
    let outcomes = thread::scope(|scope| {
        scope.spawn(|| {
            for target in ["../secret.txt", "a.txt"].into_iter().cycle() {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                symlink(target, &spare).expect("a link");
                fs::rename(&spare, &link).expect("links can be swapped");
            }
        });
        let read = json!({ "mount": "/in", "path": "swap", "times": 20_000 });
        let outcomes = Cases::default()
            .call("swapped", "files", "read-many", read)
            .run(&app);
        done.store(true, Ordering::Relaxed);
        outcomes
    });
    assert_eq!(*outcomes.ok("swapped"), json!(["inside"]));
    assert!(
        outcomes.told("host.denied").next().is_some(),
        "the link was never seen leading out"
    );
}
