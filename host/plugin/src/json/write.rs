//! Typed values to JSON. Knows nothing of the way back, except that it must exist.

use serde_json::{Map, Value as Json};

use super::{bytes, number};
use crate::types::{ResultType, Type};
use crate::value::Value;

/// The JSON of a value of this type. Total for values of the type; a value of another type (which an engine that checks
/// types never hands out) becomes `null`.
#[must_use]
pub fn to_json(ty: &Type, value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::S8(value) => Json::from(*value),
        Value::U8(value) => Json::from(*value),
        Value::S16(value) => Json::from(*value),
        Value::U16(value) => Json::from(*value),
        Value::S32(value) => Json::from(*value),
        Value::U32(value) => Json::from(*value),
        Value::S64(value) => Json::from(*value),
        Value::U64(value) => Json::from(*value),
        Value::F32(value) => number::from_float32(*value),
        Value::F64(value) => number::from_float64(*value),
        Value::Char(value) => Json::String(value.to_string()),
        Value::String(value) | Value::Enum(value) => Json::String(value.clone()),
        Value::Flags(flags) => flags.iter().cloned().map(Json::String).collect(),
        Value::List(_)
        | Value::FixedList(_)
        | Value::Map(_)
        | Value::Record(_)
        | Value::Tuple(_)
        | Value::Variant(..)
        | Value::Option(_)
        | Value::Result(_) => composite(ty, value).unwrap_or(Json::Null),
    }
}

/// The JSON of a value made of others; none when the value isn't of the type.
fn composite(ty: &Type, value: &Value) -> Option<Json> {
    Some(match (ty, value) {
        (Type::List(element), Value::List(elements)) if element.is_byte() => {
            bytes::to_object(&raw(elements)?)
        }
        (Type::List(element), Value::List(elements))
        | (Type::FixedList(element, _), Value::FixedList(elements)) => elements
            .iter()
            .map(|value| to_json(element, value))
            .collect(),
        (Type::Map(key, value), Value::Map(entries)) => map(key, value, entries)?,
        (Type::Record(record), Value::Record(fields)) => {
            let mut object = Map::with_capacity(fields.len());
            for (field, (name, value)) in record.fields.iter().zip(fields) {
                object.insert(name.clone(), to_json(&field.ty, value));
            }
            Json::Object(object)
        }
        (Type::Tuple(types), Value::Tuple(values)) => types
            .iter()
            .zip(values)
            .map(|(ty, value)| to_json(ty, value))
            .collect(),
        (Type::Variant(variant), Value::Variant(name, payload)) => {
            match (variant.cases.get(name)?.ty.as_ref(), payload) {
                (Some(ty), Some(payload)) => single(name, to_json(ty, payload)),
                (None, None) => Json::String(name.clone()),
                (Some(_), None) | (None, Some(_)) => return None,
            }
        }
        (Type::Option(inner), Value::Option(value)) => match value {
            None => Json::Null,
            Some(value) if inner.is_option() => single("some", to_json(inner, value)),
            Some(value) => to_json(inner, value),
        },
        (Type::Result(result), Value::Result(value)) => side(result, value),
        _ => return None,
    })
}

fn side(result: &ResultType, value: &Result<Option<Box<Value>>, Option<Box<Value>>>) -> Json {
    let (key, ty, payload) = match value {
        Ok(payload) => ("ok", &result.ok, payload),
        Err(payload) => ("err", &result.err, payload),
    };
    let json = match (ty, payload) {
        (Some(ty), Some(payload)) => to_json(ty, payload),
        (Some(_), None) | (None, Some(_)) | (None, None) => Json::Null,
    };
    single(key, json)
}

fn map(key: &Type, value: &Type, entries: &[(Value, Value)]) -> Option<Json> {
    if !key.is_object_key() {
        return Some(
            entries
                .iter()
                .map(|(k, v)| Json::Array(vec![to_json(key, k), to_json(value, v)]))
                .collect(),
        );
    }
    let mut object = Map::with_capacity(entries.len());
    for (name, entry) in entries {
        let Value::String(name) = name else {
            return None;
        };
        object.insert(name.clone(), to_json(value, entry));
    }
    Some(Json::Object(object))
}

fn raw(elements: &[Value]) -> Option<Vec<u8>> {
    elements
        .iter()
        .map(|element| {
            if let Value::U8(byte) = element {
                Some(*byte)
            } else {
                None
            }
        })
        .collect()
}

fn single(key: &str, value: Json) -> Json {
    let mut object = Map::with_capacity(1);
    object.insert(key.to_owned(), value);
    Json::Object(object)
}
