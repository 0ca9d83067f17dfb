//! The jq component for the tests, built from `plugins/jq` once.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, OnceLock};

use writ_plugin::Plugin;
use writ_sandbox::{Component, Config, Sandbox};

use crate::JqSource;

/// What the host would give to [`crate::Expressions`].
pub(crate) fn source() -> JqSource {
    static COMPONENT: OnceLock<Component> = OnceLock::new();
    Arc::new(|| Ok(COMPONENT.get_or_init(load).clone()))
}

fn load() -> Component {
    let bytes = bytes();
    let plugin = Plugin::read(&bytes, "jq").expect("plugins/jq is a component");
    let sandbox = Sandbox::new(Config {
        concurrency: 1,
        ..Config::default()
    })
    .expect("the engine starts");
    sandbox
        .load(&bytes, Arc::new(plugin))
        .expect("plugins/jq compiles")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test builds the component that it tests"
)]
fn bytes() -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root.join("target"), PathBuf::from)
        .join("guests");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args([
            "build",
            "--locked",
            "--quiet",
            "--release",
            "--target",
            "wasm32-wasip2",
            "--manifest-path",
        ])
        .arg(root.join("plugins/jq/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .status()
        .expect("cargo is there, it runs this test");
    assert!(status.success(), "plugins/jq does not build");
    std::fs::read(target.join("wasm32-wasip2/release/jq.wasm")).expect("cargo built it")
}
