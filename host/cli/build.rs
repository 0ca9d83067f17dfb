//! Builds the jq component that the binary carries, so that one file is all an air-gapped machine needs.
//!
//! Only this leaf crate waits for it; the libraries take the component as bytes.

use std::{env, fs, path::PathBuf, process::Command};

#[expect(
    clippy::disallowed_methods,
    reason = "a build script is driven by the environment and starts cargo"
)]
fn main() {
    let root =
        PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"))
            .join("../..");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    let plugin = root.join("plugins/jq");
    for part in ["src", "wit", "Cargo.toml", "Cargo.lock", "plugin.toml"] {
        println!("cargo::rerun-if-changed={}", plugin.join(part).display());
    }
    install_target(&root);
    let target = out.join("jq");
    let status = Command::new(env::var("CARGO").expect("cargo sets CARGO"))
        .args([
            "build",
            "--release",
            "--locked",
            "--target",
            "wasm32-wasip2",
            "--manifest-path",
        ])
        .arg(plugin.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        // The host's own flags and wrappers (coverage, clippy) are not the guest's.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .status()
        .expect("cargo can be started");
    assert!(
        status.success(),
        "plugins/jq did not build; run its cargo build by hand to see why"
    );
    let built = target.join("wasm32-wasip2/release/jq.wasm");
    fs::copy(&built, out.join("jq.wasm"))
        .unwrap_or_else(|error| panic!("{}: {error}", built.display()));
}

/// rustup adds the target by `rust-toolchain.toml`, except where its auto-install is off.
#[expect(clippy::disallowed_methods, reason = "a build script starts programs")]
fn install_target(root: &std::path::Path) {
    let installed = Command::new(env::var("RUSTC").expect("cargo sets RUSTC"))
        .args(["--print", "target-libdir", "--target", "wasm32-wasip2"])
        .output()
        .is_ok_and(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()).is_dir());
    if !installed {
        let added = Command::new("rustup")
            .args(["target", "add", "wasm32-wasip2"])
            .current_dir(root)
            .status();
        assert!(
            added.is_ok_and(|status| status.success()),
            "the wasm32-wasip2 target is missing: run `rustup target add wasm32-wasip2`"
        );
    }
}
