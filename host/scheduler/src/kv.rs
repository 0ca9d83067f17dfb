//! What each key-value operation of a guest reads, answers and changes. The journal makes it atomic.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use writ_journal::{JournalError, KvView};
use writ_run::KvChange;
use writ_sandbox::{KvAnswer, KvError, KvOperation, Payload};

/// Keys on one page of a listing.
const PAGE_KEYS: usize = 1000;

/// The answer to an operation, and the changes that go with it.
pub(crate) fn perform(
    view: &dyn KvView,
    operation: &KvOperation,
) -> (Result<KvAnswer, KvError>, Vec<KvChange>) {
    match decide(view, operation) {
        Ok((answer, changes)) => (Ok(answer), changes),
        Err(error) => (Err(error), Vec::new()),
    }
}

fn decide(
    view: &dyn KvView,
    operation: &KvOperation,
) -> Result<(KvAnswer, Vec<KvChange>), KvError> {
    let unchanged = |answer| Ok((answer, Vec::new()));
    match operation {
        KvOperation::Get { bucket, key } => unchanged(KvAnswer::Value(get(view, bucket, key)?)),
        KvOperation::Exists { bucket, key } => {
            unchanged(KvAnswer::Exists(get(view, bucket, key)?.is_some()))
        }
        KvOperation::GetMany { bucket, keys } => {
            let values = keys
                .iter()
                .map(|key| get(view, bucket, key))
                .collect::<Result<_, _>>()?;
            unchanged(KvAnswer::Values(values))
        }
        KvOperation::ListKeys { bucket, cursor } => {
            unchanged(page(view, bucket, cursor.unwrap_or(0))?)
        }
        KvOperation::Set { bucket, key, value } => {
            Ok((KvAnswer::Done, vec![set(bucket, key, value)]))
        }
        KvOperation::SetMany { bucket, entries } => Ok((
            KvAnswer::Done,
            entries
                .iter()
                .map(|(key, value)| set(bucket, key, value))
                .collect(),
        )),
        KvOperation::Delete { bucket, key } => Ok((KvAnswer::Done, vec![delete(bucket, key)])),
        KvOperation::DeleteMany { bucket, keys } => Ok((
            KvAnswer::Done,
            keys.iter().map(|key| delete(bucket, key)).collect(),
        )),
        KvOperation::Increment { bucket, key, delta } => {
            let number = number(view, bucket, key)?.checked_add(*delta);
            let number = number
                .ok_or_else(|| KvError::Other(format!("`{key}` would grow past {}", u64::MAX)))?;
            let value = Payload::from(number.to_string().into_bytes());
            Ok((KvAnswer::Number(number), vec![set(bucket, key, &value)]))
        }
    }
}

fn get(view: &dyn KvView, bucket: &str, key: &str) -> Result<Option<Payload>, KvError> {
    Ok(view
        .get(bucket, key)
        .map_err(|error| other(&error))?
        .map(Payload::from))
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

/// A cursor counts the keys of the pages before.
fn page(view: &dyn KvView, bucket: &str, cursor: u64) -> Result<KvAnswer, KvError> {
    let mut after: Option<String> = None;
    let mut skipped = 0;
    loop {
        let keys = view
            .keys(bucket, after.as_deref(), PAGE_KEYS)
            .map_err(|error| other(&error))?;
        let full = keys.len() == PAGE_KEYS;
        if skipped >= cursor || !full {
            let next = (full && skipped >= cursor).then_some(skipped + keys.len() as u64);
            let keys = if skipped >= cursor { keys } else { Vec::new() };
            return Ok(KvAnswer::Keys { keys, cursor: next });
        }
        skipped += keys.len() as u64;
        after = keys.into_iter().last();
    }
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
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let (answer, _) = perform(
                    &view,
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
}
