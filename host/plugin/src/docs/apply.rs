//! Putting doc comments back into decoded WIT. Knows nothing of source or of the section's form.

use indexmap::IndexMap;
use wit_parser::{Function, InterfaceId, Resolve, TypeDef, WorldId, WorldItem};

use super::{Docs, InterfaceDocs, TypeDocs, members_mut};

impl Docs {
    /// Puts the doc comments back into decoded WIT. Comments on things that aren't there are left out.
    pub(crate) fn apply(&self, resolve: &mut Resolve, world: WorldId) {
        if self.is_empty() {
            return;
        }
        let keys = resolve.worlds[world]
            .exports
            .keys()
            .chain(resolve.worlds[world].imports.keys());
        let items = resolve.worlds[world]
            .exports
            .values()
            .chain(resolve.worlds[world].imports.values());
        let mut named = Vec::new();
        for (key, item) in keys.zip(items) {
            if let WorldItem::Interface { id, .. } = item {
                named.push((resolve.name_world_key(key), *id));
            }
        }
        for (name, id) in named {
            if let Some(docs) = self.interfaces.get(&name) {
                docs.apply(resolve, id);
            }
        }
        self.apply_world(resolve, world);
    }

    fn apply_world(&self, resolve: &mut Resolve, world: WorldId) {
        let Resolve { worlds, types, .. } = resolve;
        let world = &mut worlds[world];
        for item in world.exports.values_mut().chain(world.imports.values_mut()) {
            match item {
                WorldItem::Function(function) => apply_function(&self.functions, function),
                WorldItem::Type { id, .. } => {
                    let def = &mut types[*id];
                    if let Some(docs) = def.name.as_ref().and_then(|name| self.types.get(name)) {
                        docs.apply(def);
                    }
                }
                WorldItem::Interface { .. } => {}
            }
        }
    }
}

impl InterfaceDocs {
    fn apply(&self, resolve: &mut Resolve, id: InterfaceId) {
        let Resolve {
            interfaces, types, ..
        } = resolve;
        let interface = &mut interfaces[id];
        for function in interface.functions.values_mut() {
            apply_function(&self.functions, function);
        }
        for (name, id) in &interface.types {
            if let Some(docs) = self.types.get(name) {
                docs.apply(&mut types[*id]);
            }
        }
    }
}

impl TypeDocs {
    fn apply(&self, def: &mut TypeDef) {
        def.docs.contents.clone_from(&self.docs);
        for (name, docs) in members_mut(&mut def.kind) {
            docs.contents = self.members.get(name).cloned();
        }
    }
}

fn apply_function(known: &IndexMap<String, String>, function: &mut Function) {
    if let Some(docs) = known.get(&function.name) {
        function.docs.contents = Some(docs.clone());
    }
}
