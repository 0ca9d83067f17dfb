//! What each key-value operation of a guest reads, answers and changes. The journal makes it atomic.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use writ_journal::{JournalError, KvView};
use writ_run::KvChange;
use writ_sandbox::{KvAnswer, KvError, KvOperation, Payload};

/// Keys on one page of a listing.
const PAGE_KEYS: usize = 1000;
/// Keys that one operation may name.
const KEYS_MAX: usize = 10_000;
/// Bytes of the values that one operation may give.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// Keys that are walked over again to find a page. Only a cursor that this call did not get needs that.
const WALKED_KEYS_MAX: u64 = 100_000;

/// Where the pages end that were given to one call: the last key before a cursor, by bucket and cursor.
#[derive(Default)]
pub(crate) struct Pages(HashMap<(String, u64), String>);

/// The answer to an operation, and the changes that go with it.
pub(crate) fn perform(
    view: &dyn KvView,
    pages: &mut Pages,
    operation: &KvOperation,
) -> (Result<KvAnswer, KvError>, Vec<KvChange>) {
    match decide(view, pages, operation) {
        Ok((answer, changes)) => (Ok(answer), changes),
        Err(error) => (Err(error), Vec::new()),
    }
}

fn decide(
    view: &dyn KvView,
    pages: &mut Pages,
    operation: &KvOperation,
) -> Result<(KvAnswer, Vec<KvChange>), KvError> {
    let unchanged = |answer| Ok((answer, Vec::new()));
    match operation {
        KvOperation::Get { bucket, key } => unchanged(KvAnswer::Value(get(view, bucket, key)?)),
        KvOperation::Exists { bucket, key } => {
            unchanged(KvAnswer::Exists(get(view, bucket, key)?.is_some()))
        }
        KvOperation::GetMany { bucket, keys } => {
            unchanged(KvAnswer::Values(get_many(view, bucket, keys)?))
        }
        KvOperation::ListKeys { bucket, cursor } => {
            unchanged(page(view, pages, bucket, cursor.unwrap_or(0))?)
        }
        KvOperation::Set { bucket, key, value } => {
            Ok((KvAnswer::Done, vec![set(bucket, key, value)]))
        }
        KvOperation::SetMany { bucket, entries } => {
            few(entries.len())?;
            let changes = entries.iter().map(|(key, value)| set(bucket, key, value));
            Ok((KvAnswer::Done, changes.collect()))
        }
        KvOperation::Delete { bucket, key } => Ok((KvAnswer::Done, vec![delete(bucket, key)])),
        KvOperation::DeleteMany { bucket, keys } => {
            few(keys.len())?;
            let changes = keys.iter().map(|key| delete(bucket, key));
            Ok((KvAnswer::Done, changes.collect()))
        }
        KvOperation::Increment { bucket, key, delta } => {
            let number = number(view, bucket, key)?.checked_add(*delta);
            let number = number
                .ok_or_else(|| KvError::Other(format!("`{key}` would grow past {}", u64::MAX)))?;
            let value = Payload::from(number.to_string().into_bytes());
            Ok((KvAnswer::Number(number), vec![set(bucket, key, &value)]))
        }
    }
}

fn few(keys: usize) -> Result<(), KvError> {
    if keys <= KEYS_MAX {
        return Ok(());
    }
    Err(KvError::Other(format!(
        "one operation names at most {KEYS_MAX} keys, and this one {keys}"
    )))
}

fn get(view: &dyn KvView, bucket: &str, key: &str) -> Result<Option<Payload>, KvError> {
    Ok(view
        .get(bucket, key)
        .map_err(|error| other(&error))?
        .map(Payload::from))
}

/// Several values, which together are no more than an event can tell.
fn get_many(
    view: &dyn KvView,
    bucket: &str,
    keys: &[String],
) -> Result<Vec<Option<Payload>>, KvError> {
    few(keys.len())?;
    let mut left = ANSWER_BYTES_MAX;
    let mut values = Vec::with_capacity(keys.len());
    for key in keys {
        let value = get(view, bucket, key)?;
        let bytes = value.as_ref().map_or(0, |value| value.as_bytes().len());
        left = left.checked_sub(bytes).ok_or_else(|| {
            KvError::Other(format!(
                "the values are more than {ANSWER_BYTES_MAX} bytes together; ask for fewer at a time"
            ))
        })?;
        values.push(value);
    }
    Ok(values)
}

/// A missing key counts as zero.
fn number(view: &dyn KvView, bucket: &str, key: &str) -> Result<u64, KvError> {
    let Some(value) = view.get(bucket, key).map_err(|error| other(&error))? else {
        return Ok(0);
    };
    let digits = std::str::from_utf8(&value)
        .ok()
        .and_then(|text| text.parse().ok());
    digits.ok_or_else(|| KvError::Other(format!("the value of `{key}` is not a decimal number")))
}

/// A cursor counts the keys of the pages before. Where its page begins is remembered as long as the call goes on, so that a listing
/// costs the same page by page; after a restart it is found by walking.
fn page(
    view: &dyn KvView,
    pages: &mut Pages,
    bucket: &str,
    cursor: u64,
) -> Result<KvAnswer, KvError> {
    let known = pages.0.get(&(bucket.to_owned(), cursor)).cloned();
    let after = match known {
        Some(key) => Some(key),
        None => walk(view, bucket, cursor)?,
    };
    let keys = if after.is_none() && cursor > 0 {
        Vec::new()
    } else {
        keys(view, bucket, after.as_deref())?
    };
    let next = (keys.len() == PAGE_KEYS).then(|| cursor.saturating_add(PAGE_KEYS as u64));
    if let (Some(next), Some(last)) = (next, keys.last()) {
        pages.0.insert((bucket.to_owned(), next), last.clone());
    }
    Ok(KvAnswer::Keys { keys, cursor: next })
}

