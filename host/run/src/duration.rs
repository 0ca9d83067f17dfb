//! Lengths of time that an expression yields: ISO 8601 durations, or objects of days down to milliseconds.

use serde_json::Value as Json;

/// No length of time is longer: a thousand years.
pub(crate) const DURATION_MS_MAX: u64 = 1_000 * 365 * DAY_MS;

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// Milliseconds; the error is a plain sentence.
pub(crate) fn milliseconds(value: &Json) -> Result<u64, String> {
    let sum = match value {
        Json::String(text) => from_iso(text),
        Json::Object(members) => members.iter().try_fold(0_u64, |sum, (unit, count)| {
            let count = count.as_u64()?;
            sum.checked_add(count.checked_mul(unit_ms(unit)?)?)
        }),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => None,
    };
    let sum = sum.ok_or_else(|| {
        format!(
            "{value} is no duration: write ISO 8601, for instance \"PT5S\", or an object of days, hours, minutes, seconds, milliseconds"
        )
    })?;
    if sum > DURATION_MS_MAX {
        return Err(format!("{value} is longer than a thousand years"));
    }
    Ok(sum)
}

fn unit_ms(unit: &str) -> Option<u64> {
    match unit {
        "days" => Some(DAY_MS),
        "hours" => Some(HOUR_MS),
        "minutes" => Some(MINUTE_MS),
        "seconds" => Some(SECOND_MS),
        "milliseconds" => Some(1),
        _ => None,
    }
}

/// `PnW` or `PnDTnHnMnS`; years and months have no fixed length.
fn from_iso(text: &str) -> Option<u64> {
    let rest = text.strip_prefix('P')?;
    let (date, time) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None if rest.is_empty() => return None,
        None => (rest, ""),
    };
    let date = designated(date, &[('W', 7 * DAY_MS), ('D', DAY_MS)])?;
    let time = designated(time, &[('H', HOUR_MS), ('M', MINUTE_MS), ('S', SECOND_MS)])?;
    date.checked_add(time)
}

/// Sums numbers with designators, each at most once and in order; only seconds may have a fraction.
fn designated(mut text: &str, designators: &[(char, u64)]) -> Option<u64> {
    let mut sum = 0_u64;
    for &(designator, unit) in designators {
        if let Some((number, rest)) = text.split_once(designator) {
            sum = sum.checked_add(scaled(number, unit)?)?;
            text = rest;
        }
    }
    text.is_empty().then_some(sum)
}

fn scaled(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty()
        || !digits(whole)
        || !digits(fraction)
        || (number.contains('.') && unit != SECOND_MS)
    {
        return None;
    }
    let padded: String = fraction.chars().chain("000".chars()).take(3).collect();
    let fraction_ms = if unit == SECOND_MS {
        padded.parse().ok()?
    } else {
        0
    };
    whole
        .parse::<u64>()
        .ok()?
        .checked_mul(unit)?
        .checked_add(fraction_ms)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_are_read() {
        for (value, expected) in [
            (json!("PT0S"), 0),
            (json!("PT1.5S"), 1_500),
            (json!("P1DT2H3M4.005S"), 93_784_005),
            (json!("P2W"), 1_209_600_000),
            (json!({"minutes": 1, "milliseconds": 7}), 60_007),
            (json!({}), 0),
        ] {
            assert_eq!(milliseconds(&value), Ok(expected), "{value}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for value in [
            json!("5s"),
            json!("P"),
            json!("PT"),
            json!("P1Y"),
            json!("P1M"),
            json!("PT-5S"),
            json!("PT1.5H"),
            json!("P1D2W"),
            json!("PT5SX"),
            json!("PTS"),
            json!("P99999999999999999999D"),
            json!({"weeks": 1}),
            json!({"seconds": -1}),
            json!(5),
            json!(null),
            json!([]),
            json!({"days": 999_999_999}),
        ] {
            assert!(milliseconds(&value).is_err(), "{value}");
        }
    }
}
