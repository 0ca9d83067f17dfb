//! JSON to typed values, in one pass and within a memory budget. Knows nothing of the way back.

use serde_json::{Map, Value as Json};

use super::describe::{expected, found};
use super::mismatch::{Failure, Fallible, MismatchError};
use super::{bytes, number};
use crate::suggest;
use crate::types::{FlagsType, RecordType, ResultType, Type, VariantType};
use crate::value::Value;

/// Most memory that the values made from one piece of JSON may take, as estimated. Small JSON can ask for large values (a
/// record of many optional fields is written `{}`), so the size of the JSON is no bound.
pub const VALUE_BYTES_MAX: usize = 256 << 20;

const NODE_BYTES: usize = size_of::<Value>();
/// A field's name: the string itself and what its allocation costs on top.
const FIELD_BYTES: usize = NODE_BYTES + size_of::<String>() + 16;

/// The value of this type that the JSON means.
///
/// # Errors
/// When the JSON doesn't fit the type; the error points at the part that doesn't.
pub fn to_value(ty: &Type, json: &Json) -> Result<Value, MismatchError> {
    Reader::new(None).read(ty, json).map_err(|failure| failure.finish())
}

/// Tells the parts of a template whose value isn't known yet.
pub(super) type Hole<'h> = &'h dyn Fn(&Json) -> bool;

/// One conversion: what is left of its budget, and which parts to leave unread.
pub(super) struct Reader<'h> {
    bytes_left: usize,
    hole: Option<Hole<'h>>,
}

impl<'h> Reader<'h> {
    pub(super) fn new(hole: Option<Hole<'h>>) -> Self {
        Reader { bytes_left: VALUE_BYTES_MAX, hole }
    }

    /// Reads one value. A hole reads as a placeholder of no particular type: with holes, only the verdict counts.
    pub(super) fn read(&mut self, ty: &Type, json: &Json) -> Fallible<Value> {
        if self.is_hole(json) {
            return Ok(Value::Bool(false));
        }
        let value = match ty {
            Type::Bool => json.as_bool().map(Value::Bool),
            Type::S8 => narrow(json).map(Value::S8),
            Type::U8 => narrow(json).map(Value::U8),
            Type::S16 => narrow(json).map(Value::S16),
            Type::U16 => narrow(json).map(Value::U16),
            Type::S32 => narrow(json).map(Value::S32),
            Type::U32 => narrow(json).map(Value::U32),
            Type::S64 => number::wide_integer(json).and_then(|n| n.try_into().ok()).map(Value::S64),
            Type::U64 => number::wide_integer(json).and_then(|n| n.try_into().ok()).map(Value::U64),
            Type::F32 => number::float32(json).map(Value::F32),
            Type::F64 => number::float64(json).map(Value::F64),
            Type::Char => json.as_str().and_then(one_char).map(Value::Char),
            Type::String => match json.as_str() {
                Some(text) => Some(self.text(text).map(Value::String)?),
                None => None,
            },
            Type::Enum(cases) => return self.case_name(ty, json, |name| cases.cases.contains_key(name)),
            Type::Flags(flags) => return self.flags(ty, flags, json),
            Type::List(element) => return self.list(ty, element, json).map(Value::List),
            Type::FixedList(element, length) => return self.fixed_list(ty, element, *length, json),
            Type::Map(key, value) => return self.map(ty, key, value, json),
            Type::Record(record) => return self.record(ty, record, json),
            Type::Tuple(types) => return self.tuple(ty, types, json),
            Type::Variant(variant) => return self.variant(ty, variant, json),
            Type::Option(inner) => return self.option(ty, inner, json),
            Type::Result(result) => return self.result(ty, result, json),
        };
        value.ok_or_else(|| wrong(ty, json))
    }

    fn is_hole(&self, json: &Json) -> bool {
        self.hole.is_some_and(|hole| hole(json))
    }

    fn spend(&mut self, bytes: usize) -> Fallible<()> {
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or_else(too_large)?;
        Ok(())
    }

