//! Lengths of time: ISO 8601 text and the DSL's objects, to milliseconds. Documents and what expressions yield are read alike.
//!
//! Knows no clock and no calendar: a month or a year has no fixed length and is refused.

use serde_json::{Number, Value as Json};

/// The longest length of time that is accepted: about a hundred years.
pub const DURATION_MS_MAX: u64 = 36_525 * DAY_MS;

const SECOND_MS: u64 = 1000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;
const WEEK_MS: u64 = 7 * DAY_MS;

/// Members of a duration object, and how many milliseconds one of each is.
pub(crate) const UNITS: [(&str, u64); 5] = [
    ("days", DAY_MS),
    ("hours", HOUR_MS),
    ("minutes", MINUTE_MS),
    ("seconds", SECOND_MS),
    ("milliseconds", 1),
];

/// Why a value is no duration.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Text of another form.
    #[error("`{0}` is not an ISO 8601 duration")]
    Malformed(String),
    /// Text in units that a calendar would have to measure.
    #[error("`{0}` counts years or months, which have no fixed length")]
    Calendar(String),
    /// Beyond [`DURATION_MS_MAX`].
    #[error("`{0}` is longer than a hundred years")]
    TooLong(String),
    /// Neither text nor an object with a member.
    #[error("{0} is no duration")]
    NoDuration(Json),
    /// A member that is no unit.
    #[error("a duration has no `{0}`")]
    Unit(String),
    /// A member that counts nothing.
    #[error("`{unit}` must be a whole number and not negative, but is {count}")]
    Count {
        /// The member.
        unit: &'static str,
        /// What it is.
        count: Json,
    },
}

impl DurationError {
    /// What mends it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::NoDuration(_) => {
                "for instance `PT30S`, `PT5M`, `P1DT12H`, or an object such as `{seconds: 30}`"
            }
            Self::Calendar(_) => "count days instead, for instance `P30D`",
            Self::TooLong(_) => "choose a shorter one",
            Self::Unit(_) => "it has days, hours, minutes, seconds, milliseconds",
            Self::Count { .. } => "round it, for instance with `floor`, or count a smaller unit",
        }
    }
}

/// The milliseconds of what an expression yields: ISO 8601 text, or an object of counts.
pub fn duration_ms(value: &Json) -> Result<u64, DurationError> {
    match value {
        Json::String(text) => parse(text),
        Json::Object(members) if !members.is_empty() => {
            let mut parts = Vec::new();
            for (name, count) in members {
                let (unit, ms) = UNITS
                    .into_iter()
                    .find(|(unit, _)| unit == name)
                    .ok_or_else(|| DurationError::Unit(name.clone()))?;
                let number = count.as_number().and_then(whole);
                let number = number.ok_or_else(|| DurationError::Count {
                    unit,
                    count: count.clone(),
                })?;
                parts.push((number, ms));
            }
            total(parts).ok_or_else(|| DurationError::TooLong(value.to_string()))
        }
        Json::Object(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => {
            Err(DurationError::NoDuration(value.clone()))
        }
    }
}

/// JSON has one kind of number: `2.0`, which is what jq's division gives, is whole.
fn whole(number: &Number) -> Option<u64> {
    let fits = |float: &f64| float.fract() == 0.0 && *float >= 0.0;
    let float = || number.as_f64().filter(fits).map(|float| float as u64);
    number.as_u64().or_else(float)
}

/// The sum of counts of units; none when it is longer than any duration may be.
pub(crate) fn total(parts: impl IntoIterator<Item = (u64, u64)>) -> Option<u64> {
    parts
        .into_iter()
        .try_fold(0_u64, |sum, (count, unit_ms)| {
            sum.checked_add(count.checked_mul(unit_ms)?)
        })
        .filter(|ms| *ms <= DURATION_MS_MAX)
}

/// The milliseconds of an ISO 8601 duration; parts of a millisecond are cut off.
pub(crate) fn parse(text: &str) -> Result<u64, DurationError> {
    let malformed = || DurationError::Malformed(text.to_owned());
    let body = text.strip_prefix('P').ok_or_else(malformed)?;
    let (date, time) = match body.split_once('T') {
        Some((_, "")) => return Err(malformed()),
        Some((date, time)) => (date, time),
        None => (body, ""),
    };
    if date.is_empty() && time.is_empty() {
        return Err(malformed());
    }
    let date_units = [('Y', 0), ('M', 0), ('W', WEEK_MS), ('D', DAY_MS)];
    let time_units = [('H', HOUR_MS), ('M', MINUTE_MS), ('S', SECOND_MS)];
    let total = sum(date, &date_units, text)?.checked_add(sum(time, &time_units, text)?);
    total
        .filter(|ms| *ms <= DURATION_MS_MAX)
        .ok_or_else(|| DurationError::TooLong(text.to_owned()))
}

/// Adds up `number unit` parts, whose units must come in the given order, each at most once.
fn sum(part: &str, units: &[(char, u64)], text: &str) -> Result<u64, DurationError> {
    let malformed = || DurationError::Malformed(text.to_owned());
    let too_long = || DurationError::TooLong(text.to_owned());
    let mut rest = part;
    let mut units = units.iter();
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| c.is_ascii_alphabetic())
            .ok_or_else(malformed)?;
        let (number, tail) = rest.split_at(end);
        let letter = tail.chars().next().ok_or_else(malformed)?;
        let (_, unit) = units
            .find(|(unit, _)| *unit == letter)
            .ok_or_else(malformed)?;
        if *unit == 0 {
            return Err(DurationError::Calendar(text.to_owned()));
        }
        let ms = scaled(number, *unit)
            .ok_or_else(malformed)?
            .ok_or_else(too_long)?;
        total = total.checked_add(ms).ok_or_else(too_long)?;
        rest = &tail[letter.len_utf8()..];
    }
    Ok(total)
}

