//! Key-value pairs: one truth, whatever is on its way to the disk.

use std::thread;

use super::*;
use crate::JournalError;

#[test]
fn increments_are_not_lost() {
    let home = dir();
    let (journal, _) = open(home.path());
    thread::scope(|scope| {
        for writer in 0..8u8 {
            let journal = &journal;
            scope.spawn(move || {
                for n in 0..100 {
                    let (_, position) = journal
                        .kv(run(writer), n, |view| {
                            let old = view.get("b", "count").unwrap().unwrap_or_default();
                            let old: u64 = String::from_utf8(old).unwrap().parse().unwrap_or(0);
                            (
                                Some(set("b", "count", Some((old + 1).to_string().as_bytes()))),
                                (),
                            )
                        })
                        .unwrap();
                    if n % 10 == 0 {
                        journal.flush_blocking(position.unwrap().position).unwrap();
                    }
                }
            });
        }
    });
    assert_eq!(journal.kv_get("b", "count").unwrap().unwrap(), b"800");
    journal.close().unwrap();
    let (journal, _) = open(home.path());
    assert_eq!(journal.kv_get("b", "count").unwrap().unwrap(), b"800");
}

#[test]
fn both_layers_are_listed_as_one() {
    let home = dir();
    let (journal, _) = Journal::open(
        home.path(),
        Options {
            background_sync_ms: 60_000,
            ..Options::default()
        },
    )
    .unwrap();
    let durable: Vec<_> = ["a", "c", "e", "g"]
        .iter()
        .map(|key| set("b", key, Some(b"old")))
        .collect();
    let position = journal.append(run(1), 1, &durable).unwrap();
    journal
        .append(
            run(1),
            1,
            &[set("a", "z", Some(b"")), set("c", "0", Some(b""))],
        )
        .unwrap();
    journal.flush_blocking(position).unwrap();
    let (_, nothing) = journal.kv(run(1), 1, |_| (None, ())).unwrap();
    assert_eq!(nothing, None);
    let fresh = [
        set("b", "c", None),
        set("b", "d", Some(b"new")),
        set("b", "a", Some(b"new")),
        set("b", "x", None),
    ];
    journal.append(run(1), 2, &fresh).unwrap();
    let keys = |after, limit| journal.kv_keys("b", after, limit).unwrap().concat();
    assert_eq!(keys(None, 10), "adeg");
    assert_eq!(keys(Some("a"), 2), "de");
    assert_eq!(keys(Some("d"), 10), "eg");
    assert_eq!(keys(Some("b"), 1), "d");
    assert_eq!(keys(None, 0), "");
    assert_eq!(journal.kv_get("b", "a").unwrap().unwrap(), b"new");
    assert_eq!(journal.kv_get("b", "c").unwrap(), None);
    assert_eq!(journal.kv_get("a", "z").unwrap().unwrap(), b"");
    journal.flush_blocking(journal.head()).unwrap();
    assert_eq!(keys(None, 10), "adeg");
}

#[test]
fn what_cannot_be_a_pair_is_refused() {
    let home = dir();
    let (journal, _) = open(home.path());
    assert!(matches!(
        journal.append(run(1), 1, &[set("", "k", None)]),
        Err(JournalError::Invalid { .. })
    ));
    assert!(matches!(
        journal.kv_get("b", ""),
        Err(JournalError::Invalid { .. })
    ));
    let mut event = set("b", "k", Some(b"v"));
    if let Event::HostCalled { kv, .. } = &mut event {
        kv[0].value = Some("no base64!".into());
    }
    assert!(matches!(
        journal.append(run(1), 1, &[event]),
        Err(JournalError::Invalid { .. })
    ));
    assert_eq!(journal.head().0, 0);
}
