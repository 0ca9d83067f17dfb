//! What arrives in place of what was reviewed: other bytes, more imports, more bytes than any component has, one name twice.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    time::{Duration, Instant},
};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::json;
use writ_tests::{App, guest};

use super::{
    cases::{call, document},
    denied::allow,
};

const REQUEST: &str = "
[[request]]
capability = \"config:read:currency\"
reason = \"what amounts are in\"
";

/// An app whose reviewed plugin reads one setting.
fn reviewed() -> App {
    let settings = call("settings", "get", &json!({ "key": "currency" }));
    let app = App::new(&document(&[json!({ "a": settings })], &[]));
    app.plugin("settings", REQUEST);
    app.config("\n[config]\ncurrency = \"EUR\"\n");
    allow(&app, "settings", &["config:read:currency"]);
    assert_eq!(app.run().expect(0).json()["output"], "EUR");
    app
}

/// Puts other bytes where the reviewed component was; the run that follows is refused before anything starts.
fn refused(app: &App, bytes: &[u8]) -> String {
    fs::write(app.path().join("sources/settings/guest.wasm"), bytes).expect("files can be written");
    let runs = || app.writ(&["runs", "list", "--json"]).expect(0).json();
    let before = runs();
    let said = app.writ(&["run", "."]);
    assert!([3, 4].contains(&said.code), "{said:?}");
    assert_eq!(runs(), before, "a run was accepted");
    said.err
}

/// A custom section: it changes nothing but the digest.
fn one_byte_more(mut component: Vec<u8>) -> Vec<u8> {
    component.extend([0, 2, 1, b'x']);
    component
}

#[test]
fn bytes_that_changed_after_the_review_have_no_authority() {
    let app = reviewed();
    let bytes = fs::read(guest("settings")).expect("a guest");
    let said = refused(&app, &one_byte_more(bytes));
    assert!(
        said.contains("settings") && said.contains("config:read:currency"),
        "{said}"
    );
    assert!(
        said.contains("help: ") && said.contains("writ grant"),
        "{said}"
    );
}

#[test]
fn an_update_that_imports_more_is_not_started_under_the_old_writ() {
    let app = reviewed();
    let said = refused(&app, &fs::read(guest("buckets")).expect("a guest"));
    assert!(said.contains("settings"), "{said}");
}

