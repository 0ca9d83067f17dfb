//! From bytes to a component: the wrong bytes, the cache, and compiler children that don't do what they should. The true child
//! is tested in `tests/compile_child.rs`.

use std::sync::Arc;

use serde_json::json;
use writ_plugin::Plugin;

use super::support::{around, run};
use crate::{CompileLimits, CompilerChild, Config, Limits, LoadError, Sandbox};

fn component() -> Vec<u8> {
    wat::parse_str(around("(func (export \"f\"))", &["f"])).unwrap()
}

fn plugin(bytes: &[u8]) -> Arc<Plugin> {
    Arc::new(Plugin::read(bytes, "test").unwrap())
}

#[test]
fn bytes_that_were_not_reviewed_are_refused() {
    let reviewed = component();
    let other = wat::parse_str(around("(func (export \"g\"))", &["g"])).unwrap();
    let sandbox = Sandbox::new(Config::default()).unwrap();
    assert!(matches!(
        sandbox.load(&other, plugin(&reviewed)),
        Err(LoadError::Digest { .. })
    ));
}

#[tokio::test]
async fn a_damaged_cache_entry_is_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        cache_dir: Some(folder.path().into()),
        ..Config::default()
    };
    let bytes = component();
    for _ in 0..3 {
        let sandbox = Sandbox::new(config.clone()).unwrap();
        let component = sandbox.load(&bytes, plugin(&bytes)).unwrap();
        assert_eq!(
            run(&component, "f", Limits::default())
                .await
                .result
                .unwrap(),
            json!(null)
        );
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "cwasm")
            {
                let mut damaged = std::fs::read(&path).unwrap();
                let last = damaged.len() - 1;
                damaged[last] ^= 1;
                std::fs::write(&path, damaged).unwrap();
            }
        }
    }
}

#[test]
fn a_child_that_does_not_speak_is_told_so() {
    let missing = CompilerChild {
        program: "/nonexistent/compiler".into(),
        arguments: Vec::new(),
    };
    let silent = CompilerChild {
        program: "/bin/true".into(),
        arguments: Vec::new(),
    };
    for child in [missing, silent] {
        let sandbox = Sandbox::new(Config {
            compiler: Some(child),
            ..Config::default()
        })
        .unwrap();
        let bytes = component();
        let error = sandbox.load(&bytes, plugin(&bytes)).err().unwrap();
        assert!(matches!(error, LoadError::Compiler { .. }), "{error}");
    }
}

#[test]
fn a_child_that_takes_too_long_is_killed() {
    let stuck = CompilerChild {
        program: "/bin/sleep".into(),
        arguments: vec!["600".into()],
    };
    let limits = CompileLimits {
        wall_s_max: 1,
        ..CompileLimits::default()
    };
    let sandbox = Sandbox::new(Config {
        compiler: Some(stuck),
        compile_limits: limits,
        ..Config::default()
    })
    .unwrap();
    let bytes = component();
    let error = sandbox.load(&bytes, plugin(&bytes)).err().unwrap();
    assert!(
        matches!(error, LoadError::TooExpensive { what: "slow", .. }),
        "{error}"
    );
}

#[test]
fn a_child_that_says_too_much_is_killed() {
    let endless = CompilerChild {
        program: "/bin/cat".into(),
        arguments: vec!["/dev/zero".into()],
    };
    let limits = CompileLimits {
        output_bytes_max: 100_000,
        ..CompileLimits::default()
    };
    let sandbox = Sandbox::new(Config {
        compiler: Some(endless),
        compile_limits: limits,
        ..Config::default()
    })
    .unwrap();
    let bytes = component();
    let error = sandbox.load(&bytes, plugin(&bytes)).err().unwrap();
    assert!(
        matches!(error, LoadError::TooExpensive { what: "large", .. }),
        "{error}"
    );
}
