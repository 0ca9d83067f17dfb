//! Names of key-value pairs, and how a change of one is decided. Knows nothing of where pairs are kept.

use crate::{
    JournalError,
    options::{KV_BUCKET_BYTES_MAX, KV_KEY_BYTES_MAX},
};

/// All key-value buckets as of the last appended event.
pub trait KvView {
    /// The value of a key.
    fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, JournalError>;

    /// Keys of a bucket in the order of their bytes, from the first that follows `after`; at most `limit` of them, and
    /// at most [`KV_LIST_KEYS_MAX`](crate::KV_LIST_KEYS_MAX).
    fn keys(
        &self,
        bucket: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, JournalError>;
}

/// The name of a pair, in an order that keeps a bucket together.
pub(crate) fn encode_key(bucket: &str, key: &str) -> Result<Vec<u8>, String> {
    let mut name = encode_bucket(bucket)?;
    if key.is_empty() || key.len() > KV_KEY_BYTES_MAX {
        return Err(format!(
            "a key of {} bytes: 1 to {KV_KEY_BYTES_MAX} are taken",
            key.len()
        ));
    }
    name.extend_from_slice(key.as_bytes());
    Ok(name)
}

/// What the names of all pairs of a bucket begin with, and no other's.
pub(crate) fn encode_bucket(bucket: &str) -> Result<Vec<u8>, String> {
    let length = u8::try_from(bucket.len()).ok().filter(|length| *length > 0);
    let length = length.ok_or_else(|| {
        format!(
            "a bucket's name of {} bytes: 1 to {KV_BUCKET_BYTES_MAX} are taken",
            bucket.len()
        )
    })?;
    let mut name = Vec::with_capacity(1 + bucket.len() + 32);
    name.push(length);
    name.extend_from_slice(bucket.as_bytes());
    Ok(name)
}

/// The key in a name, given the bucket's prefix.
pub(crate) fn key_of(name: &[u8], prefix: &[u8]) -> Result<String, JournalError> {
    let key = name
        .get(prefix.len()..)
        .and_then(|key| std::str::from_utf8(key).ok());
    key.map(str::to_owned)
        .ok_or_else(|| JournalError::StateRecord {
            cause: "a key that is no text".to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bucket_shows_in_another() {
        let name = encode_key("ab", "c").unwrap();
        assert!(!name.starts_with(&encode_bucket("a").unwrap()));
        assert_eq!(key_of(&name, &encode_bucket("ab").unwrap()).unwrap(), "c");
    }

    #[test]
    fn names_are_bounded() {
        assert!(encode_key("b", "").is_err() && encode_key("", "k").is_err());
        assert!(encode_key(&"b".repeat(255), &"k".repeat(1024)).is_ok());
        assert!(encode_key(&"b".repeat(256), "k").is_err());
        assert!(encode_key("b", &"k".repeat(1025)).is_err());
    }
}
