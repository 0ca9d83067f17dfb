//! Which interfaces this host has, as an answer for reviewers and checks that come long before anything is compiled. The links
//! themselves are in `linker.rs`; a test links each name of this list, and fails to link its neighbours.

use writ_grant::Authority;
use writ_plugin::Offer;

use crate::linker::{self, Import, Shape};

/// Packages of which not every interface and version is here: the interfaces, and the version or the line of versions.
pub(crate) const EXACT: [(&str, &[&str], Version); 9] = [
    (
        "wasi:io",
        &["error", "poll", "streams"],
        Version::Line("0.2."),
    ),
    (
        "wasi:cli",
        &[
            "environment",
            "exit",
            "stdin",
            "stdout",
            "stderr",
            "terminal-input",
            "terminal-output",
            "terminal-stdin",
            "terminal-stdout",
            "terminal-stderr",
        ],
        Version::Line("0.2."),
    ),
    (
        "wasi:clocks",
        &["wall-clock", "monotonic-clock"],
        Version::Line("0.2."),
    ),
    (
        "wasi:random",
        &["random", "insecure", "insecure-seed"],
        Version::Line("0.2."),
    ),
    (
        "wasi:filesystem",
        &["preopens", "types"],
        Version::Line("0.2."),
    ),
    (
        "wasi:keyvalue",
        &["store", "atomics", "batch"],
        Version::Only("0.2.0-draft"),
    ),
    ("wasi:config", &["store"], Version::Only("0.2.0-rc.1")),
    (
        "wasi:http",
        &["types", "outgoing-handler"],
        Version::Line("0.2."),
    ),
    ("writ:agent", &["tools"], Version::Line("0.1.")),
];

/// Which versions of a package are here.
#[derive(Clone, Copy)]
pub(crate) enum Version {
    /// All that are compatible: those that begin so and are no drafts.
    Line(&'static str),
    /// This one: drafts are compatible with nothing.
    Only(&'static str),
}

/// How this host would treat an import of this name.
#[must_use]
pub fn offer(interface: &str) -> Offer {
    if !is_known(interface) {
        return Offer::Missing;
    }
    match linker::import(interface, Shape::of(&Authority::none(""))) {
        Import::Linked if interface.starts_with("wasi:sockets/") => Offer::Denied,
        Import::Linked => Offer::Always,
        Import::Needs(capability) => Offer::WithGrant(capability),
        Import::Unknown => Offer::Missing,
    }
}

/// Whether a name is one of the list, or of a package that the list leaves to the linker.
fn is_known(interface: &str) -> bool {
    let (path, version) = interface.split_once('@').unwrap_or((interface, ""));
    let (package, name) = path.split_once('/').unwrap_or((path, ""));
    let Some((_, names, wanted)) = EXACT.iter().find(|(known, ..)| *known == package) else {
        return true;
    };
    let fits = match wanted {
        Version::Line(line) => version.starts_with(line) && !version.contains('-'),
        Version::Only(only) => version == *only,
    };
    fits && names.contains(&name)
}
