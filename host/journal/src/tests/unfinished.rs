//! What is unfinished is known before the journal is opened: from the note of the last host and what came after it, or from the
//! whole log where there is no note of this log.

use super::*;
use crate::TakenFolder;

const NOTE: &str = "unfinished.json";

/// What a folder says before it is opened, and then when it is.
fn found(dir: &Path) -> Vec<RunId> {
    let folder = TakenFolder::take(dir).unwrap();
    let early: Vec<RunId> = folder
        .unfinished()
        .into_iter()
        .map(|(run, _)| run)
        .collect();
    let (journal, opened) = folder.open(small()).unwrap();
    assert_eq!(early, opened.unfinished);
    // Not closed, so that no note is left.
    let _ = std::mem::ManuallyDrop::new(journal);
    early
}

fn copied(from: &Path) -> TempDir {
    let copy = dir();
    super::crash::copy(from, copy.path());
    copy
}

/// Appends to a journal that is killed, and not closed: by a copy of what it had written.
fn killed(dir: &Path, work: impl FnOnce(&Journal)) {
    let (journal, _) = open_small(dir);
    work(&journal);
    journal.flush_blocking(journal.head()).unwrap();
    let note = fs::read(dir.join(NOTE)).ok();
    journal.close().unwrap();
    match note {
        Some(note) => fs::write(dir.join(NOTE), note).unwrap(),
        None => drop(fs::remove_file(dir.join(NOTE))),
    }
}

#[test]
fn with_and_without_a_note() {
    let home = dir();
    written(home.path(), small());
    assert!(home.path().join(NOTE).is_file());
    let copy = copied(home.path());
    assert_eq!(found(copy.path()), [run(1)]);
    let copy = copied(home.path());
    fs::remove_file(copy.path().join(NOTE)).unwrap();
    assert_eq!(found(copy.path()), [run(1)]);
}

#[test]
fn what_came_after_the_note_counts() {
    let home = dir();
    written(home.path(), small());
    killed(home.path(), |journal| {
        for n in 3..9u8 {
            journal.append(run(n), 20, &[started("w")]).unwrap();
            journal
                .append(run(n), 21, &[said("x".repeat(300))])
                .unwrap();
        }
        journal.append(run(1), 22, &[completed()]).unwrap();
        journal.append(run(4), 22, &[completed()]).unwrap();
    });
    let expected = [3, 5, 6, 7, 8].map(run);
    let copy = copied(home.path());
    assert_eq!(found(copy.path()), expected);
}

#[test]
fn a_note_of_another_log_is_not_believed() {
    let home = dir();
    written(home.path(), small());
    let stranger = dir();
    let (journal, _) = open_small(stranger.path());
    journal.append(run(7), 1, &[started("w")]).unwrap();
    journal.close().unwrap();
    for note in [
        fs::read(stranger.path().join(NOTE)).unwrap(),
        b"{".to_vec(),
        Vec::new(),
    ] {
        let copy = copied(home.path());
        fs::write(copy.path().join(NOTE), note).unwrap();
        assert_eq!(found(copy.path()), [run(1)]);
    }
}

#[test]
fn damage_is_left_to_the_opening() {
    let home = dir();
    written(home.path(), small());
    fs::remove_file(home.path().join(NOTE)).unwrap();
    let first = segments(home.path()).remove(0);
    fs::write(&first, b"no segment").unwrap();
    let folder = TakenFolder::take(home.path()).unwrap();
    assert_eq!(folder.unfinished(), []);
    assert!(folder.open(small()).is_err());
}
