//! Whether JSON written for one type is read by another: what makes a change of a type breaking or not. Names and doc comments
//! make no difference, since JSON carries none. A law in the tests holds this against the reader and the writer themselves.

use crate::types::{Case, Type};

/// Whether every value of `narrow`, as JSON, is also read as a `wide`.
pub(super) fn accepts(wide: &Type, narrow: &Type) -> bool {
    if let (Some(wide), Some(narrow)) = (integer(wide), integer(narrow)) {
        return wide.0 <= narrow.0 && narrow.1 <= wide.1;
    }
    match (wide, narrow) {
        (Type::Bool, Type::Bool)
        | (Type::Char | Type::String, Type::Char)
        | (Type::String, Type::String | Type::Enum(_))
        | (Type::F64, Type::F32 | Type::F64)
        | (Type::F32, Type::F32) => true,
        // Lists of bytes travel in a form of their own.
        (Type::List(wide), Type::List(narrow)) => {
            wide.is_byte() == narrow.is_byte() && accepts(wide, narrow)
        }
        (Type::FixedList(wide, length), Type::FixedList(narrow, other)) => {
            length == other && wide.is_byte() == narrow.is_byte() && accepts(wide, narrow)
        }
        (Type::Map(key, value), Type::Map(other_key, other_value)) => {
            key.is_object_key() == other_key.is_object_key()
                && accepts(key, other_key)
                && accepts(value, other_value)
        }
        (Type::Tuple(wide), Type::Tuple(narrow)) => {
            wide.len() == narrow.len()
                && wide
                    .iter()
                    .zip(narrow.iter())
                    .all(|(wide, narrow)| accepts(wide, narrow))
        }
        (Type::Record(wide), Type::Record(narrow)) => {
            let known = |name: &String| wide.fields.iter().any(|field| field.name == *name);
            let fits = wide.fields.iter().all(|field| {
                match narrow.fields.iter().find(|other| other.name == field.name) {
                    Some(other) => accepts(&field.ty, &other.ty),
                    None => field.ty.is_option(),
                }
            });
            fits && narrow.fields.iter().all(|field| known(&field.name))
        }
        (Type::Variant(wide), Type::Variant(narrow)) => narrow.cases.iter().all(|(name, case)| {
            wide.cases
                .get(name)
                .is_some_and(|wide| accepts_case(wide, case))
        }),
        (Type::Enum(wide), Type::Enum(narrow)) => narrow
            .cases
            .keys()
            .all(|name| wide.cases.contains_key(name)),
        (Type::Flags(wide), Type::Flags(narrow)) => narrow
            .flags
            .keys()
            .all(|name| wide.flags.contains_key(name)),
        (Type::Option(wide), Type::Option(narrow)) => {
            wide.is_option() == narrow.is_option() && accepts(wide, narrow)
        }
        // A value that is there stands for itself; only options inside options are wrapped.
        (Type::Option(wide), narrow) => {
            !wide.is_option() && !narrow.is_option() && accepts(wide, narrow)
        }
        (Type::Result(wide), Type::Result(narrow)) => {
            accepts_payload(wide.ok.as_ref(), narrow.ok.as_ref())
                && accepts_payload(wide.err.as_ref(), narrow.err.as_ref())
        }
        (
            Type::Bool
            | Type::S8
            | Type::U8
            | Type::S16
            | Type::U16
            | Type::S32
            | Type::U32
            | Type::S64
            | Type::U64
            | Type::F32
            | Type::F64
            | Type::Char
            | Type::String
            | Type::List(_)
            | Type::FixedList(..)
            | Type::Map(..)
            | Type::Record(_)
            | Type::Tuple(_)
            | Type::Variant(_)
            | Type::Enum(_)
            | Type::Flags(_)
            | Type::Result(_),
            _,
        ) => false,
    }
}

fn accepts_case(wide: &Case, narrow: &Case) -> bool {
    accepts_payload(wide.ty.as_ref(), narrow.ty.as_ref())
}

fn accepts_payload(wide: Option<&Type>, narrow: Option<&Type>) -> bool {
    match (wide, narrow) {
        (None, None) => true,
        (Some(wide), Some(narrow)) => accepts(wide, narrow),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// The smallest and the largest value of an integer type.
fn integer(ty: &Type) -> Option<(i128, i128)> {
    let range = match ty {
        Type::S8 => (i128::from(i8::MIN), i128::from(i8::MAX)),
        Type::U8 => (0, i128::from(u8::MAX)),
        Type::S16 => (i128::from(i16::MIN), i128::from(i16::MAX)),
        Type::U16 => (0, i128::from(u16::MAX)),
        Type::S32 => (i128::from(i32::MIN), i128::from(i32::MAX)),
        Type::U32 => (0, i128::from(u32::MAX)),
        Type::S64 => (i128::from(i64::MIN), i128::from(i64::MAX)),
        Type::U64 => (0, i128::from(u64::MAX)),
        Type::Bool
        | Type::F32
        | Type::F64
        | Type::Char
        | Type::String
        | Type::List(_)
        | Type::FixedList(..)
        | Type::Map(..)
        | Type::Record(_)
        | Type::Tuple(_)
        | Type::Variant(_)
        | Type::Enum(_)
        | Type::Flags(_)
        | Type::Option(_)
        | Type::Result(_) => return None,
    };
    Some(range)
}
