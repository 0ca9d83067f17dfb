//! Components that are not written in Rust, built by their languages' own tools from `examples/words`: each runs as it is,
//! under the default limits.
//!
//! The tools are not part of a checkout. Where one is missing, its test says so on standard error and passes;
//! `WRIT_LANGUAGES=all` makes that a failure. docs/plugins.md says how to get them.

#![expect(
    clippy::disallowed_methods,
    reason = "tests find and start the tools of other languages"
)]

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;
use writ_tests::{App, root};

/// A program by its name, on the path or as `WRIT_NAME` in capitals says; says so when there is none.
fn tool(name: &str) -> Option<PathBuf> {
    let variable = format!("WRIT_{}", name.to_uppercase().replace(['-', '.'], "_"));
    let named = env::var_os(&variable).map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let mut candidates = named
        .into_iter()
        .chain(env::split_paths(&path).map(|folder| folder.join(name)));
    let found = candidates.find(|candidate| candidate.is_file());
    if found.is_none() {
        let message = format!("SKIPPED: `{name}` is not on the path, nor named by {variable}");
        assert!(
            env::var_os("WRIT_LANGUAGES").is_none_or(|wanted| wanted != "all"),
            "{message}"
        );
        // Not by a macro: those are kept back while a test passes.
        let _ = writeln!(io::stderr(), "{message}");
    }
    found
}

fn example(path: &str) -> PathBuf {
    root().join("examples/words").join(path)
}

fn done(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Runs the example with this component: an answer, an error of the function, and the same answer out of the cache.
fn runs(component: &Path) {
    let app = App::new("");
    app.component("words", &fs::read(component).expect("it was built"), "");
    let workflow = |limit: u32| {
        let call = json!({ "call": "top:0.1.0@words", "with": { "text": "To be or not to be", "limit": limit } });
        let document =
            json!({ "dsl": "1.0.3", "namespace": "tests", "name": "words", "version": "0.1.0" });
        json!({ "document": document, "do": [{ "count": call }] }).to_string()
    };
    let answer = json!([{ "word": "be", "times": 2 }, { "word": "to", "times": 2 }]);
    app.write("workflow.yaml", &workflow(2));
    for _ in 0..2 {
        assert_eq!(app.run().expect(0).json()["output"], answer);
    }
    app.write("workflow.yaml", &workflow(0));
    let fault = app.run().expect(1).json();
    assert_eq!(
        fault["error"]["payload"], "a limit of 0 leaves nothing to tell",
        "{fault}"
    );
    let run = fault["run"].as_str().expect("a run has an id");
    let denied = app
        .events(run)
        .into_iter()
        .find(|event| event["event"]["type"] == "host.denied");
    assert!(
        denied.is_none(),
        "a runtime's noise is no attempt: {denied:?}"
    );
}

#[test]
fn python() {
    let Some(componentize) = tool("componentize-py") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(example("python/app.py"), folder.path().join("app.py")).expect("a copy");
    let component = folder.path().join("words.wasm");
    let wit = example("wit");
    done(
        Command::new(componentize)
            .current_dir(folder.path())
            .arg("-d")
            .arg(wit)
            .args(["-w", "words", "componentize", "app", "-o"])
            .arg(&component),
    );
    runs(&component);
}

#[test]
fn javascript_on_quickjs() {
    let Some(componentize) = tool("componentize-qjs") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let component = folder.path().join("words.wasm");
    done(
        Command::new(componentize)
            .args(["--sync", "--opt-size", "--world", "words", "--wit"])
            .arg(example("wit"))
            .arg("--js")
            .arg(example("javascript/words.js"))
            .arg("-o")
            .arg(&component),
    );
    runs(&component);
}

#[test]
fn javascript_on_starlingmonkey() {
    let Some(componentize) = tool("componentize-js") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let component = folder.path().join("words.wasm");
    done(
        Command::new(componentize)
            .arg(example("javascript/words.js"))
            .args(["-d", "http", "-d", "fetch-event", "-n", "words", "--wit"])
            .arg(example("wit"))
            .arg("-o")
            .arg(&component),
    );
    runs(&component);
}

#[test]
fn c() {
    let (Some(clang), Some(bindgen)) = (tool("clang-19"), tool("wit-bindgen")) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    done(
        Command::new(bindgen)
            .current_dir(folder.path())
            .args(["c", "--world", "words"])
            .arg(example("wit")),
    );
    let component = folder.path().join("words.wasm");
    done(
        Command::new(clang)
            .current_dir(folder.path())
            .args([
                "--target=wasm32-wasi",
                "-mexec-model=reactor",
                "-Os",
                "-s",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-I.",
            ])
            .arg(format!("-fuse-ld={}", component_linker().display()))
            .arg(example("c/tool.c"))
            .args(["words.c", "words_component_type.o", "-o"])
            .arg(&component),
    );
    runs(&component);
}

/// The linker that Rust brings for its own components.
fn component_linker() -> PathBuf {
    let output = Command::new("rustc")
        .args([
            "--print",
            "target-libdir",
            "--target",
            "x86_64-unknown-linux-gnu",
        ])
        .output()
        .expect("rustc is there, it compiled this");
    let libraries = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    libraries.with_file_name("bin").join("wasm-component-ld")
}
