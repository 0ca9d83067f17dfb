//! What each import would let a component do, and how a host treats it. Which interfaces a host has comes in as an argument.

use std::cmp::Reverse;

use super::requests::{risk, serves};
use super::{ImportNote, ImportProblem, Link, Offer, Risk};
use crate::{Import, ImportKind, Plugin};

pub(super) fn notes(plugin: &Plugin, offer: &dyn Fn(&str) -> Offer) -> Vec<ImportNote> {
    let mut notes: Vec<ImportNote> = plugin
        .imports
        .iter()
        .map(|import| note(plugin, import, offer(&import.interface)))
        .collect();
    // Unusable interfaces stand last though they are the least risk: what they say is that nothing follows from them.
    notes.sort_by_key(|note| (Reverse(note.risk), note.kind, note.interface.clone()));
    notes
}

fn note(plugin: &Plugin, import: &Import, offer: Offer) -> ImportNote {
    let serving: Vec<_> = plugin
        .requests
        .iter()
        .map(|request| &request.capability)
        .filter(|capability| serves(import, capability))
        .collect();
    let link = link(import.kind, offer, !serving.is_empty());
    let risk = match link {
        Link::Linked | Link::WithGrant => serving
            .iter()
            .map(|capability| risk(capability))
            .max()
            .unwrap_or(Risk::None),
        Link::Denied | Link::NotRequested | Link::Missing => Risk::Never,
    };
    ImportNote {
        interface: import.interface.clone(),
        kind: import.kind,
        risk,
        lets: lets(import),
        link,
        allowed_by: serving.iter().map(ToString::to_string).collect(),
        functions: import.functions.clone(),
    }
}

fn link(kind: ImportKind, offer: Offer, requested: bool) -> Link {
    match (offer, requested) {
        (Offer::Missing, _) => Link::Missing,
        (Offer::Denied, _) => Link::Denied,
        (Offer::WithGrant(_), false) => Link::NotRequested,
        (Offer::Always | Offer::WithGrant(_), true) => Link::WithGrant,
        (Offer::Always, false) if kind == ImportKind::Noise => Link::Linked,
        (Offer::Always, false) => Link::Denied,
    }
}

pub(super) fn problems(plugin: &Plugin, offer: &dyn Fn(&str) -> Offer) -> Vec<ImportProblem> {
    let problem = |import: &Import| {
        let interface = import.interface.clone();
        let requested = plugin
            .requests
            .iter()
            .any(|request| serves(import, &request.capability));
        match (offer(&interface), requested) {
            (Offer::Missing, _) => Some(ImportProblem {
                message: format!("it imports {interface}, which this host does not have"),
                remedy: missing_remedy(&interface),
                interface,
            }),
            (Offer::WithGrant(form), false) => Some(ImportProblem {
                message: format!(
                    "it imports {interface}, which is linked only with a grant, and its manifest requests none"
                ),
                remedy: format!(
                    "add a [[request]] with capability = \"{form}\" and a reason to its plugin.toml, or leave the import out, and \
                     build it again"
                ),
                interface,
            }),
            (Offer::WithGrant(_), true) | (Offer::Always | Offer::Denied, _) => None,
        }
    };
    plugin.imports.iter().filter_map(problem).collect()
}

fn missing_remedy(interface: &str) -> String {
    let text = if interface.starts_with("wasi:") {
        "build it for WASI 0.2 (wasm32-wasip2) with this interface left out, or in the version that this host has"
    } else {
        "build it against WASI 0.2 and the interfaces in `wit/`, and nothing else; another component can be linked into it with \
         `wac plug`"
    };
    text.to_owned()
}

