//! Components built from WIT text, without a compiler, read back as plugins; and files that are none.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::json;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

use super::*;
use crate::component::COMPONENT_BYTES_MAX;
use crate::docs::Docs;
use crate::effects::Effects;
use crate::function::wit_text;
use crate::import::ImportKind;
use crate::{arguments, embed, embed_with_docs, output_schema, to_json};

const INVOICES: &str = r#"
package invoice:tools@0.1.0;

interface reader {
    /// One line of an invoice.
    record line {
        /// What was bought.
        item: string,
        amount: f64,
    }
    variant verdict { pay, review(string) }
    /// Checks lines.
    check: func(lines: list<line>, note: option<string>) -> result<verdict, string>;
    total: func(lines: list<line>) -> f64;
}

world tools {
    export reader;
    /// Says which build this is.
    export build-id: func() -> string;
}
"#;

const MANIFEST: &str = r#"
[plugin]
name = "invoice-tools"
version = "1.2.3"
description = "Checks invoices"
[build]
language = "rust"
[[request]]
capability = "kv:read:seen"
reason = "what was paid before"
[functions.check]
effects = "idempotent"
[limits]
cpu_ms_max = 500
"#;

/// Of a function that isn't there, by a name that clears the screen and reads from right to left.
const UNKNOWN_AND_ODD: &str = r#"
[plugin]
name = "odd"
version = "1.2.3"
description = "Names what is not there"
[build]
language = "rust"
[functions."\u001b[2J\u202e"]
"#;

/// A component of one world, whose functions do nothing.
pub(crate) fn component(wit: &str) -> Vec<u8> {
    let mut resolve = Resolve {
        all_features: true,
        ..Resolve::default()
    };
    let package = resolve.push_source("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .validate(true)
        .encode()
        .unwrap()
}

fn read(wit: &str) -> Plugin {
    Plugin::read(&component(wit), "test").unwrap()
}

fn error(bytes: &[u8]) -> PluginError {
    Plugin::read(bytes, "test").unwrap_err()
}

#[test]
fn any_component_is_a_plugin() {
    let bytes = component(INVOICES);
    let plugin = Plugin::read(&bytes, "My_Tool").unwrap();
    assert_eq!(plugin.name, "my-tool");
    assert_eq!(plugin.version, Version::new(0, 0, 0));
    assert_eq!(
        plugin.digest,
        Digest::from_bytes(Sha256::digest(&bytes).into())
    );
    assert_eq!(plugin.size_bytes, bytes.len());
    assert!(
        plugin.requests.is_empty() && plugin.manifest.is_none() && plugin.uncallable.is_empty()
    );
    let mut names: Vec<&str> = plugin.functions.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["build-id", "check", "total"]);
    let check = plugin.function("check").unwrap();
    assert_eq!(
        check.interface.as_deref(),
        Some("invoice:tools/reader@0.1.0")
    );
    assert_eq!(
        wit_text(check),
        "check: func(lines: list<line>, note: option<string>) -> result<verdict, string>"
    );
    assert_eq!(plugin.function("build-id").unwrap().interface, None);
    assert!(
        plugin
            .producers
            .iter()
            .any(|producer| producer.name == "wit-component"),
        "{:?}",
        plugin.producers
    );
}

#[test]
fn a_manifest_travels_in_the_component() {
    let bytes = embed(&component(INVOICES), MANIFEST).unwrap();
    let plugin = Plugin::read(&bytes, "other").unwrap();
    assert_eq!(
        (plugin.name.as_str(), plugin.version.to_string().as_str()),
        ("invoice-tools", "1.2.3")
    );
    assert_eq!(plugin.requests[0].capability.to_string(), "kv:read:seen");
    assert_eq!(plugin.functions["check"].effects, Some(Effects::Idempotent));
    assert_eq!(plugin.functions["total"].effects, None);
    assert_eq!(plugin.limits.cpu_ms_max, Some(500));
    assert_eq!(plugin.manifest.as_deref(), Some(MANIFEST));
}

