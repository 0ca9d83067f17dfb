//! Key-value pairs as of the last appended event: what waits in the queue, over what the state has.

use std::{collections::BTreeSet, ops::Bound};

use crate::{
    JournalError,
    kv::{KvView, encode_bucket, encode_key, key_of},
    options::KV_LIST_KEYS_MAX,
    queue::Queue,
    shared::Shared,
};

/// Both layers, while nothing can be appended.
pub(crate) struct View<'a> {
    pub(crate) queue: &'a Queue,
    pub(crate) shared: &'a Shared,
}

pub(crate) fn invalid(cause: String) -> JournalError {
    JournalError::Invalid { cause }
}

impl KvView for View<'_> {
    fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, JournalError> {
        let name = encode_key(bucket, key).map_err(invalid)?;
        match self.queue.kv.get(&name) {
            Some(fresh) => Ok(fresh.value.as_ref().map(|value| value.to_vec())),
            None => self.shared.stored_value(&name),
        }
    }

    fn keys(
        &self,
        bucket: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, JournalError> {
        let limit = limit.min(KV_LIST_KEYS_MAX);
        let prefix = encode_bucket(bucket).map_err(invalid)?;
        let after = [&prefix[..], after.unwrap_or("").as_bytes()].concat();
        let mut names = BTreeSet::new();
        for name in self.shared.state.names_after(&prefix, &after) {
            let name = name?;
            if names.len() >= limit {
                break;
            }
            if !self.queue.kv.contains_key(&name) {
                names.insert(name);
            }
        }
        let fresh = self
            .queue
            .kv
            .range::<[u8], _>((Bound::Excluded(&after[..]), Bound::Unbounded));
        let set = fresh
            .take_while(|(name, _)| name.starts_with(&prefix))
            .filter(|(_, fresh)| fresh.value.is_some());
        names.extend(set.map(|(name, _)| name.clone()));
        names
            .into_iter()
            .take(limit)
            .map(|name| key_of(&name, &prefix))
            .collect()
    }
}
