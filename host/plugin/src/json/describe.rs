//! Types and JSON in plain words, for messages. Knows nothing of how they are converted.

use serde_json::Value as Json;

use crate::text::clip;
use crate::types::Type;

/// Longest quotation of a stranger's text in a message.
const QUOTED_CHARS_MAX: usize = 40;
/// Most keys or cases listed in a message.
const LISTED_MAX: usize = 8;

/// What a type wants, in words.
pub(super) fn expected(ty: &Type) -> String {
    match ty {
        Type::Bool => "true or false".to_owned(),
        Type::S8 => whole(i8::MIN, i8::MAX),
        Type::U8 => whole(u8::MIN, u8::MAX),
        Type::S16 => whole(i16::MIN, i16::MAX),
        Type::U16 => whole(u16::MIN, u16::MAX),
        Type::S32 => whole(i32::MIN, i32::MAX),
        Type::U32 => whole(u32::MIN, u32::MAX),
        Type::S64 => whole(i64::MIN, i64::MAX),
        Type::U64 => whole(u64::MIN, u64::MAX),
        Type::F32 => "a number (f32)".to_owned(),
        Type::F64 => "a number (f64)".to_owned(),
        Type::Char => "a string of exactly one character".to_owned(),
        Type::String => "a string".to_owned(),
        Type::List(element) if element.is_byte() => {
            "an array of bytes or {\"base64\": …}".to_owned()
        }
        Type::List(_) => format!("an array ({ty})"),
        Type::FixedList(_, length) => format!("an array of exactly {length} ({ty})"),
        Type::Map(key, _) if key.is_object_key() => format!("an object ({ty})"),
        Type::Map(..) => format!("an array of [key, value] pairs ({ty})"),
        Type::Record(record) => format!("an object (record {})", record.name),
        Type::Tuple(types) => format!("an array of exactly {} ({ty})", types.len()),
        Type::Variant(variant) => format!(
            "a case of {} ({})",
            variant.name,
            listed(variant.cases.keys())
        ),
        Type::Enum(cases) => format!("one of {} ({})", cases.name, listed(cases.cases.keys())),
        Type::Flags(flags) => format!(
            "an array of {} ({})",
            flags.name,
            listed(flags.flags.keys())
        ),
        Type::Option(inner) if inner.is_option() => "null or {\"some\": …}".to_owned(),
        Type::Option(inner) => format!("{} or null", expected(inner)),
        Type::Result(_) => "{\"ok\": …} or {\"err\": …}".to_owned(),
    }
}

fn whole<T: std::fmt::Display>(min: T, max: T) -> String {
    format!("a whole number from {min} to {max}")
}

fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let mut names = names.map(String::as_str);
    let shown: Vec<&str> = names.by_ref().take(LISTED_MAX).collect();
    let more = if names.next().is_some() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// What a piece of JSON is, in words.
pub(super) fn found(json: &Json) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => format!("the number {number}"),
        Json::String(text) => format!("the string \"{}\"", clip(text, QUOTED_CHARS_MAX)),
        Json::Array(elements) => format!("an array of {}", elements.len()),
        Json::Object(members) if members.is_empty() => "an empty object".to_owned(),
        Json::Object(members) => {
            let keys: Vec<String> = members
                .keys()
                .take(LISTED_MAX)
                .map(|key| clip(key, QUOTED_CHARS_MAX))
                .collect();
            let more = if members.len() > LISTED_MAX {
                ", …"
            } else {
                ""
            };
            format!("an object with {}{more}", keys.join(", "))
        }
    }
}
