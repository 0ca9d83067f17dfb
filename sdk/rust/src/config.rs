//! Settings that the operator gives the plugin. Knows keys and text; where the values come from is the host's affair.

use crate::host::wasi::config::store;

/// A setting could not be read: the reviewer granted no `config:read` for its key, or the host could not look.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("setting {key}: {reason}")]
pub struct Error {
    /// The setting asked for.
    pub key: String,
    /// The host's words.
    pub reason: String,
}

/// The value of a setting. `None`: it is granted and the operator gave it no value.
pub fn get(key: &str) -> Result<Option<String>, Error> {
    store::get(key).map_err(|error| {
        let (store::Error::Upstream(reason) | store::Error::Io(reason)) = error;
        Error {
            key: key.to_owned(),
            reason,
        }
    })
}
