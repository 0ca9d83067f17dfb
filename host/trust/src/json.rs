//! Strict JSON: what is read is written again, and must be the same value. So nothing is in it that was not understood: no unknown
//! field, no field twice, no list where an object belongs, no second spelling of a value.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// What a reader of JSON says: it may repeat what is in there, so nothing of it may steer a terminal.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
pub(crate) fn said(error: serde_json::Error) -> String {
    writ_grant::printable(&error.to_string())
}

/// Reads exactly the fields of `T`.
pub(crate) fn exactly<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, String> {
    let typed: T = serde_json::from_slice(bytes).map_err(said)?;
    let plain: Value = serde_json::from_slice(bytes).map_err(said)?;
    let again = serde_json::to_value(&typed).map_err(said)?;
    if again == plain {
        Ok(typed)
    } else {
        Err("it is not written the way that it would be written again".to_owned())
    }
}
