//! RFC 3339 times: what is read is written back as the same moment.

use writ_grant::{parse_rfc3339, rfc3339};

use super::Target;
use crate::seeds;

pub(super) const TARGET: Target = Target {
    name: "time",
    check,
    seeds,
    words: &[
        "Z",
        "+00:00",
        "-23:59",
        "+23:59",
        "9999",
        "1970",
        "-02-29",
        "T24",
        ".000000001",
        ":60",
    ],
    rounds: 6_000,
    bytes_max: 64,
};

fn seeds() -> Vec<Vec<u8>> {
    seeds::texts(&[
        "2026-11-21T01:08:03.250Z",
        "1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999+00:00",
        "2024-02-29T12:00:00-05:30",
        "9999-12-31T23:59:59-00:01",
    ])
}

fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Some(ms) = parse_rfc3339(text) {
        let written = rfc3339(ms);
        assert_eq!(
            parse_rfc3339(&written),
            Some(ms),
            "{text:?} is read as {ms} ms and written {written}"
        );
    }
}
