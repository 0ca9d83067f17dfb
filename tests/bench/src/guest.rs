//! Components and authorities for the measurements, and a call with nobody listening. Knows nothing of what is measured.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use serde_json::Value as Json;
use writ_grant::{Authority, Capability, Denied, Digest, Grant, Request, Writ};
use writ_plugin::Plugin;
use writ_sandbox::{
    Call, Config, Durable, FileNote, HostCall, KvAnswer, KvError, KvOperation, Limits, NoTools,
    Port, PortError, Recalled, ResolvedFolders, Sandbox, Settings, ToolRecord,
};

/// `add(a, b)`: no imports, one instruction, so that nothing but the host's own work is seen.
const ADDER: &str = r#"(component
    (core module $m (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
    (core instance $i (instantiate $m))
    (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add"))))"#;

/// `ask(times)`: reads one setting so many times.
const ASKER: &str = r#"(component
    (import "wasi:config/store@0.2.0-rc.1" (instance $store
        (type $e (variant (case "upstream" string) (case "io" string)))
        (export "error" (type $error (eq $e)))
        (export "get" (func (param "key" string) (result (result (option string) (error $error)))))))
    (core module $libc
        (memory (export "memory") 1)
        (data (i32.const 16) "key-15")
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
    (core instance $libc (instantiate $libc))
    (core func $get (canon lower (func $store "get") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
    (core module $m
        (import "host" "get" (func $get (param i32 i32 i32)))
        (func (export "ask") (param $times i32) (result i32)
            (loop $again
                (if (local.get $times) (then
                    (call $get (i32.const 16) (i32.const 6) (i32.const 1024))
                    (local.set $times (i32.sub (local.get $times) (i32.const 1)))
                    (br $again))))
            (local.get $times)))
    (core instance $i (instantiate $m (with "host" (instance (export "get" (func $get))))))
    (func (export "ask") (param "times" u32) (result u32) (canon lift (core func $i "ask"))))"#;

const MANIFEST: &str = r#"
[plugin]
name = "bench"
version = "0.1.0"
description = "Measured"
[build]
language = "prebuilt"
component = "bench.wasm"
"#;

/// The component that adds, with its manifest.
pub(crate) fn adder() -> Vec<u8> {
    with_manifest(ADDER)
}

/// The component that asks the host.
pub(crate) fn asker() -> Vec<u8> {
    with_manifest(ASKER)
}

/// A component from text, with its manifest.
pub(crate) fn with_manifest(text: &str) -> Vec<u8> {
    let component = wat::parse_str(text).expect("the text is a component");
    writ_plugin::embed(&component, MANIFEST).expect("the manifest is one")
}

/// `double(n)`, built from Rust with its standard library, which imports much of WASI.
pub(crate) fn double() -> Vec<u8> {
    built(
        "tests/guests",
        &["--example", "double"],
        "examples/double.wasm",
    )
}

/// Many ways to use files.
pub(crate) fn files() -> Vec<u8> {
    built(
        "tests/guests",
        &["--example", "files"],
        "examples/files.wasm",
    )
}

/// The jq component.
pub(crate) fn jq() -> Vec<u8> {
    built("plugins/jq", &[], "jq.wasm")
}

#[expect(
    clippy::disallowed_methods,
    reason = "guests are built by cargo, beside the host's own target folder"
)]
fn built(folder: &str, what: &[&str], file: &str) -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root.join("target"), PathBuf::from)
        .join("guests");
    let status = Command::new("cargo")
        .args([
            "build",
            "--locked",
            "--quiet",
            "--release",
            "--target",
            "wasm32-wasip2",
            "--manifest-path",
        ])
        .arg(root.join(folder).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .args(what)
        .status()
        .expect("cargo is there");
    assert!(status.success(), "{folder} does not build");
    let path = target.join("wasm32-wasip2/release").join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A component, loaded by a sandbox with the settings that the command line would choose.
pub(crate) fn load(bytes: &[u8]) -> writ_sandbox::Component {
    let sandbox = Sandbox::new(Config {
        concurrency: 64,
        ..Config::default()
    })
    .expect("the engine starts");
    load_into(&sandbox, bytes)
}

/// The same, by a sandbox that is there.
pub(crate) fn load_into(sandbox: &Sandbox, bytes: &[u8]) -> writ_sandbox::Component {
    let plugin = Plugin::read(bytes, "bench").expect("it is a component");
    sandbox.load(bytes, Arc::new(plugin)).expect("it compiles")
}

/// An authority with exactly these capabilities, requested and granted; folders are all mapped to one.
pub(crate) fn authority(plugin: &str, capabilities: &[&str], folder: &str) -> Authority {
    let parse = |text: &&str| {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    };
    let capabilities: Vec<Capability> = capabilities.iter().map(parse).collect();
    let digest = Digest::from_bytes([7; 32]);
    let request = |capability: &Capability| Request {
        capability: capability.clone(),
        reason: "measured".into(),
        optional: false,
    };
    let grant = |capability: &Capability| Grant {
        folder: capability.takes_folder().then(|| folder.to_owned()),
        ..Grant::of(capability.clone())
    };
    let writ = Writ {
        plugin: plugin.into(),
        version: "0.1.0".into(),
        digest,
        grants: capabilities.iter().map(grant).collect(),
        approved_ms: None,
        expires_ms: None,
        revoked: false,
    };
    let requests: Vec<Request> = capabilities.iter().map(request).collect();
    Authority::effective(plugin, &digest, &requests, Some(&writ), 0)
        .expect("the writ is for this plugin")
}

/// A call that nobody listens to.
pub(crate) fn call(
    function: &str,
    arguments: Json,
    authority: &Authority,
    settings: &Arc<Settings>,
) -> Call {
    Call {
        function: function.to_owned(),
        arguments,
        authority: authority.clone(),
        folders: ResolvedFolders::new(),
        limits: Limits::default(),
        clock_ms: 0,
        seed: 0,
        idempotency_key: None,
        idempotent: false,
        web: None,
        settings: Arc::clone(settings),
        tools: Arc::new(NoTools),
        port: Box::new(Mute),
    }
}

struct Mute;

impl Port for Mute {
    fn expected(&self) -> Option<HostCall> {
        None
    }

    fn recall(&mut self, _: &HostCall) -> Option<Recalled> {
        None
    }

    fn intended(&mut self, _: &HostCall) -> Durable<'_> {
        Box::pin(async { Ok(()) })
    }

    fn answered(&mut self, _: HostCall, _: Json, _: &Capability) -> Durable<'_> {
        Box::pin(async { Ok(()) })
    }

    fn record(&mut self, _: HostCall, _: Json, _: &Capability) {}

    fn keyvalue(&mut self, _: KvOperation, _: &Capability) -> Result<KvAnswer, KvError> {
        Err(KvError::NoSuchStore)
    }

    fn tool_called(&mut self, _: &HostCall, _: &[String], _: &Capability) -> ToolRecord {
        ToolRecord::New
    }

    fn tool_returned(&mut self, _: Option<Json>) {}

    fn lost(&self) -> Option<PortError> {
        None
    }

    fn recorded_bytes(&self) -> u64 {
        0
    }

    fn denied(&mut self, _: &Denied) {}

    fn opened(&mut self, _: FileNote) {}

    fn log(&mut self, _: &str, _: &str) {}
}
