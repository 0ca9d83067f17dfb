//! Rust traits for the interfaces that this host provides beside WASI's own, made from the WIT that plugin authors get.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "writ:host/imports",
    imports: { default: trappable },
    with: { "wasi:keyvalue/store.bucket": crate::interface::keyvalue::Bucket },
});
