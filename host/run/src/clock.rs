//! The DSL's date-time descriptor of a recorded time.

use serde_json::{Value as Json, json};

const SECONDS_A_DAY: u64 = 86_400;

/// `{iso8601, epoch: {seconds, milliseconds}}`
pub(crate) fn describe(at_ms: u64) -> Json {
    json!({
        "iso8601": iso8601(at_ms),
        "epoch": {"seconds": at_ms / 1_000, "milliseconds": at_ms},
    })
}

/// A time as ISO 8601 writes it, in UTC, with milliseconds.
pub(crate) fn iso8601(at_ms: u64) -> String {
    let seconds = at_ms / 1_000;
    let (year, month, day) = date(seconds / SECONDS_A_DAY);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let millisecond = at_ms % 1_000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
}

/// Year, month and day of a day counted from 1970. Years are counted from March, so that a leap day comes last.
fn date(day: u64) -> (u64, u64, u64) {
    const DAYS_IN_400_YEARS: u64 = 146_097;
    const DAYS_FROM_MARCH_OF_YEAR_0: u64 = 719_468;
    let shifted = day + DAYS_FROM_MARCH_OF_YEAR_0;
    let era = shifted / DAYS_IN_400_YEARS;
    let of_era = shifted % DAYS_IN_400_YEARS;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times_are_written_right() {
        for (at_ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_641_024_000_123, "2022-01-01T08:00:00.123Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(iso8601(at_ms), text);
        }
    }
}
