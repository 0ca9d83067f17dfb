//! A full manifest, and each way to get one wrong.

use super::*;

const FULL: &str = r#"
[plugin]
name = "invoice-tools"
version = "0.1.0"
description = "Reads invoices"

[build]
language = "rust"

[[request]]
capability = "fs:read:/orders"
reason = "the purchase orders"

[[request]]
capability = "kv:read:seen"
reason = "what was paid before"
optional = true

[functions.file-payment]
effects = "once"

[functions."reader.check"]

[limits]
memory_bytes_max = 1_000_000
cpu_ms_max = 0
"#;

#[test]
fn a_full_manifest() {
    let manifest = Manifest::parse(FULL, "plugin.toml").unwrap();
    assert_eq!(manifest.name, "invoice-tools");
    assert_eq!(manifest.version, Version::new(0, 1, 0));
    assert_eq!(
        manifest.build,
        Build {
            language: Language::Rust,
            component: None
        }
    );
    assert_eq!(manifest.requests.len(), 2);
    assert_eq!(
        manifest.requests[0].capability.to_string(),
        "fs:read:/orders"
    );
    assert!(!manifest.requests[0].optional && manifest.requests[1].optional);
    assert_eq!(
        manifest.functions["file-payment"].effects,
        Some(Effects::Once)
    );
    assert_eq!(manifest.functions["reader.check"].effects, None);
    assert_eq!(manifest.limits.memory_bytes_max, Some(1_000_000));
    assert_eq!(manifest.limits.cpu_ms_max, Some(0));
    assert_eq!(manifest.limits.wall_ms_max, None);
    assert_eq!(manifest.text(), FULL);
}

#[test]
fn a_prebuilt_plugin_names_its_component() {
    let text = FULL.replace("\"rust\"", "\"prebuilt\"\ncomponent = \"built/x.wasm\"");
    let manifest = Manifest::parse(&text, "plugin.toml").unwrap();
    assert_eq!(manifest.build.component.as_deref(), Some("built/x.wasm"));
}

/// The error of the full manifest with one thing changed.
fn wrong(from: &str, to: &str) -> ManifestError {
    assert!(FULL.contains(from), "{from} is not in the manifest");
    Manifest::parse(&FULL.replacen(from, to, 1), "plugin.toml").unwrap_err()
}

#[test]
fn errors_name_the_place_and_the_remedy() {
    let error = wrong("optional = true", "optionnal = true");
    assert_eq!(
        error.to_string(),
        "plugin.toml:17:1: unknown key `optionnal` in [request]; did you mean `optional`?"
    );
    let error = wrong("\"once\"", "\"onse\"");
    assert_eq!((error.line, error.column), (20, 11));
    assert_eq!(error.help, "did you mean `once`?");
    let error = wrong("[limits]", "[limit]");
    assert_eq!(
        error.to_string(),
        "plugin.toml:24:2: unknown key `limit` in the manifest; did you mean `limits`?"
    );
}

#[test]
fn each_field_is_checked() {
    for (from, to, part) in [
        (
            "name = \"invoice-tools\"",
            "name = \"Invoice Tools\"",
            "can't be a plugin's name",
        ),
        (
            "\"invoice-tools\"",
            "\"writ\"",
            "for something else; for example \"writ-plugin\"",
        ),
        ("name = \"invoice-tools\"", "", "plugin has no `name`"),
        (
            "name = \"invoice-tools\"",
            "name = 7",
            "must be text, not integer",
        ),
        ("\"0.1.0\"", "\"0.1\"", "not a semantic version"),
        ("\"Reads invoices\"", "\" \"", "`description` is empty"),
        (
            "\"Reads invoices\"",
            "\"\\u001b[31mred\"",
            "hidden characters",
        ),
        ("\"rust\"", "\"cobol\"", "can't be \"cobol\""),
        ("\"rust\"", "\"prebuilt\"", "build has no `component`"),
        (
            "\"rust\"",
            "\"prebuilt\"\ncomponent = \"../x.wasm\"",
            "below the manifest's own folder",
        ),
        (
            "\"rust\"",
            "\"prebuilt\"\ncomponent = \"/x.wasm\"",
            "below the manifest's own folder",
        ),
        (
            "\"rust\"",
            "\"rust\"\ncomponent = \"x.wasm\"",
            "built from source",
        ),
        ("\"the purchase orders\"", "\"\"", "`reason` is empty"),
        ("reason = \"the purchase orders\"", "", "no `reason`"),
        ("kv:read:seen", "fs:read:/orders", "requested twice"),
        ("fs:read:/orders", "fs:delete:/orders", "fs:delete"),
        (
            "optional = true",
            "optional = \"yes\"",
            "must be true or false",
        ),
        ("1_000_000", "-1", "whole number from 0"),
        ("1_000_000", "1.5", "must be a whole number"),
        (
            "[limits]",
            "[limits]\nmemory_max = 1",
            "unknown key `memory_max`",
        ),
        (
            "[functions.file-payment]\neffects",
            "[functions.file-payment]\neffect",
            "did you mean `effects`?",
        ),
        ("[[request]]", "[request]", ""),
        ("[plugin]", "[plugin", "not valid TOML"),
    ] {
        let error = wrong(from, to);
        assert!(error.to_string().contains(part), "{from} → {to}: {error}");
        assert!(error.line >= 1 && error.column >= 1);
    }
}

#[test]
fn size_is_bounded() {
    let long = "x".repeat(SENTENCE_CHARS_MAX + 1);
    assert!(
        wrong("the purchase orders", &long)
            .message
            .contains("501 characters")
    );
    let huge = format!("{FULL}# {}", "x".repeat(MANIFEST_BYTES_MAX));
    assert!(
        Manifest::parse(&huge, "p")
            .unwrap_err()
            .message
            .contains("at most 65536")
    );
    let request =
        |i: usize| format!("\n[[request]]\ncapability = \"kv:read:b{i}\"\nreason = \"r\"\n");
    let many: String = (0..=REQUESTS_MAX).map(request).collect();
    assert!(
        Manifest::parse(&format!("{FULL}{many}"), "p")
            .unwrap_err()
            .message
            .contains("at most 256")
    );
}

#[test]
fn an_empty_manifest_says_where_to_begin() {
    let error = Manifest::parse("", "plugin.toml").unwrap_err();
    assert_eq!(
        error.to_string(),
        "plugin.toml:1:1: the manifest has no `plugin`; add a section [plugin]"
    );
}
