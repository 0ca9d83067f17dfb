//! What a YAML scalar means under the core schema of YAML 1.2: `yes`, `no`, `on` and dates are text.
//!
//! Knows nothing of places or of workflows.

use saphyr_parser::ScalarStyle;
use serde_json::Number;

use crate::node::Value;

/// What cannot be taken over without loss.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScalarError {
    #[error("`{0}` is a number that JSON cannot hold")]
    NotFinite(String),
    #[error("`{0}` is a whole number beyond 64 bits")]
    TooLarge(String),
    #[error("`{text}` is not of the type that its tag `!!{tag}` says")]
    Tag { text: String, tag: String },
}

/// The value of a scalar, by its style and its core tag, if it has one.
pub(crate) fn value(
    text: &str,
    style: ScalarStyle,
    tag: Option<&str>,
) -> Result<Value, ScalarError> {
    match tag {
        None if style == ScalarStyle::Plain => plain(text),
        None | Some("str") => Ok(Value::Text(text.to_owned())),
        Some(tag) => tagged(text, tag),
    }
}

fn tagged(text: &str, tag: &str) -> Result<Value, ScalarError> {
    let value = plain(text)?;
    let fits = match &value {
        Value::Null => tag == "null",
        Value::Bool(_) => tag == "bool",
        Value::Number(number) => tag == "float" || (tag == "int" && !number.is_f64()),
        Value::Text(_) | Value::List(_) | Value::Map(_) => false,
    };
    if fits {
        return Ok(value);
    }
    Err(ScalarError::Tag {
        text: text.to_owned(),
        tag: tag.to_owned(),
    })
}

fn plain(text: &str) -> Result<Value, ScalarError> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    Ok(number(text)?.map_or_else(|| Value::Text(text.to_owned()), Value::Number))
}

fn number(text: &str) -> Result<Option<Number>, ScalarError> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(text, digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(text, digits, 8);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(ScalarError::NotFinite(text.to_owned()));
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return whole(text).map(Some);
    }
    if !is_float(unsigned) {
        return Ok(None);
    }
    let float: f64 = text
        .parse()
        .map_err(|_| ScalarError::NotFinite(text.to_owned()))?;
    Number::from_f64(float)
        .map(Some)
        .ok_or_else(|| ScalarError::NotFinite(text.to_owned()))
}

fn radix(text: &str, digits: &str, radix: u32) -> Result<Option<Number>, ScalarError> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Ok(None);
    }
    let value =
        u64::from_str_radix(digits, radix).map_err(|_| ScalarError::TooLarge(text.to_owned()))?;
    Ok(Some(value.into()))
}

fn whole(text: &str) -> Result<Number, ScalarError> {
    let text = text.strip_prefix('+').unwrap_or(text);
    text.parse::<u64>()
        .map(Number::from)
        .or_else(|_| text.parse::<i64>().map(Number::from))
        .map_err(|_| ScalarError::TooLarge(text.to_owned()))
}

/// `[0-9]+ ( . [0-9]* )? ( e [-+]? [0-9]+ )?`, or the same beginning with the point.
fn is_float(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)),
        ),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::{model::Span, node::Node};

    fn json(text: &str) -> Json {
        let value = value(text, ScalarStyle::Plain, None).expect("a value");
        Node {
            value,
            span: Span::default(),
            weight: 1,
        }
        .to_json()
    }

    #[test]
    fn the_core_schema_and_nothing_more() {
        for (text, expected) in [
            ("yes", json!("yes")),
            ("off", json!("off")),
            ("2026-01-01", json!("2026-01-01")),
            ("1_000", json!("1_000")),
            ("1.0.3", json!("1.0.3")),
            ("-", json!("-")),
            (".", json!(".")),
            ("e5", json!("e5")),
            ("1e", json!("1e")),
            ("0x", json!("0x")),
            ("True", json!(true)),
            ("~", json!(null)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("-12", json!(-12)),
            ("+12", json!(12)),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("1.5", json!(1.5)),
            ("5.", json!(5.0)),
            (".5", json!(0.5)),
            ("-1.5e3", json!(-1500.0)),
        ] {
            assert_eq!(json(text), expected, "{text}");
        }
    }

    #[test]
    fn what_would_be_lost_is_refused() {
        for text in [".inf", "-.INF", ".nan", "1e999"] {
            assert!(
                matches!(plain(text), Err(ScalarError::NotFinite(_))),
                "{text}"
            );
        }
        for text in [
            "18446744073709551616",
            "-9223372036854775809",
            "0xFFFFFFFFFFFFFFFFF",
        ] {
            assert!(
                matches!(plain(text), Err(ScalarError::TooLarge(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn tags_are_believed_only_when_they_fit() {
        assert!(
            matches!(value("5", ScalarStyle::Plain, Some("str")), Ok(Value::Text(text)) if text == "5")
        );
        assert!(matches!(
            value("5", ScalarStyle::DoubleQuoted, Some("int")),
            Ok(Value::Number(_))
        ));
        assert!(matches!(
            value("x", ScalarStyle::Plain, Some("int")),
            Err(ScalarError::Tag { .. })
        ));
    }
}
