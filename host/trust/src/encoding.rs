//! Base64 as the formats here use it. Decoding takes one spelling of each byte string: stray bits and odd padding are refused.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Standard base64 of exactly so many bytes.
pub(crate) fn exactly<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// Standard or URL-safe base64, padded: DSSE lets a signer use either.
pub(crate) fn either(text: &str) -> Option<Vec<u8>> {
    STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .ok()
}

/// Standard base64, padded.
pub(crate) fn strict(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
