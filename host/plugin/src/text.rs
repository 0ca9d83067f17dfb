//! Strangers' text made fit for a terminal and a log line. Knows nothing of where the text came from.

pub(crate) use writ_grant::is_unsafe;

/// The text without control characters other than line feed and tab, so that it can't steer a terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| {
            if is_unsafe(c) && c != '\n' && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// At most `chars_max` characters of the text on one line, with `…` where something was left out.
pub(crate) fn clip(text: &str, chars_max: usize) -> String {
    let mut rest = text.chars();
    let mut clipped: String = rest
        .by_ref()
        .take(chars_max)
        .map(|c| if is_unsafe(c) { '\u{fffd}' } else { c })
        .collect();
    if rest.next().is_some() {
        clipped.push('…');
    }
    clipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_lose_their_power() {
        assert_eq!(plain("a\u{1b}[31mb\nc"), "a\u{fffd}[31mb\nc");
        assert_eq!(plain("pay\u{202e}gpj"), "pay\u{fffd}gpj");
    }

    #[test]
    fn clips_by_characters() {
        assert_eq!(clip("äöü", 2), "äö…");
        assert_eq!(clip("äö", 2), "äö");
        assert_eq!(clip("a\nb", 9), "a\u{fffd}b");
    }
}
