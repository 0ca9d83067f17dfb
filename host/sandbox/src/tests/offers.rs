//! The list of what this host has, against what it really links.

use writ_plugin::Offer;

use super::support::{authority, sandbox, try_load};
use crate::offer::{EXACT, Version, offer};

/// A component that imports one interface, and nothing of it.
fn importing(name: &str) -> String {
    format!(r#"(component (import "{name}" (instance)))"#)
}

fn links(name: &str) -> bool {
    let all = authority(&["kv:read:a", "config:read:a"]);
    try_load(&sandbox(), &importing(name)).is_ok_and(|component| component.check(&all).is_ok())
}

#[test]
fn the_list_is_what_is_linked() {
    for (package, names, version) in EXACT {
        let (good, bad) = match version {
            Version::Line(line) => (format!("{line}0"), "0.3.0".to_owned()),
            Version::Only(only) => (only.to_owned(), "0.2.0".to_owned()),
        };
        for name in names {
            let [known, newer] = [&good, &bad].map(|version| format!("{package}/{name}@{version}"));
            assert!(links(&known) && offer(&known) != Offer::Missing, "{known}");
            assert!(!links(&newer) && offer(&newer) == Offer::Missing, "{newer}");
        }
        let other = format!("{package}/nobody-has-this@{good}");
        assert!(!links(&other) && offer(&other) == Offer::Missing, "{other}");
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
