//! Opening again: what is found, and what is mended.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use writ_run::Status;

use super::*;
use crate::JournalError;

#[test]
fn everything_is_there_again() {
    let home = dir();
    written(home.path(), small());
    let (journal, opened) = open_small(home.path());
    assert_eq!((opened.repairs, opened.unfinished), (vec![], vec![run(1)]));
    assert_eq!(
        texts(&journal, run(1))[..3],
        ["event 0", "event 2", "event 4"]
    );
    assert_eq!(texts(&journal, run(1))[3].len(), 5000);
    let summary = journal.run(run(2)).unwrap().unwrap();
    assert_eq!(
        (summary.status, summary.events, summary.changed_ms),
        (Status::Completed, 5, 9)
    );
    assert_eq!((summary.name.as_str(), summary.started_ms), ("w", 1));
    assert_eq!(texts(&journal, run(9)), Vec::<String>::new());
}

#[test]
fn a_lost_state_is_made_again() {
    let home = dir();
    written(home.path(), small());
    let (journal, _) = open_small(home.path());
    journal
        .append(
            run(1),
            20,
            &[
                set("b", "k", Some(&[7; 9000])),
                set("b", "short", Some(b"v")),
            ],
        )
        .unwrap();
    let before = (journal.runs().unwrap(), texts(&journal, run(1)));
    journal.close().unwrap();
    fs::remove_dir_all(home.path().join("state")).unwrap();
    let told = Arc::new(AtomicU64::new(0));
    let tell = Arc::clone(&told);
    let progress = Box::new(move |done: u64, total: u64| {
        assert!(done <= total);
        tell.fetch_add(1, Ordering::Relaxed);
    });
    let (journal, _) = Journal::open(
        home.path(),
        Options {
            progress: Some(progress),
            ..small()
        },
    )
    .unwrap();
    assert_eq!((journal.runs().unwrap(), texts(&journal, run(1))), before);
    assert_eq!(journal.kv_get("b", "k").unwrap().unwrap(), [7; 9000]);
    assert_eq!(journal.kv_get("b", "short").unwrap().unwrap(), b"v");
    assert!(told.load(Ordering::Relaxed) > 0);
}

#[test]
fn a_damaged_state_is_kept_and_made_again() {
    let home = dir();
    written(home.path(), Options::default());
    for name in ["conf", "db"] {
        let path = home.path().join("state").join(name);
        let bytes = fs::metadata(&path).unwrap().len() as usize;
        fs::write(&path, vec![0xa5; bytes]).unwrap();
    }
    let (journal, opened) = open(home.path());
    assert!(
        opened
            .repairs
            .iter()
            .any(|r| r.to_string().contains("state.damaged-1")),
        "{opened:?}"
    );
    assert!(home.path().join("state.damaged-1").is_dir());
    assert_eq!(texts(&journal, run(2)).len(), 3);
}

#[test]
fn a_half_written_snapshot_is_removed() {
    let home = dir();
    written(home.path(), Options::default());
    let half = home
        .path()
        .join("state")
        .join("snap.0000000000000042.generating");
    fs::write(&half, "half").unwrap();
    let (_, opened) = open(home.path());
    assert_eq!(opened.repairs, []);
    assert!(!half.exists());
}

#[test]
fn a_state_from_before_a_power_cut_is_not_trusted() {
    let home = dir();
    written(home.path(), Options::default());
    let note = || fs::read_to_string(home.path().join("state.session")).unwrap();
    let boot = note();
    assert_ne!(boot, "closed", "a short log is folded again sooner");
    for (short_log_bytes_max, repairs, closed) in [(0, 1, "closed"), (4 << 20, 0, &boot)] {
        fs::write(home.path().join("state.session"), "another boot").unwrap();
        let options = Options {
            short_log_bytes_max,
            ..Options::default()
        };
        let (journal, opened) = Journal::open(home.path(), options).unwrap();
        assert_eq!(opened.repairs.len(), repairs, "{opened:?}");
        assert_eq!(texts(&journal, run(2)).len(), 3);
        drop(journal);
        assert_eq!(note(), *closed);
    }
}

