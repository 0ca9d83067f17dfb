//! Everything that a security reviewer wants to know of a component, as plain data: what it exports, what each import would let
//! it do, what it asks for, and what it can never do.
//!
//! Computed from the bytes alone, and from which interfaces a host offers. Nothing here is executed, nothing is decided, and
//! nothing knows how it is shown; its JSON form is documented, and stable within one `format`.

mod functions;
mod imports;
mod never;
mod requests;
mod size;
#[cfg(test)]
mod tests;
mod wit;

use serde::Serialize;
use writ_grant::Digest;

use crate::{ImportKind, Plugin, PluginError, Producer, Replay, Uncallable};

/// The version of the JSON form.
pub const INSPECTION_FORMAT: u32 = 1;

/// What a component is, could do, and can never do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// The version of this form.
    pub format: u32,
    /// The plugin's name; made from the file's when no manifest is embedded.
    pub plugin: String,
    /// Its version; 0.0.0 when no manifest is embedded.
    pub version: String,
    /// What it is for, in its author's words.
    pub description: String,
    /// The sha256 of all its bytes.
    pub digest: Digest,
    /// All its bytes.
    pub bytes: u64,
    /// Whether its author's words are in it.
    pub manifest: ManifestNote,
    /// Where its bytes are.
    pub size: Size,
    /// The tools that made it, by their own account.
    pub producers: Vec<Producer>,
    /// What can be called.
    pub functions: Vec<FunctionNote>,
    /// What is exported and can't be called.
    pub uncallable: Vec<Uncallable>,
    /// The named types of its functions, declared as WIT does.
    pub types: Vec<TypeNote>,
    /// What its author asks for.
    pub requests: Vec<RequestNote>,
    /// What it imports, the gravest first.
    pub imports: Vec<ImportNote>,
    /// What it can never do, whatever is granted.
    pub never: Never,
    /// The limits that its author sets for it, by key.
    pub limits: Vec<LimitNote>,
    /// The weakest replay class of its functions, in one sentence.
    pub replay: String,
    /// Why this host could not start it; empty when it could.
    pub problems: Vec<ImportProblem>,
}

/// Whether a manifest is embedded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ManifestNote {
    /// Whether there is one.
    pub embedded: bool,
    /// Whether the digest covers it: always, when it is embedded.
    pub covered_by_digest: bool,
    /// What that means.
    pub statement: &'static str,
}

/// Where a component's bytes are, those of nested modules and components included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    /// All of them.
    pub whole: u64,
    /// Instructions.
    pub code: u64,
    /// What memory is filled with at the start.
    pub data: u64,
    /// Custom sections together: names, debug information, the manifest.
    pub custom: u64,
    /// Types, imports, exports and other declarations.
    pub other: u64,
    /// Core modules inside.
    pub modules: u64,
    /// The largest custom sections by name.
    pub custom_sections: Vec<CustomSection>,
}

/// Custom sections of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CustomSection {
    /// Their name.
    pub name: String,
    /// Their bytes together.
    pub bytes: u64,
}

/// A callable function.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunctionNote {
    /// What callers say.
    pub name: String,
    /// The interface that exports it.
    pub interface: Option<String>,
    /// Its signature.
    pub wit: String,
    /// Its doc comment.
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    pub input: serde_json::Value,
    /// JSON Schema of its result.
    pub output: serde_json::Value,
    /// What its author declares that it does to the world: `none`, `idempotent`, `once`, or nothing.
    pub effects: Option<crate::Effects>,
    /// What follows from that.
    pub effects_mean: &'static str,
    /// How far a call can be re-lived, at worst.
    pub replay: Replay,
    /// Why.
    pub replay_because: String,
}

/// A named type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TypeNote {
    /// Its name.
    pub name: String,
    /// Its declaration, in WIT.
    pub wit: String,
    /// Its doc comment.
    pub description: Option<String>,
}

/// Something that the author asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestNote {
    /// The capability.
    pub capability: String,
    /// What it means, in one plain phrase.
    pub means: String,
    /// Why, in the author's words.
    pub reason: String,
    /// Whether it can do without.
    pub optional: bool,
    /// What it could do at most.
    pub risk: Risk,
    /// Whether this host can grant it at all.
    pub available: bool,
    /// Whether the component imports an interface that could use it.
    pub usable: bool,
}

/// What something could do, if granted as requested. Ordered from harmless to grave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// It can't be used: no grant could allow it.
    Never,
    /// Nothing: it is harmless without a grant.
    None,
    /// It lets the component see something.
    Reads,
    /// It lets the component change or send something.
    Changes,
}

impl Risk {
    /// Every risk, the gravest first.
    pub const ALL: [Risk; 4] = [Risk::Changes, Risk::Reads, Risk::None, Risk::Never];

