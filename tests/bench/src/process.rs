//! The `writ` binary as a person starts it: `writ run` of a built app with one task, from start to exit.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::guest;
use crate::report::{Report, seconds};

const ROUNDS: u32 = 20;

pub(crate) const ONE_TASK: &str = "
document: { dsl: '1.0.3', namespace: bench, name: one-task, version: '0.1.0' }
do:
  - add: { call: 'add:0.1.0@bench', with: { a: 1, b: 2 } }
";

pub(crate) fn measure(report: &mut Report) {
    let Some(installed) = Installed::find() else {
        report.note("run.* needs the host: cargo build --release -p writ-host");
        return;
    };
    let app = App::new(ONE_TASK);
    let version = seconds(ROUNDS, || installed.run(&["--version".as_ref()]));
    report.line("run.version", version * 1e3, "ms");
    report.line(
        "run.one-task-app",
        seconds(ROUNDS, || installed.run(&["run".as_ref(), app.folder()])) * 1e3,
        "ms",
    );
}

/// The release build of the host.
pub(crate) struct Installed {
    program: PathBuf,
}

impl Installed {
    /// The one beside this program.
    pub(crate) fn find() -> Option<Self> {
        let program = std::env::current_exe().ok()?.with_file_name("writ");
        program.is_file().then_some(Self { program })
    }

    pub(crate) fn run(&self, arguments: &[&Path]) {
        let output = self
            .command()
            .args(arguments)
            .output()
            .expect("writ starts");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Starts a run of a workflow that calls nothing.
    pub(crate) fn start(&self, workflow: &str) -> Running {
        let app = App::new(workflow);
        let child = self
            .command()
            .arg("run")
            .arg(app.folder())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Running {
            child: child.expect("writ starts"),
            _app: app,
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the host's binary is what is measured"
    )]
    fn command(&self) -> Command {
        Command::new(&self.program)
    }
}

/// A host that runs until this is dropped.
pub(crate) struct Running {
    child: Child,
    _app: App,
}

impl Running {
    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An app on disk.
pub(crate) struct App {
    folder: tempfile::TempDir,
}

impl App {
    pub(crate) fn new(workflow: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let write = |name: &str, content: &[u8]| {
            std::fs::write(folder.path().join(name), content).expect("files can be written")
        };
        write("workflow.yaml", workflow.as_bytes());
        write(
            "writ.toml",
            b"[plugins.bench]\ncomponent = \"bench.wasm\"\n",
        );
        write("bench.wasm", &guest::adder());
        Self { folder }
    }

    /// Adds lines to `writ.toml`.
    pub(crate) fn configure(&self, lines: &str) {
        let path = self.folder.path().join("writ.toml");
        let mut config = std::fs::read_to_string(&path).expect("it was written");
        config.push_str(lines);
        std::fs::write(&path, config).expect("files can be written");
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}