    fn text(&mut self, text: &str) -> Fallible<String> {
        self.spend(text.len())?;
        Ok(text.to_owned())
    }

    fn case_name(&mut self, ty: &Type, json: &Json, known: impl Fn(&str) -> bool) -> Fallible<Value> {
        match json.as_str() {
            Some(name) if known(name) => self.text(name).map(Value::Enum),
            Some(_) | None => Err(advise_case(ty, json, wrong(ty, json))),
        }
    }

    fn flags(&mut self, ty: &Type, flags: &FlagsType, json: &Json) -> Fallible<Value> {
        let names = json.as_array().ok_or_else(|| wrong(ty, json))?;
        let mut set = vec![false; flags.flags.len()];
        for (i, name) in names.iter().enumerate() {
            if self.is_hole(name) {
                continue;
            }
            let known = name.as_str().and_then(|name| flags.flags.get_index_of(name));
            let index = known.ok_or_else(|| {
                let failure = Failure::new(format!("a flag of {}", flags.name), found(name));
                advise_case(ty, name, failure).at_index(i)
            })?;
            set[index] = true;
        }
        self.spend(set.len() * NODE_BYTES)?;
        let chosen = flags.flags.keys().zip(set).filter(|(_, set)| *set).map(|(name, _)| name.clone());
        Ok(Value::Flags(chosen.collect()))
    }