#[test]
fn embedding_replaces_and_repeats_exactly() {
    let plain = component(INVOICES);
    let once = embed(&plain, MANIFEST).unwrap();
    assert_eq!(embed(&plain, MANIFEST).unwrap(), once);
    assert_eq!(embed(&once, MANIFEST).unwrap(), once);
    let newer = embed(&once, &MANIFEST.replace("1.2.3", "1.2.4")).unwrap();
    assert_eq!(
        Plugin::read(&newer, "x").unwrap().version,
        Version::new(1, 2, 4)
    );
    assert_ne!(
        Plugin::read(&newer, "x").unwrap().digest,
        Plugin::read(&once, "x").unwrap().digest
    );
}

/// Compilers drop doc comments; building a plugin puts them back.
#[test]
fn doc_comments_travel_in_the_component() {
    let plain = component(INVOICES);
    assert_eq!(
        Plugin::read(&plain, "x").unwrap().functions["check"].docs,
        None
    );
    let docs = Docs::from_wit([("tools.wit", INVOICES)]).unwrap();
    let bytes = embed_with_docs(&plain, MANIFEST, &docs).unwrap();
    let plugin = Plugin::read(&bytes, "x").unwrap();
    assert_eq!(
        plugin.functions["check"].docs.as_deref(),
        Some("Checks lines.")
    );
    assert_eq!(
        plugin.functions["build-id"].docs.as_deref(),
        Some("Says which build this is.")
    );
    let schema = crate::input_schema(&plugin.functions["check"]);
    assert_eq!(
        schema["$defs"]["line"]["description"],
        "One line of an invoice."
    );
    assert_eq!(
        schema["$defs"]["line"]["properties"]["item"]["description"],
        "What was bought."
    );
    assert_eq!(embed_with_docs(&bytes, MANIFEST, &docs).unwrap(), bytes);
}

#[test]
fn wit_with_errors_is_located() {
    let error =
        Docs::from_wit([("wit/tools.wit", "package a:b;\ninterface x { f: fun(); }")]).unwrap_err();
    assert!(error.to_string().contains("wit/tools.wit:2"), "{error}");
}

#[test]
fn equal_names_are_told_apart_by_interface() {
    let plugin = read(
        "package a:b; interface x { check: func(); only: func(); } interface y { check: func(); } \
         world w { export x; export y; export check: func(); }",
    );
    let mut names: Vec<&str> = plugin.functions.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["check", "only", "x.check", "y.check"]);
    assert_eq!(plugin.functions["x.check"].export, "check");
}

#[test]
fn a_command_can_be_called() {
    let plugin = read(
        "package wasi:cli@0.2.6; interface run { run: func() -> result; } world command { export run; }",
    );
    let run = plugin.function("run").unwrap();
    assert_eq!(wit_text(run), "run: func() -> result");
    assert_eq!(output_schema(run)["type"], "null");
}

#[test]
fn what_json_cannot_carry_is_listed_with_the_reason() {
    let plugin = read(
        "package a:b; interface x { resource cart { constructor(); add: func(item: string); } \
         checkout: func(cart: cart) -> string; later: func() -> future<string>; feed: func(s: stream<u8>); \
         wait: async func(); fine: func(n: u32) -> u32; } world w { export x; }",
    );
    assert_eq!(plugin.functions.keys().collect::<Vec<_>>(), ["fine"]);
    let reason = |name: &str| {
        plugin
            .uncallable
            .iter()
            .find(|function| function.name == name)
            .unwrap()
            .reason
            .clone()
    };
    assert!(
        reason("checkout").starts_with("parameter `cart`: resource `cart` lives inside"),
        "{}",
        reason("checkout")
    );
    assert!(reason("later").contains("future"));
    assert!(reason("feed").contains("stream"));
    assert!(reason("wait").contains("async"));
    assert!(reason("[method]cart.add").contains("method of a resource"));
    assert!(reason("[constructor]cart").contains("belongs to a resource"));
}