#[test]
fn the_state_of_another_log_is_not_used() {
    let (home, other) = (dir(), dir());
    written(home.path(), Options::default());
    let (journal, _) = open(other.path());
    journal
        .append(
            run(7),
            1,
            &(0..30)
                .map(|n| said(format!("other {n}")))
                .collect::<Vec<_>>(),
        )
        .unwrap();
    journal.close().unwrap();
    fs::copy(&segments(other.path())[0], &segments(home.path())[0]).unwrap();
    fs::remove_dir_all(home.path().join("checkpoints")).unwrap();
    let (journal, opened) = open(home.path());
    assert!(
        opened.repairs[0].to_string().contains("another log"),
        "{opened:?}"
    );
    assert_eq!(texts(&journal, run(7)).len(), 30);
    assert_eq!(journal.runs().unwrap(), []);
}

#[test]
fn a_folder_is_held_by_one_host() {
    let home = dir();
    let (journal, _) = open(home.path());
    let error = Journal::open(home.path(), Options::default())
        .err()
        .unwrap();
    assert!(
        matches!(error, JournalError::InUse { pid: Some(pid), .. } if pid == std::process::id()),
        "{error}"
    );
    drop(journal);
    open(home.path());
}

#[test]
fn a_new_folder_is_closed_to_others_and_stays_as_its_owner_leaves_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = dir();
    let data = home.path().join("data");
    let mode = || fs::metadata(&data).unwrap().permissions().mode() & 0o777;
    drop(open(&data));
    assert_eq!(mode(), 0o700);
    fs::set_permissions(&data, fs::Permissions::from_mode(0o750)).unwrap();
    drop(open(&data));
    assert_eq!(mode(), 0o750);
}

#[test]
fn a_state_that_somebody_has_open_is_not_taken_for_damaged() {
    let home = dir();
    written(home.path(), Options::default());
    let state = home.path().join("state");
    let other = sled::Config::new().path(&state).open().unwrap();
    let error = Journal::open(home.path(), Options::default())
        .err()
        .unwrap();
    assert!(
        matches!(error, JournalError::InUse { pid: None, .. }),
        "{error}"
    );
    drop(other);
    let (journal, opened) = open(home.path());
    assert_eq!(opened.repairs, []);
    assert_eq!(texts(&journal, run(2)).len(), 3);
}

#[test]
fn a_host_whose_lock_file_was_deleted_still_has_the_folder() {
    let home = dir();
    let (journal, _) = open(home.path());
    fs::remove_file(home.path().join("lock")).unwrap();
    let error = Journal::open(home.path(), Options::default())
        .err()
        .unwrap();
    assert!(matches!(error, JournalError::InUse { .. }), "{error}");
    let position = journal.append(run(1), 1, &[started("w")]).unwrap();
    journal.flush_blocking(position).unwrap();
    drop(journal);
    let (journal, opened) = open(home.path());
    assert_eq!((opened.repairs, opened.unfinished), (vec![], vec![run(1)]));
    assert_eq!(journal.head().0, 1);
}

#[test]
fn a_strange_file_is_named_and_left_alone() {
    let home = dir();
    written(home.path(), Options::default());
    let stranger = home.path().join("log").join("00000000000000000000.log.bak");
    fs::write(&stranger, "mine").unwrap();
    let (_, opened) = open(home.path());
    assert!(
        opened.repairs[0].to_string().contains(".log.bak"),
        "{opened:?}"
    );
    assert!(stranger.exists());
}

#[test]
fn closing_ends_it_for_every_clone() {
    let home = dir();
    let (journal, _) = open(home.path());
    let other = journal.clone();
    let position = journal.append(run(1), 1, &[said("last")]).unwrap();
    journal.close().unwrap();
    assert!(matches!(
        other.append(run(1), 2, &[said("late")]),
        Err(JournalError::Closed)
    ));
    other.flush_blocking(position).unwrap();
}
