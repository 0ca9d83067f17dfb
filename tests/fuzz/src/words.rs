//! What every target asks of words that a person will read: they are few, and they can't steer or deceive a terminal.

/// No message needs more.
const MESSAGE_BYTES_MAX: usize = 8 << 10;

/// A message made from a stranger's text.
#[track_caller]
pub(crate) fn tame(message: &str) {
    let odd = message.chars().find(|c| writ_grant::is_unsafe(*c));
    assert!(odd.is_none(), "a message contains {odd:?}: {message:?}");
    assert!(
        message.len() <= MESSAGE_BYTES_MAX,
        "a message has {} bytes",
        message.len()
    );
}

/// Line and column, from 1, lie inside the text or one behind its end.
#[track_caller]
pub(crate) fn inside(text: &str, line: usize, column: usize) {
    let found = text.split('\n').nth(line.wrapping_sub(1));
    let columns = found.map_or(0, |line| line.chars().count() + 1);
    assert!(
        (1..=columns).contains(&column),
        "{line}:{column} is not in a text of {} lines, of which that one has {columns} columns",
        text.split('\n').count()
    );
}
