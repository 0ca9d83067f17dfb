//! Every thread of every process that runs guests or compiles strangers' bytes.

use std::{fs, thread, time::Duration};

use writ_tests::App;

use super::process::{Running, Thread, find, threads, until, with_a_guest};

/// An app whose guest is busy while its process is looked at, with a folder to read.
fn busy(milliseconds: u32) -> App {
    let app = App::doing(&format!(
        "  - slow: {{ call: 'slow:0.1.0@slow', with: {{ milliseconds: {milliseconds} }} }}\n"
    ));
    app.plugin(
        "slow",
        "[[request]]\ncapability = \"fs:read:/in\"\nreason = \"to have a folder\"\n",
    );
    app.config("folders = { \"/in\" = \"in\" }\n");
    app.write("in/a", "a");
    app.approve();
    // Compiled now, so that the next process runs its guest at once.
    let _ = app.writ(&["check", "."]).expect(0);
    app
}

fn all_bound(threads: &[Thread]) {
    // The main thread, the clock, the journal's, the runtime's.
    assert!(threads.len() >= 4, "{threads:?}");
    let free: Vec<_> = threads
        .iter()
        .filter(|thread| !thread.filtered || !thread.no_new_privileges)
        .collect();
    assert!(free.is_empty(), "not behind the wall: {free:?}");
}

#[test]
fn every_thread_of_a_run_is_behind_the_wall() {
    let app = busy(1_500);
    let host = Running::start(app.path(), &["run", "."]);
    all_bound(&with_a_guest(host.id()));
    let limits = fs::read_to_string(format!("/proc/{}/limits", host.id())).expect("it runs");
    let core = limits.lines().find(|line| line.starts_with("Max core"));
    let core: Vec<_> = core.expect("a limit").split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"], "{core:?}");
    assert!(host.ends_well());
}

#[test]
fn a_detached_run_and_one_that_is_taken_up_are_too() {
    let app = busy(1_500);
    let _ = app.writ(&["run", ".", "--detach"]).expect(0);
    let data = app.path().join(".writ");
    let data = data.to_str().expect("a name in UTF-8");
    let background = until("a process in the background", || {
        find(&["runs", "resume", "--when-told", data])
    });
    all_bound(&with_a_guest(background));
    // Killed, and taken up by hand.
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(background as i32).expect("a process"),
        rustix::process::Signal::KILL,
    )
    .expect("a process can be killed");
    until("its end", || threads(background).is_empty().then_some(()));
    let host = Running::start(app.path(), &["runs", "resume"]);
    all_bound(&with_a_guest(host.id()));
    assert!(host.ends_well());
}

#[test]
fn a_process_in_the_background_without_its_word_does_nothing() {
    let app = busy(1);
    let _ = app.run().expect(0);
    let said = app.writ(&["runs", "resume", "--when-told"]).expect(0);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""));
}

#[test]
fn without_a_wall_there_is_none() {
    let app = busy(500);
    let config = fs::read_to_string(app.path().join("writ.toml")).expect("it is there");
    app.write("writ.toml", &format!("[host]\nwall = \"off\"\n{config}"));
    let host = Running::start(app.path(), &["run", "."]);
    let threads = with_a_guest(host.id());
    assert!(threads.iter().all(|thread| !thread.filtered), "{threads:?}");
    assert!(host.ends_well());
}

/// A component that takes seconds to compile.
fn slow_to_compile() -> Vec<u8> {
    let body =
        "(local.set 0 (i32.add (i32.mul (local.get 0) (local.get 1)) (local.get 1)))".repeat(300);
    let functions =
        format!("(func (param i32 i32) (result i32) {body} (local.get 0))").repeat(2_000);
    wat::parse_str(format!(
        r#"(component (core module $m {functions} (func (export "f"))) (core instance $i (instantiate $m))
           (func (export "f") (canon lift (core func $i "f"))))"#
    ))
    .expect("the text is a component")
}

#[test]
fn the_compiler_is_behind_a_wall_of_its_own_and_dies_with_its_host() {
    let app = App::doing("  - f: { call: 'f:0.1.0@large' }\n");
    app.component("large", &slow_to_compile(), "");
    let host = Running::start(app.path(), &["run", "."]);
    let children = format!("/proc/{0}/task/{0}/children", host.id());
    let compiler = until("a compiler", || {
        let children = fs::read_to_string(&children).ok()?;
        let child = children.split_whitespace().next()?.parse().ok()?;
        let bound = threads(child).iter().any(|thread| thread.filtered);
        bound.then_some(child)
    });
    // It has more threads in a moment: all start behind the wall.
    thread::sleep(Duration::from_millis(200));
    let bound = threads(compiler);
    assert!(
        !bound.is_empty() && bound.iter().all(|thread| thread.filtered),
        "{bound:?}"
    );
    drop(host);
    thread::sleep(Duration::from_millis(300));
    let left = threads(compiler);
    assert!(left.is_empty(), "the compiler outlived its host: {left:?}");
}
