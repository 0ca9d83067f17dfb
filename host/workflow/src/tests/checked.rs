//! What `check` says: calls, arguments, capabilities, what is not executed, what can never run.

use std::{collections::BTreeMap, sync::Arc};

use indexmap::IndexMap;
use writ_grant::{Authority, Capability, Digest, Grant, Request, Writ};
use writ_plugin::{Field, Function, LimitOverrides, Param, Plugin, RecordType, Type, Uncallable};

use super::{
    corpus::{CORPUS, parsed},
    golden,
};
use crate::{Catalog, Diagnostic, ExpressionErrors, Known, check};

const CASES: &str = include_str!("../../corpus/checked.txt");

fn request(capability: &str, optional: bool) -> Request {
    let capability: Capability = capability.parse().expect("a capability");
    Request {
        capability,
        reason: "needed".to_owned(),
        optional,
    }
}

fn param(name: &str, ty: Type) -> Param {
    Param {
        name: name.to_owned(),
        ty,
    }
}

fn function(name: &str, params: Vec<Param>) -> (String, Function) {
    let function = Function {
        name: name.to_owned(),
        export: name.to_owned(),
        interface: None,
        docs: None,
        params,
        result: None,
        effects: None,
    };
    (name.to_owned(), function)
}

fn plugin(name: &str, functions: IndexMap<String, Function>, requests: Vec<Request>) -> Plugin {
    Plugin {
        name: name.to_owned(),
        version: semver::Version::new(0, 1, 0),
        description: String::new(),
        digest: Digest::from_bytes([7; 32]),
        requests,
        functions,
        uncallable: vec![Uncallable {
            name: "open".to_owned(),
            interface: None,
            reason: "its result holds a resource".to_owned(),
        }],
        imports: Vec::new(),
        limits: LimitOverrides::default(),
        size_bytes: 0,
        manifest: None,
        producers: Vec::new(),
    }
}

/// `checker`, which needs nothing; `reader`, which is reviewed and lacks what it needs; `writer`, which nobody has reviewed.
fn catalog() -> Catalog {
    let field = |name: &str, ty: Type| Field {
        name: name.to_owned(),
        ty,
        docs: None,
    };
    let fields = vec![
        field("id", Type::String),
        field("total", Type::Option(Arc::new(Type::U32))),
    ];
    let invoice = Type::Record(Arc::new(RecordType {
        name: "invoice".to_owned(),
        docs: None,
        fields,
    }));
    let check = vec![
        param("invoice", invoice),
        param("strict", Type::Option(Arc::new(Type::Bool))),
    ];
    let checker = plugin(
        "checker",
        [function("check", check), function("ping", Vec::new())].into(),
        Vec::new(),
    );
    let requests = vec![
        request("fs:read:/orders", false),
        request("kv:read:seen", true),
    ];
    let reader = plugin(
        "reader",
        [function("read", Vec::new())].into(),
        requests.clone(),
    );
    let writer = plugin("writer", [function("write", Vec::new())].into(), requests);
    let authority = Authority::effective("reader", &reader.digest, &reader.requests, None, 0)
        .expect("an authority of nothing");
    let known = |plugin: Plugin, authority| {
        (
            plugin.name.clone(),
            Known {
                plugin: Arc::new(plugin),
                authority,
            },
        )
    };
    BTreeMap::from([
        known(checker, None),
        known(reader, Some(authority)),
        known(writer, None),
    ])
}

/// A workflow that asked for one origin, for an optional other one and for a secret, and was granted the first and the secret.
fn own() -> Authority {
    let digest = Digest::from_bytes([9; 32]);
    let requests = [
        request("http:GET,POST https://erp.example/**", false),
        request("http:GET https://optional.example/**", true),
        request("secret:use:erp", false),
    ];
    let granted = |capability: &str| Grant::of(capability.parse().expect("a capability"));
    let writ = Writ {
        plugin: "a/b".to_owned(),
        version: "0.0.1".to_owned(),
        digest,
        grants: vec![
            granted("http:GET https://erp.example/orders/**"),
            Grant {
                host: Some("https://erp.example".parse().expect("an origin")),
                header: Some("authorization".parse().expect("a header")),
                ..granted("secret:use:erp")
            },
        ],
        approved_ms: None,
        expires_ms: None,
        revoked: false,
    };
    Authority::effective("a/b", &digest, &requests, Some(&writ), 0).expect("an authority")
}

fn judged(text: &str) -> Vec<Diagnostic> {
    check(
        &parsed("x", text),
        "x",
        &catalog(),
        &own(),
        &ExpressionErrors::new(),
    )
}

#[test]
fn every_problem_is_told_at_its_place() {
    golden::hold(CASES, judged);
}

#[test]
fn jq_errors_are_told_at_their_expression() {
    let text = "document: {dsl: 1.0.3, namespace: a, name: b, version: 0.0.1}\ndo:\n- a: {set: {b: '${ .c }', d: '${ .[ }'}}\n";
    let errors =
        ExpressionErrors::from([(1, "unexpected end".to_owned()), (9, "nowhere".to_owned())]);
    let found = check(&parsed("x", text), "x", &catalog(), &own(), &errors);
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        ["x:3:30: error: not a jq expression: unexpected end"]
    );
}

#[test]
fn parts_that_are_not_executed_are_all_refused_by_name() {
    for (file, tasks) in [
        ("protocols.yaml", 11),
        ("events.yaml", 7),
        ("processes.yaml", 7),
    ] {
        let (_, text) = CORPUS
            .iter()
            .find(|(name, _)| *name == file)
            .expect("a document");
        let found = judged(text);
        let refused = found
            .iter()
            .filter(|found| matches!(found.code, "not-executed" | "never-executed"))
            .count();
        assert_eq!(refused, tasks, "{file}: {found:#?}");
    }
}

#[test]
fn a_workflow_that_was_not_parsed_can_be_checked_too() {
    let mut workflow = parsed(
        "x",
        "document: {dsl: 1.0.3, namespace: a, name: b, version: 0.0.1}\ndo:\n- a: {emit: {event: {}}}\n",
    );
    workflow.source = crate::model::Source::default();
    let found = check(&workflow, "x", &catalog(), &own(), &ExpressionErrors::new());
    assert_eq!((found.len(), found[0].span), (1, workflow.tasks[0].span));
}
