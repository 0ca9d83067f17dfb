//! `plugin.toml`: read alone, and read back out of a component that it was embedded in.

use std::sync::LazyLock;

use writ_plugin::{Manifest, Plugin, PluginError, embed, is_plugin_name};

use super::Target;
use crate::{seeds, words};

pub(super) const TARGET: Target = Target {
    name: "manifest",
    check,
    seeds,
    words: &[
        "[plugin]\n",
        "[build]\n",
        "[[request]]\n",
        "[functions.check]\n",
        "[functions.\"\\u001b\"]\n",
        "[limits]\n",
        "name = ",
        "version = ",
        "description = ",
        "language = ",
        "\"rust\"",
        "\"prebuilt\"",
        "component = ",
        "capability = ",
        "reason = ",
        "optional = true\n",
        "effects = ",
        "\"once\"",
        "cpu_ms_max = ",
        "memory_bytes_max = ",
        "= {",
        "\"\"\"",
        "1.0.0-a.b+c",
        "writ",
        "default",
        "fs:read:/a",
        "http:GET https://a/**",
    ],
    rounds: 2_500,
    bytes_max: 16_000,
};

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = seeds::folder("tests/fuzz/seeds/manifest", &[".toml"]);
    seeds.extend(seeds::files(&[
        "plugins/invoice-checker/plugin.toml",
        "plugins/jq/plugin.toml",
        "plugins/payment-queue/plugin.toml",
    ]));
    seeds
}

static COMPONENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    super::component::of_wit("package a:b; world w { export check: func(n: u8) -> result<u8>; export file-payment: func(); }")
        .expect("the text above is WIT")
});

fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Manifest::parse(text, "plugin.toml") {
        Ok(manifest) => {
            assert_eq!(manifest.text(), text);
            assert!(is_plugin_name(&manifest.name));
            words::tame(&manifest.description);
            manifest
                .requests
                .iter()
                .for_each(|request| words::tame(&request.reason));
            embedded(text, &manifest);
        }
        Err(error) => {
            words::tame(&error.to_string());
            words::inside(text, error.line, error.column);
            assert!(
                embed(&COMPONENT, text).is_err(),
                "a manifest that can't be read was embedded"
            );
        }
    }
}

fn embedded(text: &str, manifest: &Manifest) {
    let component = embed(&COMPONENT, text).expect("a manifest that can be read can be embedded");
    match Plugin::read(&component, "fallback") {
        Ok(plugin) => {
            assert_eq!(
                (&plugin.name, &plugin.version),
                (&manifest.name, &manifest.version)
            );
            assert_eq!(plugin.manifest.as_deref(), Some(text));
            assert_eq!(plugin.requests, manifest.requests);
            assert_eq!(plugin.limits, manifest.limits);
        }
        Err(ref error @ PluginError::UnknownFunction { ref name, .. }) => {
            words::tame(&error.to_string());
            assert!(manifest.functions.contains_key(name));
        }
        Err(error) => panic!("a component with a sound manifest is refused: {error}"),
    }
}
