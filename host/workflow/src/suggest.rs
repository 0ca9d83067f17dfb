//! The nearest of the words that would have been right.
//!
//! Knows nothing of documents.

/// Longer words are not compared: nobody mistypes them by a letter or two, and the comparison is quadratic.
const WORD_CHARS_MAX: usize = 40;

/// So many words are compared; a stranger may have declared very many.
const WORDS_MAX: usize = 200;
/// More slips than this make another word.
const SLIPS_MAX: usize = 3;

/// The known word closest to what was written, if it is close enough to have been meant.
pub(crate) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = ((written.chars().count() + 1) / 3).min(SLIPS_MAX);
    let length = written.chars().count();
    known
        .into_iter()
        .filter(|word| word.chars().count().abs_diff(length) <= allowed)
        .take(WORDS_MAX)
        .filter_map(|word| Some((distance(written, word)?, word)))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Help text for a wrong word: the nearest one, else the whole list when it is short enough to read.
pub(crate) fn help<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
    of: &str,
) -> Option<String> {
    const LISTED_MAX: usize = 20;
    if let Some(word) = nearest(written, known.clone()) {
        return Some(format!("did you mean `{word}`?"));
    }
    let words: Vec<String> = known
        .into_iter()
        .take(LISTED_MAX + 1)
        .map(|word| format!("`{word}`"))
        .collect();
    match words.len() {
        0 => None,
        1..=LISTED_MAX => Some(format!("{of}: {}", words.join(", "))),
        _ => Some(format!("{of}: {}, …", words[..LISTED_MAX].join(", "))),
    }
}

/// Edits (insert, remove, replace, swap neighbours; case is free) between two words; `None` when either is too long.
fn distance(left: &str, right: &str) -> Option<usize> {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    if left.len().max(right.len()) > WORD_CHARS_MAX {
        return None;
    }
    let mut rows = vec![(0..=right.len()).collect::<Vec<usize>>()];
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised() {
        assert_eq!(nearest("thne", ["then", "timeout"]), Some("then"));
        assert_eq!(nearest("Timeout", ["then", "timeout"]), Some("timeout"));
        assert_eq!(nearest("swich", ["switch", "set"]), Some("switch"));
    }

    #[test]
    fn another_word_is_not() {
        assert_eq!(nearest("foo", ["then", "timeout"]), None);
        assert_eq!(nearest("", ["then"]), None);
        assert_eq!(nearest("a", ["b"]), None);
        assert_eq!(nearest(&"x".repeat(1000), ["x"]), None);
    }

    #[test]
    fn without_a_near_word_the_list_is_shown() {
        assert_eq!(
            help("zzz", ["a", "b"], "known").as_deref(),
            Some("known: `a`, `b`")
        );
        assert_eq!(help("zzz", [], "known"), None);
    }
}
