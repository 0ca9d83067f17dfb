//! The log cut, changed and torn at every place: what is whole is kept, and what is damaged is never taken for whole.

use std::{
    fs::{self, File},
    time::UNIX_EPOCH,
};

use super::*;
use crate::{
    JournalError, Reader,
    audit::verify,
    frame::FRAME_BYTES_MAX,
    scan::{Scan, Step},
    segment::HEADER_BYTES,
};

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// As if the host had been stopped before it signed.
fn unsigned(dir: &Path) {
    fs::remove_dir_all(dir.join("checkpoints")).unwrap();
}

/// Where each frame of a segment begins, and where the last ends.
fn frames(segment: &Path) -> Vec<u64> {
    let mut scan = Scan::open(segment, HEADER_BYTES).unwrap();
    let mut offsets = Vec::new();
    loop {
        match scan.step().unwrap() {
            Step::Frame { offset, .. } => offsets.push(offset),
            Step::Stop { offset, .. } => {
                offsets.push(offset);
                return offsets;
            }
        }
    }
}

#[test]
fn cut_anywhere_a_prefix_is_left_and_goes_on() {
    let master = dir();
    written(master.path(), Options::default());
    let whole = fs::read(&segments(master.path())[0]).unwrap();
    let frames = frames(&segments(master.path())[0]);
    let whole_frames = |length: usize| {
        let ends = frames.iter().filter(|end| **end > HEADER_BYTES);
        ends.filter(|end| **end <= length as u64).count()
    };
    let work = dir();
    let here = work.path().join("looked at");
    copy(master.path(), &here);
    for length in (0..=whole.len()).rev() {
        fs::write(&segments(&here)[0], &whole[..length]).unwrap();
        let reader = Reader::open(&here).unwrap();
        let seen = [1, 2].map(|n| reader.read(run(n)).unwrap().map(Result::unwrap).count());
        assert_eq!(seen[0] + seen[1], whole_frames(length), "cut at {length}");
    }
    let edges = frames
        .iter()
        .flat_map(|edge| [*edge as usize - 1, *edge as usize]);
    // The state is dropped, or is ahead of what is left of the log, in turns.
    for (turn, length) in (0..whole.len()).step_by(67).chain(edges).enumerate() {
        let here = work.path().join(turn.to_string());
        copy(master.path(), &here);
        unsigned(&here);
        fs::write(&segments(&here)[0], &whole[..length]).unwrap();
        if turn % 2 == 0 {
            fs::remove_dir_all(here.join("state")).unwrap();
        }
        let (journal, opened) = open(&here);
        assert_eq!(
            journal.head().0,
            whole_frames(length) as u64,
            "cut at {length}"
        );
        let is_torn = length != whole.len() && !frames.contains(&(length as u64));
        assert!(
            !is_torn || !opened.repairs.is_empty(),
            "cut at {length}: {opened:?}"
        );
        let before = texts(&journal, run(1)).len();
        let position = journal.append(run(1), 50, &[said("on")]).unwrap();
        journal.flush_blocking(position).unwrap();
        assert_eq!(texts(&journal, run(1)).len(), before + 1);
        journal.close().unwrap();
        verify(&here).unwrap();
        fs::remove_dir_all(&here).unwrap();
    }
}

#[test]
fn every_changed_byte_is_found() {
    let master = dir();
    written(master.path(), small());
    let files = segments(master.path());
    assert!(files.len() > 1);
    let verified = verify(master.path()).unwrap();
    assert_eq!(
        (verified.events, verified.runs, verified.segments),
        (10, 2, files.len() as u64)
    );
    for file in &files {
        let whole = fs::read(file).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(file, &changed).unwrap();
            assert!(
                verify(master.path()).is_err(),
                "{} byte {at}",
                file.display()
            );
        }
        fs::write(file, &whole).unwrap();
    }
    verify(master.path()).unwrap();
}

