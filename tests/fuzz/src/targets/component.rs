//! Components as bytes: sections, types, exports and imports. Whatever they say, reading ends, is bounded, and says the same
//! each time; what is read as callable has a JSON Schema that is one.

use std::sync::LazyLock;

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};
use writ_plugin::{Plugin, embed, error_schema, input_schema, output_schema, wit_text};

use super::Target;
use crate::{seeds, words};

pub(super) const TARGET: Target = Target {
    name: "component",
    check,
    seeds,
    words: &[
        "\0asm\x0d\0\x01\0",
        "\0asm\x01\0\0\0",
        "writ:manifest",
        "writ:docs",
        "{\"version\":1",
        "\"interfaces\":{",
        "\\u001b",
        "component-type",
        "producers",
        "name",
        "wasi:cli/run@0.2.0",
        "a:b/c",
        "\x00\x00",
        "\x07",
        "\x0b",
        "\x40",
    ],
    rounds: 1_200,
    bytes_max: 32_000,
};

const MANIFEST: &str = "[plugin]\nname = \"seed\"\nversion = \"1.0.0\"\ndescription = \"A seed\"\n[build]\nlanguage = \"rust\"\n";

fn seeds() -> Vec<Vec<u8>> {
    SEEDS.clone()
}

/// What it says of functions that aren't there, by names that steer a terminal.
const ODD_MANIFEST: &str = "[functions.\"\\u001b[2J\\u202e\"]\n";
/// Documentation, sound and by an unknown key.
const DOCS: [&str; 2] = [
    r#"{"version":1,"functions":{"f":"Does nothing."},"types":{"t":{"docs":"Anything."}}}"#,
    r#"{"version":1,"\u001b[2J\u202e":{}}"#,
];

/// Built once: each seed is a component of a WIT text; and the first of them with a manifest inside, with one that is odd, and with
/// documentation.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let texts = seeds::folder("tests/fuzz/seeds/component", &[".wit"]);
    let mut components: Vec<Vec<u8>> = texts
        .iter()
        .map(|text| String::from_utf8_lossy(text))
        .map(|text| of_wit(&text).unwrap_or_else(|| panic!("a seed is not WIT:\n{text}")))
        .collect();
    let whole = embed(&components[0], MANIFEST).expect("the seeds are components");
    let odd = embed(&components[0], &format!("{MANIFEST}{ODD_MANIFEST}"));
    let documented = DOCS.map(|docs| with_section(&components[0], "writ:docs", docs.as_bytes()));
    components.extend(documented);
    components.push(whole);
    components.push(odd.expect("the seeds are components"));
    components
});

/// The component with one more custom section; lengths are as short as one byte can say.
fn with_section(component: &[u8], name: &str, data: &[u8]) -> Vec<u8> {
    let length = |bytes: usize| u8::try_from(bytes).ok().filter(|length| *length < 0x80);
    let name_length = length(name.len()).expect("names are short");
    let size = length(1 + name.len() + data.len()).expect("seeds are short");
    [component, &[0, size, name_length], name.as_bytes(), data].concat()
}

/// A component of the first world of a WIT text, whose functions do nothing; none if the text is no WIT.
pub(super) fn of_wit(text: &str) -> Option<Vec<u8>> {
    let mut resolve = Resolve {
        all_features: true,
        ..Resolve::default()
    };
    let package = resolve.push_source("seed.wit", text).ok()?;
    let world = resolve.select_world(&[package], None).ok()?;
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).ok()?;
    ComponentEncoder::default()
        .module(&module)
        .ok()?
        .validate(true)
        .encode()
        .ok()
}

fn check(bytes: &[u8]) {
    let read = Plugin::read(bytes, "fallback");
    assert_eq!(read.is_ok(), Plugin::read(bytes, "fallback").is_ok());
    match read {
        Ok(plugin) => sound(&plugin, bytes),
        Err(error) => words::tame(&error.to_string()),
    }
}

/// Everything of a component that a reviewer reads on one line.
fn tame(plugin: &Plugin) {
    words::tame(&plugin.name);
    words::tame(&plugin.description);
    for import in &plugin.imports {
        words::tame(&import.interface);
    }
    for request in &plugin.requests {
        words::tame(&request.capability.to_string());
        words::tame(&request.reason);
    }
    for function in &plugin.uncallable {
        words::tame(&function.name);
        words::tame(&function.reason);
        function.interface.iter().for_each(|name| words::tame(name));
    }
    for producer in &plugin.producers {
        for text in [&producer.field, &producer.name, &producer.version] {
            words::tame(text);
        }
    }
}

fn sound(plugin: &Plugin, bytes: &[u8]) {
    assert_eq!(plugin.size_bytes, bytes.len());
    tame(plugin);
    for (name, function) in &plugin.functions {
        assert_eq!(
            (name, plugin.function(name)),
            (&function.name, Some(function))
        );
        words::tame(&wit_text(function));
        let mut docs = function.docs.iter().flat_map(|docs| docs.chars());
        // Comments have lines.
        let odd = docs.find(|c| writ_grant::is_unsafe(*c) && !['\n', '\t'].contains(c));
        assert!(odd.is_none(), "{name}: {odd:?} in {:?}", function.docs);
        for schema in [
            Some(input_schema(function)),
            Some(output_schema(function)),
            error_schema(function),
        ] {
            let Some(schema) = schema else { continue };
            assert!(
                jsonschema::validator_for(&schema).is_ok(),
                "{name}: {schema}"
            );
        }
    }
}
