//! Laws: whatever is done to a document, reading it ends in a workflow or in diagnostics that lie inside of it.

use proptest::prelude::*;
use writ_grant::Authority;

use super::corpus::CORPUS;
use crate::{Catalog, Diagnostic, ExpressionErrors, check, diagnostic::DIAGNOSTICS_MAX, parse};

/// Text that means something to YAML, to the DSL, or to careless readers.
const PIECES: [&str; 36] = [
    "",
    " ",
    "  ",
    "\n",
    "\r",
    "\t",
    ":",
    ": ",
    "- ",
    "? ",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "#",
    "&a ",
    "*a",
    "!",
    "!!int ",
    "|",
    ">",
    "%",
    "---\n",
    "...\n",
    "\0",
    "é",
    "😀",
    "${",
    "}",
    "then: ",
    "do:",
    "null",
    "9999999999999999999999",
    "\u{feff}",
];

#[derive(Debug, Clone)]
enum Change {
    Insert(usize, usize),
    Remove(usize, usize),
    Move(usize, usize, usize),
    Cut(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (any::<usize>(), 0..PIECES.len()).prop_map(|(at, piece)| Change::Insert(at, piece)),
        3 => (any::<usize>(), 1..40usize).prop_map(|(at, length)| Change::Remove(at, length)),
        2 => (any::<usize>(), 1..80usize, any::<usize>()).prop_map(|(at, length, to)| Change::Move(at, length, to)),
        1 => any::<usize>().prop_map(Change::Cut),
    ]
}

fn apply(text: &str, changes: &[Change]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for change in changes {
        let length = text.len().max(1);
        match *change {
            Change::Insert(at, piece) => {
                let at = at % length;
                text.splice(
                    at.min(text.len())..at.min(text.len()),
                    PIECES[piece].chars(),
                );
            }
            Change::Remove(at, count) => {
                let at = (at % length).min(text.len());
                text.drain(at..(at + count).min(text.len()));
            }
            Change::Move(at, count, to) => {
                let at = (at % length).min(text.len());
                let moved: Vec<char> = text.drain(at..(at + count).min(text.len())).collect();
                let to = to % (text.len() + 1);
                text.splice(to..to, moved);
            }
            Change::Cut(at) => text.truncate(at % length),
        }
    }
    text.into_iter().collect()
}

fn lies_inside(found: &Diagnostic, text: &str) -> bool {
    let span = found.span;
    let line = text.split('\n').count() + text.matches('\r').count();
    span.start <= span.end
        && span.end <= text.len()
        && text.is_char_boundary(span.start)
        && text.is_char_boundary(span.end)
        && (1..=line + 1).contains(&span.line)
        && span.column >= 1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_changed_document_is_read_or_refused(which in 0..CORPUS.len(), changes in prop::collection::vec(change(), 1..12)) {
        let text = apply(CORPUS[which].1, &changes);
        match parse(&text, "x") {
            Ok(workflow) => {
                drop(check(&workflow, "x", &Catalog::new(), &Authority::none("a/b"), &ExpressionErrors::new()));
                prop_assert!(workflow.root.iter().all(|index| (index.0 as usize) < workflow.tasks.len()));
                prop_assert!(workflow.source.warnings().iter().all(|found| !found.is_error()));
            }
            Err(found) => {
                prop_assert!(found.iter().any(Diagnostic::is_error));
                prop_assert!(found.len() <= DIAGNOSTICS_MAX);
                for found in &found {
                    prop_assert!(lies_inside(found, &text), "{found:?}");
                }
            }
        }
    }

    #[test]
    fn noise_is_refused(text in "\\PC{0,300}") {
        prop_assert!(parse(&text, "x").is_err());
    }

    #[test]
    fn pieces_of_yaml_are_refused(pieces in prop::collection::vec(0..PIECES.len(), 0..60)) {
        let text: String = pieces.iter().map(|piece| PIECES[*piece]).collect();
        prop_assert!(parse(&text, "x").is_err());
    }
}
