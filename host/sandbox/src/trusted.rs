//! The one place that runs machine code on somebody's word. Everything else in Writ is safe Rust.

use wasmtime::Engine;
use wasmtime::component::Component;

/// Machine code whose origin was checked: our own compiler made it in this process or its child, or it came from the cache
/// with a valid authentication code. Only [`crate::cache`], [`crate::compile`], and those who move loaded code to another engine make one.
pub(crate) struct Compiled(Vec<u8>);

impl Compiled {
    /// Vouches for the bytes.
    pub(crate) fn vouch(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Loads the code.
    #[expect(
        unsafe_code,
        reason = "the engine can't check machine code; whoever called `vouch` did, on these very bytes"
    )]
    pub(crate) fn load(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: `deserialize` needs bytes that `serialize` or `precompile_component` made. `vouch`'s callers are the
        // compiler and the authenticated cache, and the bytes are owned, so nobody changed them since.
        unsafe { Component::deserialize(engine, &self.0) }
    }
}
