//! Reading what goes by names: records, variants, enums, flags, options and results. Knows nothing of lists.

use serde_json::{Map, Value as Json};

use super::super::describe::{expected, found};
use super::super::mismatch::{Failure, Fallible};
use super::{FIELD_BYTES, NODE_BYTES, Reader, wrong};
use crate::suggest;
use crate::types::{FlagsType, RecordType, ResultType, Type, VariantType};
use crate::value::Value;

impl Reader<'_> {
    pub(super) fn case_name(
        &mut self,
        ty: &Type,
        json: &Json,
        known: impl Fn(&str) -> bool,
    ) -> Fallible<Value> {
        match json.as_str() {
            Some(name) if known(name) => self.text(name).map(Value::Enum),
            Some(_) | None => Err(advise_case(ty, json, wrong(ty, json))),
        }
    }

    pub(super) fn flags(&mut self, ty: &Type, flags: &FlagsType, json: &Json) -> Fallible<Value> {
        let names = json.as_array().ok_or_else(|| wrong(ty, json))?;
        let mut set = vec![false; flags.flags.len()];
        for (i, name) in names.iter().enumerate() {
            if self.is_hole(name) {
                continue;
            }
            let known = name
                .as_str()
                .and_then(|name| flags.flags.get_index_of(name));
            let index = known.ok_or_else(|| {
                let failure = Failure::new(format!("a flag of {}", flags.name), found(name));
                advise_case(ty, name, failure).at_index(i)
            })?;
            set[index] = true;
        }
        self.spend(set.len() * NODE_BYTES)?;
        let chosen = flags
            .flags
            .keys()
            .zip(set)
            .filter(|(_, set)| *set)
            .map(|(name, _)| name.clone());
        Ok(Value::Flags(chosen.collect()))
    }

    pub(super) fn record(
        &mut self,
        ty: &Type,
        record: &RecordType,
        json: &Json,
    ) -> Fallible<Value> {
        let object = json.as_object().ok_or_else(|| wrong(ty, json))?;
        self.spend(record.fields.len().saturating_mul(FIELD_BYTES))?;
        let mut fields = Vec::with_capacity(record.fields.len());
        let mut seen = 0;
        for field in &record.fields {
            let value = match object.get(&field.name) {
                Some(json) => {
                    seen += 1;
                    self.read(&field.ty, json)
                        .map_err(|failure| failure.at_key(&field.name))?
                }
                None if field.ty.is_option() => Value::Option(None),
                None => return Err(missing_field(record, &field.name, json)),
            };
            fields.push((self.text(&field.name)?, value));
        }
        if seen == object.len() {
            Ok(Value::Record(fields))
        } else {
            Err(unknown_field(record, object, json))
        }
    }

    pub(super) fn variant(
        &mut self,
        ty: &Type,
        variant: &VariantType,
        json: &Json,
    ) -> Fallible<Value> {
        let (name, payload) = match json {
            Json::String(name) => (name, None),
            Json::Object(object) if object.len() == 1 => {
                let (name, payload) = object.iter().next().expect("the object has one member");
                (name, Some(payload))
            }
            Json::Object(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => {
                return Err(wrong(ty, json));
            }
        };
        let case = variant
            .cases
            .get(name)
            .ok_or_else(|| advise_case(ty, json, wrong(ty, json)))?;
        let value = match (&case.ty, payload) {
            (Some(ty), Some(payload)) => Some(Box::new(self.payload(name, ty, payload)?)),
            (Some(ty), None) => {
                let message = format!(
                    "case `{name}` carries {}: write {{\"{name}\": …}}",
                    expected(ty)
                );
                return Err(Failure::new(expected(ty), "no payload").say(message));
            }
            (None, None | Some(Json::Null)) => None,
            (None, Some(payload)) => {
                let message = format!("case `{name}` carries nothing: write \"{name}\"");
                return Err(Failure::new("no payload", found(payload))
                    .say(message)
                    .at_key(name));
            }
        };
        Ok(Value::Variant(self.text(name)?, value))
    }

    fn payload(&mut self, key: &str, ty: &Type, json: &Json) -> Fallible<Value> {
        self.spend(NODE_BYTES)?;
        self.read(ty, json).map_err(|failure| failure.at_key(key))
    }

    pub(super) fn option(&mut self, ty: &Type, inner: &Type, json: &Json) -> Fallible<Value> {
        if json.is_null() {
            return Ok(Value::Option(None));
        }
        let value = if inner.is_option() {
            let object = json.as_object().filter(|object| object.len() == 1);
            let some = object
                .and_then(|object| object.get("some"))
                .ok_or_else(|| wrong(ty, json))?;
            self.payload("some", inner, some)?
        } else {
            self.spend(NODE_BYTES)?;
            self.read(inner, json)?
        };
        Ok(Value::Option(Some(Box::new(value))))
    }

    pub(super) fn result(
        &mut self,
        ty: &Type,
        result: &ResultType,
        json: &Json,
    ) -> Fallible<Value> {
        let object = json
            .as_object()
            .filter(|object| object.len() == 1)
            .ok_or_else(|| wrong(ty, json))?;
        let (name, payload) = object.iter().next().expect("the object has one member");
        let side = match name.as_str() {
            "ok" => Ok(self.side(name, result.ok.as_ref(), payload)?),
            "err" => Err(self.side(name, result.err.as_ref(), payload)?),
            _ => return Err(wrong(ty, json)),
        };
        Ok(Value::Result(side))
    }

    fn side(
        &mut self,
        name: &str,
        ty: Option<&Type>,
        payload: &Json,
    ) -> Fallible<Option<Box<Value>>> {
        match ty {
            Some(ty) => Ok(Some(Box::new(self.payload(name, ty, payload)?))),
            None if payload.is_null() => Ok(None),
            None => Err(Failure::new("null", found(payload)).at_key(name)),
        }
    }
}

