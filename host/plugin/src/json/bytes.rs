//! Bytes (`list<u8>`) as `{"base64": "…"}`. Knows nothing of other types.

use data_encoding::BASE64;
use serde_json::{Map, Value as Json};

/// The key that marks an object as bytes.
pub(super) const BASE64_KEY: &str = "base64";

/// `{"base64": "…"}`, standard alphabet, padded.
pub(super) fn to_object(bytes: &[u8]) -> Json {
    let mut object = Map::with_capacity(1);
    object.insert(BASE64_KEY.to_owned(), Json::String(BASE64.encode(bytes)));
    Json::Object(object)
}

/// What stands behind `{"base64": …}`, if that is what the object is.
pub(super) fn inner(object: &Map<String, Json>) -> Option<&Json> {
    if object.len() == 1 {
        object.get(BASE64_KEY)
    } else {
        None
    }
}

/// The bytes of a base64 text.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, String> {
    BASE64
        .decode(text.as_bytes())
        .map_err(|error| error.to_string())
}
