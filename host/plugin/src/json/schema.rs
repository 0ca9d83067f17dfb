//! Types as JSON Schema 2020-12. Says in another language what reading accepts; knows nothing of values.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::function::Function;
use crate::types::{EnumType, FlagsType, RecordType, ResultType, Type, VariantType};

/// The dialect of the schemas.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of JSON that [`to_value`](crate::to_value) accepts for this type.
#[must_use]
pub fn schema(ty: &Type) -> Json {
    let mut names = Names::default();
    let body = names.schema(ty);
    names.finish(body)
}

/// The schema of a function's arguments: an object with one property per parameter.
#[must_use]
pub fn input_schema(function: &Function) -> Json {
    let mut names = Names::default();
    let members = function
        .params
        .iter()
        .map(|param| (param.name.as_str(), &param.ty, None));
    let mut body = names.object(members);
    describe(&mut body, function.docs.as_deref());
    names.finish(body)
}

/// The schema of what a call of the function yields when it succeeds: the `ok` side of a `result`, or the result itself.
#[must_use]
pub fn output_schema(function: &Function) -> Json {
    let mut names = Names::default();
    let ty = match &function.result {
        Some(Type::Result(result)) => result.ok.as_ref(),
        other => other.as_ref(),
    };
    let body = ty.map_or_else(null, |ty| names.schema(ty));
    names.finish(body)
}

/// The schema of the payload with which a call of the function fails, if its result can be an error.
#[must_use]
pub fn error_schema(function: &Function) -> Option<Json> {
    let Some(Type::Result(result)) = &function.result else {
        return None;
    };
    let mut names = Names::default();
    let body = result.err.as_ref().map_or_else(null, |ty| names.schema(ty));
    Some(names.finish(body))
}

fn null() -> Json {
    json!({"type": "null"})
}

/// Named types met so far; each is written once, under `$defs`.
#[derive(Default)]
struct Names {
    known: Vec<(Type, String)>,
    definitions: Map<String, Json>,
}

impl Names {
    fn finish(self, body: Json) -> Json {
        let mut root = Map::new();
        root.insert("$schema".to_owned(), Json::String(DIALECT.to_owned()));
        if let Json::Object(body) = body {
            root.extend(body);
        }
        if !self.definitions.is_empty() {
            root.insert("$defs".to_owned(), Json::Object(self.definitions));
        }
        Json::Object(root)
    }

