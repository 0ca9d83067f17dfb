//! Strangers' text made fit for a reviewer's screen, and "did you mean". Knows nothing of what the words stand for.

/// Most characters of a stranger's text that a message repeats.
const SHOWN_CHARS_MAX: usize = 80;
/// Longer words are not compared: a suggestion isn't worth quadratic work on a stranger's text.
const COMPARED_BYTES_MAX: usize = 64;

/// Control characters, and the marks that reorder or hide text on a screen. What a stranger says is shown without them, everywhere.
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
            | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text with everything [unsafe](is_unsafe) escaped: for a message that repeats what a stranger wrote.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The text in quotes, shortened, with everything odd escaped.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown = text.chars().take(SHOWN_CHARS_MAX).collect::<String>();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

/// The known word nearest to `word`, if one is near enough to be what was meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > COMPARED_BYTES_MAX {
        return None;
    }
    let limit = (word.len() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits (insert, remove, replace) between two words, one row at a time.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_near_and_leaves_the_far() {
        let known = ["fs:read", "fs:write", "kv:read"];
        assert_eq!(nearest("fs:raed", known), Some("fs:read"));
        assert_eq!(nearest("banana", known), None);
        assert_eq!(nearest(&"x".repeat(1000), known), None);
    }

    #[test]
    fn what_steers_or_hides_is_escaped() {
        assert_eq!(
            printable("é\u{1b}[2J\u{202e}\u{e0041}"),
            "é\\u{1b}[2J\\u{202e}\\u{e0041}"
        );
    }

    #[test]
    fn quoting_is_bounded_and_tame() {
        assert_eq!(quoted("a\u{1b}[2J"), "\"a\\u{1b}[2J\"");
        assert!(quoted(&"x".repeat(10_000)).len() < 100);
    }
}
