//! The list of what this host has, against what it really links.

use writ_plugin::Offer;

use super::support::{authority, sandbox, try_load};
use crate::offer::{EXACT, Version, offer};

/// Something that each interface of the list has. Whether it is asked for in its right type makes no difference here: the linker
/// says something else of what it has in another type than of what it doesn't have.
const MEMBERS: [(&str, &str); 27] = [
    ("wasi:io/error", "[method]error.to-debug-string"),
    ("wasi:io/poll", "poll"),
    ("wasi:io/streams", "[method]input-stream.read"),
    ("wasi:cli/environment", "get-arguments"),
    ("wasi:cli/exit", "exit"),
    ("wasi:cli/stdin", "get-stdin"),
    ("wasi:cli/stdout", "get-stdout"),
    ("wasi:cli/stderr", "get-stderr"),
    ("wasi:cli/terminal-input", "terminal-input"),
    ("wasi:cli/terminal-output", "terminal-output"),
    ("wasi:cli/terminal-stdin", "get-terminal-stdin"),
    ("wasi:cli/terminal-stdout", "get-terminal-stdout"),
    ("wasi:cli/terminal-stderr", "get-terminal-stderr"),
    ("wasi:clocks/wall-clock", "now"),
    ("wasi:clocks/monotonic-clock", "now"),
    ("wasi:random/random", "get-random-bytes"),
    ("wasi:random/insecure", "get-insecure-random-bytes"),
    ("wasi:random/insecure-seed", "insecure-seed"),
    ("wasi:filesystem/preopens", "get-directories"),
    ("wasi:filesystem/types", "filesystem-error-code"),
    ("wasi:keyvalue/store", "open"),
    ("wasi:keyvalue/atomics", "increment"),
    ("wasi:keyvalue/batch", "get-many"),
    ("wasi:config/store", "get"),
    ("wasi:http/types", "http-error-code"),
    ("wasi:http/outgoing-handler", "handle"),
    ("writ:agent/tools", "list"),
];

/// Whether the linker has a member of this interface in this version.
fn links(interface: &str, version: &str) -> bool {
    let member = MEMBERS
        .iter()
        .find(|(known, _)| *known == interface)
        .map_or("anything", |(_, member)| *member);
    let is_resource = member.starts_with("terminal-");
    let ty = if is_resource {
        "type (sub resource)"
    } else {
        "func"
    };
    // Methods need their resource beside them; a plain name of the same interface does as well.
    let member = member.split(']').next_back().unwrap_or(member);
    let (member, ty) = match member.split_once('.') {
        Some((resource, _)) => (resource, "type (sub resource)"),
        None => (member, ty),
    };
    let text = format!(
        r#"(component (import "{interface}@{version}" (instance (export "{member}" ({ty})))))"#
    );
    let all = authority(&[
        "kv:read:a",
        "config:read:a",
        "tool:call:a/b",
        "http:GET https://a.example/",
    ]);
    match try_load(&sandbox(), &text).and_then(|component| component.check(&all)) {
        Ok(()) => true,
        Err(error) => {
            let error = error.to_string();
            !error.contains("implementation is missing") && !error.contains("provide")
        }
    }
}

#[test]
fn the_list_is_what_is_linked() {
    for (package, names, version) in EXACT {
        let (good, bad) = match version {
            Version::Line(line) => (format!("{line}0"), "0.3.0"),
            Version::Only(only) => (only.to_owned(), "0.2.0"),
        };
        let known = |interface: &str, version: &str| {
            offer(&format!("{interface}@{version}")) != Offer::Missing
        };
        for name in names {
            let interface = format!("{package}/{name}");
            assert!(
                known(&interface, &good) && links(&interface, &good),
                "{interface}@{good}"
            );
            assert!(
                !known(&interface, bad) && !links(&interface, bad),
                "{interface}@{bad}"
            );
        }
        let other = format!("{package}/nobody-has-this");
        assert!(
            !known(&other, &good) && !links(&other, &good),
            "{other}@{good}"
        );
    }
}

#[test]
fn other_packages_are_as_the_linker_says() {
    assert_eq!(offer("wasi:sockets/tcp@0.2.3"), Offer::Denied);
    assert_eq!(offer("evil:corp/backdoor"), Offer::Missing);
    assert_eq!(
        offer("wasi:config/store@0.2.0-rc.1"),
        Offer::WithGrant("config:read:KEY")
    );
    assert_eq!(offer("wasi:io/poll@0.2.6"), Offer::Always);
}