#[test]
fn a_changed_or_missing_blob_is_found() {
    let home = dir();
    written(home.path(), Options::default());
    let mut shards = fs::read_dir(home.path().join("blobs"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let shard = shards
        .find(|path| path.file_name().unwrap() != "new")
        .unwrap();
    let blob = fs::read_dir(shard).unwrap().next().unwrap().unwrap().path();
    let mut content = fs::read(&blob).unwrap();
    content[100] ^= 1;
    fs::write(&blob, content).unwrap();
    assert!(matches!(
        verify(home.path()),
        Err(JournalError::BlobAltered { .. })
    ));
    fs::remove_file(&blob).unwrap();
    assert!(matches!(
        verify(home.path()),
        Err(JournalError::BlobMissing { .. })
    ));
}

#[test]
fn damage_before_durable_events_is_refused_and_named() {
    for with_state in [true, false] {
        let home = dir();
        written(home.path(), Options::default());
        let segment = segments(home.path()).remove(0);
        let offsets = frames(&segment);
        let mut content = fs::read(&segment).unwrap();
        content[offsets[2] as usize + 60] ^= 1;
        fs::write(&segment, &content).unwrap();
        if !with_state {
            fs::remove_dir_all(home.path().join("state")).unwrap();
        }
        let error = Journal::open(home.path(), Options::default())
            .err()
            .unwrap();
        let JournalError::Corrupt {
            offset, position, ..
        } = &error
        else {
            panic!("{error}")
        };
        assert_eq!((*offset, *position), (offsets[2], 2));
        assert!(error.to_string().contains("backup"), "{error}");
        assert_eq!(fs::read(&segment).unwrap(), content, "nothing is changed");
    }
}

#[test]
fn damage_in_an_earlier_segment_is_refused() {
    let home = dir();
    written(home.path(), small());
    let segment = segments(home.path()).remove(0);
    let mut content = fs::read(&segment).unwrap();
    let at = content.len() - 10;
    content[at] ^= 1;
    fs::write(&segment, &content).unwrap();
    fs::remove_dir_all(home.path().join("state")).unwrap();
    let error = Journal::open(home.path(), small())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("later segments follow"), "{error}");
}

#[test]
fn a_missing_segment_is_refused() {
    let home = dir();
    written(home.path(), small());
    fs::remove_file(&segments(home.path())[1]).unwrap();
    let error = Journal::open(home.path(), small())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("missing"), "{error}");
}

/// A machine that stops writes pages in any order: the first part of a group may be lost while a later part is there.
#[test]
fn a_group_that_was_never_synced_may_have_holes() {
    let home = dir();
    let (journal, _) = open(home.path());
    let position = journal.append(run(1), 1, &[said("kept")]).unwrap();
    journal.flush_blocking(position).unwrap();
    let group: Vec<_> = (0..20).map(|n| said(format!("group {n}"))).collect();
    journal.append(run(1), 2, &group).unwrap();
    journal.close().unwrap();
    unsigned(home.path());
    fs::remove_dir_all(home.path().join("state")).unwrap();
    let segment = segments(home.path()).remove(0);
    let offsets = frames(&segment);
    let mut content = fs::read(&segment).unwrap();
    content[offsets[1] as usize..offsets[9] as usize].fill(0);
    content.resize(content.len() + 2 * FRAME_BYTES_MAX, 0);
    fs::write(&segment, content).unwrap();
    let (journal, opened) = open(home.path());
    assert_eq!(texts(&journal, run(1)), ["kept"]);
    assert!(
        opened
            .repairs
            .iter()
            .any(|repair| repair.to_string().contains("unfinished write")),
        "{opened:?}"
    );
}

/// What a killed host leaves: a segment whose set-aside space is still there. Nothing is out of order.
#[test]
fn set_aside_space_is_no_damage() {
    let home = dir();
    written(home.path(), Options::default());
    let segment = segments(home.path()).remove(0);
    let mut content = fs::read(&segment).unwrap();
    content.resize(1 << 20, 0);
    fs::write(&segment, content).unwrap();
    verify(home.path()).unwrap();
    let (_, opened) = open(home.path());
    assert_eq!(opened.repairs, []);
}

/// After a sync that failed, another sync may answer that all is well and write nothing.
#[test]
fn what_a_host_left_that_did_not_end_in_order_is_written_again() {
    for with_state in [true, false] {
        let home = dir();
        written(home.path(), Options::default());
        let segment = segments(home.path()).remove(0);
        let whole = fs::read(&segment).unwrap();
        for ended_in_order in [true, false] {
            let file = File::options().write(true).open(&segment).unwrap();
            file.set_modified(UNIX_EPOCH).unwrap();
            if !ended_in_order {
                fs::write(home.path().join("lock"), "77").unwrap();
            }
            if !with_state {
                fs::remove_dir_all(home.path().join("state")).unwrap();
            }
            let (journal, opened) = open(home.path());
            assert_eq!(opened.repairs, []);
            let is_untouched = fs::metadata(&segment).unwrap().modified().unwrap() == UNIX_EPOCH;
            assert_eq!(is_untouched, ended_in_order);
            assert_eq!(fs::read(&segment).unwrap(), whole);
            journal.close().unwrap();
        }
    }
}
