//! Key-value buckets: values that outlive a call, as bytes or as JSON, and claims that one caller alone can win.
//!
//! Knows the standard interface and nothing of how the host keeps the values.

mod claim;

use serde::{Serialize, de::DeserializeOwned};

use crate::host::wasi::keyvalue::{atomics, store};

pub use claim::Claim;

/// Why a bucket could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such bucket.
    #[error("bucket {0}: there is no such bucket")]
    NoSuchBucket(String),
    /// The reviewer granted no `kv:read` or no `kv:write` for the bucket.
    #[error("bucket {0}: not granted; it needs kv:read:{0} to read and kv:write:{0} to change")]
    Denied(String),
    /// The host's words.
    #[error("bucket {bucket}: {reason}")]
    Failed {
        /// The bucket's name.
        bucket: String,
        /// What went wrong.
        reason: String,
    },
    /// A value is not the JSON that was expected.
    #[error("bucket {bucket}, key {key}: {source}")]
    Json {
        /// The bucket's name.
        bucket: String,
        /// The key.
        key: String,
        /// Where and why.
        source: serde_json::Error,
    },
}

/// An open bucket.
#[derive(Debug)]
pub struct Bucket {
    name: String,
    handle: store::Bucket,
}

impl Bucket {
    /// Opens a bucket by name. It needs a grant for that name; a granted bucket that was never written to is empty.
    pub fn open(name: &str) -> Result<Bucket, Error> {
        let handle = store::open(name).map_err(|error| failed(name, error))?;
        Ok(Bucket {
            name: name.to_owned(),
            handle,
        })
    }

    /// The bytes under a key.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        self.handle
            .get(key)
            .map_err(|error| failed(&self.name, error))
    }

    /// Puts bytes under a key and replaces what was there.
    pub fn set(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        self.handle
            .set(key, value)
            .map_err(|error| failed(&self.name, error))
    }

    /// The value under a key, which is JSON.
    pub fn get_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        let Some(bytes) = self.get(key)? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|source| self.json(key, source))
    }

    /// Puts a value under a key as JSON and replaces what was there.
    pub fn set_json<T: Serialize>(&self, key: &str, value: &T) -> Result<(), Error> {
        let bytes = serde_json::to_vec(value).map_err(|source| self.json(key, source))?;
        self.set(key, &bytes)
    }

    /// Removes a key; it is no error when there is none.
    pub fn delete(&self, key: &str) -> Result<(), Error> {
        self.handle
            .delete(key)
            .map_err(|error| failed(&self.name, error))
    }

    /// Adds to the counter under a key, in one step that no other call can come between, and returns the sum.
    pub fn increment(&self, key: &str, delta: u64) -> Result<u64, Error> {
        atomics::increment(&self.handle, key, delta).map_err(|error| failed(&self.name, error))
    }

    /// Claims a key for a value: of all callers, ever, the first one's value holds it. See [`Claim`].
    ///
    /// The holder stands under the key itself, a counter under the key followed by `#claims`.
    pub fn claim(&self, key: &str, value: &[u8]) -> Result<Claim, Error> {
        claim::claim(self, key, value)
    }

    fn json(&self, key: &str, source: serde_json::Error) -> Error {
        Error::Json {
            bucket: self.name.clone(),
            key: key.to_owned(),
            source,
        }
    }
}

impl claim::Cells for Bucket {
    type Error = Error;

    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        Bucket::get(self, key)
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        Bucket::set(self, key, value)
    }

    fn increment(&self, key: &str) -> Result<u64, Error> {
        Bucket::increment(self, key, 1)
    }
}

fn failed(bucket: &str, error: store::Error) -> Error {
    match error {
        store::Error::NoSuchStore => Error::NoSuchBucket(bucket.to_owned()),
        store::Error::AccessDenied => Error::Denied(bucket.to_owned()),
        store::Error::Other(reason) => Error::Failed {
            bucket: bucket.to_owned(),
            reason,
        },
    }
}