    fn list(&mut self, ty: &Type, element: &Type, json: &Json) -> Fallible<Vec<Value>> {
        match json {
            Json::Array(elements) => self.elements(element, elements),
            Json::Object(object) if element.is_byte() => {
                let inner = bytes::inner(object).ok_or_else(|| wrong(ty, json))?;
                if self.is_hole(inner) { Ok(Vec::new()) } else { self.bytes(inner.as_str().ok_or_else(|| wrong(ty, json))?) }
            }
            Json::Object(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Err(wrong(ty, json)),
        }
    }

    fn elements(&mut self, ty: &Type, elements: &[Json]) -> Fallible<Vec<Value>> {
        self.spend(elements.len().saturating_mul(NODE_BYTES))?;
        let mut values = Vec::with_capacity(elements.len());
        for (i, json) in elements.iter().enumerate() {
            values.push(self.read(ty, json).map_err(|failure| failure.at_index(i))?);
        }
        Ok(values)
    }

    fn bytes(&mut self, text: &str) -> Fallible<Vec<Value>> {
        self.spend((text.len() / 4 * 3).saturating_mul(NODE_BYTES))?;
        let bytes = bytes::decode(text).map_err(|problem| {
            Failure::new("padded base64 in the standard alphabet", format!("text that is not ({problem})"))
                .at_key(bytes::BASE64_KEY)
        })?;
        Ok(bytes.into_iter().map(Value::U8).collect())
    }

    fn fixed_list(&mut self, ty: &Type, element: &Type, length: u32, json: &Json) -> Fallible<Value> {
        match json.as_array() {
            Some(elements) if u32::try_from(elements.len()) == Ok(length) => {
                self.elements(element, elements).map(Value::FixedList)
            }
            Some(_) | None => Err(wrong(ty, json)),
        }
    }

    fn map(&mut self, ty: &Type, key: &Type, value: &Type, json: &Json) -> Fallible<Value> {
        if key.is_object_key() {
            let object = json.as_object().ok_or_else(|| wrong(ty, json))?;
            return self.string_map(value, object).map(Value::Map);
        }
        let pairs = json.as_array().ok_or_else(|| wrong(ty, json))?;
        self.spend(pairs.len().saturating_mul(2 * NODE_BYTES))?;
        let mut entries = Vec::with_capacity(pairs.len());
        for (i, pair) in pairs.iter().enumerate() {
            entries.push(self.pair(key, value, pair).map_err(|failure| failure.at_index(i))?);
        }
        Ok(Value::Map(entries))
    }

    fn pair(&mut self, key: &Type, value: &Type, json: &Json) -> Fallible<(Value, Value)> {
        if self.is_hole(json) {
            return Ok((Value::Bool(false), Value::Bool(false)));
        }
        let Some([k, v]) = json.as_array().map(Vec::as_slice) else {
            return Err(Failure::new("a [key, value] pair", found(json)));
        };
        let key = self.read(key, k).map_err(|failure| failure.at_index(0))?;
        let value = self.read(value, v).map_err(|failure| failure.at_index(1))?;
        Ok((key, value))
    }

    fn string_map(&mut self, value: &Type, object: &Map<String, Json>) -> Fallible<Vec<(Value, Value)>> {
        self.spend(object.len().saturating_mul(2 * NODE_BYTES))?;
        let mut entries = Vec::with_capacity(object.len());
        for (name, json) in object {
            let read = self.read(value, json).map_err(|failure| failure.at_key(name))?;
            entries.push((Value::String(self.text(name)?), read));
        }
        Ok(entries)
    }

    fn record(&mut self, ty: &Type, record: &RecordType, json: &Json) -> Fallible<Value> {
        let object = json.as_object().ok_or_else(|| wrong(ty, json))?;
        self.spend(record.fields.len().saturating_mul(FIELD_BYTES))?;
        let mut fields = Vec::with_capacity(record.fields.len());
        let mut seen = 0;
        for field in &record.fields {
            let value = match object.get(&field.name) {
                Some(json) => {
                    seen += 1;
                    self.read(&field.ty, json).map_err(|failure| failure.at_key(&field.name))?
                }
                None if field.ty.is_option() => Value::Option(None),
                None => return Err(missing_field(record, &field.name, json)),
            };
            fields.push((self.text(&field.name)?, value));
        }
        if seen == object.len() { Ok(Value::Record(fields)) } else { Err(unknown_field(record, object, json)) }
    }

    fn tuple(&mut self, ty: &Type, types: &[Type], json: &Json) -> Fallible<Value> {
        let elements = json.as_array().filter(|elements| elements.len() == types.len()).ok_or_else(|| wrong(ty, json))?;
        self.spend(types.len().saturating_mul(NODE_BYTES))?;
        let mut values = Vec::with_capacity(types.len());
        for (i, (ty, json)) in types.iter().zip(elements).enumerate() {
            values.push(self.read(ty, json).map_err(|failure| failure.at_index(i))?);
        }
        Ok(Value::Tuple(values))
    }

    fn variant(&mut self, ty: &Type, variant: &VariantType, json: &Json) -> Fallible<Value> {
        let (name, payload) = match json {
            Json::String(name) => (name, None),
            Json::Object(object) if object.len() == 1 => {
                let (name, payload) = object.iter().next().expect("the object has one member");
                (name, Some(payload))
            }
            Json::Object(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => return Err(wrong(ty, json)),
        };
        let case = variant.cases.get(name).ok_or_else(|| advise_case(ty, json, wrong(ty, json)))?;
        let value = match (&case.ty, payload) {
            (Some(ty), Some(payload)) => Some(Box::new(self.payload(name, ty, payload)?)),
            (Some(ty), None) => {
                let message = format!("case `{name}` carries {}: write {{\"{name}\": …}}", expected(ty));
                return Err(Failure::new(expected(ty), "no payload").say(message));
            }
            (None, None | Some(Json::Null)) => None,
            (None, Some(payload)) => {
                let message = format!("case `{name}` carries nothing: write \"{name}\"");
                return Err(Failure::new("no payload", found(payload)).say(message).at_key(name));
            }
        };
        Ok(Value::Variant(self.text(name)?, value))
    }

    fn payload(&mut self, key: &str, ty: &Type, json: &Json) -> Fallible<Value> {
        self.spend(NODE_BYTES)?;
        self.read(ty, json).map_err(|failure| failure.at_key(key))
    }

    fn option(&mut self, ty: &Type, inner: &Type, json: &Json) -> Fallible<Value> {
        if json.is_null() {
            return Ok(Value::Option(None));
        }
        let value = if inner.is_option() {
            let object = json.as_object().filter(|object| object.len() == 1);
            let some = object.and_then(|object| object.get("some")).ok_or_else(|| wrong(ty, json))?;
            self.payload("some", inner, some)?
        } else {
            self.spend(NODE_BYTES)?;
            self.read(inner, json)?
        };
        Ok(Value::Option(Some(Box::new(value))))
    }

    fn result(&mut self, ty: &Type, result: &ResultType, json: &Json) -> Fallible<Value> {
        let object = json.as_object().filter(|object| object.len() == 1).ok_or_else(|| wrong(ty, json))?;
        let (name, payload) = object.iter().next().expect("the object has one member");
        let side = match name.as_str() {
            "ok" => Ok(self.side(name, result.ok.as_ref(), payload)?),
            "err" => Err(self.side(name, result.err.as_ref(), payload)?),
            _ => return Err(wrong(ty, json)),
        };
        Ok(Value::Result(side))
    }

    fn side(&mut self, name: &str, ty: Option<&Type>, payload: &Json) -> Fallible<Option<Box<Value>>> {
        match ty {
            Some(ty) => Ok(Some(Box::new(self.payload(name, ty, payload)?))),
            None if payload.is_null() => Ok(None),
            None => Err(Failure::new("null", found(payload)).at_key(name)),
        }
    }
}

fn narrow<T: TryFrom<i128>>(json: &Json) -> Option<T> {
    T::try_from(number::integer(json)?).ok()
}

fn one_char(text: &str) -> Option<char> {
    let mut chars = text.chars();
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

fn wrong(ty: &Type, json: &Json) -> Box<Failure> {
    Failure::new(expected(ty), found(json))
}

fn too_large() -> Box<Failure> {
    Failure::new(format!("values of at most {} MiB in all", VALUE_BYTES_MAX >> 20), "more")
        .advise("pass large data as files or in parts")
}

/// Adds "did you mean" where a case or a flag was nearly right.
fn advise_case(ty: &Type, json: &Json, failure: Box<Failure>) -> Box<Failure> {
    let named = json.as_str().or_else(|| json.as_object().and_then(|object| object.keys().next()).map(String::as_str));
    let near = named.and_then(|name| match ty {
        Type::Enum(cases) => suggest::nearest(name, cases.cases.keys().map(String::as_str)),
        Type::Variant(variant) => suggest::nearest(name, variant.cases.keys().map(String::as_str)),
        Type::Flags(flags) => suggest::nearest(name, flags.flags.keys().map(String::as_str)),
        Type::Bool | Type::S8 | Type::U8 | Type::S16 | Type::U16 | Type::S32 | Type::U32 | Type::S64 | Type::U64 => None,
        Type::F32 | Type::F64 | Type::Char | Type::String | Type::List(_) | Type::FixedList(..) | Type::Map(..) => None,
        Type::Record(_) | Type::Tuple(_) | Type::Option(_) | Type::Result(_) => None,
    });
    match near {
        Some(near) => failure.advise(&format!("did you mean \"{near}\"?")),
        None => failure,
    }
}

fn missing_field(record: &RecordType, name: &str, json: &Json) -> Box<Failure> {
    Failure::new(format!("field `{name}` of record {}", record.name), found(json))
        .say(format!("field `{name}` of record {} is missing", record.name))
}

fn unknown_field(record: &RecordType, object: &Map<String, Json>, json: &Json) -> Box<Failure> {
    let known = || record.fields.iter().map(|field| field.name.as_str());
    let unknown = object.keys().find(|key| !record.fields.iter().any(|field| &field.name == *key));
    let unknown = unknown.map_or("", String::as_str);
    Failure::new(format!("only fields of record {}", record.name), found(json))
        .say(format!("record {} has no field `{}`", record.name, crate::text::clip(unknown, 40)))
        .advise(&suggest::hint(unknown, known().collect::<Vec<_>>(), "fields"))
}
