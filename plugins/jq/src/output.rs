//! Values as JSON text.
//!
//! jaq computes with more than JSON can say: infinities, not-a-number, byte strings, keys that are no strings, numbers of any
//! length. What leaves here is JSON that every reader understands.

use std::fmt::Write;

use jaq_json::{Num, Val};

/// The largest number that readers with 64-bit floats understand, as jq writes an infinity.
const LARGEST: &str = "1.7976931348623157e308";

/// A value as JSON text without white space.
pub(crate) fn json(value: &Val) -> Result<String, String> {
    let mut text = String::new();
    write(&mut text, value)?;
    Ok(text)
}

fn write(text: &mut String, value: &Val) -> Result<(), String> {
    match value {
        Val::Null => text.push_str("null"),
        Val::Bool(true) => text.push_str("true"),
        Val::Bool(false) => text.push_str("false"),
        Val::Num(number) => write_number(text, number),
        Val::TStr(bytes) => write_string(text, bytes),
        Val::BStr(_) => {
            return Err(
                "the result holds bytes, which JSON has no form for; use @base64".to_owned(),
            );
        }
        Val::Arr(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write(text, item)?;
            }
            text.push(']');
        }
        Val::Obj(members) => {
            text.push('{');
            for (position, (key, member)) in members.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write_key(text, key)?;
                text.push(':');
                write(text, member)?;
            }
            text.push('}');
        }
    }
    Ok(())
}

fn write_key(text: &mut String, key: &Val) -> Result<(), String> {
    match key {
        Val::TStr(bytes) => {
            write_string(text, bytes);
            Ok(())
        }
        _ => Err("an object of the result has a key that is not a string; use tostring".to_owned()),
    }
}

fn write_number(text: &mut String, number: &Num) {
    match number {
        Num::Int(integer) => push(text, format_args!("{integer}")),
        // A float holds integers of up to 309 digits.
        Num::BigInt(integer) if integer.bits() <= 1023 => push(text, format_args!("{integer}")),
        Num::BigInt(_) if *number < Num::Int(0) => write_float(text, f64::NEG_INFINITY),
        Num::BigInt(_) => write_float(text, f64::INFINITY),
        Num::Float(float) => write_float(text, *float),
        Num::Dec(digits) => write_float(text, digits.parse().unwrap_or(f64::NAN)),
    }
}

fn write_float(text: &mut String, float: f64) {
    if float.is_finite() {
        push(text, format_args!("{float:?}"));
    } else if float.is_nan() {
        text.push_str("null");
    } else {
        text.push_str(if float < 0.0 { "-" } else { "" });
        text.push_str(LARGEST);
    }
}

fn write_string(text: &mut String, bytes: &[u8]) {
    text.push('"');
    for chunk in bytes.utf8_chunks() {
        write_escaped(text, chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text.push('"');
}

fn write_escaped(text: &mut String, plain: &str) {
    let mut rest = plain;
    while let Some(position) = rest
        .bytes()
        .position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        text.push_str(&rest[..position]);
        match rest.as_bytes()[position] {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            control => push(text, format_args!("\\u{control:04x}")),
        }
        rest = &rest[position + 1..];
    }
    text.push_str(rest);
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments)
        .expect("a string takes all that is written to it");
}