/// The last key before a page; none at the beginning, and where the bucket ends before it.
fn walk(view: &dyn KvView, bucket: &str, cursor: u64) -> Result<Option<String>, KvError> {
    if cursor > WALKED_KEYS_MAX {
        return Err(KvError::Other(format!(
            "no page was given that ends at cursor {cursor}; list from the beginning"
        )));
    }
    let mut after: Option<String> = None;
    let mut skipped = 0;
    while skipped < cursor {
        let keys = keys(view, bucket, after.as_deref())?;
        if keys.len() < PAGE_KEYS {
            return Ok(None);
        }
        skipped += keys.len() as u64;
        after = keys.into_iter().last();
    }
    Ok(after)
}

fn keys(view: &dyn KvView, bucket: &str, after: Option<&str>) -> Result<Vec<String>, KvError> {
    let keys = view.keys(bucket, after, PAGE_KEYS);
    keys.map_err(|error| other(&error))
}

fn set(bucket: &str, key: &str, value: &Payload) -> KvChange {
    KvChange {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        value: Some(BASE64.encode(value.as_bytes())),
    }
}

fn delete(bucket: &str, key: &str) -> KvChange {
    KvChange {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        value: None,
    }
}

fn other(error: &JournalError) -> KvError {
    KvError::Other(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    struct Map(BTreeMap<(String, String), Vec<u8>>);

    impl KvView for Map {
        fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, JournalError> {
            Ok(self.0.get(&(bucket.to_owned(), key.to_owned())).cloned())
        }

        fn keys(
            &self,
            bucket: &str,
            after: Option<&str>,
            limit: usize,
        ) -> Result<Vec<String>, JournalError> {
            let keys = self
                .0
                .keys()
                .filter(|(of, key)| of == bucket && after.is_none_or(|after| key.as_str() > after));
            Ok(keys.map(|(_, key)| key.clone()).take(limit).collect())
        }
    }

    fn filled(keys: usize) -> Map {
        Map((0..keys)
            .map(|n| (("b".to_owned(), format!("{n:06}")), b"x".to_vec()))
            .collect())
    }

    #[test]
    fn a_counter_starts_at_zero_and_refuses_words() {
        let (answer, changes) = perform(
            &filled(0),
            &mut Pages::default(),
            &KvOperation::Increment {
                bucket: "b".into(),
                key: "n".into(),
                delta: 3,
            },
        );
        assert_eq!(answer, Ok(KvAnswer::Number(3)));
        assert_eq!(changes[0].value.as_deref(), Some("Mw=="));
        let (answer, changes) = perform(
            &filled(1),
            &mut Pages::default(),
            &KvOperation::Increment {
                bucket: "b".into(),
                key: "000000".into(),
                delta: 3,
            },
        );
        assert!(answer.is_err() && changes.is_empty());
    }

    #[test]
    fn pages_cover_every_key_once() {
        for keys in [
            0,
            1,
            PAGE_KEYS - 1,
            PAGE_KEYS,
            PAGE_KEYS + 1,
            2 * PAGE_KEYS + 7,
        ] {
            let view = filled(keys);
            let mut pages = Pages::default();
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                // Half of them as after a restart, when nothing is remembered.
                if keys % 2 == 1 {
                    pages = Pages::default();
                }
                let (answer, _) = perform(
                    &view,
                    &mut pages,
                    &KvOperation::ListKeys {
                        bucket: "b".into(),
                        cursor,
                    },
                );
                let Ok(KvAnswer::Keys { keys, cursor: next }) = answer else {
                    panic!("{answer:?}")
                };
                seen.extend(keys);
                cursor = next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen.len(), keys);
            assert!(seen.is_sorted());
        }
    }

    fn asked(view: &Map, operation: KvOperation) -> Result<KvAnswer, KvError> {
        perform(view, &mut Pages::default(), &operation).0
    }

    #[test]
    fn an_answer_is_bounded_however_often_a_key_is_asked_for() {
        let mut view = filled(0);
        view.0
            .insert(("b".to_owned(), "large".to_owned()), vec![0; 1 << 20]);
        let many = |times| KvOperation::GetMany {
            bucket: "b".into(),
            keys: vec!["large".into(); times],
        };
        assert!(
            matches!(asked(&view, many(16)), Ok(KvAnswer::Values(values)) if values.len() == 16)
        );
        assert!(asked(&view, many(17)).is_err());
        assert!(asked(&view, many(KEYS_MAX + 1)).is_err());
    }

    #[test]
    fn a_cursor_that_nobody_gave_walks_over_no_whole_bucket() {
        for cursor in [WALKED_KEYS_MAX + 1, u64::MAX] {
            let listed = asked(
                &filled(3),
                KvOperation::ListKeys {
                    bucket: "b".into(),
                    cursor: Some(cursor),
                },
            );
            assert!(listed.is_err());
        }
        let listed = asked(
            &filled(3),
            KvOperation::ListKeys {
                bucket: "b".into(),
                cursor: Some(500),
            },
        );
        assert_eq!(
            listed,
            Ok(KvAnswer::Keys {
                keys: Vec::new(),
                cursor: None
            })
        );
    }
}
