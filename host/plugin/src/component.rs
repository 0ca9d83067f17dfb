//! The bytes of a component: its sections, what its types decode to, and the sections of our own in it.
//!
//! Knows the binary format and WIT, and nothing of what a plugin's parts are used for.

mod decode;
mod exports;
mod imports;
mod sections;
mod types;

pub use sections::{COMPONENT_BYTES_MAX, embed, embed_with_docs};

pub(crate) use decode::decode;
pub(crate) use exports::{Exports, exports};
pub(crate) use imports::imports;
pub(crate) use sections::{Sections, damaged, sections};
