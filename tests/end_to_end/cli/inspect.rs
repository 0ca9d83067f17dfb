//! `writ plugin inspect`: what a reviewer reads of an honest component, of a stranger's, of a hostile one, and of what is none.

use std::fs;

use serde_json::Value as Json;
use writ_tests::{App, guest};

use super::{has, refused};

/// A component with functions in an interface, a request for each risk, and imports of every kind.
const SHOP: &str = r#"(component
  (import "wasi:cli/exit@0.2.6" (instance (export "exit" (func))))
  (import "wasi:filesystem/types@0.2.6" (instance (export "rename-at" (func))))
  (import "wasi:sockets/tcp@0.2.6" (instance (export "dial" (func))))
  (import "wasi:keyvalue/store@0.2.0-draft" (instance (export "open" (func))))
  (core module $m (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
    (func (export "look") (param i32 i32) (result i32) (i32.const 0))
    (func (export "pay") (param i32)))
  (core instance $i (instantiate $m))
  (func $look (param "item" string) (result (option u8))
    (canon lift (core func $i "look") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (func $pay (param "cents" u32) (canon lift (core func $i "pay")))
  (instance $desk (export "look" (func $look)) (export "pay" (func $pay)))
  (export "shop:tools/desk@1.0.0" (instance $desk)))"#;

const REQUESTS: &str = r#"
[[request]]
capability = "fs:write:/out"
reason = "the receipts, one file each"

[[request]]
capability = "kv:read:seen"
reason = "what was bought before"
optional = true

[[request]]
capability = "config:read:currency"
reason = "the currency of all prices"

[functions.look]
effects = "none"

[functions.pay]
effects = "idempotent"

[limits]
cpu_ms_max = 500
"#;

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("WebAssembly text")
}

/// The same component with a custom section more.
fn with_section(mut component: Vec<u8>, name: &str, data: &[u8]) -> Vec<u8> {
    fn leb(mut number: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number > 0x7f {
            bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        bytes.push(number.to_le_bytes()[0]);
        bytes
    }
    let content = [leb(name.len()), name.as_bytes().to_vec(), data.to_vec()].concat();
    component.push(0);
    component.extend(leb(content.len()));
    component.extend(content);
    component
}

/// An app with a component built from these bytes, and where it was built to.
fn built(bytes: &[u8], manifest: &str) -> (App, String) {
    let app = App::new("");
    app.component("shop", bytes, manifest);
    let _ = app.writ(&["plugin", "build", "sources/shop"]).expect(0);
    (app, "sources/shop/target/shop.wasm".to_owned())
}

/// What differs from one toolchain to another is left out of snapshots.
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter("sha256:[0-9a-f]{64}", "sha256:…");
    settings.add_filter(
        r"(?s)  size      .*?\n  (made|limits)",
        "  size      …\n  $1",
    );
    settings.add_filter(
        r#""(bytes|whole|code|data|custom|other)": \d+"#,
        r#""$1": 0"#,
    );
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn a_reviewer_reads_everything_about_a_component() {
    let (app, file) = built(&wasm(SHOP), REQUESTS);
    let said = app.writ(&["plugin", "inspect", &file]).expect(0);
    assert!(!said.out.contains('\u{1b}'), "colour only on a terminal");
    assert!(
        said.out
            .lines()
            .all(|line| line.chars().count() <= 100 || !line.contains(' '))
    );
    snapshot("inspect_text", &said.out);

    let json = app
        .writ(&["plugin", "inspect", &file, "--json"])
        .expect(0)
        .json();
    assert_eq!(json["format"], 1);
    snapshot(
        "inspect_json",
        &serde_json::to_string_pretty(&json).expect("JSON is text"),
    );
}

#[test]
fn the_page_stands_alone() {
    let (app, file) = built(&wasm(SHOP), REQUESTS);
    let said = app
        .writ(&[
            "plugin",
            "inspect",
            &file,
            "--html",
            "review/shop.html",
            "--json",
        ])
        .expect(0);
    assert_eq!(said.json()["plugin"], "shop");
    let page = page(&app);
    has(
        &page,
        &[
            "<!DOCTYPE html>",
            "Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-",
            "the receipts, one file each",
            "create, change or remove a file anywhere else than in folders mapped to fs:write:/out",
            "send anything over the network",
        ],
    );
    for part in [
        "<script",
        "<link",
        "<img",
        "src=",
        "href=",
        "http-equiv=\"refresh",
        "url(",
        "@import",
        " style=",
        " on",
    ] {
        let found = page.to_lowercase().matches(part).count();
        // ` on` stands in sentences; as an attribute it would be followed by `…=`.
        let attributes = page
            .to_lowercase()
            .split(' ')
            .filter(|word| word.starts_with("on") && word.contains("=\""))
            .count();
        assert!(
            if part == " on" {
                attributes == 0
            } else {
                found == 0
            },
            "{part} is in the page"
        );
    }
    for tag in ["table", "section", "article", "ul", "dl", "body", "html"] {
        let count = |form: &str| page.matches(form).count();
        assert_eq!(
            count(&format!("<{tag}>")) + count(&format!("<{tag} ")),
            count(&format!("</{tag}>")),
            "{tag}"
        );
    }
}

fn page(app: &App) -> String {
    fs::read_to_string(app.path().join("review/shop.html")).expect("the page is written")
}

/// What a stranger would like to have on a reviewer's screen.
const EVIL: &str =
    "<script>alert(1)</script>\" onload=\"x\" \u{202e}gpj.exe\u{1b}[2J\u{7}\u{200b}&amp;";

#[test]
fn a_hostile_component_says_nothing_but_text() {
    let docs = serde_json::json!({
        "version": 1,
        "interfaces": { "shop:tools/desk@1.0.0": { "functions": { "look": EVIL, "pay": EVIL } } },
    });
    let text = |words: &str| {
        [
            &[u8::try_from(words.len()).expect("short")],
            words.as_bytes(),
        ]
        .concat()
    };
    let producers = [
        &[1][..],
        &text("language"),
        &[1],
        &text(EVIL),
        &text("<img src=x>"),
    ]
    .concat();
    let bytes = with_section(wasm(SHOP), "producers", &producers);
    let bytes = with_section(bytes, EVIL, b"x");
    let hostile =
        "[[request]]\ncapability = \"fs:read:/in<img>\"\nreason = \"<script>alert(2)</script>\"\n";
    let (app, file) = built(&bytes, &format!("{hostile}{REQUESTS}"));
    // The docs section is put in by `plugin build`; a stranger writes what he likes.
    let whole = fs::read(app.path().join(&file)).expect("the component is there");
    fs::write(
        app.path().join(&file),
        with_section(whole, "writ:docs", docs.to_string().as_bytes()),
    )
    .expect("files can be written");

    let out = app.writ(&["plugin", "inspect", &file]).expect(0).out;
    let _ = app
        .writ(&["plugin", "inspect", &file, "--html", "review/shop.html"])
        .expect(0);
    let page = page(&app);
    for (what, text) in [("text", &out), ("page", &page)] {
        let odd: Vec<char> = text
            .chars()
            .filter(|c| {
                c.is_control() && *c != '\n'
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
            })
            .collect();
        assert!(odd.is_empty(), "{what}: {odd:?}");
        assert!(text.contains("alert(1)"), "{what} shows what it says");
        assert!(text.contains("alert(2)"), "{what} shows its reasons");
    }
    for tag in ["<script", "<img", "onload=\"x\""] {
        assert!(!page.contains(tag), "{tag} got through");
    }
    has(
        &page,
        &["&lt;script&gt;alert(1)", "&lt;img src=x&gt;", "&amp;amp;"],
    );
}

#[test]
fn any_file_is_answered() {
    let app = App::new("");
    // A stranger's, as its compiler made it.
    fs::copy(guest("buckets"), app.path().join("stranger.wasm")).expect("guests can be copied");
    let json = app
        .writ(&["plugin", "inspect", "stranger.wasm", "--json"])
        .expect(0)
        .json();
    assert_eq!(json["manifest"]["embedded"], false);
    has(
        &json["problems"][0]["message"].to_string(),
        &["wasi:keyvalue/", "its manifest requests none"],
    );
    assert_eq!(json["requests"], serde_json::json!([]));

    for (file, bytes, message) in [
        (
            "core.wasm",
            wasm("(module (func (export \"f\")))"),
            "a core WebAssembly module",
        ),
        (
            "cut.wasm",
            wasm(SHOP)[..200].to_vec(),
            "damaged or cut short",
        ),
    ] {
        fs::write(app.path().join(file), bytes).expect("files can be written");
        refused(
            app.writ(&["plugin", "inspect", file]),
            2,
            &[file, message],
            &[],
        );
        assert!(!app.path().join("review").exists());
    }
    // Large: ten megabytes of data, read and never compiled.
    let data = "x".repeat(10 << 20);
    let large = wasm(&format!(
        r#"(component (core module $m (memory 200) (data (i32.const 0) "{data}") (func (export "f")))
          (core instance $i (instantiate $m)) (func (export "f") (canon lift (core func $i "f"))))"#
    ));
    fs::write(app.path().join("large.wasm"), large).expect("files can be written");
    let size: Json = app
        .writ(&["plugin", "inspect", "large.wasm", "--json"])
        .expect(0)
        .json()["size"]
        .clone();
    assert!(size["data"].as_u64() > Some(10 << 20), "{size}");
}
