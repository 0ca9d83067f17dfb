//! Patterns that the schema gives for text, as plain functions.
//!
//! Knows nothing of nodes or places.

/// Whether text is wholly `${ … }`.
pub(crate) fn is_expression(text: &str) -> bool {
    unwrap_expression(text).is_some()
}

/// The inside of `${ … }`, trimmed.
pub(crate) fn unwrap_expression(text: &str) -> Option<&str> {
    text.trim()
        .strip_prefix("${")?
        .strip_suffix('}')
        .map(str::trim)
}

/// Whether `${` stands somewhere in text that is not wholly an expression, or a second time in text that looks as if it were:
/// its author probably expects interpolation, which the DSL does not have.
pub(crate) fn looks_interpolated(text: &str) -> bool {
    match unwrap_expression(text) {
        None => text.contains("${"),
        Some(inner) => inner.find("${").is_some_and(|at| inner[..at].contains('}')),
    }
}

/// A DNS label: names and namespaces of workflows.
pub(crate) fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// A host name as the schema has it for gRPC services.
pub(crate) fn is_host(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

/// The name of a jq variable.
pub(crate) fn is_variable(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A URI, a relative reference, or a template of one, loosely: not empty, no white space, no expression, braces balanced.
pub(crate) fn is_uri_template(text: &str) -> bool {
    let mut inside = false;
    for c in text.chars() {
        match c {
            '{' if inside => return false,
            '{' => inside = true,
            '}' if !inside => return false,
            '}' => inside = false,
            '"' | '<' | '>' | '\\' | '^' | '`' => return false,
            _ if c.is_whitespace() || c.is_control() => return false,
            _ => {}
        }
    }
    !text.is_empty() && !inside && !text.starts_with("${") && !text.starts_with(':')
}

/// A JSON Pointer: empty, or segments that each begin with `/`.
pub(crate) fn is_json_pointer(text: &str) -> bool {
    let escapes = text
        .split('~')
        .skip(1)
        .all(|rest| rest.starts_with(['0', '1']));
    (text.is_empty() || text.starts_with('/')) && escapes
}

/// RFC 3339 date and time, loosely: the calendar is not checked beyond ranges.
pub(crate) fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't']) else {
        return false;
    };
    let Some(offset) = time.find(['Z', 'z', '+', '-']) else {
        return false;
    };
    let (clock, zone) = time.split_at(offset);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let zone_fits =
        matches!(zone, "Z" | "z") || numbers(&zone[1..], ':', &[(2, 0, 23), (2, 0, 59)]);
    numbers(date, '-', &[(4, 0, 9999), (2, 1, 12), (2, 1, 31)])
        && numbers(clock, ':', &[(2, 0, 23), (2, 0, 59), (2, 0, 60)])
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && zone_fits
}

/// Whether text is numbers of given width and range between separators.
fn numbers(text: &str, separator: char, expected: &[(usize, u32, u32)]) -> bool {
    let parts: Vec<&str> = text.split(separator).collect();
    parts.len() == expected.len()
        && parts.iter().zip(expected).all(|(part, (width, min, max))| {
            part.len() == *width
                && part.bytes().all(|byte| byte.is_ascii_digit())
                && part
                    .parse::<u32>()
                    .is_ok_and(|number| (*min..=*max).contains(&number))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_and_what_only_looks_like_them() {
        assert_eq!(unwrap_expression(" ${ .a } "), Some(".a"));
        assert_eq!(unwrap_expression("${.a"), None);
        assert!(!looks_interpolated("${ {a: 1} }"));
        assert!(looks_interpolated("hello ${ .name }"));
        assert!(looks_interpolated("${ .a } and ${ .b }"));
        assert!(!looks_interpolated("costs $5"));
    }

    #[test]
    fn labels_and_variables() {
        assert!(is_label("order-7") && is_label("A") && is_label(&"a".repeat(63)));
        assert!(
            !is_label("")
                && !is_label("-a")
                && !is_label("a-")
                && !is_label("a_b")
                && !is_label(&"a".repeat(64))
        );
        assert!(
            is_variable("_item1") && !is_variable("1a") && !is_variable("$a") && !is_variable("")
        );
        assert!(is_host("a.example.org") && !is_host(".a") && !is_host("a_b"));
    }

    #[test]
    fn uris_pointers_and_times() {
        assert!(
            is_uri_template("https://a.example/{id}")
                && is_uri_template("urn:x:y")
                && is_uri_template("/relative")
        );
        assert!(
            !is_uri_template("")
                && !is_uri_template("a b")
                && !is_uri_template("${ .x }")
                && !is_uri_template("a{b")
        );
        assert!(
            is_json_pointer("")
                && is_json_pointer("/do/0/a~1b")
                && !is_json_pointer("do")
                && !is_json_pointer("/a~2")
        );
        assert!(
            is_date_time("2026-01-31T10:00:00Z") && is_date_time("2026-01-31T10:00:00.5+01:00")
        );
        assert!(
            !is_date_time("2026-13-31T10:00:00Z")
                && !is_date_time("2026-01-31")
                && !is_date_time("x")
        );
    }
}
