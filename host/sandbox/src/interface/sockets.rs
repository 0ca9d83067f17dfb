//! Interfaces that are linked to deny: `wasi:sockets`, which language runtimes import without using it. No socket code is
//! behind these links: a call ends the guest with [`Fault::Unavailable`].
//!
//! The links are made from what the component itself imports, so no list of functions can fall behind the standard.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable};

use crate::fault::Fault;
use crate::state::State;

/// Stands for every resource of a denied interface. Nobody can make one.
enum Nothing {}

/// Links every instance that the component imports and `denied` chooses, to deny.
pub(crate) fn link_denied(
    linker: &mut Linker<State>,
    component: &Component,
    denied: impl Fn(&str) -> bool,
) -> wasmtime::Result<()> {
    let engine = component.engine().clone();
    for (name, import) in component.component_type().imports(&engine) {
        if let ComponentItem::ComponentInstance(instance) = import.ty
            && denied(name)
        {
            let mut link = linker.instance(name)?;
            for (item_name, item) in instance.exports(&engine) {
                link_item(&mut link, name, item_name, &item.ty)?;
            }
        }
    }
    Ok(())
}

fn link_item(
    link: &mut LinkerInstance<'_, State>,
    interface: &str,
    name: &str,
    item: &ComponentItem,
) -> wasmtime::Result<()> {
    match item {
        ComponentItem::ComponentFunc(_) => {
            let (interface, function) = (interface.to_owned(), name.to_owned());
            link.func_new(name, move |mut store, _, _, _| {
                let fault = Fault::Unavailable {
                    interface: interface.clone(),
                    function: function.clone(),
                };
                Err(store.data_mut().enter().stop(fault))
            })
        }
        ComponentItem::Resource(_) => link.resource(name, resource(name), |_, _| Ok(())),
        ComponentItem::Type(_) => Ok(()),
        ComponentItem::CoreFunc(_)
        | ComponentItem::Module(_)
        | ComponentItem::Component(_)
        | ComponentItem::ComponentInstance(_) => Err(wasmtime::format_err!(
            "{interface} has an unexpected item {name}"
        )),
    }
}

/// Resources of `wasi:io` are the same everywhere, so they need their own type here too.
fn resource(name: &str) -> ResourceType {
    match name {
        "pollable" => ResourceType::host::<DynPollable>(),
        "input-stream" => ResourceType::host::<DynInputStream>(),
        "output-stream" => ResourceType::host::<DynOutputStream>(),
        _ => ResourceType::host::<Nothing>(),
    }
}
