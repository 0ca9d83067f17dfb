//! Inspections of components built from WIT text: risk, links, replay classes, and what can never be.

use super::*;
use crate::plugin::tests::component;
use crate::{Effects, embed, embed_with_docs};

const WIT: &str = r#"
package test:test@0.1.0;

interface tools {
    /// A line.
    record line { /// What was bought.
        item: string, kind: kind }
    enum kind { goods, service }
    look: func(lines: list<line>) -> string;
    pay: func(line: line);
}
world tools-world {
    import wasi:filesystem/types@0.2.0;
    import wasi:keyvalue/store@0.2.0-draft;
    import wasi:sockets/tcp@0.2.0;
    import wasi:clocks/wall-clock@0.2.0;
    import evil:corp/backdoor@1.0.0;
    export tools;
}

package wasi:filesystem@0.2.0 { interface types { read: func() -> string; } }
package wasi:keyvalue@0.2.0-draft { interface store { open: func(name: string); } }
package wasi:sockets@0.2.0 { interface tcp { dial: func(); } }
package wasi:clocks@0.2.0 { interface wall-clock { now: func() -> u64; } }
package evil:corp@1.0.0 { interface backdoor { open: func(); } }
"#;

/// A host that has what the real one has of these.
fn offer(interface: &str) -> Offer {
    match interface.split('/').next().unwrap_or_default() {
        "wasi:filesystem" | "wasi:clocks" => Offer::Always,
        "wasi:sockets" => Offer::Denied,
        "wasi:keyvalue" => Offer::WithGrant("kv:read:BUCKET"),
        _ => Offer::Missing,
    }
}

fn manifest(more: &str) -> String {
    format!(
        "[plugin]\nname = \"tools\"\nversion = \"1.0.0\"\ndescription = \"Tools\"\n[build]\nlanguage = \"rust\"\n{more}"
    )
}

fn request(capability: &str) -> String {
    format!("[[request]]\ncapability = \"{capability}\"\nreason = \"because\"\n")
}

fn inspect(bytes: &[u8]) -> Inspection {
    let plugin = Plugin::read(bytes, "stranger").unwrap();
    Inspection::of(&plugin, bytes, &offer).unwrap()
}

fn inspected(more: &str) -> Inspection {
    inspect(&embed(&component(WIT), &manifest(more)).unwrap())
}

fn import<'i>(inspection: &'i Inspection, start: &str) -> &'i ImportNote {
    let found = inspection
        .imports
        .iter()
        .find(|import| import.interface.starts_with(start));
    found.unwrap()
}

#[test]
fn a_stranger_without_a_manifest_can_only_compute() {
    let found = inspect(&component(WIT));
    assert_eq!(
        (found.plugin.as_str(), found.version.as_str()),
        ("stranger", "0.0.0")
    );
    assert!(!found.manifest.embedded && !found.manifest.covered_by_digest);
    for (start, risk, link) in [
        ("wasi:filesystem", Risk::Never, Link::Denied),
        ("wasi:keyvalue", Risk::Never, Link::NotRequested),
        ("wasi:sockets", Risk::Never, Link::Denied),
        ("wasi:clocks", Risk::None, Link::Linked),
        ("evil:corp", Risk::Never, Link::Missing),
    ] {
        let import = import(&found, start);
        assert_eq!((import.risk, import.link), (risk, link), "{start}");
    }
    let problems: Vec<&str> = found
        .problems
        .iter()
        .map(|problem| problem.interface.as_str())
        .collect();
    assert_eq!(
        problems,
        [
            "wasi:keyvalue/store@0.2.0-draft",
            "evil:corp/backdoor@1.0.0"
        ]
    );
    assert!(
        found
            .functions
            .iter()
            .all(|function| function.replay == Replay::Exact)
    );
    assert_eq!(
        found.never.this.len(),
        15,
        "one entry for each kind of capability"
    );
    assert!(found.never.this.iter().all(|note| note.except.is_empty()));
}

