//! JSON in, typed values out, and back; the mapping itself is described at the crate's front page.
//!
//! Knows types and JSON, and nothing of plugins, files or engines.

mod arguments;
mod bytes;
mod describe;
mod mismatch;
mod number;
mod read;
mod schema;
mod write;

#[cfg(test)]
pub(crate) mod generate;
#[cfg(test)]
mod tests;

pub use arguments::{arguments, check_arguments};
pub use mismatch::MismatchError;
pub use read::{VALUE_BYTES_MAX, to_value};
pub use schema::{error_schema, input_schema, output_schema, schema};
pub use write::to_json;
