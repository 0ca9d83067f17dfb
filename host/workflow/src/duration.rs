//! Lengths of time: ISO 8601 text and the DSL's objects, to milliseconds.
//!
//! Knows no clock and no calendar: a month or a year has no fixed length and is refused.

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

/// Why text is no duration.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DurationError {
    #[error("`{0}` is not an ISO 8601 duration")]
    Malformed(String),
    #[error("`{0}` counts years or months, which have no fixed length")]
    Calendar(String),
    #[error("`{0}` is longer than a hundred years")]
    TooLong(String),
}

impl DurationError {
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Malformed(_) => {
                "for instance `PT30S`, `PT5M`, `P1DT12H`, or an object such as `{seconds: 30}`"
            }
            Self::Calendar(_) => "count days instead, for instance `P30D`",
            Self::TooLong(_) => "choose a shorter one",
        }
    }
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
}