    /// A heading for what has this risk.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Risk::Never => "never available",
            Risk::None => "no risk",
            Risk::Reads => "reads, if granted",
            Risk::Changes => "changes or sends, if granted",
        }
    }
}

/// An imported interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportNote {
    /// Its full name.
    pub interface: String,
    /// What kind of thing it is for.
    pub kind: ImportKind,
    /// What it could do at most, under what is requested.
    pub risk: Risk,
    /// What it lets a component do.
    pub lets: String,
    /// How this host treats it.
    pub link: Link,
    /// The requests that could allow its use.
    pub allowed_by: Vec<String>,
    /// The functions that are imported from it.
    pub functions: Vec<String>,
}

/// Which interfaces a host has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It is always there; what it shows depends on grants.
    Always,
    /// It is there, and every use is refused.
    Denied,
    /// It is there with a grant of this form.
    WithGrant(&'static str),
    /// The host doesn't have it.
    Missing,
}

/// How an import is treated, given what the component requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// Linked; harmless on its own.
    Linked,
    /// Linked for what is granted of the requests that serve it.
    WithGrant,
    /// Runtime noise: linked, and every use is refused.
    Denied,
    /// Not linked, since nothing is requested that would: the component does not start.
    NotRequested,
    /// Unknown to this host: the component does not start.
    Missing,
}

impl Link {
    /// What it means, in a few words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Link::Linked => "linked",
            Link::WithGrant => "usable for what is granted",
            Link::Denied => "linked to deny: every use is refused",
            Link::NotRequested => "not linked, because nothing is requested that would allow it",
            Link::Missing => "this host does not have it",
        }
    }
}

/// An import that keeps a component from starting on this host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportProblem {
    /// The interface.
    pub interface: String,
    /// What is wrong.
    pub message: String,
    /// What mends it.
    pub remedy: String,
}

/// What a component can never do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Never {
    /// What follows from what it requests: one entry for each kind of capability there is.
    pub this: Vec<NeverNote>,
    /// What holds for every component.
    pub any: Vec<&'static str>,
}

/// What of one kind of capability a component can never have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NeverNote {
    /// The kind, as capabilities begin.
    pub kind: &'static str,
    /// In a plain phrase that follows "it can never".
    pub statement: String,
    /// The requests that are the exception; empty when there is none.
    pub except: Vec<String>,
}

/// A limit that the author sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LimitNote {
    /// Its key in `[limits]`.
    pub key: &'static str,
    /// Its value, in the unit that the key names.
    pub value: u64,
}

impl Inspection {
    /// Inspects a component that was read from these bytes, for a host that offers these interfaces.
    ///
    /// # Errors
    /// When the bytes are not those of a sound component.
    pub fn of(
        plugin: &Plugin,
        bytes: &[u8],
        offer: &dyn Fn(&str) -> Offer,
    ) -> Result<Inspection, PluginError> {
        let functions = functions::notes(plugin);
        let weakest = functions.iter().map(|function| function.replay).max();
        Ok(Inspection {
            format: INSPECTION_FORMAT,
            plugin: plugin.name.clone(),
            version: plugin.version.to_string(),
            description: plugin.description.clone(),
            digest: plugin.digest,
            bytes: bytes.len() as u64,
            manifest: manifest(plugin),
            size: size::of(bytes)?,
            producers: plugin.producers.clone(),
            functions,
            uncallable: plugin.uncallable.clone(),
            types: wit::types(plugin),
            requests: requests::notes(plugin),
            imports: imports::notes(plugin, offer),
            never: never::of(plugin),
            limits: limits(plugin),
            replay: weakest.unwrap_or(Replay::Exact).describe().to_owned(),
            problems: import_problems(plugin, offer),
        })
    }
}

/// The imports that keep a plugin from starting on a host, whatever is granted.
#[must_use]
pub fn import_problems(plugin: &Plugin, offer: &dyn Fn(&str) -> Offer) -> Vec<ImportProblem> {
    imports::problems(plugin, offer)
}

/// What each import of a plugin would let it do.
pub(crate) fn import_notes(plugin: &Plugin, offer: &dyn Fn(&str) -> Offer) -> Vec<ImportNote> {
    imports::notes(plugin, offer)
}

pub(crate) use functions::replay;

fn manifest(plugin: &Plugin) -> ManifestNote {
    let embedded = plugin.manifest.is_some();
    ManifestNote {
        embedded,
        covered_by_digest: embedded,
        statement: if embedded {
            "embedded; the digest covers it, so nobody can change a request without changing the digest"
        } else {
            "none embedded: it requests nothing, so nothing can be granted to it"
        },
    }
}

fn limits(plugin: &Plugin) -> Vec<LimitNote> {
    let mut overrides = plugin.limits;
    let set = overrides.by_key();
    set.into_iter()
        .filter_map(|(key, value)| {
            Some(LimitNote {
                key,
                value: (*value)?,
            })
        })
        .collect()
}
