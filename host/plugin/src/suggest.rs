//! "Did you mean": the nearest of some known words. Knows nothing of what the words stand for.

/// Words longer than this are not compared: a suggestion isn't worth quadratic work on a stranger's text.
const WORD_BYTES_MAX: usize = 64;

/// The known word nearest to `word`, if one is near enough to be what was meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > WORD_BYTES_MAX {
        return None;
    }
    let limit = (word.len() / 3).max(1);
    known
        .into_iter()
        .filter(|candidate| candidate.len() <= WORD_BYTES_MAX)
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `did you mean "x"?` when something is near, otherwise the list of what exists.
pub(crate) fn hint<'a, I>(word: &str, known: I, what: &str) -> String
where
    I: IntoIterator<Item = &'a str> + Clone,
{
    if let Some(found) = nearest(word, known.clone()) {
        return format!("did you mean `{found}`?");
    }
    let mut words = known.into_iter();
    let shown: Vec<&str> = words.by_ref().take(LISTED_MAX).collect();
    let more = if words.next().is_some() { ", …" } else { "" };
    if shown.is_empty() {
        format!("there is no {what} at all")
    } else {
        format!("{what}: {}{more}", shown.join(", "))
    }
}

/// How many known words a message lists.
const LISTED_MAX: usize = 16;

/// Edits (insert, remove, replace, swap two neighbours) between two words, three rows at a time.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1; b.len() + 1];
        for j in 0..b.len() {
            let replaced = last[j] + usize::from(a[i] != b[j]);
            row[j + 1] = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                row[j + 1] = row[j + 1].min(before_last[j - 1] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_near_and_leaves_the_far() {
        let known = ["capability", "reason", "optional"];
        assert_eq!(nearest("capabillity", known), Some("capability"));
        assert_eq!(nearest("resaon", known), Some("reason"));
        assert_eq!(nearest("banana", known), None);
        assert_eq!(nearest(&"x".repeat(1000), known), None);
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
        assert_eq!(distance("note", "noet"), 1);
    }

    #[test]
    fn hint_lists_when_nothing_is_near() {
        assert_eq!(hint("zzz", ["a", "b"], "functions"), "functions: a, b");
        assert_eq!(hint("zzz", [], "functions"), "there is no functions at all");
    }
}
