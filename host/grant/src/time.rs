//! Times as people write them: RFC 3339 to and from milliseconds since 1970, in UTC. Has no clock.

const DAY_MS: u64 = 86_400_000;
/// The last millisecond of the year 9999: RFC 3339 can't write more.
const LAST_MS: u64 = 253_402_300_799_999;

/// The time as text, in UTC with whole milliseconds: `2026-11-21T01:08:03.250Z`. What comes after the year 9999 is written as its end.
#[must_use]
pub fn rfc3339(ms: u64) -> String {
    let ms = ms.min(LAST_MS);
    let (year, month, day) = date(ms / DAY_MS);
    let (second, milli) = (ms % DAY_MS / 1000, ms % 1000);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The milliseconds since 1970 of an RFC 3339 time, in UTC or with an offset. Finer fractions are cut off; there are no leap seconds.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let shape = b"0000-00-00T00:00:00";
    let start = bytes.get(..shape.len())?;
    if !start.iter().zip(shape).all(|(b, s)| {
        if *s == b'0' {
            b.is_ascii_digit()
        } else {
            b == s
        }
    }) {
        return None;
    }
    let number = |from: usize, to: usize| {
        text.get(from..to)
            .and_then(|digits| digits.parse::<u64>().ok())
    };
    let days = days(number(0, 4)?, number(5, 7)?, number(8, 10)?)?;
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (milli, offset) = fraction(&text[shape.len()..])?;
    let local = days * DAY_MS + (hour * 3600 + minute * 60 + second) * 1000 + milli;
    let ms = local.checked_add_signed(-offset_ms(offset)?)?;
    // In UTC it may lie in a year that can't be written.
    (ms <= LAST_MS).then_some(ms)
}

/// The milliseconds of `.123456` at the start, and what follows.
fn fraction(text: &str) -> Option<(u64, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    let milli = rest[..end]
        .bytes()
        .chain(*b"00")
        .take(3)
        .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    (1..=9).contains(&end).then_some((milli, &rest[end..]))
}

fn offset_ms(text: &str) -> Option<i64> {
    let sign = match text.bytes().next()? {
        b'Z' if text.len() == 1 => return Some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hour, minute) = text[1..].split_once(':')?;
    let two = |part: &str| {
        part.parse::<i64>()
            .ok()
            .filter(|_| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    (hour < 24 && minute < 60).then_some(sign * (hour * 60 + minute) * 60_000)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 => 28 + u64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from the start of 1970 to the start of a year.
fn days_before(year: u64) -> u64 {
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    (year - 1970) * 365 + leaps(year - 1) - leaps(1969)
}

/// Days since 1970 of a date that exists.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if year < 1970 || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    Some(days_before(year) + (1..month).map(|month| days_in(year, month)).sum::<u64>() + day - 1)
}

/// The date of a day since 1970.
fn date(day: u64) -> (u64, u64, u64) {
    let mut year = 1970 + day / 366;
    while days_before(year + 1) <= day {
        year += 1;
    }
    let mut left = day - days_before(year);
    let mut month = 1;
    while left >= days_in(year, month) {
        left -= days_in(year, month);
        month += 1;
    }
    (year, month, left + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_times() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (1_798_761_600_001, "2027-01-01T00:00:00.001Z"),
            (LAST_MS, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(rfc3339(ms), text);
            assert_eq!(parse_rfc3339(text), Some(ms));
        }
        assert_eq!(rfc3339(u64::MAX), rfc3339(LAST_MS));
    }

    #[test]
    fn other_spellings() {
        let expected = parse_rfc3339("2026-11-21T01:08:03.250Z");
        for text in [
            "2026-11-21T01:08:03.25Z",
            "2026-11-21T01:08:03.250999Z",
            "2026-11-21T02:08:03.250+01:00",
            "2026-11-20T19:38:03.250-05:30",
        ] {
            assert_eq!(parse_rfc3339(text), expected, "{text}");
        }
        assert_eq!(
            parse_rfc3339("2026-11-21T01:08:03Z")
                .map(rfc3339)
                .as_deref(),
            Some("2026-11-21T01:08:03.000Z")
        );
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "2026-11-21",
            "2026-11-21 01:08:03Z",
            "2026-11-21T01:08:03",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567890Z",
            "2026-01-01T00:00:00Zx",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00++1:00",
            "2026-01-01T00:00:00é",
            "2026-01-01T00:00:00.1",
            "+026-01-01T00:00:00Z",
            "é026-01-01T00:00:00Z",
            "9999-12-31T23:59:59-00:01",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_and_back(ms in 0..=LAST_MS) {
            prop_assert_eq!(parse_rfc3339(&rfc3339(ms)), Some(ms));
        }

        #[test]
        fn text_sorts_like_time(a in 0..=LAST_MS, b in 0..=LAST_MS) {
            prop_assert_eq!(rfc3339(a).cmp(&rfc3339(b)), a.cmp(&b));
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = parse_rfc3339(&text);
        }
    }
}
