//! Differences of components built from WIT text; and the law that what is called compatible is read.

use std::sync::Arc;

use proptest::prelude::*;

use super::accepts::accepts;
use super::*;
use crate::json::generate::{types, values};
use crate::plugin::tests::component;
use crate::{Case, Field, Type, embed, to_json, to_value};

const WIT: &str = r#"
package test:test@0.1.0;

interface tools {
    record line { item: string, count: u8 }
    look: func(lines: list<line>) -> option<u8>;
    pay: func(line: line) -> string;
}
world tools-world { export tools; }
"#;

const MANIFEST: &str = r#"[plugin]
name = "tools"
version = "1.0.0"
description = "Tools"
[build]
language = "rust"
[functions.look]
effects = "none"
[limits]
cpu_ms_max = 500
[[request]]
capability = "fs:read:/in/2025"
reason = "what it reads"
[[request]]
capability = "http:GET https://erp.example/orders/**"
reason = "orders"
optional = true
"#;

fn offer(interface: &str) -> Offer {
    match interface.split('/').next().unwrap_or_default() {
        "wasi:clocks" | "wasi:filesystem" => Offer::Always,
        "wasi:sockets" => Offer::Denied,
        _ => Offer::Missing,
    }
}

fn plugin(wit: &str, manifest: &str) -> Plugin {
    Plugin::read(&embed(&component(wit), manifest).unwrap(), "tools").unwrap()
}

fn difference(old: (&str, &str), new: (&str, &str)) -> Difference {
    Difference::between(&plugin(old.0, old.1), &plugin(new.0, new.1), &offer)
}

/// From the usual manifest to one with something replaced.
fn manifest(from: &str, to: &str) -> Difference {
    let changed = MANIFEST.replace(from, to);
    assert_ne!(changed, MANIFEST, "nothing was replaced");
    difference((WIT, MANIFEST), (WIT, &changed))
}

fn wit(from: &str, to: &str) -> Difference {
    let changed = WIT.replace(from, to);
    assert_ne!(changed, WIT, "nothing was replaced");
    difference((WIT, MANIFEST), (&changed, MANIFEST))
}

fn only_request(found: &Difference) -> (Step, &str, Option<&str>) {
    assert_eq!(found.requests.len(), 1, "{:?}", found.requests);
    let change = &found.requests[0];
    (change.step, &change.capability, change.was.as_deref())
}

#[test]
fn nothing_is_nothing() {
    let found = difference((WIT, MANIFEST), (WIT, &MANIFEST.replace("1.0.0", "1.0.1")));
    assert!(
        found.is_empty() && !found.widens && !found.breaks,
        "{found:?}"
    );
    assert_ne!(found.old, found.new);
}

#[test]
fn requests_are_added_removed_widened_and_narrowed() {
    let wider = manifest("fs:read:/in/2025", "fs:read:/in");
    assert_eq!(
        only_request(&wider),
        (Step::Widened, "fs:read:/in", Some("fs:read:/in/2025"))
    );
    assert!(wider.widens);
    let narrower = manifest("orders/**", "orders/open");
    let (step, ..) = only_request(&narrower);
    assert_eq!((step, narrower.widens), (Step::Narrowed, false));
    let more = manifest("GET https", "GET,POST https");
    assert_eq!(only_request(&more).0, Step::Widened);
    let other = manifest("fs:read:/in/2025", "fs:write:/in/2025");
    let steps: Vec<Step> = other.requests.iter().map(|change| change.step).collect();
    assert_eq!(
        (steps, other.widens),
        (vec![Step::Added, Step::Removed], true)
    );
    let gone = MANIFEST.replace(
        "[[request]]\ncapability = \"fs:read:/in/2025\"\nreason = \"what it reads\"\n",
        "",
    );
    let gone = difference((WIT, MANIFEST), (WIT, &gone));
    assert_eq!((only_request(&gone).0, gone.widens), (Step::Removed, false));
}

#[test]
fn a_reason_or_a_need_that_changed_is_told_and_widens_nothing() {
    let reason = manifest("what it reads", "backups");
    assert_eq!(
        (only_request(&reason).0, reason.widens),
        (Step::Changed, false)
    );
    assert_eq!(reason.requests[0].notes, ["the reason was: what it reads"]);
    let need = manifest("optional = true\n", "");
    assert_eq!(
        need.requests[0].notes,
        ["it is required now, and was optional"]
    );
    assert!(!need.widens);
}

#[test]
fn effects_limits_and_replay_class() {
    let effects = manifest("effects = \"none\"", "effects = \"once\"");
    assert_eq!(
        (effects.functions[0].step, effects.widens),
        (Step::Widened, true)
    );
    assert_eq!(effects.functions[0].function, "look");
    let raised = manifest("cpu_ms_max = 500", "cpu_ms_max = 600");
    assert_eq!(
        (raised.limits[0].step, raised.limits[0].is, raised.widens),
        (Step::Widened, Some(600), true)
    );
    let lowered = manifest("cpu_ms_max = 500", "cpu_ms_max = 400");
    assert!(!lowered.widens);
    assert!(
        manifest("cpu_ms_max = 500", "").widens,
        "without a limit of its own it has the host's"
    );
    let pure = MANIFEST.split("[[request]]").next().unwrap();
    let pure = difference((WIT, MANIFEST), (WIT, pure));
    assert_eq!(
        pure.functions[0].replay,
        Some(Pair {
            was: Replay::ResultOnly,
            is: Replay::Exact
        })
    );
}

