//! Doc comments of WIT, which compilers leave out of a component: taken from the source when a plugin is built, carried in a
//! section of our own, and put back when it is read.
//!
//! Knows WIT source and decoded WIT; nothing of files (the caller reads them) or of sections.

mod apply;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use wit_parser::{
    Docs as WitDocs, Function, Interface, SourceMap, TypeDef, TypeDefKind, UnresolvedPackage,
    World, WorldItem, WorldKey,
};

use crate::error::{PROBLEM_CHARS_MAX, PluginError};
use crate::text::clip;

/// Most bytes of documentation that a component may carry.
pub const DOCS_BYTES_MAX: usize = 1 << 20;
/// The form of the section; a higher one is from a newer host.
const VERSION: u32 = 1;

/// The doc comments of some WIT packages.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Docs {
    version: u32,
    /// By the full name of the interface, or the plain name that a world gives to one written in place.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    interfaces: IndexMap<String, InterfaceDocs>,
    /// Functions that worlds export directly, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    functions: IndexMap<String, String>,
    /// Types that worlds declare, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    types: IndexMap<String, TypeDocs>,
}

#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InterfaceDocs {
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    functions: IndexMap<String, String>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    types: IndexMap<String, TypeDocs>,
}

#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeDocs {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    docs: Option<String>,
    /// Of fields, cases or flags.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    members: IndexMap<String, String>,
}

impl Docs {
    /// The doc comments of one WIT package, from its files as (path, text). The path appears in errors only. Other packages
    /// that it uses need not be there.
    ///
    /// # Errors
    /// When the text isn't WIT; the error names file and line.
    pub fn from_wit<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Docs, PluginError> {
        let mut sources = SourceMap::new();
        for (path, text) in files {
            sources.push_str(path, text);
        }
        let group = sources
            .parse()
            .map_err(|(sources, error)| PluginError::Wit {
                problem: error.render(&sources),
            })?;
        let mut docs = Docs {
            version: VERSION,
            ..Docs::default()
        };
        docs.collect(&group.main);
        for package in &group.nested {
            docs.collect(package);
        }
        Ok(docs)
    }

    /// Adds what another package says, where nothing was said yet.
    pub fn merge(&mut self, other: Docs) {
        for (name, interface) in other.interfaces {
            self.interfaces.entry(name).or_insert(interface);
        }
        for (name, docs) in other.functions {
            self.functions.entry(name).or_insert(docs);
        }
        for (name, docs) in other.types {
            self.types.entry(name).or_insert(docs);
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.interfaces.is_empty() && self.functions.is_empty() && self.types.is_empty()
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, PluginError> {
        let bytes = serde_json::to_vec(&Docs {
            version: VERSION,
            ..self.clone()
        })
        .map_err(|error| PluginError::Docs {
            problem: error.to_string(),
        })?;
        if bytes.len() > DOCS_BYTES_MAX {
            Err(too_large(bytes.len()))
        } else {
            Ok(bytes)
        }
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Docs, PluginError> {
        if bytes.len() > DOCS_BYTES_MAX {
            return Err(too_large(bytes.len()));
        }
        // The reader's complaint repeats an unknown key as it stands there, however long.
        let docs: Docs = serde_json::from_slice(bytes).map_err(|error| PluginError::Docs {
            problem: clip(&error.to_string(), PROBLEM_CHARS_MAX),
        })?;
        if docs.version == VERSION {
            return Ok(docs);
        }
        let problem = format!(
            "it has version {} and this host knows version {VERSION}",
            docs.version
        );
        Err(PluginError::Docs { problem })
    }

    fn collect(&mut self, package: &UnresolvedPackage) {
        for (_, interface) in package.interfaces.iter() {
            if let Some(name) = &interface.name {
                self.collect_interface(package, package.name.interface_id(name), interface);
            }
        }
        for (_, world) in package.worlds.iter() {
            self.collect_world(package, world);
        }
    }

    fn collect_interface(
        &mut self,
        package: &UnresolvedPackage,
        name: String,
        interface: &Interface,
    ) {
        let types = interface
            .types
            .iter()
            .map(|(name, id)| (name, &package.types[*id]));
        let docs = InterfaceDocs {
            functions: interface
                .functions
                .values()
                .filter_map(function_docs)
                .collect(),
            types: types
                .filter_map(|(name, def)| Some((name.clone(), type_docs(def)?)))
                .collect(),
        };
        if docs != InterfaceDocs::default() {
            self.interfaces.entry(name).or_insert(docs);
        }
    }

    fn collect_world(&mut self, package: &UnresolvedPackage, world: &World) {
        for (key, item) in world.exports.iter().chain(&world.imports) {
            match item {
                WorldItem::Function(function) => self.functions.extend(function_docs(function)),
                WorldItem::Interface { id, .. } => {
                    if let WorldKey::Name(name) = key {
                        self.collect_interface(package, name.clone(), &package.interfaces[*id]);
                    }
                }
                WorldItem::Type { id, .. } => {
                    let def = &package.types[*id];
                    self.types.extend(def.name.clone().zip(type_docs(def)));
                }
            }
        }
    }
}

fn function_docs(function: &Function) -> Option<(String, String)> {
    Some((function.name.clone(), function.docs.contents.clone()?))
}

fn type_docs(def: &TypeDef) -> Option<TypeDocs> {
    let mut kind = def.kind.clone();
    let members: IndexMap<String, String> = members_mut(&mut kind)
        .filter_map(|(name, docs)| Some((name.clone(), docs.contents.take()?)))
        .collect();
    let docs = TypeDocs {
        docs: def.docs.contents.clone(),
        members,
    };
    (docs != TypeDocs::default()).then_some(docs)
}

/// The documented parts of a type: fields, cases or flags, each with its name.
fn members_mut<'k>(
    kind: &'k mut TypeDefKind,
) -> Box<dyn Iterator<Item = (&'k String, &'k mut WitDocs)> + 'k> {
    match kind {
        TypeDefKind::Record(record) => Box::new(
            record
                .fields
                .iter_mut()
                .map(|field| (&field.name, &mut field.docs)),
        ),
        TypeDefKind::Variant(variant) => Box::new(
            variant
                .cases
                .iter_mut()
                .map(|case| (&case.name, &mut case.docs)),
        ),
        TypeDefKind::Enum(cases) => Box::new(
            cases
                .cases
                .iter_mut()
                .map(|case| (&case.name, &mut case.docs)),
        ),
        TypeDefKind::Flags(flags) => Box::new(
            flags
                .flags
                .iter_mut()
                .map(|flag| (&flag.name, &mut flag.docs)),
        ),
        TypeDefKind::Resource
        | TypeDefKind::Handle(_)
        | TypeDefKind::Tuple(_)
        | TypeDefKind::Option(_)
        | TypeDefKind::Result(_)
        | TypeDefKind::List(_)
        | TypeDefKind::Map(..)
        | TypeDefKind::FixedLengthList(..)
        | TypeDefKind::Future(_)
        | TypeDefKind::Stream(_)
        | TypeDefKind::Type(_)
        | TypeDefKind::Unknown => Box::new(std::iter::empty()),
    }
}

fn too_large(bytes: usize) -> PluginError {
    PluginError::Docs {
        problem: format!("it has {bytes} bytes; at most {DOCS_BYTES_MAX} are accepted"),
    }
}