/// Adds "did you mean" where a case or a flag was nearly right.
fn advise_case(ty: &Type, json: &Json, failure: Box<Failure>) -> Box<Failure> {
    let named = json.as_str().or_else(|| {
        json.as_object()
            .and_then(|object| object.keys().next())
            .map(String::as_str)
    });
    let near = named.and_then(|name| match ty {
        Type::Enum(cases) => suggest::nearest(name, cases.cases.keys().map(String::as_str)),
        Type::Variant(variant) => suggest::nearest(name, variant.cases.keys().map(String::as_str)),
        Type::Flags(flags) => suggest::nearest(name, flags.flags.keys().map(String::as_str)),
        Type::Bool
        | Type::S8
        | Type::U8
        | Type::S16
        | Type::U16
        | Type::S32
        | Type::U32
        | Type::S64
        | Type::U64 => None,
        Type::F32
        | Type::F64
        | Type::Char
        | Type::String
        | Type::List(_)
        | Type::FixedList(..)
        | Type::Map(..) => None,
        Type::Record(_) | Type::Tuple(_) | Type::Option(_) | Type::Result(_) => None,
    });
    match near {
        Some(near) => failure.advise(&format!("did you mean \"{near}\"?")),
        None => failure,
    }
}

fn missing_field(record: &RecordType, name: &str, json: &Json) -> Box<Failure> {
    Failure::new(
        format!("field `{name}` of record {}", record.name),
        found(json),
    )
    .say(format!(
        "field `{name}` of record {} is missing",
        record.name
    ))
}

fn unknown_field(record: &RecordType, object: &Map<String, Json>, json: &Json) -> Box<Failure> {
    let known = || record.fields.iter().map(|field| field.name.as_str());
    let unknown = object
        .keys()
        .find(|key| !record.fields.iter().any(|field| &field.name == *key));
    let unknown = unknown.map_or("", String::as_str);
    Failure::new(
        format!("only fields of record {}", record.name),
        found(json),
    )
    .say(format!(
        "record {} has no field `{}`",
        record.name,
        crate::text::clip(unknown, 40)
    ))
    .advise(&suggest::hint(
        unknown,
        known().collect::<Vec<_>>(),
        "fields",
    ))
}
