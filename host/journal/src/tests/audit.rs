//! Checkpoints of a living journal, and what an audit says of it.

use std::{fs, thread, time::Duration};

use super::*;
use crate::{Claims, JournalError, audit, checkpoints::Checkpoints, segment};

fn sizes(dir: &Path) -> Vec<u64> {
    let list = Checkpoints::of(dir).list().unwrap();
    list.into_iter().map(|(size, _)| size).collect()
}

fn signing(checkpoint_events: u64, checkpoint_ms: u64) -> Options {
    Options {
        checkpoint_events,
        checkpoint_ms,
        ..small()
    }
}

fn say(journal: &Journal, n: u64) {
    let position = journal.append(run(1), n, &[said(n.to_string())]).unwrap();
    journal.flush_blocking(position).unwrap();
}

#[test]
fn checkpoints_come_by_number_by_time_and_at_the_end() {
    let home = dir();
    let (journal, _) = Journal::open(home.path(), signing(4, 60_000)).unwrap();
    (0..9).for_each(|n| say(&journal, n));
    journal.close().unwrap();
    assert_eq!(sizes(home.path()), [4, 8, 9]);
    let (journal, _) = Journal::open(home.path(), signing(1000, 50)).unwrap();
    say(&journal, 9);
    for _ in 0..100 {
        if sizes(home.path()).len() == 4 {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(sizes(home.path()), [4, 8, 9, 10], "nobody had to ask");
    journal.close().unwrap();
    open_small(home.path()).0.close().unwrap();
    assert_eq!(
        sizes(home.path()),
        [4, 8, 9, 10],
        "nothing new, nothing signed"
    );
    assert_eq!(audit(home.path(), &Claims::default()).unwrap().signed(), 10);
}

#[test]
fn a_held_journal_can_be_audited() {
    let home = dir();
    let (journal, _) = Journal::open(home.path(), signing(50, 60_000)).unwrap();
    thread::scope(|scope| {
        let writer = scope.spawn(|| (0..600).for_each(|n| say(&journal, n)));
        let mut seen = 0;
        while !writer.is_finished() {
            let audited = audit(home.path(), &Claims::default()).unwrap();
            assert!(audited.is_held && audited.verified.events >= seen);
            seen = audited.verified.events;
        }
    });
    journal.close().unwrap();
    let audited = audit(home.path(), &Claims::default()).unwrap();
    assert_eq!((audited.is_held, audited.signed()), (false, 600));
}

#[test]
fn damage_at_the_end_of_a_held_journal_is_damage() {
    let home = dir();
    let (journal, _) = open(home.path());
    (0..3).for_each(|n| say(&journal, n));
    let segment = segments(home.path()).remove(0);
    let mut content = fs::read(&segment).unwrap();
    let end = content.iter().rposition(|byte| *byte != 0).unwrap();
    content[end - 5] ^= 1;
    fs::write(&segment, &content).unwrap();
    let fault = audit(home.path(), &Claims::default()).unwrap_err();
    assert_eq!(fault.whole, 2, "{fault}");
    drop(journal);
}

#[test]
fn an_old_journal_gets_a_tree() {
    let home = dir();
    written(home.path(), small());
    for gone in ["log.key", "log.vkey"] {
        fs::remove_file(home.path().join(gone)).unwrap();
    }
    fs::remove_dir_all(home.path().join("checkpoints")).unwrap();
    // As a state that was written before there were trees.
    let db = sled::open(home.path().join("state")).unwrap();
    assert!(db.remove(b"h").unwrap().is_some());
    db.flush().unwrap();
    drop(db);
    thread::sleep(Duration::from_millis(300));
    let (journal, opened) = open_small(home.path());
    assert_eq!(opened.repairs, []);
    journal.close().unwrap();
    let audited =
        crate::audit::walk::audit_with(home.path(), &Claims::default(), false, &mut |_, _, _| ())
            .unwrap();
    assert_eq!(audited.signed(), 10);
}

/// The tree is kept beside the state now and then; what came after is hashed again, wherever the host was stopped.
#[test]
fn a_tree_that_is_behind_catches_up() {
    let events = 700;
    let whole = dir();
    let (journal, _) = Journal::open(whole.path(), signing(u64::MAX, 60_000)).unwrap();
    let texts: Vec<_> = (0..events).map(|n| said(n.to_string())).collect();
    journal.append(run(1), 1, &texts).unwrap();
    journal.flush_blocking(journal.head()).unwrap();
    drop(journal);
    let root = audit(whole.path(), &Claims::default()).unwrap().root;
    let db = sled::open(whole.path().join("state")).unwrap();
    let mut tree = crate::merkle::Tree::default();
    let log = whole.path().join("log");
    let mut walk = crate::reader::Walk::over(&log).unwrap();
    for size in 0..=events {
        if [0, 1, 255, 256, 600, 699, 700].contains(&size) {
            fs::remove_dir_all(whole.path().join("checkpoints")).unwrap();
            db.insert(b"h", tree.to_bytes()).unwrap();
            db.flush().unwrap();
            let copy = dir();
            super::crash::copy(whole.path(), copy.path());
            let (journal, opened) = open_small(copy.path());
            assert_eq!(opened.repairs, [], "{size}");
            journal.close().unwrap();
            let audited = audit(copy.path(), &Claims::default()).unwrap();
            assert_eq!((audited.root, audited.signed()), (root, events), "{size}");
            fs::create_dir_all(whole.path().join("checkpoints")).unwrap();
        }
        let step = walk.next(|frame, _| {
            tree.push(crate::merkle::leaf(&frame.hash()));
            Ok(())
        });
        assert_eq!(step.is_none(), size == events);
    }
    assert!(segment::list(&log).unwrap().segments.len() > 10);
}

#[test]
fn the_key_is_private_and_stays() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = dir();
    open(home.path()).0.close().unwrap();
    let (key, public) = (home.path().join("log.key"), home.path().join("log.vkey"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&key), 0o600);
    let before = fs::read(&public).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (journal, opened) = open(home.path());
    assert!(opened.repairs[0].to_string().contains("private again"));
    assert_eq!(mode(&key), 0o600);
    drop(journal);
    fs::remove_file(&public).unwrap();
    open(home.path()).0.close().unwrap();
    assert_eq!(
        fs::read(&public).unwrap(),
        before,
        "made again from the key"
    );
    let (journal, _) = open(home.path());
    say(&journal, 1);
    journal.close().unwrap();
    for damage in ["", "no key"] {
        let kept = fs::read(&public).unwrap();
        fs::write(&public, damage).unwrap();
        assert!(Journal::open(home.path(), small()).is_err());
        fs::write(&public, kept).unwrap();
    }
    fs::remove_file(&key).unwrap();
    let refused = Journal::open(home.path(), small()).err().unwrap();
    assert!(
        matches!(refused, JournalError::Checkpoint { .. }),
        "{refused}"
    );
}
