//! What arrives in place of what was reviewed: other bytes, more imports, more bytes than any component has, one name twice.

use std::{
    fs::{self, File},
    time::{Duration, Instant},
};

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