#[test]
fn what_is_larger_than_any_component_is_not_even_read() {
    let app = reviewed();
    let path = app.path().join("sources/settings/guest.wasm");
    // Without content: nothing of it is on the disk.
    File::create(&path)
        .and_then(|file| file.set_len(300 << 20))
        .expect("a long file");
    let start = Instant::now();
    let said = app
        .writ(&["plugin", "inspect", "sources/settings/guest.wasm"])
        .expect(2);
    assert!(
        said.err.contains("bytes") && said.err.len() < 2_000,
        "{}",
        said.err
    );
    let said = app.writ(&["check", "."]);
    assert!(
        [2, 3].contains(&said.code) && said.err.contains("settings"),
        "{said:?}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn what_stands_in_place_of_a_file_is_neither_read_nor_waited_for() {
    let app = reviewed();
    let start = Instant::now();
    for (path, code) in [
        ("sources/settings/guest.wasm", &[2, 3][..]),
        ("sources/settings/plugin.toml", &[2]),
        ("workflow.yaml", &[2]),
        ("grants.toml", &[2]),
        ("writ.toml", &[2]),
    ] {
        let place = app.path().join(path);
        let whole = fs::read(&place).expect("it is there");
        for pipe in [true, false] {
            fs::remove_file(&place).expect("it is there");
            if pipe {
                mknodat(CWD, &place, FileType::Fifo, Mode::RUSR, 0).expect("a pipe");
            } else {
                symlink("/dev/zero", &place).expect("a link");
            }
            let said = app.writ(&["check", "."]);
            let name = path.rsplit('/').next().expect("a name");
            assert!(
                code.contains(&said.code)
                    && said.err.contains(name)
                    && said.err.contains("it is no file"),
                "{path}: {said:?}"
            );
        }
        fs::remove_file(&place).expect("it is there");
        fs::write(&place, whole).expect("files can be written");
    }
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
    let _ = app.writ(&["check", "."]).expect(0);
}

#[test]
fn what_a_component_says_of_itself_steers_no_terminal() {
    let app = reviewed();
    let bytes = fs::read(guest("settings")).expect("a guest");
    let docs = b"\x09writ:docs{\"\\u001b[2J\\u202e\":1}";
    let section = [&[0, u8::try_from(docs.len()).expect("short")], &docs[..]].concat();
    fs::write(app.path().join("odd.wasm"), [bytes, section].concat()).expect("a file");
    let manifest = fs::read_to_string(app.path().join("sources/settings/plugin.toml"));
    let odd = format!(
        "{}\n[functions.\"\\u001b[2J\\u202e\"]\n",
        manifest.expect("it is there")
    );
    app.write("sources/settings/plugin.toml", &odd);
    for (arguments, part) in [
        (&["plugin", "inspect", "odd.wasm"][..], "documentation"),
        (&["plugin", "build", "sources/settings"], "no such function"),
    ] {
        let said = app.writ(arguments).expect(2);
        assert!(said.err.contains(part), "{}", said.err);
        let odd = ['\u{1b}', '\u{202e}'];
        assert!(!said.err.contains(odd), "{:?}", said.err);
    }
}

#[test]
fn one_name_is_not_two_plugins() {
    let app = reviewed();
    app.config("\n[plugins.settings]\nsource = \"sources/settings\"\n");
    let said = app.writ(&["check", "."]).expect(2);
    assert!(
        said.err.contains("writ.toml:") && said.err.contains("duplicate"),
        "{}",
        said.err
    );
}

/// Runs a command in an app whose author knew under what name it would write, and put a link there. A shell does not change
/// its number when it becomes another program.
#[expect(
    clippy::disallowed_methods,
    reason = "a shell knows the number of the process before it writes"
)]
fn with_planted_links(app: &App, victim: &str, names: &[&str], arguments: &[&str]) {
    let links: String = names
        .iter()
        .map(|name| format!("ln -sf {victim} {name}.part; ln -sf {victim} {name}.$$.part; "))
        .collect();
    let ended = std::process::Command::new("sh")
        .args(["-c", &format!("{links} exec \"$@\""), "sh"])
        .arg(writ_tests::writ())
        .args(arguments)
        .current_dir(app.path())
        .output()
        .expect("sh can be started");
    let _ = writ_tests::Said::of(ended).expect(0);
}

#[test]
fn links_that_wait_where_a_command_writes_lead_nowhere() {
    let app = App::doing("  - call: { call: echo-string:0.1.0@echo, with: { value: hello } }\n");
    app.plugin("echo", "");
    let outside = tempfile::tempdir().expect("a folder");
    let victim = outside.path().join("bashrc");
    fs::write(&victim, "mine").expect("files can be written");
    let name = victim.to_str().expect("text");
    let folder = app.path().join("sources/echo/target");
    fs::create_dir_all(&folder).expect("folders can be made");
    let approve = ["grant", "approve", ".", "--all-requested"];
    let written = [
        "grants",
        "grants.toml",
        "sources/echo/target/echo",
        "sources/echo/target/echo.wasm",
        "sources/echo/target/echo.stamp",
        "sources/echo/target/echo.sources",
    ];
    with_planted_links(&app, name, &written, &approve);
    let _ = app.run().expect(0);
    for what in ["checkpoint", "export"] {
        with_planted_links(&app, name, &["out"], &["audit", what, "--out", "out"]);
        assert!(
            fs::symlink_metadata(app.path().join("out"))
                .expect("a file")
                .is_file()
        );
    }
    assert_eq!(
        fs::read_to_string(&victim).expect("files can be read"),
        "mine"
    );
}
