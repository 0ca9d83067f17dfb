//! Numbers between JSON and WIT, exactly: 64-bit integers keep every bit, and floats that JSON lacks are strings.
//! Knows nothing of the surrounding values.

use serde_json::{Number, Value as Json};

/// Beyond this a float no longer names one whole number.
const WHOLE_FLOAT_MAX: f64 = 9_007_199_254_740_992.0;

/// The whole number that JSON holds: an integer, or a float without a fraction such as `3.0`.
pub(super) fn integer(json: &Json) -> Option<i128> {
    let Json::Number(number) = json else {
        return None;
    };
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
        .or_else(|| number.as_f64().and_then(whole))
}

/// Like [`integer`], and also from a string of decimal digits, since many JSON writers lose what lies beyond 2^53.
pub(super) fn wide_integer(json: &Json) -> Option<i128> {
    match json.as_str() {
        Some(text) => decimal(text),
        None => integer(json),
    }
}

fn decimal(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fits =
        !digits.is_empty() && digits.len() <= 20 && digits.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

fn whole(float: f64) -> Option<i128> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be whole and within 2^53"
    )]
    (float.fract() == 0.0 && float.abs() <= WHOLE_FLOAT_MAX).then_some(float as i128)
}

/// A float from a number or from `"NaN"`, `"Infinity"`, `"-Infinity"`.
pub(super) fn float64(json: &Json) -> Option<f64> {
    match json.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => json.as_f64(),
    }
}

/// Like [`float64`] for `f32`; a finite number too large for it is none.
pub(super) fn float32(json: &Json) -> Option<f32> {
    let wide = float64(json)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding to the nearest f32 is what the type asks for"
    )]
    let narrow = wide as f32;
    (narrow.is_finite() || !wide.is_finite()).then_some(narrow)
}

/// A float as JSON.
pub(super) fn from_float64(float: f64) -> Json {
    match Number::from_f64(float) {
        Some(number) => Json::Number(number),
        None if float.is_nan() => Json::String("NaN".to_owned()),
        None if float > 0.0 => Json::String("Infinity".to_owned()),
        None => Json::String("-Infinity".to_owned()),
    }
}

/// An `f32` as JSON: the shortest decimal that reads back as the same `f32`, so that 0.1 is written 0.1.
pub(super) fn from_float32(float: f32) -> Json {
    let exact = f64::from(float);
    if exact.fract() == 0.0 || !exact.is_finite() {
        return from_float64(exact);
    }
    let short = format!("{float:e}").parse::<f64>().unwrap_or(exact);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "this is the check that rounding gives the same f32 again"
    )]
    let same = short as f32 == float;
    from_float64(if same { short } else { exact })
}
