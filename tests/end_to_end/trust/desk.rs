//! An app with a desk for its reviewers: a folder of keys of their own, and what tests do at it.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use writ_tests::{App, Said, command};

/// An app whose plugin reads a file, and the keys of those who decide about it.
pub(super) struct Desk {
    pub(super) app: App,
    pub(super) keys: tempfile::TempDir,
}

impl Desk {
    /// Where only signed writs count.
    pub(super) fn strict(requests: &str) -> Self {
        let desk = Self::normal(requests);
        desk.app
            .config("[host]\nstrict = true\n\n[trust]\nroot = \"trust.toml\"\n");
        desk
    }

    pub(super) fn normal(requests: &str) -> Self {
        let app = App::doing(
            "  - read: { call: 'read:0.1.0@files', with: { mount: /in, path: a.txt } }\n",
        );
        app.plugin("files", requests);
        app.config("folders = { \"/in\" = \"data\", \"/out\" = \"made\" }\n");
        app.write("data/a.txt", "hello");
        Self {
            app,
            keys: tempfile::tempdir().expect("a temporary folder can be made"),
        }
    }

    /// Runs `writ` in the app's folder, with the keys of the desk.
    pub(super) fn writ(&self, arguments: &[&str]) -> Said {
        self.writ_with(arguments, "")
    }

    /// The same with something on standard input.
    pub(super) fn writ_with(&self, arguments: &[&str], input: &str) -> Said {
        let file = self.keys.path().join("stdin");
        fs::write(&file, input).expect("files can be written");
        let mut command = self.command(arguments);
        command.stdin(Stdio::from(File::open(&file).expect("files can be opened")));
        Said::of(command.output().expect("writ can be started"))
    }

    /// A `writ` command line with the keys of the desk, ready to be started.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(self.app.path(), arguments);
        command.env("WRIT_KEYS", self.key_folder());
        command
    }

    pub(super) fn key_folder(&self) -> PathBuf {
        self.keys.path().join("keys")
    }

    pub(super) fn run(&self) -> Said {
        self.writ(&["run", ".", "--json"])
    }

    /// Runs the app in a process that ends too early, and leaves its run unfinished.
    pub(super) fn interrupted(&self) {
        let mut child = self
            .command(&["run", "."])
            .stderr(Stdio::piped())
            .spawn()
            .expect("writ can be started");
        let err = BufReader::new(child.stderr.take().expect("it is piped"));
        let accepted = err
            .lines()
            .map_while(Result::ok)
            .any(|line| line.contains("accepted run"));
        assert!(accepted, "the run was accepted");
        child.kill().expect("it runs");
        let _ = child.wait();
    }

    /// Makes a key and trusts it in the app's trust root; returns its public line.
    pub(super) fn key(&self, name: &str, role: &str) -> String {
        let said = self
            .writ(&[
                "key",
                "new",
                name,
                "--no-passphrase",
                "--role",
                role,
                "--json",
            ])
            .expect(0);
        said.json()["public"].as_str().expect("a line").to_owned()
    }

    /// Approves everything, signed.
    pub(super) fn approve(&self, key: &str) {
        let _ = self
            .writ(&["grant", "approve", ".", "--all-requested", "--key", key])
            .expect(0);
    }

    /// The names of what has a signed writ.
    pub(super) fn papers(&self) -> Vec<String> {
        let entries = fs::read_dir(self.app.path().join("writs")).expect("the folder is there");
        let name = |entry: std::io::Result<fs::DirEntry>| {
            let name = entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned();
            name.rsplit_once('-').expect("NAME-DIGEST").0.to_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    /// The file of the signed writ of the plugin, relative to the app.
    pub(super) fn paper(&self, kind: &str) -> String {
        let digest = self.digest();
        format!("writs/files-{}{kind}.dsse.json", &digest[..12])
    }

    /// The digest of the plugin as it is, in hexadecimal.
    pub(super) fn digest(&self) -> String {
        let said = self.writ(&["plugin", "list", "--json"]).expect(0).json();
        said[0]["digest"]
            .as_str()
            .expect("a digest")
            .trim_start_matches("sha256:")
            .to_owned()
    }

    pub(super) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.app.path().join(file))
            .unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    pub(super) fn change(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(
            text.contains(from),
            "{from:?} is missing in {file}:\n{text}"
        );
        self.app.write(file, &text.replace(from, to));
    }

    pub(super) fn remove(&self, file: &str) {
        fs::remove_file(self.app.path().join(file))
            .unwrap_or_else(|error| panic!("{file}: {error}"));
    }
}

/// Fails unless every part is in the text.
pub(super) fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

/// An error with a remedy: the code, the parts of the message, and the parts of its help.
pub(super) fn refused(said: Said, code: i32, message: &[&str], help: &[&str]) {
    let said = said.expect(code);
    has(&said.err, message);
    has(&said.err, help);
    assert!(said.err.contains("error: "), "{}", said.err);
}