#[test]
fn every_type_is_read() {
    let plugin = read(
        "package a:b; interface x { flags rights { read, write } enum color { red, blue } \
         type key = string; record all { a: bool, b: s8, c: u8, d: s16, e: u16, f: s32, g: u32, h: s64, i: u64, j: f32, k: f64, \
         l: char, m: key, n: list<rights>, o: tuple<color, u8>, p: option<option<u8>>, q: result<_, color> } \
         f: func(all: all) -> all; g: func(a: list<u8, 4>, b: map<string, u32>); } world w { export x; }",
    );
    assert_eq!(plugin.uncallable, []);
    assert_eq!(
        wit_text(&plugin.functions["g"]),
        "g: func(a: list<u8, 4>, b: map<string, u32>)"
    );
    let all = json!({"a": true, "b": -1, "c": 1, "d": -2, "e": 2, "f": -3, "g": 3, "h": -4, "i": 4, "j": 0.5, "k": "NaN",
        "l": "x", "m": "k", "n": [["read"], []], "o": ["blue", 9], "p": {"some": null}, "q": {"err": "red"}});
    let f = &plugin.functions["f"];
    let values = arguments(f, &json!({"all": all})).unwrap();
    assert_eq!(to_json(f.result.as_ref().unwrap(), &values[0]), all);
}

#[test]
fn types_are_bounded() {
    let deep = format!("{}u8{}", "option<".repeat(80), ">".repeat(80));
    let plugin = read(&format!(
        "package a:b; world w {{ export f: func(x: {deep}); export g: func(); }}"
    ));
    assert!(
        plugin.uncallable[0].reason.contains("deeper than 64"),
        "{:?}",
        plugin.uncallable
    );
    // Each record holds the one before ten times: small to declare, 10^6 fields when written out.
    let mut wit = String::from("package a:b; interface i { record r0 { x: u8 }");
    for level in 1..6 {
        let fields: String = (0..10).map(|i| format!("f{i}: r{}, ", level - 1)).collect();
        wit.push_str(&format!(" record r{level} {{ {fields} }}"));
    }
    let plugin = read(&format!(
        "{wit} f: func(x: list<r5>); }} world w {{ export i; }}"
    ));
    assert!(
        plugin.uncallable[0].reason.contains("20000 parts"),
        "{:?}",
        plugin.uncallable
    );
}

