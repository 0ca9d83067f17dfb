//! Looking at a journal that a host holds, and finding runs.

use std::fs;

use writ_run::Status;

use super::*;
use crate::{JournalError, Reader};

#[test]
fn a_held_journal_can_be_looked_at() {
    let home = dir();
    let (journal, _) = open_small(home.path());
    for n in 0..30u8 {
        journal
            .append(
                run(n % 3),
                u64::from(n),
                &[if n < 3 {
                    started("w")
                } else {
                    said(n.to_string())
                }],
            )
            .unwrap();
    }
    let position = journal
        .append(run(0), 40, &[said("y".repeat(6000)), completed()])
        .unwrap();
    journal.flush_blocking(position).unwrap();
    let reader = Reader::open(home.path()).unwrap();
    assert_eq!(reader.runs().unwrap(), journal.runs().unwrap());
    assert_eq!(
        reader.run(run(0)).unwrap().unwrap().status,
        Status::Completed
    );
    let ours: Vec<Record> = journal.read(run(0)).unwrap().map(Result::unwrap).collect();
    let theirs: Vec<Record> = reader.read(run(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn an_event_in_the_making_is_left_out() {
    let home = dir();
    written(home.path(), Options::default());
    let segment = segments(home.path()).remove(0);
    let content = fs::read(&segment).unwrap();
    fs::write(&segment, &content[..content.len() - 3]).unwrap();
    let reader = Reader::open(home.path()).unwrap();
    assert_eq!(reader.read(run(2)).unwrap().map(Result::unwrap).count(), 4);
    assert_eq!(reader.run(run(2)).unwrap().unwrap().status, Status::Running);
}

#[test]
fn no_journal_is_an_error() {
    assert!(matches!(
        Reader::open(dir().path()),
        Err(JournalError::Io { .. })
    ));
}

#[test]
fn runs_are_found_by_the_beginning_of_their_id() {
    let home = dir();
    let (journal, _) = open(home.path());
    let ids = [[0x01; 16], [0x02; 16], {
        let mut id = [0x02; 16];
        id[3] = 0x33;
        id
    }]
    .map(RunId::from_bytes);
    for id in ids {
        journal.append(id, 1, &[started("w")]).unwrap();
    }
    let reader = || Reader::open(home.path()).unwrap();
    journal.flush_blocking(journal.head()).unwrap();
    assert_eq!(journal.find("01").unwrap().unwrap().run, ids[0]);
    assert_eq!(journal.find("02020233").unwrap().unwrap().run, ids[2]);
    assert_eq!(reader().find("02020202-0").unwrap().unwrap().run, ids[1]);
    assert!(matches!(
        journal.find("02"),
        Err(JournalError::Ambiguous { .. })
    ));
    assert!(matches!(
        reader().find("0"),
        Err(JournalError::Ambiguous { .. })
    ));
    assert_eq!(journal.find("03").unwrap(), None);
    assert_eq!(journal.find("no id").unwrap(), None);
    assert_eq!(journal.runs_from(ids[1], 1).unwrap()[0].run, ids[1]);
}
