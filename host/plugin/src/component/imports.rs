//! The imports of a decoded component. Knows nothing of which are granted.

use wit_parser::{Resolve, WorldId, WorldItem};

use crate::import::{Import, ImportKind};

/// The interface under which functions imported without one are listed.
const WORLD: &str = "(world)";

/// Every imported interface with its functions, in the component's order.
pub(crate) fn imports(resolve: &Resolve, world: WorldId) -> Vec<Import> {
    let mut list: Vec<Import> = Vec::new();
    let mut loose = Vec::new();
    for (key, item) in &resolve.worlds[world].imports {
        match item {
            WorldItem::Interface { id, .. } => {
                let interface = resolve.name_world_key(key);
                let functions = resolve.interfaces[*id].functions.keys().cloned().collect();
                list.push(Import {
                    kind: ImportKind::of(&interface),
                    interface,
                    functions,
                });
            }
            WorldItem::Function(function) => loose.push(function.name.clone()),
            WorldItem::Type { .. } => {}
        }
    }
    if !loose.is_empty() {
        list.push(Import {
            interface: WORLD.to_owned(),
            kind: ImportKind::Unknown,
            functions: loose,
        });
    }
    list
}
