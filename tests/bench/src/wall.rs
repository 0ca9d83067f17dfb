//! What the second wall costs: to raise it, at a system call, at a file that is opened, at a file that a guest opens and reads, and
//! over a whole `writ run`. Each is taken in a process behind a wall and in one that has none.

use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use writ_plugin::Plugin;
use writ_sandbox::{CompilerChild, Component, Config, ResolvedFolders, Sandbox, Settings};
use writ_wall::Wall;

use crate::guest;
use crate::process::{App, Installed, ONE_TASK};
use crate::report::{Report, in_turn, median, seconds};

/// The hidden argument of the process that is measured.
pub(crate) const INSIDE: &str = "--inside-wall";
/// The hidden argument of its compiler.
pub(crate) const COMPILER: &str = "--compile-child";
const BEHIND: &str = "behind";
const OPEN: &str = "open";

const ROUNDS: u32 = 9;
/// Processes of each kind, in turn.
const PROCESSES: usize = 3;
const CALLS: u32 = 100_000;
const FILES: u32 = 20_000;
const GUEST_FILES: u32 = 2_000;

pub(crate) fn measure(report: &mut Report) {
    let (mut behind, mut open) = (Vec::new(), Vec::new());
    for _ in 0..PROCESSES {
        open.push(inside_a_process(OPEN));
        behind.push(inside_a_process(BEHIND));
    }
    let at = |all: &[Vec<f64>], index: usize| {
        median(
            all.iter()
                .filter_map(|one| one.get(index).copied())
                .collect(),
        )
    };
    report.line("wall.raise", at(&behind, 0), "us");
    for (index, name) in ["system-call", "file-open", "guest-file"]
        .iter()
        .enumerate()
    {
        let unit = if index == 0 { "ns" } else { "us" };
        report.line(&format!("wall.{name}-without"), at(&open, index + 1), unit);
        report.line(&format!("wall.{name}"), at(&behind, index + 1), unit);
    }
    whole_runs(report);
}

/// `writ run` of an app with one task.
fn whole_runs(report: &mut Report) {
    let Some(installed) = Installed::find() else {
        report.note("wall.run needs the host: cargo build --release -p writ-host");
        return;
    };
    let (behind, open) = (App::new(ONE_TASK), App::new(ONE_TASK));
    open.configure("[host]\nwall = \"off\"\n");
    let run = |app: &App| installed.run(&["run".as_ref(), app.folder()]);
    let (without, with) = in_turn(2 * ROUNDS, || run(&open), || run(&behind));
    report.line("wall.run-without", without * 1e3, "ms");
    report.line("wall.run", with * 1e3, "ms");
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is behind a wall can't be measured beside what is not, in one process"
)]
fn inside_a_process(kind: &str) -> Vec<f64> {
    let program = std::env::current_exe().expect("a running program has a file");
    let output = Command::new(program)
        .args([INSIDE, kind])
        .output()
        .expect("it starts itself");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.split_whitespace()
        .map(|number| number.parse().expect("it prints numbers"))
        .collect()
}

/// The process that is measured: prints what raising took, and then what each thing takes.
pub(crate) fn inside(kind: &str) {
    let ground = tempfile::tempdir().expect("a folder can be made");
    let path = ground.path().join("file");
    std::fs::write(&path, "content").expect("a file can be written");
    let guest = Guest::load(ground.path());
    let began = Instant::now();
    if kind == BEHIND {
        let wall = Wall {
            read: vec![ground.path().to_owned()],
            write: vec![ground.path().to_owned()],
            ..Wall::default()
        };
        let report = writ_wall::raise(&wall).expect("the folder is there");
        if !report.is_whole() {
            eprintln!("# the wall is not whole: {}", report.lacking());
        }
    }
    let raised = began.elapsed().as_secs_f64() * 1e6;
    let call = seconds(ROUNDS, || {
        for _ in 0..CALLS {
            black_box(std::os::unix::process::parent_id());
        }
    });
    let file = seconds(ROUNDS, || {
        for _ in 0..FILES {
            black_box(File::open(&path).expect("it is there"));
        }
    });
    let read = seconds(ROUNDS, || guest.read(GUEST_FILES));
    println!(
        "{raised} {} {} {}",
        call * 1e9 / f64::from(CALLS),
        file * 1e6 / f64::from(FILES),
        read * 1e6 / f64::from(GUEST_FILES)
    );
}

/// Compiled in a child, as a host does: a process that compiles has threads, and a wall is raised before there are any.
fn component() -> Component {
    let program = std::env::current_exe().expect("a running program has a file");
    let sandbox = Sandbox::new(Config {
        compiler: Some(CompilerChild {
            program,
            arguments: vec![COMPILER.to_owned()],
        }),
        ..Config::default()
    })
    .expect("the engine starts");
    let bytes = guest::files();
    let plugin = Plugin::read(&bytes, "bench").expect("it is a component");
    sandbox.load(&bytes, Arc::new(plugin)).expect("it compiles")
}

/// A guest that opens and reads one file, again and again.
struct Guest {
    component: Component,
    authority: writ_grant::Authority,
    folders: ResolvedFolders,
    runtime: tokio::runtime::Runtime,
}

impl Guest {
    fn load(folder: &Path) -> Self {
        Self {
            component: component(),
            authority: guest::authority("bench", &["fs:read:/in"], "in"),
            folders: [("/in".to_owned(), folder.to_owned())].into(),
            runtime: crate::sandbox::runtime(),
        }
    }

    fn read(&self, times: u32) {
        let settings = Arc::new(Settings::default());
        let arguments = json!({ "mount": "/in", "path": "file", "times": times });
        let mut call = guest::call("read-many", arguments, &self.authority, &settings);
        call.folders = self.folders.clone();
        let outcome = self.runtime.block_on(self.component.call(call));
        assert_eq!(outcome.result.expect("it answers"), json!(["content"]));
    }
}
