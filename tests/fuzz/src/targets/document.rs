//! Workflow documents, YAML and JSON: what can't be read is said where, and what can is checked without surprise.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use writ_grant::Authority;
use writ_plugin::{Plugin, embed};
use writ_workflow::{
    Catalog, DIAGNOSTICS_MAX, Diagnostic, Known, check as check_workflow, expressions, parse,
};

use super::{Target, component};
use crate::{seeds, words};

pub(super) const TARGET: Target = Target {
    name: "document",
    check,
    seeds,
    words: &[
        "document:",
        "dsl: '1.0.3'",
        "namespace: ",
        "do:\n",
        "- a:\n",
        "call: ",
        "check:0.1.0@tool",
        "with: ",
        "set: ",
        "switch: ",
        "for: ",
        "in: ",
        "fork: ",
        "branches: ",
        "try: ",
        "catch: ",
        "retry: ",
        "raise: ",
        "wait: ",
        "PT1S",
        "then: ",
        "end",
        "exit",
        "${ .a }",
        "${",
        "metadata: ",
        "writ: ",
        "concurrency: ",
        "requests: ",
        "input: ",
        "output: ",
        "as: ",
        "schema: ",
        "timeout: ",
        "use: ",
        "functions: ",
        "&a ",
        "*a",
        "<<: ",
        "!!str ",
        "---\n",
        "...\n",
        "? ",
        "|\n",
        ">-\n",
        "{",
        "}",
        "[",
        "]",
        "'",
        "\"",
        "#",
        "%YAML 1.2\n",
        "  ",
    ],
    rounds: 1_500,
    bytes_max: 8_000,
};

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = seeds::folder("host/workflow/corpus", &[".yaml"]);
    seeds.extend(seeds::folder(
        "tests/fuzz/seeds/document",
        &[".yaml", ".json"],
    ));
    seeds.extend(seeds::files(&["examples/invoice-triage/workflow.yaml"]));
    seeds
}

const MANIFEST: &str = "[plugin]\nname = \"tool\"\nversion = \"0.1.0\"\ndescription = \"Checks\"\n[build]\nlanguage = \"rust\"\n";

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let text = "package a:b; world w { record r { n: u8, s: option<string> } export check: func(n: u8, r: option<r>) -> result<u8>; }";
    let component = component::of_wit(text).expect("the text above is WIT");
    let component = embed(&component, MANIFEST).expect("it is a component");
    let plugin = Plugin::read(&component, "tool").expect("it is still one");
    BTreeMap::from([(
        "tool".to_owned(),
        Known {
            plugin: Arc::new(plugin),
            authority: None,
        },
    )])
});

fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let diagnostics = match parse(text, "workflow.yaml") {
        Ok(workflow) => {
            for (index, expression) in (0..).zip(expressions(&workflow)) {
                assert_eq!(expression.index, index);
            }
            let again = parse(text, "workflow.yaml").expect("read once, read twice");
            assert_eq!(
                (&again.definition, &again.digest),
                (&workflow.definition, &workflow.digest)
            );
            let own = Authority::none("fuzz/workflow");
            check_workflow(&workflow, "workflow.yaml", &CATALOG, &own, &BTreeMap::new())
        }
        Err(diagnostics) => {
            assert!(
                diagnostics.iter().any(Diagnostic::is_error),
                "refused without a reason"
            );
            diagnostics
        }
    };
    // Room for the sentence that there are more.
    assert!(
        diagnostics.len() <= DIAGNOSTICS_MAX + 1,
        "{}",
        diagnostics.len()
    );
    for diagnostic in &diagnostics {
        words::tame(&diagnostic.to_string());
        let span = diagnostic.span;
        assert!(
            span.start <= span.end && span.end <= text.len(),
            "{diagnostic:?}"
        );
    }
}
