//! From a component's bytes to its WIT. Knows nothing of what is exported or imported.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wit_parser::decoding::{DecodedWasm, decode as decode_wit};
use wit_parser::{Resolve, WorldId};

use crate::error::{PROBLEM_CHARS_MAX, PluginError};
use crate::text::clip;

/// Validates the component's structure and recovers the WIT of what it exports and imports.
pub(crate) fn decode(bytes: &[u8]) -> Result<(Resolve, WorldId), PluginError> {
    // The decoder is made for the output of honest tools. Should a strange file trip one of its own assertions, that file is
    // refused and the host goes on; nothing of the decoder's state outlives the call.
    let decoded = catch_unwind(AssertUnwindSafe(|| decode_wit(bytes)));
    match decoded {
        Ok(Ok(DecodedWasm::Component(resolve, world))) => Ok((resolve, world)),
        Ok(Ok(DecodedWasm::WitPackage(..))) => Err(PluginError::WitPackage),
        Ok(Err(error)) => Err(PluginError::Damaged {
            problem: clip(&format!("{error:#}"), PROBLEM_CHARS_MAX),
        }),
        Err(_) => Err(PluginError::Damaged {
            problem: "its types make no sense to the decoder".to_owned(),
        }),
    }
}