/// What using an interface means, by the name without its version.
const LETS: [(&str, &str); 34] = [
    ("wasi:io/error", "read the text of an error"),
    ("wasi:io/poll", "wait for several things at once"),
    (
        "wasi:io/streams",
        "move bytes through streams that another interface gave it",
    ),
    (
        "wasi:cli/environment",
        "ask for variables and arguments: it sees granted variables, and no arguments",
    ),
    ("wasi:cli/exit", "end its own call"),
    ("wasi:cli/stdin", "read standard input, which is empty"),
    (
        "wasi:cli/stdout",
        "write to its own log, which is bounded and kept in the journal",
    ),
    (
        "wasi:cli/stderr",
        "write to its own log, which is bounded and kept in the journal",
    ),
    (
        "wasi:cli/terminal-input",
        "ask for a terminal: there never is one",
    ),
    (
        "wasi:cli/terminal-output",
        "ask for a terminal: there never is one",
    ),
    (
        "wasi:cli/terminal-stdin",
        "ask for a terminal: there never is one",
    ),
    (
        "wasi:cli/terminal-stdout",
        "ask for a terminal: there never is one",
    ),
    (
        "wasi:cli/terminal-stderr",
        "ask for a terminal: there never is one",
    ),
    (
        "wasi:clocks/wall-clock",
        "ask for the time: it is told the run's recorded clock, unless clock:real is granted",
    ),
    (
        "wasi:clocks/monotonic-clock",
        "measure time and sleep: by the run's recorded clock, unless clock:real is granted",
    ),
    (
        "wasi:random/random",
        "get random bytes: seeded by the run, unless random:real is granted",
    ),
    (
        "wasi:random/insecure",
        "get random bytes: seeded by the run, unless random:real is granted",
    ),
    (
        "wasi:random/insecure-seed",
        "get a seed for hash tables: seeded by the run, unless random:real is granted",
    ),
    (
        "wasi:logging/logging",
        "write to its own log, which is bounded and kept in the journal",
    ),
    (
        "wasi:filesystem/preopens",
        "learn which folders it was given",
    ),
    (
        "wasi:filesystem/types",
        "open, read, list, write, rename and remove files: in granted folders, and as far as each grant goes",
    ),
    (
        "wasi:keyvalue/store",
        "read and change keys: in granted buckets",
    ),
    (
        "wasi:keyvalue/batch",
        "read and change several keys at once: in granted buckets",
    ),
    (
        "wasi:keyvalue/atomics",
        "count in a key: in granted buckets",
    ),
    (
        "wasi:config/store",
        "read configured values: the granted keys",
    ),
    (
        "wasi:http/types",
        "build requests and read responses: sends nothing by itself",
    ),
    (
        "wasi:http/outgoing-handler",
        "send requests over the network: to granted addresses, with granted methods",
    ),
    (
        "wasi:http/incoming-handler",
        "answer requests from the network",
    ),
    (
        "writ:agent/context",
        "ask how much of its budget and time is left",
    ),
    (
        "writ:agent/model",
        "send text to a language model and read its answer: granted models",
    ),
    (
        "writ:agent/tools",
        "call functions of other plugins: granted ones, and with no more authority than its own",
    ),
    (
        "writ:agent/memory",
        "read and change an agent's memory: granted spaces",
    ),
    (
        "writ:agent/human",
        "ask a person and wait for the answer: granted roles",
    ),
    (
        "writ:agent/types",
        "share types with the interfaces beside it",
    ),
];

fn lets(import: &Import) -> String {
    let name = import.interface.split('@').next().unwrap_or_default();
    if let Some((_, text)) = LETS.iter().find(|(known, _)| *known == name) {
        return (*text).to_owned();
    }
    match import.kind {
        ImportKind::Sockets => {
            "open network connections of its own: nothing grants that".to_owned()
        }
        ImportKind::Unknown => "unknown: this host has never heard of it".to_owned(),
        kind @ (ImportKind::Noise
        | ImportKind::Files
        | ImportKind::Http
        | ImportKind::KeyValue
        | ImportKind::Config
        | ImportKind::Secrets
        | ImportKind::Models
        | ImportKind::Memory
        | ImportKind::Tools
        | ImportKind::Humans) => kind.describe().to_owned(),
    }
}