#[test]
fn imports_are_sorted_by_what_they_need() {
    let plugin = read(
        "package a:b; world w { import wasi:filesystem/types@0.2.6; import wasi:clocks/wall-clock@0.2.6; import odd: func(); } \
         package wasi:filesystem@0.2.6 { interface types { open: func() -> u32; } } \
         package wasi:clocks@0.2.6 { interface wall-clock { now: func() -> u64; } }",
    );
    let found = |kind| {
        plugin
            .imports
            .iter()
            .filter(|import| import.kind == kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        found(ImportKind::Files)[0].interface,
        "wasi:filesystem/types@0.2.6"
    );
    assert_eq!(found(ImportKind::Files)[0].functions, ["open"]);
    assert_eq!(
        found(ImportKind::Noise)[0].interface,
        "wasi:clocks/wall-clock@0.2.6"
    );
    assert_eq!(found(ImportKind::Unknown)[0].functions, ["odd"]);
    assert_eq!(plugin.imports.len(), 3);
}

#[test]
fn files_that_are_no_components_are_named() {
    let module = b"\0asm\x01\0\0\0";
    assert_eq!(error(b""), PluginError::Empty);
    assert_eq!(error(module), PluginError::CoreModule);
    assert!(
        PluginError::CoreModule
            .to_string()
            .contains("wasm32-wasip2")
    );
    assert!(
        error(b"\0asm")
            .to_string()
            .contains("ends after a few bytes")
    );
    assert!(error(b"(component)").to_string().contains("text form"));
    assert!(
        error(b"#!/bin/sh\n")
            .to_string()
            .contains("starts with the text \"#!/bin/sh")
    );
    assert!(error(&[0xff; 100]).to_string().contains("first bytes"));
    assert_eq!(embed(module, MANIFEST), Err(PluginError::CoreModule));
    assert!(matches!(
        error(&vec![0; COMPONENT_BYTES_MAX + 1]),
        PluginError::TooLarge { .. }
    ));
    let mut resolve = Resolve::default();
    let package = resolve.push_source("test.wit", INVOICES).unwrap();
    assert_eq!(
        error(&wit_component::encode(&resolve, package).unwrap()),
        PluginError::WitPackage
    );
}

#[test]
fn what_is_embedded_is_checked() {
    let plain = component(INVOICES);
    let wrong = embed(&plain, &MANIFEST.replace("1.2.3", "1.2")).unwrap_err();
    assert!(
        wrong
            .to_string()
            .starts_with("plugin.toml:4:11: \"1.2\" is not a semantic version"),
        "{wrong}"
    );
    let unknown = embed(
        &plain,
        &MANIFEST.replace("functions.check", "functions.chekc"),
    )
    .unwrap();
    let message = error(&unknown).to_string();
    assert!(
        message.contains("[functions.chekc]") && message.contains("did you mean `check`?"),
        "{message}"
    );

    let section = |name: &str, data: &[u8]| {
        let mut bytes = plain.clone();
        let mut content = vec![u8::try_from(name.len()).unwrap()];
        content.extend_from_slice(name.as_bytes());
        content.extend_from_slice(data);
        bytes.extend_from_slice(&[0, u8::try_from(content.len()).unwrap()]);
        bytes.extend_from_slice(&content);
        bytes
    };
    assert!(matches!(
        error(&section("writ:manifest", b"[plugin]")),
        PluginError::Manifest(_)
    ));
    assert_eq!(
        error(&section("writ:manifest", b"\xff")),
        PluginError::ManifestEncoding
    );
    assert!(matches!(
        error(&section("writ:docs", b"{}")),
        PluginError::Docs { .. }
    ));
    assert!(matches!(
        error(&section("writ:docs", br#"{"version":2}"#)),
        PluginError::Docs { .. }
    ));
    for (place, key) in [
        ("documentation", section("writ:docs", br#"{"\u001b[2J":1}"#)),
        (
            "documentation",
            section("writ:docs", b"{\"\x7f\xc2\x9b\":1}"),
        ),
        (
            "section [functions.",
            embed(&plain, UNKNOWN_AND_ODD).unwrap(),
        ),
    ] {
        let message = error(&key).to_string();
        assert!(message.contains(place), "{message}");
        assert!(!message.chars().any(writ_grant::is_unsafe), "{message:?}");
    }
    let mut twice = embed(&plain, MANIFEST).unwrap();
    let tail = twice[plain.len()..].to_vec();
    twice.extend_from_slice(&tail);
    assert_eq!(error(&twice), PluginError::Manifests { count: 2 });
    assert!(Plugin::read(&embed(&twice, MANIFEST).unwrap(), "x").is_ok());
}

/// A component cut anywhere is an error, unless the cut falls between two sections and leaves a sound, smaller one.
#[test]
fn every_cut_is_survived() {
    let whole = embed(&component(INVOICES), MANIFEST).unwrap();
    let sound = (0..whole.len())
        .filter(|end| Plugin::read(&whole[..*end], "cut").is_ok())
        .count();
    assert!(
        sound < 60,
        "{sound} of {} cuts were taken for whole",
        whole.len()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Damage is an error or goes unnoticed; it is never a panic that reaches the caller.
    #[test]
    fn damage_is_survived(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| embed(&component(INVOICES), MANIFEST).unwrap());
        let mut bytes = WHOLE.clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Err(error) = Plugin::read(&bytes, "damaged") {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
