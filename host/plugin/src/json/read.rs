//! JSON to typed values, in one pass and within a memory budget. Knows nothing of the way back.

mod named;
mod sequence;

use serde_json::Value as Json;

use super::describe::{expected, found};
use super::mismatch::{Failure, Fallible, MismatchError};
use super::number;
use crate::types::Type;
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
    Reader::new(None)
        .read(ty, json)
        .map_err(|failure| failure.finish())
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
        Reader {
            bytes_left: VALUE_BYTES_MAX,
            hole,
        }
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
            Type::S64 => number::wide_integer(json)
                .and_then(|n| n.try_into().ok())
                .map(Value::S64),
            Type::U64 => number::wide_integer(json)
                .and_then(|n| n.try_into().ok())
                .map(Value::U64),
            Type::F32 => number::float32(json).map(Value::F32),
            Type::F64 => number::float64(json).map(Value::F64),
            Type::Char => json.as_str().and_then(one_char).map(Value::Char),
            Type::String => match json.as_str() {
                Some(text) => Some(self.text(text).map(Value::String)?),
                None => None,
            },
            Type::Enum(cases) => {
                return self.case_name(ty, json, |name| cases.cases.contains_key(name));
            }
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
    Failure::new(
        format!("values of at most {} MiB in all", VALUE_BYTES_MAX >> 20),
        "more",
    )
    .advise("pass large data as files or in parts")
}
