//! A disk that fails: nobody is told that something is durable when it is not.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::*;
use crate::{JournalError, log::Operation};

fn failing(operation: Operation, kind: io::ErrorKind) -> (Options, Arc<AtomicBool>) {
    let broken = Arc::new(AtomicBool::new(false));
    let is_broken = Arc::clone(&broken);
    let fault = move |tried: Operation| {
        if tried == operation && is_broken.load(Ordering::SeqCst) {
            Err(io::Error::from(kind))
        } else {
            Ok(())
        }
    };
    (
        Options {
            fault: Some(Arc::new(fault)),
            ..Options::default()
        },
        broken,
    )
}

fn stops_for_good(operation: Operation, kind: io::ErrorKind) {
    let home = dir();
    let (options, broken) = failing(operation, kind);
    let (journal, _) = Journal::open(home.path(), options).unwrap();
    let kept = journal.append(run(1), 1, &[said("kept")]).unwrap();
    journal.flush_blocking(kept).unwrap();
    broken.store(true, Ordering::SeqCst);
    let lost = journal
        .append(run(1), 2, &[said("not acknowledged")])
        .unwrap();
    assert!(matches!(
        journal.flush_blocking(lost),
        Err(JournalError::Failed { .. })
    ));
    broken.store(false, Ordering::SeqCst);
    assert!(matches!(
        journal.append(run(1), 3, &[said("later")]),
        Err(JournalError::Failed { .. })
    ));
    assert!(matches!(
        journal.put_blob(b"x"),
        Err(JournalError::Failed { .. })
    ));
    assert!(matches!(
        journal.kv_get("b", "k"),
        Err(JournalError::Failed { .. })
    ));
    assert!(journal.read(run(1)).is_err() && journal.runs().is_err());
    assert!(matches!(
        journal.flush_blocking(lost),
        Err(JournalError::Failed { .. })
    ));
    journal.flush_blocking(kept).unwrap();
    assert!(journal.close().is_err());
    let (journal, _) = open(home.path());
    assert_eq!(texts(&journal, run(1))[0], "kept");
    journal.append(run(1), 3, &[said("on")]).unwrap();
    journal.close().unwrap();
    crate::audit::verify(home.path()).unwrap();
}

#[test]
fn a_failed_sync_stops_the_journal() {
    stops_for_good(Operation::Sync, io::ErrorKind::Other);
}

#[test]
fn a_full_disk_stops_the_journal() {
    stops_for_good(Operation::Write, io::ErrorKind::StorageFull);
}

/// What was put may be there and not on the disk: putting it again must not be believed.
#[test]
fn a_blob_that_cannot_be_put_stops_the_journal() {
    let home = dir();
    let (journal, _) = open(home.path());
    std::fs::remove_dir_all(home.path().join("blobs")).unwrap();
    assert!(matches!(
        journal.put_blob(b"x"),
        Err(JournalError::Io { .. })
    ));
    std::fs::create_dir_all(home.path().join("blobs/new")).unwrap();
    assert!(matches!(
        journal.put_blob(b"x"),
        Err(JournalError::Failed { .. })
    ));
    assert!(journal.close().is_err());
}

#[test]
fn what_is_not_synced_by_anyone_fails_too() {
    let home = dir();
    let (options, broken) = failing(Operation::Sync, io::ErrorKind::Other);
    let (journal, _) = Journal::open(
        home.path(),
        Options {
            background_sync_ms: 1,
            ..options
        },
    )
    .unwrap();
    broken.store(true, Ordering::SeqCst);
    // Appending goes on until the background sync has failed, and blocks for ever if that wakes nobody.
    let failed = (0..)
        .find_map(|n| journal.append(run(1), n, &[said("x")]).err())
        .unwrap();
    assert!(matches!(failed, JournalError::Failed { .. }));
}

#[test]
fn what_was_not_synced_is_not_signed() {
    let home = dir();
    let (options, broken) = failing(Operation::Sync, io::ErrorKind::Other);
    let options = Options {
        checkpoint_events: 1,
        checkpoint_ms: 1,
        ..options
    };
    let (journal, _) = Journal::open(home.path(), options).unwrap();
    let kept = journal.append(run(1), 1, &[said("kept")]).unwrap();
    journal.flush_blocking(kept).unwrap();
    broken.store(true, Ordering::SeqCst);
    journal
        .append(run(1), 2, &[said("written, not synced")])
        .unwrap();
    assert!(journal.close().is_err());
    let list = crate::checkpoints::Checkpoints::of(home.path()).list();
    let sizes: Vec<u64> = list.unwrap().into_iter().map(|(size, _)| size).collect();
    assert_eq!(sizes, [1]);
}
