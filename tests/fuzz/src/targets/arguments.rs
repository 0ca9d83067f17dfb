//! JSON to the arguments of a function: what fits becomes values that are written back to JSON, which fits the schema. The first
//! byte chooses the function, the rest is the JSON.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Map, Value as Json};
use writ_plugin::{Function, Plugin, Value, arguments, check_arguments, input_schema, to_json};

use super::{Target, component};
use crate::{seeds, words};

pub(super) const TARGET: Target = Target {
    name: "arguments",
    check,
    seeds,
    words: &[
        "\"value\":",
        "\"first\":",
        "\"second\":",
        "\"base64\":",
        "\"some\":",
        "\"ok\":",
        "\"err\":",
        "\"circle\":",
        "\"rectangle\":",
        "\"NaN\"",
        "\"-Infinity\"",
        "\"point\"",
        "\"dark-blue\"",
        "\"name\":",
        "\"age\":",
        "\"shapes\":",
        "1.0",
        "-0.0",
        "1e400",
        "\"AP8=\"",
        "{",
        "[",
    ],
    rounds: 4_000,
    bytes_max: 4_000,
};

fn seeds() -> Vec<Vec<u8>> {
    let cases = seeds::folder("tests/fuzz/seeds/arguments", &[".txt"]);
    let lines = cases
        .iter()
        .flat_map(|text| text.split(|byte| *byte == b'\n'));
    let seed = |line: &[u8]| {
        let line = String::from_utf8_lossy(line);
        let (function, json) = line.split_once(' ')?;
        let at = FUNCTIONS
            .iter()
            .position(|(known, _)| known.name == function);
        let at =
            u8::try_from(at.unwrap_or_else(|| panic!("there is no function {function}"))).ok()?;
        Some([&[at], json.as_bytes()].concat())
    };
    lines.filter_map(seed).collect()
}

/// The functions of the guest that gives back a value of every type, with the schema of each.
static FUNCTIONS: LazyLock<Vec<(Function, Validator)>> = LazyLock::new(|| {
    let wit = String::from_utf8(seeds::files(&["tests/guests/wit/ordinary.wit"]).concat())
        .expect("WIT is text");
    let echoes = wit
        .find("/// One function a type.")
        .expect("the interface is there");
    let text = format!(
        "package a:b;\nworld w {{ export echoes; }}\n{}",
        &wit[echoes..]
    );
    let component = component::of_wit(&text).expect("it is WIT");
    let plugin = Plugin::read(&component, "echo").expect("it is a component");
    let with_schema = |function: &Function| {
        let schema = jsonschema::validator_for(&input_schema(function)).expect("a schema is one");
        (function.clone(), schema)
    };
    plugin.functions.values().map(with_schema).collect()
});

fn check(bytes: &[u8]) {
    let Some((which, json)) = bytes.split_first() else {
        return;
    };
    let (function, schema) = &FUNCTIONS[usize::from(*which) % FUNCTIONS.len()];
    let Ok(json) = serde_json::from_slice::<Json>(json) else {
        return;
    };
    let read = arguments(function, &json);
    assert_eq!(
        read.is_ok(),
        check_arguments(function, &json, &|_| false).is_ok(),
        "{json}"
    );
    match read {
        Ok(values) => {
            let written = written(function, &values);
            let again = arguments(function, &written).expect("what was written can be read");
            assert!(
                values.iter().zip(&again).all(|(a, b)| a.same(b)),
                "{json} became {written}"
            );
            assert!(
                schema.is_valid(&written),
                "{written} does not fit {}",
                input_schema(function)
            );
        }
        Err(error) => words::tame(&error.to_string()),
    }
}

fn written(function: &Function, values: &[Value]) -> Json {
    let pairs = function.params.iter().zip(values);
    let members: Map<String, Json> = pairs
        .map(|(param, value)| (param.name.clone(), to_json(&param.ty, value)))
        .collect();
    Json::Object(members)
}
