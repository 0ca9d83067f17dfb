//! The compiler child for real: this program starts itself as the child. Has no test harness, because a harness talks on the
//! child's standard output.

use std::sync::Arc;

use writ_plugin::Plugin;
use writ_sandbox::{CompileLimits, CompilerChild, Config, LoadError, Sandbox, compile_child_main};

const CHILD: &str = "compile-child";

fn main() {
    if std::env::args().any(|argument| argument == CHILD) {
        std::process::exit(compile_child_main(|| Ok(())));
    }
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    compiles();
    says_what_is_invalid();
    gives_up_on_too_much_memory();
    gives_up_on_too_much_time();
    println!("compile_child: 4 passed");
}

fn load(text: &str, limits: CompileLimits) -> Result<(), LoadError> {
    let program = std::env::current_exe().expect("a running program has a file");
    let compiler = Some(CompilerChild {
        program,
        arguments: vec![CHILD.to_owned()],
    });
    let sandbox = Sandbox::new(Config {
        compiler,
        compile_limits: limits,
        ..Config::default()
    })
    .expect("a sandbox");
    let bytes = wat::parse_str(text).expect("sound text");
    let plugin = Plugin::read(&bytes, "test").expect("a component");
    sandbox.load(&bytes, Arc::new(plugin)).map(drop)
}

fn around(core: &str) -> String {
    format!(
        r#"(component (core module $m {core} (func (export "f"))) (core instance $i (instantiate $m))
           (func (export "f") (canon lift (core func $i "f"))))"#
    )
}

fn compiles() {
    load(&around(""), CompileLimits::default()).expect("a small component compiles");
}

fn says_what_is_invalid() {
    // Sound WebAssembly, with a feature that the engine has switched off.
    let error = load(&around("(memory i64 1)"), CompileLimits::default())
        .expect_err("64-bit memories are off");
    assert!(
        matches!(&error, LoadError::Invalid { message, .. } if message.contains("memory64")),
        "{error}"
    );
}

fn gives_up_on_too_much_memory() {
    let limits = CompileLimits {
        memory_bytes_max: 16 * 1024 * 1024,
        ..CompileLimits::default()
    };
    let error = load(&around(&large(20)), limits).expect_err("16 MiB are too few");
    // Where the shortage is met first decides the words.
    let large = matches!(error, LoadError::TooExpensive { what: "large", .. });
    assert!(
        large || matches!(error, LoadError::Compiler { .. }),
        "{error}"
    );
}

fn gives_up_on_too_much_time() {
    let limits = CompileLimits {
        cpu_s_max: 1,
        ..CompileLimits::default()
    };
    let error = load(&around(&large(4_000)), limits).expect_err("a second is too short");
    assert!(
        matches!(error, LoadError::TooExpensive { what: "slow", .. }),
        "{error}"
    );
}

/// So many functions that are dear to compile.
fn large(functions: usize) -> String {
    let body =
        "(local.set 0 (i32.add (i32.mul (local.get 0) (local.get 1)) (local.get 1)))".repeat(300);
    format!("(func (param i32 i32) (result i32) {body} (local.get 0))").repeat(functions)
}