#[test]
fn requests_decide_the_risk_of_imports() {
    let reads = inspected(&format!(
        "{}{}",
        request("fs:read:/in"),
        request("kv:read:seen")
    ));
    assert_eq!(import(&reads, "wasi:filesystem").risk, Risk::Reads);
    assert_eq!(
        import(&reads, "wasi:filesystem").allowed_by,
        ["fs:read:/in"]
    );
    assert_eq!(import(&reads, "wasi:keyvalue").risk, Risk::Reads);
    let changes = inspected(&format!(
        "{}{}",
        request("fs:write:/out"),
        request("clock:real")
    ));
    assert_eq!(
        changes.imports[0].interface, "wasi:filesystem/types@0.2.0",
        "the gravest first"
    );
    assert_eq!(changes.imports[0].risk, Risk::Changes);
    assert_eq!(import(&changes, "wasi:clocks").risk, Risk::Reads);
}

#[test]
fn a_request_that_no_import_could_use_is_told() {
    let found = inspected(&format!(
        "{}{}",
        request("config:read:key"),
        request("fs:read:/in")
    ));
    assert_eq!(
        found
            .requests
            .iter()
            .map(|request| request.usable)
            .collect::<Vec<_>>(),
        [false, true]
    );
}

#[test]
fn never_is_the_closed_list_minus_the_requests() {
    let found = inspected(&request("fs:read:/in"));
    let of = |kind: &str| {
        found
            .never
            .this
            .iter()
            .find(|note| note.kind == kind)
            .unwrap()
    };
    assert_eq!(
        of("fs:write").statement,
        "create, change or remove any file"
    );
    assert_eq!(of("http").statement, "send anything over the network");
    assert_eq!(of("fs:read").except, ["fs:read:/in"]);
    assert!(of("fs:read").statement.contains("anywhere else"));
}

#[test]
fn each_function_has_its_own_replay_class() {
    let more = format!(
        "{}{}[functions.look]\neffects = \"none\"\n[functions.pay]\neffects = \"once\"\n",
        request("fs:write:/out"),
        request("kv:write:seen")
    );
    let found = inspected(&more);
    let of = |name: &str| {
        found
            .functions
            .iter()
            .find(|function| function.name == name)
            .unwrap()
    };
    assert_eq!(
        (of("look").effects, of("look").replay),
        (Some(Effects::None), Replay::Recorded)
    );
    assert!(of("look").replay_because.contains("kv:write:seen"));
    assert_eq!(
        (of("pay").effects, of("pay").replay),
        (Some(Effects::Once), Replay::ResultOnly)
    );
    assert!(of("pay").replay_because.contains("fs:write:/out"));
    let only = inspected(&format!(
        "{}[functions.look]\neffects = \"none\"\n",
        request("fs:write:/out")
    ));
    let look = only
        .functions
        .iter()
        .find(|function| function.name == "look")
        .unwrap();
    assert_eq!(look.replay, Replay::Exact);
    assert!(look.replay_because.contains("given none of it"));
}

#[test]
fn types_are_declared_once_with_their_docs() {
    let docs = crate::Docs::from_wit([("a.wit", WIT)]).unwrap();
    let bytes = embed_with_docs(&component(WIT), &manifest(""), &docs).unwrap();
    let types = inspect(&bytes).types;
    let names: Vec<&str> = types.iter().map(|ty| ty.name.as_str()).collect();
    assert_eq!(names, ["line", "kind"]);
    assert_eq!(types[1].wit, "enum kind {\n  goods,\n  service,\n}");
    assert_eq!(
        types[0].wit,
        "record line {\n  /// What was bought.\n  item: string,\n  kind: kind,\n}"
    );
    assert_eq!(types[0].description.as_deref(), Some("A line."));
}

#[test]
fn every_byte_is_counted_once() {
    let found = inspected(&request("fs:read:/in"));
    let size = &found.size;
    assert_eq!(size.whole, found.bytes);
    assert_eq!(size.whole, size.code + size.data + size.custom + size.other);
    assert!(size.code > 0 && size.custom > 0 && size.modules >= 1);
    assert!(
        size.custom_sections
            .iter()
            .any(|section| section.name == "writ:manifest")
    );
}
