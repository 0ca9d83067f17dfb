//! What end-to-end tests share: the real binary, guests built once, and app folders of their own.
//!
//! Nothing here knows the crates of the host: a test sees what a user sees.

#![expect(
    clippy::disallowed_methods,
    reason = "tests start the real binary and the compiler"
)]
#![expect(
    clippy::missing_panics_doc,
    reason = "helpers of tests fail by panicking"
)]

pub mod net;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

use serde_json::Value as Json;

/// The root of the workspace.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("the workspace is there")
}

/// `target` of the workspace, wherever the test runner was told to put it.
fn target() -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    // target/PROFILE/deps/TEST
    test.ancestors()
        .nth(3)
        .expect("tests run from target/PROFILE/deps")
        .to_owned()
}

/// The real binary: the one that `WRIT_BINARY` names, for instance an installed one, or built from the sources as they are.
pub fn writ() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(installed) = env::var_os("WRIT_BINARY") {
            return installed.into();
        }
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "writ-host", "--target-dir"])
            .arg(target())
            .current_dir(root())
            .status()
            .expect("cargo can be started");
        assert!(status.success(), "the writ binary did not build");
        target().join("debug/writ")
    })
}

/// A guest of `tests/guests`, built once.
pub fn guest(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let target = target().join("guests");
        let manifest = root().join("tests/guests/Cargo.toml");
        let status = guest_cargo(&target, &manifest)
            .args(["--examples"])
            .status()
            .expect("cargo can be started");
        assert!(status.success(), "the guests did not build");
        target.join("wasm32-wasip2/release/examples")
    });
    let path = folder.join(format!("{}.wasm", name.replace('-', "_")));
    assert!(path.exists(), "there is no guest {}", path.display());
    path
}

fn guest_cargo(target: &Path, manifest: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command
        .args([
            "build",
            "--quiet",
            "--release",
            "--locked",
            "--target",
            "wasm32-wasip2",
            "--manifest-path",
        ])
        .arg(manifest)
        .arg("--target-dir")
        .arg(target)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    command
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Said {
    /// Of a finished process.
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails the test unless the command ended with this code.
    #[must_use]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.out, self.err
        );
        self
    }

    /// The JSON object on the last line of standard output.
    pub fn json(&self) -> Json {
        let last = self.out.lines().last().unwrap_or_default();
        serde_json::from_str(last)
            .unwrap_or_else(|error| panic!("{error}: {last:?}\nstderr:\n{}", self.err))
    }
}

/// A `writ` command line, ready to be started in a folder.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(writ());
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env_remove("WRIT_LOG");
    command
}

/// An app folder of its own, removed when dropped.
pub struct App {
    folder: tempfile::TempDir,
}

impl App {
    /// With a workflow and no plugin.
    pub fn new(workflow: &str) -> Self {
        let app = Self {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        app.write("writ.toml", "");
        app.write("workflow.yaml", workflow);
        app
    }

    /// With a workflow whose `do` is given.
    pub fn doing(tasks: &str) -> Self {
        Self::new(&format!("{HEAD}do:\n{tasks}"))
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of it, folders included.
    pub fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().expect("files have folders"))
            .expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    }

    /// Adds a guest of `tests/guests` under a manifest with these further lines (requests, functions, limits).
    pub fn plugin(&self, guest_name: &str, manifest: &str) {
        let bytes = fs::read(guest(guest_name)).expect("guests can be read");
        self.component(guest_name, &bytes, manifest);
    }

    /// Adds any bytes as a plugin of this name, under a manifest with these further lines.
    pub fn component(&self, name: &str, bytes: &[u8], manifest: &str) {
        let folder = format!("sources/{name}");
        self.write(
            &format!("{folder}/plugin.toml"),
            &format!(
                "[plugin]\nname = \"{name}\"\nversion = \"0.1.0\"\ndescription = \"A guest of the tests\"\n\n\
                 [build]\nlanguage = \"prebuilt\"\ncomponent = \"guest.wasm\"\n\n{manifest}"
            ),
        );
        fs::write(self.path().join(&folder).join("guest.wasm"), bytes)
            .expect("files can be written");
        self.config(&format!("\n[plugins.{name}]\nsource = \"{folder}\"\n"));
    }

    /// Adds lines to `writ.toml`.
    pub fn config(&self, lines: &str) {
        let mut config =
            fs::read_to_string(self.path().join("writ.toml")).expect("writ.toml is there");
        config.push_str(lines);
        self.write("writ.toml", &config);
    }

    /// Runs `writ` in the folder.
    pub fn writ(&self, arguments: &[&str]) -> Said {
        Said::of(
            command(self.path(), arguments)
                .output()
                .expect("writ can be started"),
        )
    }

    /// Approves whatever the plugins ask for.
    pub fn approve(&self) {
        let _ = self
            .writ(&["grant", "approve", ".", "--all-requested"])
            .expect(0);
    }

    /// `writ run . --json`
    pub fn run(&self) -> Said {
        self.writ(&["run", ".", "--json"])
    }

    /// The events of a run, oldest first.
    pub fn events(&self, run: &str) -> Vec<Json> {
        let said = self.writ(&["runs", "events", run, "--json"]).expect(0);
        said.out
            .lines()
            .map(|line| serde_json::from_str(line).expect("events are JSON"))
            .collect()
    }
}

/// The beginning of a workflow document.
pub const HEAD: &str =
    "document:\n  dsl: '1.0.3'\n  namespace: tests\n  name: test\n  version: '0.1.0'\n";
