//! The arrows of ARCHITECTURE.md as data: no room may know another than these. And what tidiness can be tested.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use writ_tests::root;

/// Room → rooms it may know.
const ARROWS: &[(&str, &[&str])] = &[
    ("grant", &[]),
    ("http", &["grant"]),
    ("plugin", &["grant"]),
    ("workflow", &["plugin", "grant"]),
    ("run", &["workflow"]),
    ("trust", &["grant"]),
    ("journal", &["run", "trust"]),
    ("sandbox", &["plugin", "grant", "http"]),
    ("expression", &["sandbox"]),
    (
        "scheduler",
        &["run", "journal", "sandbox", "expression", "http"],
    ),
    (
        "cli",
        &[
            "grant",
            "http",
            "plugin",
            "workflow",
            "run",
            "journal",
            "sandbox",
            "expression",
            "scheduler",
            "trust",
            "wall",
        ],
    ),
    ("wall", &[]),
];

/// Library → the only rooms that may name it.
const CONFINED: &[(&str, &[&str])] = &[
    ("wasmtime", &["sandbox"]),
    ("wasmtime-wasi", &["sandbox"]),
    ("sled", &["journal"]),
    ("tokio", &["http", "sandbox", "scheduler", "cli"]),
    ("hyper", &["http"]),
    ("rustls", &["http"]),
    ("hickory-resolver", &["http"]),
    ("miette", &["cli"]),
    ("ed25519-dalek", &["trust"]),
    ("landlock", &["wall"]),
    ("seccompiler", &["wall"]),
    ("anyhow", &[]),
];

/// Lines of a source file beyond which it is surely more than one idea.
const FILE_LINES_MAX: usize = 800;

fn dependencies(room: &str) -> BTreeSet<String> {
    let path = root().join("host").join(room).join("Cargo.toml");
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let manifest: toml::Table = text.parse().expect("Cargo.toml is TOML");
    ["dependencies", "build-dependencies"]
        .iter()
        .filter_map(|table| manifest.get(*table)?.as_table())
        .flat_map(|table| table.keys().cloned())
        .collect()
}

#[test]
fn every_room_is_in_the_table() {
    let rooms: BTreeSet<String> = fs::read_dir(root().join("host"))
        .expect("host is a folder")
        .map(|entry| {
            entry
                .expect("host can be read")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let table: BTreeSet<String> = ARROWS.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(rooms, table);
}

#[test]
fn arrows_point_one_way() {
    for (room, allowed) in ARROWS {
        for dependency in dependencies(room) {
            let Some(known) = dependency.strip_prefix("writ-") else {
                continue;
            };
            assert!(
                allowed.contains(&known),
                "host/{room} must not know host/{known}"
            );
        }
    }
}

#[test]
fn confined_libraries_stay_where_they_are() {
    for (room, _) in ARROWS {
        for dependency in dependencies(room) {
            if let Some((_, rooms)) = CONFINED.iter().find(|(library, _)| *library == dependency) {
                assert!(
                    rooms.contains(room),
                    "host/{room} must not name {dependency}"
                );
            }
        }
    }
}

#[test]
fn every_source_file_says_what_it_is_for_and_is_one_idea() {
    let mut wrong = Vec::new();
    for path in sources() {
        let text = fs::read_to_string(&path).expect("sources are text");
        let first = text.lines().next().unwrap_or_default();
        if !first.starts_with("//!") {
            wrong.push(format!("{}: begins without `//!`", path.display()));
        }
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            wrong.push(format!("{}: {lines} lines", path.display()));
        }
        for stub in [
            concat!("todo", "!("),
            concat!("unimplemented", "!("),
            concat!("#[", "ignore"),
        ] {
            if text.contains(stub) {
                wrong.push(format!("{}: has {stub}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_is_in_one_place() {
    let mut places = Vec::new();
    for path in sources()
        .into_iter()
        .filter(|path| path.starts_with(root().join("host")))
        // System calls as somebody makes them who got out: no safe function does.
        .filter(|path| !path.ends_with("host/wall/tests/attempts/attempt.rs"))
    {
        if fs::read_to_string(&path)
            .expect("sources are text")
            .contains("unsafe {")
        {
            places.push(
                path.strip_prefix(root())
                    .expect("sources are inside")
                    .display()
                    .to_string(),
            );
        }
    }
    assert!(
        places
            .iter()
            .all(|place| place.starts_with("host/sandbox/src/")),
        "{places:?}"
    );
    assert!(
        places.len() <= 2,
        "unsafe code belongs to as few files as it can: {places:?}"
    );
}

#[test]
fn built_components_are_not_committed() {
    let found: Vec<PathBuf> = files(&root(), &["wasm", "cwasm"]);
    assert!(found.is_empty(), "{found:?}");
}

fn sources() -> Vec<PathBuf> {
    ["host", "plugins", "sdk", "tests"]
        .iter()
        .flat_map(|folder| files(&root().join(folder), &["rs"]))
        .collect()
}

/// Files below a folder with one of these extensions; built, hidden and scratch folders aside.
fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.expect("folders can be read");
        let (path, name) = (entry.path(), entry.file_name());
        if name == "target" || name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path, extensions));
        } else if path
            .extension()
            .is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted))
        {
            found.push(path);
        }
    }
    found
}
