//! Rust traits for the interfaces that this host provides beside WASI's own, made from the WIT that plugin authors get.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "writ:host/imports",
    imports: {
        "writ:agent/tools.call": async | trappable,
        "writ:agent/tools.call-all": async | trappable,
        default: trappable,
    },
    with: { "wasi:keyvalue/store.bucket": crate::interface::keyvalue::Bucket },
});
