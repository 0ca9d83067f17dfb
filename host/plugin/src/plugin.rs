//! A plugin, read from a component's bytes. Joins what the sections, the manifest and the types say; knows nothing of how
//! each is encoded, of where the bytes came from, or of what was granted.

use indexmap::IndexMap;
use semver::Version;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use writ_grant::{Digest, Request};

use crate::component::{Exports, Sections, decode, exports, imports, sections};
use crate::error::PluginError;
use crate::function::{Function, Uncallable};
use crate::import::Import;
use crate::manifest::{LimitOverrides, Manifest};
use crate::name::to_plugin_name;
use crate::suggest;

/// Where an embedded manifest's errors say they are.
const EMBEDDED: &str = "plugin.toml (embedded in the component)";

/// What a component is, does, imports and asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Plugin {
    /// Its name.
    pub name: String,
    /// Its version; 0.0.0 when it has no manifest.
    pub version: Version,
    /// What it is for, in its author's words; empty when it has no manifest.
    pub description: String,
    /// The sha256 of all its bytes.
    pub digest: Digest,
    /// What its author asks for.
    pub requests: Vec<Request>,
    /// The functions that JSON can call, by the name that callers use.
    pub functions: IndexMap<String, Function>,
    /// Exported functions that JSON can't call, and why.
    pub uncallable: Vec<Uncallable>,
    /// The interfaces that it imports: an upper bound of what it uses.
    pub imports: Vec<Import>,
    /// Limits that its author sets otherwise than the host does.
    pub limits: LimitOverrides,
    /// Its size.
    pub size_bytes: usize,
    /// The text of its manifest, if one is embedded.
    pub manifest: Option<String>,
    /// The tools that made it, as they tell.
    pub producers: Vec<Producer>,
}

/// A tool that took part in making a component, by its own account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Producer {
    /// Its part: `language`, `processed-by` or `sdk`.
    pub field: String,
    /// Its name, such as `Rust`.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Plugin {
    /// Reads any WASI 0.2 component. One without a manifest takes its name from `fallback_name` (such as the file's name), has
    /// version 0.0.0 and requests nothing.
    ///
    /// # Errors
    /// When the bytes aren't a sound component, or what we embedded in it is wrong.
    pub fn read(bytes: &[u8], fallback_name: &str) -> Result<Plugin, PluginError> {
        let Sections {
            manifest,
            docs,
            producers,
        } = sections(bytes)?;
        let parsed = manifest
            .as_deref()
            .map(|text| Manifest::parse(text, EMBEDDED))
            .transpose()?;
        let (mut resolve, world) = decode(bytes)?;
        docs.apply(&mut resolve, world);
        let mut exports = exports(&resolve, world)?;
        if let Some(manifest) = &parsed {
            assign_effects(&mut exports, manifest)?;
        }
        let mut plugin = Plugin {
            name: to_plugin_name(fallback_name),
            version: Version::new(0, 0, 0),
            description: String::new(),
            digest: Digest::from_bytes(Sha256::digest(bytes).into()),
            requests: Vec::new(),
            functions: exports.functions,
            uncallable: exports.uncallable,
            imports: imports(&resolve, world),
            limits: LimitOverrides::default(),
            size_bytes: bytes.len(),
            manifest,
            producers,
        };
        if let Some(manifest) = parsed {
            plugin.take(manifest);
        }
        Ok(plugin)
    }

    /// The callable function of this name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.get(name)
    }

    fn take(&mut self, manifest: Manifest) {
        self.name = manifest.name;
        self.version = manifest.version;
        self.description = manifest.description;
        self.requests = manifest.requests;
        self.limits = manifest.limits;
    }
}

/// Gives functions the effects that the manifest declares. A section for a function that isn't exported is an error; one
/// for a function that can't be called has nothing to act on.
fn assign_effects(exports: &mut Exports, manifest: &Manifest) -> Result<(), PluginError> {
    for (name, policy) in &manifest.functions {
        if let Some(function) = exports.functions.get_mut(name) {
            function.effects = policy.effects;
        } else if !exports
            .uncallable
            .iter()
            .any(|function| &function.name == name)
        {
            let known: Vec<&str> = exports.functions.keys().map(String::as_str).collect();
            let help = suggest::hint(name, known, "functions");
            return Err(PluginError::UnknownFunction {
                name: name.clone(),
                help,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
