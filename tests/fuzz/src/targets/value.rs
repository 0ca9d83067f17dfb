//! JSON against any type: the type is made from the first bytes, the JSON is the rest. A type that JSON fits gives a value that
//! is written back to fit the type's schema; one that it doesn't fit says why, at a place that is there.

use std::sync::Arc;

use serde_json::Value as Json;
use writ_plugin::{
    Case, EnumType, Field, FlagsType, RecordType, ResultType, Type, VariantType, schema, to_json,
    to_value,
};

use super::Target;
use crate::{seeds, words};

/// Deepest nesting, and most parts, of a type that is made.
const DEPTH_MAX: usize = 6;
const PARTS_MAX: usize = 4;

pub(super) const TARGET: Target = Target {
    name: "value",
    check,
    seeds,
    words: &[
        "\x10",
        "\x12",
        "\x14",
        "\x15",
        "{\"some\":",
        "{\"ok\":",
        "{\"err\":",
        "{\"base64\":",
        "[[",
        "\"c0\"",
        "\"c1\":",
        "\"f0\":",
        "\"f1\":",
        "null",
    ],
    rounds: 5_000,
    bytes_max: 3_000,
};

fn seeds() -> Vec<Vec<u8>> {
    seeds::texts(&[
        "\x00\ntrue",
        "\x08\n18446744073709551615",
        "\x0b\n\"text\"",
        "\x0e\x02\n{\"base64\":\"AQI=\"}",
        "\x10\x03\x01\x02\x0b\n{\"f0\":1,\"f1\":\"a\"}",
        "\x12\x02\x01\x0b\x00\n{\"c0\":\"text\"}",
        "\x14\x03\n\"c1\"",
        "\x15\x03\n[\"c0\",\"c2\"]",
        "\x16\x16\x00\n{\"some\":null}",
        "\x17\x01\x0b\x00\n{\"err\":null}",
        "\x11\x02\x0a\x09\n[1.5,\"NaN\"]",
        "\x0f\x0b\x00\n{\"a\":true}",
        "\x0f\x06\x00\n[[1,true]]",
        "\x13\x02\x00\n[true,false]",
    ])
}

fn check(bytes: &[u8]) {
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(bytes.len());
    let mut maker = Maker {
        bytes: bytes[..end].iter(),
        left: 200,
    };
    let ty = maker.make(DEPTH_MAX);
    let json = serde_json::from_slice::<Json>(bytes.get(end + 1..).unwrap_or_default())
        .unwrap_or(Json::Null);
    match to_value(&ty, &json) {
        Ok(value) => {
            let written = to_json(&ty, &value);
            let again = to_value(&ty, &written).expect("what was written can be read");
            assert!(again.same(&value), "{json} of {ty} became {written}");
            let validator = jsonschema::validator_for(&schema(&ty)).expect("a schema is one");
            assert!(
                validator.is_valid(&written),
                "{written} does not fit the schema of {ty}"
            );
        }
        Err(error) => {
            words::tame(&error.to_string());
            let is_there = json.pointer(&error.pointer).is_some();
            assert!(is_there, "{} is not in {json}: {error}", error.pointer);
        }
    }
}

struct Maker<'b> {
    bytes: std::slice::Iter<'b, u8>,
    /// Types that may still be made.
    left: usize,
}

impl Maker<'_> {
    fn next(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or(0)
    }

    fn make(&mut self, depth: usize) -> Type {
        let choice = self.next();
        if depth == 0 || self.left == 0 {
            return leaf(choice);
        }
        self.left -= 1;
        match choice % 24 {
            0x0e => Type::List(Arc::new(self.make(depth - 1))),
            0x0f => Type::Map(Arc::new(leaf(self.next())), Arc::new(self.make(depth - 1))),
            0x10 => Type::Record(Arc::new(self.record(depth))),
            0x11 => {
                let parts = self.parts(depth);
                Type::Tuple(parts.into())
            }
            0x12 => Type::Variant(Arc::new(self.variant(depth))),
            0x13 => {
                let length = u32::from(self.next() % 5);
                Type::FixedList(Arc::new(self.make(depth - 1)), length)
            }
            0x14 => Type::Enum(Arc::new(EnumType {
                name: "e".to_owned(),
                docs: None,
                cases: self.names(),
            })),
            0x15 => Type::Flags(Arc::new(FlagsType {
                name: "g".to_owned(),
                docs: None,
                flags: self.names(),
            })),
            0x16 => Type::Option(Arc::new(self.make(depth - 1))),
            0x17 => Type::Result(Arc::new(ResultType {
                ok: self.payload(depth),
                err: self.payload(depth),
            })),
            choice => leaf(choice),
        }
    }

    fn count(&mut self) -> usize {
        1 + usize::from(self.next()) % PARTS_MAX
    }

    fn parts(&mut self, depth: usize) -> Vec<Type> {
        let count = self.count();
        (0..count).map(|_| self.make(depth - 1)).collect()
    }

    fn names(&mut self) -> indexmap::IndexMap<String, Option<String>> {
        (0..self.count())
            .map(|at| (format!("c{at}"), None))
            .collect()
    }

    fn record(&mut self, depth: usize) -> RecordType {
        let types = self.parts(depth);
        let field = |(at, ty)| Field {
            name: format!("f{at}"),
            ty,
            docs: None,
        };
        RecordType {
            name: "r".to_owned(),
            docs: None,
            fields: types.into_iter().enumerate().map(field).collect(),
        }
    }

    fn variant(&mut self, depth: usize) -> VariantType {
        let count = self.count();
        let cases = (0..count)
            .map(|at| {
                (
                    format!("c{at}"),
                    Case {
                        ty: self.payload(depth),
                        docs: None,
                    },
                )
            })
            .collect();
        VariantType {
            name: "v".to_owned(),
            docs: None,
            cases,
        }
    }

    fn payload(&mut self, depth: usize) -> Option<Type> {
        (!self.next().is_multiple_of(2)).then(|| self.make(depth - 1))
    }
}

fn leaf(choice: u8) -> Type {
    match choice % 14 {
        0 => Type::Bool,
        1 => Type::S8,
        2 => Type::U8,
        3 => Type::S16,
        4 => Type::U16,
        5 => Type::S32,
        6 => Type::U32,
        7 => Type::S64,
        8 => Type::U64,
        9 => Type::F32,
        10 => Type::F64,
        11 => Type::String,
        12 => Type::Char,
        _ => Type::Option(Arc::new(Type::Bool)),
    }
}
