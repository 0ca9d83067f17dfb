//! The invoice example in folders of its own: compiled once, copied for every round.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;
use writ_tests::{Said, command, root, writ};

/// Plugins of the example, with the folders that each one asks for.
const PLUGINS: &[(&str, &str)] = &[
    ("invoice-reader", "{ \"/inbox\" = \"inbox\" }"),
    ("invoice-checker", "{ \"/orders\" = \"orders\" }"),
    (
        "payment-queue",
        "{ \"/payments\" = \"out/payments\", \"/review\" = \"out/review\", \"/rejected\" = \"out/rejected\" }",
    ),
];

/// An invoice of the example that is paid, its number and its order.
const MODEL: (&str, &str, &str) = ("papier-und-mehr-8841.xml", "8841", "PO-4502");
/// Further invoices like it, so that there is more to pay.
const MORE: usize = 10;
/// The payments that the example's own inbox leads to.
const PAYMENTS: [&str; 6] = [
    "ATU62345678-2025-209.json",
    "DE811234567-2025-0117.json",
    "DE811234567-G-2025-0009.credit.json",
    "DE813456789-8841.json",
    "DE819012345-2025-4410.json",
    "NL004495445B01-R2025%2F031.json",
];

/// All payments that are to be made, each once.
pub(super) fn due() -> BTreeSet<String> {
    let more = (1..=MORE).map(|number| format!("DE813456789-8841-{number}.json"));
    PAYMENTS
        .iter()
        .map(|name| (*name).to_owned())
        .chain(more)
        .collect()
}

/// The example, built, approved, and compiled into a cache; nothing has run in it.
pub(super) struct Template(TempDir);

/// A copy of the example.
pub(super) struct Invoices(TempDir);

/// All that could show that a file was touched again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filed {
    inode: u64,
    modified_ns: (i64, i64),
    /// Its content.
    pub(super) text: String,
}

impl Template {
    pub(super) fn build() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path();
        copy(
            &root().join("examples/invoice-triage"),
            path,
            &[".writ", "out", "grants.toml"],
        );
        more(path);
        let mut config = String::new();
        for (name, folders) in PLUGINS {
            let component = path.join("built").join(name).with_extension("wasm");
            build(&root().join("plugins").join(name), &component);
            config.push_str(&format!(
                "[plugins.{name}]\ncomponent = \"{}\"\nfolders = {folders}\n\n",
                component.display()
            ));
        }
        fs::write(path.join("writ.toml"), config).expect("files can be written");
        let template = Self(folder);
        let say = |arguments: &[&str]| said(command(template.0.path(), arguments)).expect(0);
        let _ = say(&["grant", "approve", ".", "--all-requested"]);
        let _ = say(&["run", "."]);
        template
    }

    /// A copy in which nothing has run.
    pub(super) fn copy(&self) -> Invoices {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        copy(self.0.path(), folder.path(), &[".writ", "out", "built"]);
        copy(
            &self.0.path().join(".writ/cache"),
            &folder.path().join(".writ/cache"),
            &[],
        );
        Invoices(folder)
    }
}

impl Invoices {
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn writ(&self, arguments: &[&str]) -> Said {
        said(command(self.path(), arguments))
    }

    /// Payments by the names of their files. Hidden files are not payments yet.
    pub(super) fn payments(&self) -> BTreeMap<String, Filed> {
        let Ok(entries) = fs::read_dir(self.path().join("out/payments")) else {
            return BTreeMap::new();
        };
        let paths = entries.map(|entry| entry.expect("the folder can be read").path());
        paths
            .filter_map(|path| Some((name(&path)?, filed(&path))))
            .collect()
    }

    /// How many files there are beside payments and for them, also hidden ones.
    pub(super) fn begun(&self) -> usize {
        fs::read_dir(self.path().join("out/payments")).map_or(0, Iterator::count)
    }

    /// Files that were begun and neither finished nor removed.
    pub(super) fn leftovers(&self) -> Vec<PathBuf> {
        let folders = ["out/payments", "out/review", "out/rejected"];
        let entries = folders.iter().flat_map(|folder| {
            fs::read_dir(self.path().join(folder)).expect("the folder is there")
        });
        let paths = entries.map(|entry| entry.expect("the folder can be read").path());
        paths.filter(|path| name(path).is_none()).collect()
    }
}

fn name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    (!name.starts_with('.')).then(|| name.to_owned())
}

fn filed(path: &Path) -> Filed {
    let metadata = fs::metadata(path).expect("a payment stays where it is");
    Filed {
        inode: metadata.ino(),
        modified_ns: (metadata.mtime(), metadata.mtime_nsec()),
        text: fs::read_to_string(path).expect("payments are text"),
    }
}

/// Adds invoices with numbers and orders of their own.
fn more(folder: &Path) {
    let (invoice, number, order) = MODEL;
    let read = |path: &str| fs::read_to_string(folder.join(path)).expect("the example is whole");
    let (document, ordered) = (
        read(&format!("inbox/{invoice}")),
        read(&format!("orders/{order}.json")),
    );
    for copy in 1..=MORE {
        let other = format!("{order}-{copy}");
        let document = document
            .replace(&format!(">{number}<"), &format!(">{number}-{copy}<"))
            .replace(order, &other);
        fs::write(folder.join(format!("inbox/more-{copy}.xml")), document)
            .expect("files can be written");
        let ordered = ordered.replace(order, &other);
        fs::write(folder.join(format!("orders/{other}.json")), ordered)
            .expect("files can be written");
    }
}

#[expect(clippy::disallowed_methods, reason = "tests start the real binary")]
fn build(folder: &Path, component: &Path) {
    let mut command = Command::new(writ());
    command
        .args(["plugin", "build"])
        .arg(folder)
        .arg("--output")
        .arg(component);
    let _ = said(command).expect(0);
}

fn said(mut command: Command) -> Said {
    Said::of(command.output().expect("writ can be started"))
}

/// Copies a folder, without some of its entries.
pub(super) fn copy(from: &Path, to: &Path, without: &[&str]) {
    fs::create_dir_all(to).expect("folders can be made");
    for entry in fs::read_dir(from).expect("folders can be read") {
        let path: PathBuf = entry.expect("folders can be read").path();
        let name = path.file_name().expect("entries have names");
        if without.iter().any(|without| name == *without) {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name), &[]);
        } else {
            fs::copy(&path, to.join(name)).expect("files can be copied");
        }
    }
}
