//! `writ audit` over journals that the real binary made: what it proves, what it finds, and that a stranger sees the same.

mod export;
mod kills;
mod tamper;
mod verify;

use std::{
    fs,
    path::{Path, PathBuf},
};

use writ_tests::App;

/// An app whose runs leave small events, an event in a blob, and a plugin that they are pinned to.
fn app() -> App {
    let text = "x".repeat(6000);
    let app = App::doing(&format!(
        "  - say:\n      call: echo-string:0.1.0@echo\n      with: {{ value: hello }}\n  - large:\n      set: {{ text: {text} }}\n"
    ));
    app.plugin("echo", "");
    app.approve();
    app
}

/// The same after some runs.
fn after(runs: usize) -> App {
    let app = app();
    for _ in 0..runs {
        let _ = app.run().expect(0);
    }
    app
}

fn data(app: &App, path: &str) -> PathBuf {
    app.path().join(".writ").join(path)
}

/// Every file that a verdict rests on.
fn evidence(app: &App) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ["log", "blobs", "checkpoints"]
        .iter()
        .flat_map(|folder| files(&data(app, folder)))
        .collect();
    found.push(data(app, "log.vkey"));
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("folders can be read") {
        let path = entry.expect("folders can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Where the events of a log file begin, and where the last one ends.
fn ends(log: &[u8]) -> Vec<usize> {
    let mut places = vec![64];
    while let Some(length) = places
        .last()
        .and_then(|at| log.get(*at..)?.first_chunk::<4>())
        .map(|length| (u32::from_le_bytes(*length) & 0x7fff_ffff) as usize)
        .filter(|length| *length > 0)
    {
        places.push(places[places.len() - 1] + 8 + length);
    }
    places
}

/// The log's public key.
fn key(app: &App) -> String {
    let said = app.writ(&["audit", "key"]).expect(0);
    said.out.trim_end().to_owned()
}

/// Carries the newest checkpoint out of the data folder.
fn carry(app: &App) -> String {
    let _ = app
        .writ(&["audit", "checkpoint", "--out", "carried"])
        .expect(0);
    "carried".to_owned()
}
