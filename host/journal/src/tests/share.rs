//! Many at once: one sync for all, nothing mixed up, nobody forgotten.

use std::thread;

use super::*;
use crate::{JournalError, options::QUEUE_EVENTS_MAX};

#[test]
fn writers_share_syncs() {
    let home = dir();
    let (journal, _) = open(home.path());
    thread::scope(|scope| {
        for writer in 0..64u8 {
            let journal = &journal;
            scope.spawn(move || {
                for n in 0..30u64 {
                    let position = journal
                        .append(run(writer), n, &[said(n.to_string())])
                        .unwrap();
                    journal.flush_blocking(position).unwrap();
                }
            });
        }
    });
    let stats = journal.stats();
    assert_eq!(stats.events, 64 * 30);
    assert!(stats.flushes * 4 < stats.events, "{stats:?}");
    for writer in 0..64 {
        assert_eq!(
            texts(&journal, run(writer)),
            (0..30).map(|n| n.to_string()).collect::<Vec<_>>()
        );
    }
    journal.close().unwrap();
    assert_eq!(crate::audit::verify(home.path()).unwrap().events, 64 * 30);
}

#[test]
fn appending_without_waiting_is_bounded_and_complete() {
    let home = dir();
    let options = || Options {
        segment_bytes_max: 256 << 10,
        ..Options::default()
    };
    let (journal, _) = Journal::open(home.path(), options()).unwrap();
    let count = 3 * QUEUE_EVENTS_MAX as u64;
    for n in 0..count {
        journal.append(run(1), n, &[said(n.to_string())]).unwrap();
    }
    assert_eq!(journal.read(run(1)).unwrap().count() as u64, count);
    journal.close().unwrap();
    assert!(segments(home.path()).len() > 3);
    let (journal, opened) = Journal::open(home.path(), options()).unwrap();
    assert_eq!(opened.repairs, []);
    assert_eq!(journal.run(run(1)).unwrap(), None);
    assert_eq!(texts(&journal, run(1)).len() as u64, count);
}

#[test]
fn reads_see_what_is_not_durable() {
    let home = dir();
    let (journal, _) = Journal::open(
        home.path(),
        Options {
            background_sync_ms: 60_000,
            ..Options::default()
        },
    )
    .unwrap();
    journal
        .append(run(1), 1, &[started("w"), said("a")])
        .unwrap();
    assert_eq!(texts(&journal, run(1)), ["a"]);
    assert_eq!(journal.run(run(1)).unwrap().unwrap().events, 2);
    assert_eq!(journal.stats().flushes, 0);
}

#[test]
fn a_group_can_be_waited_for_in_several_rounds() {
    let home = dir();
    let (journal, _) = Journal::open(
        home.path(),
        Options {
            group_events_max: 2,
            ..small()
        },
    )
    .unwrap();
    let events: Vec<_> = (0..25).map(|n| said(n.to_string())).collect();
    let position = journal.append(run(1), 1, &events).unwrap();
    journal.flush_blocking(position).unwrap();
    assert_eq!(journal.stats().events, 25);
    assert_eq!(journal.append(run(1), 1, &[]).unwrap(), position);
}

#[test]
fn a_forgotten_wait_is_no_burden() {
    let home = dir();
    let (journal, _) = open(home.path());
    let position = journal.append(run(1), 1, &[said("a")]).unwrap();
    drop(journal.flush(position));
    journal.flush_blocking(position).unwrap();
    let late = journal.flush(position);
    journal.close().unwrap();
    late.block().unwrap();
}

#[test]
fn events_that_could_not_be_read_again_are_refused() {
    let home = dir();
    let (journal, _) = open(home.path());
    let nested = (0..200).fold(serde_json::json!(1), |value, _| serde_json::json!([value]));
    let error = journal
        .append(
            run(1),
            1,
            &[said("first"), Event::RunCompleted { output: nested }],
        )
        .unwrap_err();
    assert!(matches!(error, JournalError::Invalid { .. }), "{error}");
    let nested = (0..110).fold(serde_json::json!(1), |value, _| serde_json::json!([value]));
    journal
        .append(run(1), 1, &[Event::RunCompleted { output: nested }])
        .unwrap();
    assert!(journal.read(run(1)).unwrap().all(|record| record.is_ok()));
    assert_eq!(journal.head().0, 1);
}

#[test]
fn blobs_are_durable_with_the_next_flush() {
    let home = dir();
    let (journal, _) = open(home.path());
    let digest = journal.put_blob(b"content").unwrap();
    journal.flush_blocking(journal.head()).unwrap();
    assert_eq!(journal.get_blob(&digest).unwrap(), b"content");
    assert_eq!(journal.stats().flushes, 0, "the log has nothing to sync");
}

#[test]
fn numbers_are_read_back_to_the_bit() {
    let home = dir();
    let (journal, _) = open(home.path());
    let output = serde_json::json!([
        0.1 + 0.2,
        f64::MAX,
        5e-324,
        1.0,
        u64::MAX,
        -0.0,
        123_456_789.123_456_79
    ]);
    let event = Event::RunCompleted { output };
    journal
        .append(run(1), 1, std::slice::from_ref(&event))
        .unwrap();
    assert_eq!(
        journal.read(run(1)).unwrap().next().unwrap().unwrap().event,
        event
    );
}

#[test]
fn all_of_it_goes_between_threads() {
    const fn goes<T: Send>() {}
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<crate::Journal>();
    is_shared::<crate::Reader>();
    goes::<crate::Records>();
    goes::<crate::Flush>();
    goes::<crate::JournalError>();
}