/// A decimal number times a unit: `None` when it is no number, `Some(None)` when it is beyond all bounds.
fn scaled(number: &str, unit_ms: u64) -> Option<Option<u64>> {
    const FRACTION_DIGITS_MAX: usize = 9;
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (number, ""),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let kept = &fraction[..fraction.len().min(FRACTION_DIGITS_MAX)];
    let part =
        kept.parse::<u128>().unwrap_or(0) * u128::from(unit_ms) / 10u128.pow(kept.len() as u32);
    let ms = whole
        .parse::<u64>()
        .ok()
        .and_then(|whole| whole.checked_mul(unit_ms));
    Some(ms.and_then(|ms| ms.checked_add(u64::try_from(part).ok()?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn iso_8601() {
        for (text, ms) in [
            ("PT1S", 1000),
            ("PT0S", 0),
            ("PT0.25S", 250),
            ("PT1.5H", 5_400_000),
            ("P1DT12H", 129_600_000),
            ("P2W", 1_209_600_000),
            ("PT1H2M3S", 3_723_000),
            ("P1W2D", 777_600_000),
        ] {
            assert_eq!(parse(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn refused() {
        for text in [
            "", "P", "PT", "P1", "1S", "PT1", "P1S", "PT1D", "PT1S1H", "PT1S2S", "P-1D", "PT.5S",
            "PT1.S", "pt1s", "P1DT", "PTS", "P1é",
        ] {
            assert_eq!(
                parse(text),
                Err(DurationError::Malformed(text.to_owned())),
                "{text}"
            );
        }
        assert!(matches!(parse("P1Y"), Err(DurationError::Calendar(_))));
        assert!(matches!(parse("P1M"), Err(DurationError::Calendar(_))));
        for text in [
            "P36526D",
            "P99999999999999999999D",
            "PT18446744073709551615S",
        ] {
            assert!(
                matches!(parse(text), Err(DurationError::TooLong(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn what_expressions_yield() {
        for (value, ms) in [
            (json!("PT0S"), 0),
            (json!("PT0.0001H"), 360),
            (json!({"minutes": 1, "milliseconds": 7}), 60_007),
            (json!({"milliseconds": 1.0}), 1),
            (json!({"seconds": -0.0, "days": 2e0}), 172_800_000),
            (json!({"days": 36_525}), DURATION_MS_MAX),
        ] {
            assert_eq!(duration_ms(&value), Ok(ms), "{value}");
        }
    }

    #[test]
    fn what_expressions_yield_is_refused() {
        for (value, message) in [
            (json!("5s"), "`5s` is not an ISO 8601 duration"),
            (json!(5), "5 is no duration"),
            (json!(null), "null is no duration"),
            (json!([]), "[] is no duration"),
            (json!({}), "{} is no duration"),
            (json!({"weeks": 1}), "a duration has no `weeks`"),
            (
                json!({"seconds": -1}),
                "`seconds` must be a whole number and not negative, but is -1",
            ),
            (
                json!({"seconds": 1.5}),
                "`seconds` must be a whole number and not negative, but is 1.5",
            ),
            (
                json!({"days": 36_525, "milliseconds": 1}),
                "`{\"days\":36525,\"milliseconds\":1}` is longer than a hundred years",
            ),
            (
                json!({"days": 1e300}),
                "`{\"days\":1e+300}` is longer than a hundred years",
            ),
        ] {
            let error = duration_ms(&value).expect_err("it is refused");
            assert_eq!(error.to_string(), message);
            assert!(!error.help().is_empty());
        }
    }
}
