//! Expressions: what the native fast path takes, it computes as the sandboxed component does. The first line is the expression,
//! the rest its input.

use std::{
    env,
    path::PathBuf,
    process::Command,
    sync::{Arc, LazyLock},
};

use serde_json::Value as Json;
use writ_expression::{Expressions, JqSource, limits};
use writ_plugin::Plugin;
use writ_sandbox::{Component, Config, Limits, Sandbox};

use super::Target;
use crate::{seeds, words};

pub(super) const TARGET: Target = Target {
    name: "expression",
    check,
    seeds,
    words: &[
        ".",
        ".a",
        ".[0]",
        ".[-1]",
        ".\"b\"",
        "?",
        "//",
        " and ",
        " or ",
        "not",
        "==",
        "<=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "|",
        ",",
        "$x",
        "..",
        "[",
        "]",
        "{a: ",
        "{\"a\": ",
        "}",
        "(",
        ")",
        "-1",
        "1e300",
        "9007199254740993",
        "\"\\(",
        "length",
        "if ",
        " then ",
        " else ",
        " end",
        "as $v",
        "reduce ",
        "def f: ",
        "@base64",
        "\\u00e4",
        "# ",
        "null",
        "nan",
        "infinite",
        "try ",
        "limit(1; ",
        "[range(9)]",
    ],
    rounds: 250,
    bytes_max: 600,
};

/// A definition that no fast path knows, and that changes nothing after it.
const SLOWLY: &str = "def unknown_to_the_fast_path: .; ";

fn seeds() -> Vec<Vec<u8>> {
    let cases = seeds::folder("tests/fuzz/seeds/expression", &[".txt"]);
    let lines = cases
        .iter()
        .flat_map(|text| text.split(|byte| *byte == b'\n'));
    let input: &[u8] =
        b"\n{\"a\": {\"b\": [1, -2.5, \"x\", null]}, \"n\": 9007199254740993, \"t\": true}";
    lines
        .filter(|line| !line.is_empty())
        .map(|line| [line, input].concat())
        .collect()
}

static JQ: LazyLock<Component> = LazyLock::new(|| {
    let bytes = component();
    let plugin = Plugin::read(&bytes, "jq").expect("plugins/jq is a component");
    let sandbox = Sandbox::new(Config {
        concurrency: 1,
        ..Config::default()
    })
    .expect("the engine starts");
    sandbox
        .load(&bytes, Arc::new(plugin))
        .expect("plugins/jq compiles")
});

fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (source, input) = text.split_once('\n').unwrap_or((text, ""));
    let input = serde_json::from_str::<Json>(input).unwrap_or(Json::Null);
    let slow = format!("{SLOWLY}{source}");
    let jq: JqSource = Arc::new(|| Ok(JQ.clone()));
    let limits = Limits {
        cpu_ms_max: 100,
        ..limits()
    };
    let mut both = Expressions::new(vec![source.into(), slow.into()], jq, limits);
    if !both.is_fast(0) {
        return;
    }
    assert!(!both.is_fast(1));
    let mut variable = |_: &str| Some(Arc::new(Json::from(3)));
    let fast = both.evaluate(0, &input, &mut variable);
    let slow = both.evaluate(1, &input, &mut variable);
    assert_eq!(
        fast.as_ref().map(ToString::to_string),
        slow.as_ref().map(ToString::to_string),
        "{source} on {input}"
    );
    if let Err(message) = fast {
        words::tame(&message);
    }
}

/// The component, built by cargo where the workspace's own tests build it.
#[expect(
    clippy::disallowed_methods,
    reason = "a test builds the component that it tests"
)]
fn component() -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root.join("target"), PathBuf::from)
        .join("guests");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
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
