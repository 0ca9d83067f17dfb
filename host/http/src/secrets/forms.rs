//! The texts that a value may have become on its way back: as it is, in base64 or out of it, percent-encoded, in JSON, in HTML.

use base64::{
    Engine,
    engine::{
        GeneralPurpose,
        general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
    },
};
use zeroize::Zeroizing;

use super::SECRET_BYTES_MIN;

/// What encoders of URLs leave as it is, besides letters and digits.
const KEPT: [&[u8]; 4] = [
    b"-._~",
    // `encodeURIComponent`
    b"-_.!~*'()",
    // `encodeURI`, and what a path or a query may hold
    b"-_.!~*'();/?:@&=+$,#",
    // Forms.
    b"-._*",
];

/// Each form once, the longest first.
pub(super) fn of(value: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms = vec![Zeroizing::new(value.to_vec())];
    // What goes out as `Basic …` may come back as what it says.
    if let Ok(decoded) = STANDARD.decode(value).map(Zeroizing::new)
        && decoded.len() >= SECRET_BYTES_MIN
    {
        forms.push(decoded);
    }
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        forms.extend((0..3).map(|before| base64(&engine, value, before)));
    }
    for kept in KEPT {
        for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
            forms.push(percent(value, kept, digits, b"%20"));
            forms.push(percent(value, kept, digits, b"+"));
        }
    }
    if let Ok(text) = std::str::from_utf8(value) {
        for hidden in [&[][..], &['/'], &['<', '>', '&']] {
            forms.extend([false, true].map(|ascii| json(text, hidden, ascii)));
        }
        forms.extend(["&#39;", "&#x27;"].map(|quote| html(text, quote)));
    }
    forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    forms.dedup();
    forms
}

/// The digits of base64 that say nothing but the value, when `before` bytes stand before it in a group of three. At most one digit on
/// either side also holds bits of its neighbours; it is left standing, and says less than a byte.
fn base64(engine: &GeneralPurpose, value: &[u8], before: usize) -> Zeroizing<Vec<u8>> {
    let shifted = Zeroizing::new([&vec![0; before][..], value].concat());
    let digits = Zeroizing::new(engine.encode(shifted.as_slice()).into_bytes());
    let first = (before * 8).div_ceil(6);
    let last = shifted.len() * 8 / 6;
    Zeroizing::new(digits[first..last].to_vec())
}

fn percent(value: &[u8], kept: &[u8], digits: &[u8; 16], blank: &[u8]) -> Zeroizing<Vec<u8>> {
    // Room for all of it at once: growing would leave copies behind.
    let mut text = Zeroizing::new(Vec::with_capacity(value.len() * 3));
    for byte in value {
        match byte {
            b' ' => text.extend_from_slice(blank),
            _ if byte.is_ascii_alphanumeric() || kept.contains(byte) => text.push(*byte),
            _ => {
                let digit = |four: u8| digits[usize::from(four)];
                text.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    text
}

/// As in a JSON string. Some writers also hide what has a meaning in HTML, and some all that isn't ASCII.
fn json(value: &str, hidden: &[char], ascii: bool) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(value.len() * 6));
    for c in value.chars() {
        match c {
            '"' => text.extend_from_slice(b"\\\""),
            '\\' => text.extend_from_slice(b"\\\\"),
            '/' if hidden.contains(&c) => text.extend_from_slice(b"\\/"),
            _ if hidden.contains(&c) || ascii && !c.is_ascii() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    text.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
            _ => text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    text
}

/// As in a page of HTML.
fn html(value: &str, quote: &str) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(value.len() * 6));
    for c in value.chars() {
        let mut own = [0; 4];
        let written = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => quote,
            _ => c.encode_utf8(&mut own),
        };
        text.extend_from_slice(written.as_bytes());
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_found(value: &[u8], text: &[u8]) -> bool {
        of(value)
            .iter()
            .any(|form| memchr::memmem::find(text, form).is_some())
    }

    proptest! {
        #[test]
        fn found_in_base64_wherever_it_stands(
            value in proptest::collection::vec(any::<u8>(), 8..40),
            before in proptest::collection::vec(any::<u8>(), 0..7),
            after in proptest::collection::vec(any::<u8>(), 0..7),
        ) {
            let text = [&before[..], &value, &after].concat();
            for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD, STANDARD] {
                prop_assert!(is_found(&value, engine.encode(&text).as_bytes()));
            }
        }

        #[test]
        fn found_in_json_and_in_urls(value in "[ -~äß€]{8,40}") {
            let escaped: String = value.bytes().map(|b| match b {
                b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => char::from(b).to_string(),
                b => format!("%{b:02X}"),
            }).collect();
            prop_assert!(is_found(value.as_bytes(), escaped.as_bytes()));
            let json = value.replace('\\', "\\\\").replace('"', "\\\"");
            prop_assert!(is_found(value.as_bytes(), json.as_bytes()));
            prop_assert!(is_found(value.as_bytes(), json.replace('/', "\\/").as_bytes()));
        }

        #[test]
        fn found_after_base64_and_in_pages(value in "[!-~]{8,40}") {
            prop_assert!(is_found(STANDARD.encode(&value).as_bytes(), value.as_bytes()));
            let page = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
            prop_assert!(is_found(value.as_bytes(), page.replace('\'', "&#39;").as_bytes()));
            let json = value.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "\\u0026");
            prop_assert!(is_found(value.as_bytes(), json.replace('<', "\\u003c").replace('>', "\\u003e").as_bytes()));
        }

        #[test]
        fn no_form_is_so_short_that_it_stands_anywhere(value in proptest::collection::vec(any::<u8>(), 8..40)) {
            prop_assert!(of(&value).iter().all(|form| form.len() >= 8));
        }
    }
}