    fn schema(&mut self, ty: &Type) -> Json {
        match ty {
            Type::Bool => json!({"type": "boolean"}),
            Type::S8 => whole(i8::MIN, i8::MAX),
            Type::U8 => whole(u8::MIN, u8::MAX),
            Type::S16 => whole(i16::MIN, i16::MAX),
            Type::U16 => whole(u16::MIN, u16::MAX),
            Type::S32 => whole(i32::MIN, i32::MAX),
            Type::U32 => whole(u32::MIN, u32::MAX),
            Type::S64 => wide(whole(i64::MIN, i64::MAX), "^-?[0-9]{1,20}$"),
            Type::U64 => wide(whole(u64::MIN, u64::MAX), "^[0-9]{1,20}$"),
            Type::F32 | Type::F64 => {
                json!({"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]})
            }
            Type::Char => json!({"type": "string", "minLength": 1, "maxLength": 1}),
            Type::String => json!({"type": "string"}),
            Type::List(element) if element.is_byte() => bytes(),
            Type::List(element) => json!({"type": "array", "items": self.schema(element)}),
            Type::FixedList(element, length) => {
                json!({"type": "array", "items": self.schema(element), "minItems": length, "maxItems": length})
            }
            Type::Map(key, value) if key.is_object_key() => {
                json!({"type": "object", "additionalProperties": self.schema(value)})
            }
            Type::Map(key, value) => {
                let pair = tuple(vec![self.schema(key), self.schema(value)]);
                json!({"type": "array", "items": pair})
            }
            Type::Tuple(types) => tuple(types.iter().map(|ty| self.schema(ty)).collect()),
            Type::Option(inner) if inner.is_option() => {
                let some = single("some", self.schema(inner));
                any(vec![some, null()])
            }
            Type::Option(inner) => any(vec![self.schema(inner), null()]),
            Type::Result(result) => self.result(result),
            Type::Record(record) => self.named(ty, &record.name, |names| names.record(record)),
            Type::Variant(variant) => self.named(ty, &variant.name, |names| names.variant(variant)),
            Type::Enum(cases) => self.named(ty, &cases.name, |_| enumeration(cases)),
            Type::Flags(set) => self.named(ty, &set.name, |_| flags(set)),
        }
    }

    /// A reference to a named type, which is defined at its first mention.
    fn named(&mut self, ty: &Type, name: &str, define: impl FnOnce(&mut Self) -> Json) -> Json {
        if let Some((_, key)) = self.known.iter().find(|(known, _)| same_named(known, ty)) {
            return json!({"$ref": format!("#/$defs/{key}")});
        }
        let mut key = name.to_owned();
        let mut copy = 2;
        while self.definitions.contains_key(&key) {
            key = format!("{name}-{copy}");
            copy += 1;
        }
        self.definitions.insert(key.clone(), Json::Null);
        self.known.push((ty.clone(), key.clone()));
        let definition = define(self);
        self.definitions.insert(key.clone(), definition);
        json!({"$ref": format!("#/$defs/{key}")})
    }

    fn object<'a>(
        &mut self,
        members: impl Iterator<Item = (&'a str, &'a Type, Option<&'a str>)>,
    ) -> Json {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for (name, ty, docs) in members {
            let mut property = self.schema(ty);
            describe(&mut property, docs);
            properties.insert(name.to_owned(), property);
            if !ty.is_option() {
                required.push(Json::String(name.to_owned()));
            }
        }
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    }

    fn record(&mut self, record: &RecordType) -> Json {
        let members = record
            .fields
            .iter()
            .map(|field| (field.name.as_str(), &field.ty, field.docs.as_deref()));
        let mut object = self.object(members);
        describe(&mut object, record.docs.as_deref());
        object
    }

    fn variant(&mut self, variant: &VariantType) -> Json {
        let mut choices = Vec::new();
        for (name, case) in &variant.cases {
            let mut choice = match &case.ty {
                Some(ty) => single(name, self.schema(ty)),
                None => json!({"anyOf": [{"const": name}, single(name, null())]}),
            };
            describe(&mut choice, case.docs.as_deref());
            choices.push(choice);
        }
        let mut any = json!({"anyOf": choices});
        describe(&mut any, variant.docs.as_deref());
        any
    }

    fn result(&mut self, result: &ResultType) -> Json {
        let ok = result.ok.as_ref().map_or_else(null, |ty| self.schema(ty));
        let err = result.err.as_ref().map_or_else(null, |ty| self.schema(ty));
        json!({"anyOf": [single("ok", ok), single("err", err)]})
    }
}

/// Whether two named types are one: the same declaration, or declarations that say the same.
fn same_named(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Record(a), Type::Record(b)) => Arc::ptr_eq(a, b) || a == b,
        (Type::Variant(a), Type::Variant(b)) => Arc::ptr_eq(a, b) || a == b,
        (Type::Enum(a), Type::Enum(b)) => Arc::ptr_eq(a, b) || a == b,
        (Type::Flags(a), Type::Flags(b)) => Arc::ptr_eq(a, b) || a == b,
        _ => false,
    }
}

fn describe(schema: &mut Json, docs: Option<&str>) {
    if let (Some(object), Some(docs)) = (schema.as_object_mut(), docs) {
        object.insert("description".to_owned(), Json::String(docs.to_owned()));
    }
}

fn whole<T: Into<Json>>(min: T, max: T) -> Json {
    json!({"type": "integer", "minimum": min.into(), "maximum": max.into()})
}

fn wide(integer: Json, pattern: &str) -> Json {
    json!({"anyOf": [integer, {"type": "string", "pattern": pattern}]})
}

fn bytes() -> Json {
    let base64 = single(
        super::bytes::BASE64_KEY,
        json!({"type": "string", "contentEncoding": "base64"}),
    );
    json!({"anyOf": [base64, {"type": "array", "items": whole(u8::MIN, u8::MAX)}]})
}

fn tuple(items: Vec<Json>) -> Json {
    let count = items.len();
    if count == 0 {
        return json!({"type": "array", "maxItems": 0});
    }
    json!({"type": "array", "prefixItems": items, "minItems": count, "maxItems": count})
}

fn single(key: &str, value: Json) -> Json {
    json!({"type": "object", "properties": {key: value}, "required": [key], "additionalProperties": false})
}

fn enumeration(cases: &EnumType) -> Json {
    let mut schema = if cases.cases.values().any(Option::is_some) {
        let choices: Vec<Json> = cases
            .cases
            .iter()
            .map(|(name, docs)| constant(name, docs.as_deref()))
            .collect();
        json!({"oneOf": choices})
    } else {
        json!({"enum": cases.cases.keys().collect::<Vec<_>>()})
    };
    describe(&mut schema, cases.docs.as_deref());
    schema
}

fn constant(name: &str, docs: Option<&str>) -> Json {
    let mut schema = json!({"const": name});
    describe(&mut schema, docs);
    schema
}

fn flags(flags: &FlagsType) -> Json {
    let mut schema =
        json!({"type": "array", "items": {"enum": flags.flags.keys().collect::<Vec<_>>()}});
    describe(&mut schema, flags.docs.as_deref());
    schema
}

fn any(choices: Vec<Json>) -> Json {
    json!({"anyOf": choices})
}
