//! The exported functions of a decoded component: named, typed, and sorted into callable and not.
//!
//! Knows nothing of manifests; a function's effects are filled in by whoever has one.

use std::collections::HashMap;

use indexmap::IndexMap;
use wit_parser::{Function as WitFunction, FunctionKind, Resolve, WorldId, WorldItem, WorldKey};

use super::types::{Converter, Refusal, text};
use crate::error::PluginError;
use crate::function::{Function, Param, Uncallable};
use crate::types::TYPE_NODES_MAX;

/// Most exported functions that a plugin may have.
const FUNCTIONS_MAX: usize = 4096;

/// What a component exports.
pub(crate) struct Exports {
    /// Functions by the name that callers use.
    pub(crate) functions: IndexMap<String, Function>,
    /// Functions that JSON can't call.
    pub(crate) uncallable: Vec<Uncallable>,
}

/// A function as exported, before it has a name for callers.
struct Export<'r> {
    interface: Option<String>,
    function: &'r WitFunction,
}

/// Lists the exported functions, in the component's order.
pub(crate) fn exports(resolve: &Resolve, world: WorldId) -> Result<Exports, PluginError> {
    let exported = exported(resolve, world);
    if exported.len() > FUNCTIONS_MAX {
        return Err(PluginError::TooMany {
            what: "exported functions",
            max: FUNCTIONS_MAX,
        });
    }
    let names = names(&exported);
    let mut converter = Converter::new(resolve);
    let mut exports = Exports {
        functions: IndexMap::new(),
        uncallable: Vec::new(),
    };
    for (export, name) in exported.into_iter().zip(names) {
        match signature(&mut converter, &export, &name) {
            Ok(function) => {
                exports.functions.insert(name, function);
            }
            Err(reason) => exports.uncallable.push(Uncallable {
                name,
                interface: export.interface,
                reason,
            }),
        }
    }
    Ok(exports)
}

fn exported(resolve: &Resolve, world: WorldId) -> Vec<Export<'_>> {
    let mut list = Vec::new();
    for (key, item) in &resolve.worlds[world].exports {
        match item {
            WorldItem::Function(function) => list.push(Export {
                interface: None,
                function,
            }),
            WorldItem::Interface { id, .. } => {
                let interface = interface_name(resolve, key);
                let functions = resolve.interfaces[*id].functions.values();
                list.extend(functions.map(|function| Export {
                    interface: Some(interface.clone()),
                    function,
                }));
            }
            WorldItem::Type { .. } => {}
        }
    }
    list
}

fn interface_name(resolve: &Resolve, key: &WorldKey) -> String {
    resolve.name_world_key(key)
}

/// The shortest name of each function that no other has: its own, else with its interface, else with the interface in full.
fn names(exported: &[Export<'_>]) -> Vec<String> {
    let own = |export: &Export<'_>| export.function.name.clone();
    let short = |export: &Export<'_>| with_interface(export, short_interface);
    let full = |export: &Export<'_>| with_interface(export, |interface| interface);
    let (own_uses, short_uses) = (uses(exported, own), uses(exported, short));
    let name = |export| {
        if own_uses[&own(export)] == 1 {
            own(export)
        } else if short_uses[&short(export)] == 1 {
            short(export)
        } else {
            full(export)
        }
    };
    exported.iter().map(name).collect()
}

fn uses<'r>(
    exported: &[Export<'r>],
    name: impl Fn(&Export<'r>) -> String,
) -> HashMap<String, usize> {
    let mut uses = HashMap::new();
    for export in exported {
        *uses.entry(name(export)).or_insert(0) += 1;
    }
    uses
}

fn with_interface(export: &Export<'_>, form: impl Fn(&str) -> &str) -> String {
    match &export.interface {
        Some(interface) => format!("{}.{}", form(interface), export.function.name),
        None => export.function.name.clone(),
    }
}

/// `reader` of `invoice:tools/reader@0.1.0`.
fn short_interface(interface: &str) -> &str {
    let path = interface.split('@').next().unwrap_or(interface);
    path.rsplit('/').next().unwrap_or(path)
}

fn signature(
    converter: &mut Converter<'_>,
    export: &Export<'_>,
    name: &str,
) -> Result<Function, Refusal> {
    let wit = export.function;
    check_kind(&wit.kind)?;
    let mut nodes = 0_usize;
    let mut params = Vec::with_capacity(wit.params.len());
    for param in &wit.params {
        let sized = converter
            .convert(&param.ty)
            .map_err(|reason| format!("parameter `{}`: {reason}", param.name))?;
        nodes = nodes.saturating_add(sized.nodes);
        params.push(Param {
            name: param.name.clone(),
            ty: sized.ty,
        });
    }
    let result = wit
        .result
        .as_ref()
        .map(|ty| converter.convert(ty))
        .transpose();
    let result = result.map_err(|reason| format!("result: {reason}"))?;
    nodes = nodes.saturating_add(result.as_ref().map_or(0, |sized| sized.nodes));
    if nodes > TYPE_NODES_MAX {
        return Err(format!("its types have more than {TYPE_NODES_MAX} parts"));
    }
    Ok(Function {
        name: name.to_owned(),
        export: wit.name.clone(),
        interface: export.interface.clone(),
        docs: text(&wit.docs),
        params,
        result: result.map(|sized| sized.ty),
        effects: None,
    })
}

fn check_kind(kind: &FunctionKind) -> Result<(), Refusal> {
    match kind {
        FunctionKind::Freestanding => Ok(()),
        FunctionKind::AsyncFreestanding => {
            Err("it is async, which this host does not offer yet".to_owned())
        }
        FunctionKind::Method(_) | FunctionKind::AsyncMethod(_) => {
            Err("it is a method of a resource, which lives inside the component".to_owned())
        }
        FunctionKind::Static(_) | FunctionKind::AsyncStatic(_) | FunctionKind::Constructor(_) => {
            Err("it belongs to a resource, which lives inside the component".to_owned())
        }
    }
}