#[test]
fn functions_break_or_do_not() {
    for (from, to, breaking, words) in [
        ("count: u8", "count: u16", false, "callers need not change"),
        (
            "count: u8",
            "count: u8, note: option<string>",
            false,
            "callers need not change",
        ),
        (
            "count: u8",
            "count: u8, note: string",
            true,
            "parameter `line`",
        ),
        ("count: u8", "count: s8", true, "takes less"),
        ("-> option<u8>", "-> u8", false, "callers need not change"),
        ("-> option<u8>", "-> option<u16>", true, "its result"),
        (
            "pay: func(line: line)",
            "pay: func(line: line, hurry: option<bool>)",
            false,
            "callers need not change",
        ),
        (
            "pay: func(line: line)",
            "pay: func(line: line, hurry: bool)",
            true,
            "`hurry` is new",
        ),
        (
            "pay: func(line: line)",
            "pay: func()",
            true,
            "no parameter `line`",
        ),
        ("pay: func(line: line) -> string;", "", true, "no more"),
    ] {
        let found = wit(from, to);
        assert_eq!(
            found.breaks, breaking,
            "{from} to {to}: {:?}",
            found.functions
        );
        assert!(!found.widens, "{from} to {to}");
        let because: Vec<String> = found
            .functions
            .iter()
            .flat_map(|change| change.because.clone())
            .collect();
        assert!(
            because.join("; ").contains(words),
            "{from} to {to}: {because:?}"
        );
    }
    let more = wit("look:", "extra: func();\n    look:");
    assert!(more.widens && !more.breaks);
    assert_eq!(
        (more.functions[0].step, more.functions[0].function.as_str()),
        (Step::Added, "extra")
    );
}

#[test]
fn new_imports_count_unless_they_are_harmless() {
    let importing = |interface: &str, version: &str| {
        let world = format!("world tools-world {{ import {interface}@{version}; export tools; }}");
        let (package, name) = interface.split_once('/').unwrap();
        format!(
            "{}\npackage {package}@{version} {{ interface {name} {{ go: func(); }} }}",
            WIT.replace("world tools-world { export tools; }", &world)
        )
    };
    for (interface, step) in [
        ("wasi:clocks/wall-clock", Step::Changed),
        ("wasi:filesystem/types", Step::Added),
        ("wasi:sockets/tcp", Step::Added),
        ("evil:corp/backdoor", Step::Added),
    ] {
        let with = importing(interface, "0.2.0");
        let found = difference((WIT, MANIFEST), (&with, MANIFEST));
        let steps: Vec<Step> = found.imports.iter().map(|change| change.step).collect();
        assert_eq!(
            (steps, found.widens),
            (vec![step], step.widens()),
            "{interface}"
        );
        assert_eq!(found.imports[0].functions_added, ["go"]);
        let back = difference((&with, MANIFEST), (WIT, MANIFEST));
        assert_eq!((back.imports[0].step, back.widens), (Step::Removed, false));
        let newer = importing(interface, "0.2.1");
        let newer = difference((&with, MANIFEST), (&newer, MANIFEST));
        assert_eq!(
            (newer.imports[0].step, newer.widens),
            (Step::Changed, false)
        );
    }
}

proptest! {
    #[test]
    fn what_is_accepted_is_read((wide, narrow, value) in pairs()) {
        if accepts(&wide, &narrow) {
            let json = to_json(&narrow, &value);
            prop_assert!(to_value(&wide, &json).is_ok(), "{json} of {narrow:?} is not read as {wide:?}");
        }
    }

    #[test]
    fn every_type_accepts_itself(ty in types()) {
        prop_assert!(accepts(&ty, &ty));
    }
}

/// Two types of which the second has a value. Two random types rarely have anything in common, so the first is a relative.
fn pairs() -> impl Strategy<Value = (Type, Type, crate::Value)> {
    (types(), any::<u64>()).prop_flat_map(|(narrow, mut dice)| {
        let values = values(&narrow);
        (Just(relative(&narrow, &mut dice)), Just(narrow), values)
    })
}

/// A type that differs here and there, mostly by taking more.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others stay as they are"
)]
fn relative(ty: &Type, dice: &mut u64) -> Type {
    *dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    let roll = (*dice >> 33) % 8;
    let mut part = |ty: &Type| Arc::new(relative(ty, dice));
    let same = match ty {
        Type::U8 if roll < 2 => Type::U16,
        Type::S8 | Type::U8 if roll < 4 => Type::S16,
        Type::F32 if roll < 4 => Type::F64,
        Type::Char | Type::Enum(_) if roll < 3 => Type::String,
        Type::List(inner) => Type::List(part(inner)),
        Type::FixedList(inner, length) => Type::FixedList(part(inner), *length),
        Type::Option(inner) => Type::Option(part(inner)),
        Type::Map(key, value) => Type::Map(part(key), part(value)),
        Type::Tuple(types) => Type::Tuple(
            types
                .iter()
                .map(|ty| (*part(ty)).clone())
                .collect::<Vec<_>>()
                .into(),
        ),
        Type::Record(record) => {
            let mut record = (**record).clone();
            for field in &mut record.fields {
                field.ty = (*part(&field.ty)).clone();
            }
            if roll < 3 {
                let ty = Type::Option(Arc::new(Type::Bool));
                record.fields.push(Field {
                    name: "one-more".to_owned(),
                    ty,
                    docs: None,
                });
            }
            Type::Record(Arc::new(record))
        }
        Type::Variant(variant) if roll < 3 => {
            let mut variant = (**variant).clone();
            variant.cases.insert(
                "one-more".to_owned(),
                Case {
                    ty: None,
                    docs: None,
                },
            );
            Type::Variant(Arc::new(variant))
        }
        other => other.clone(),
    };
    if roll == 7 {
        Type::Option(Arc::new(same))
    } else {
        same
    }
}
