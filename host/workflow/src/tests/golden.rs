//! Files that hold documents and, after each, what is said about it, a line each that begins with `! `.
//!
//! A document that does not begin with `document:`, a comment or a list gets a proper header as its first line.

use crate::Diagnostic;

const HEAD: &str = "document: {dsl: 1.0.3, namespace: a, name: b, version: 0.0.1}\n";

/// Holds every case of a file to what `judge` finds in its document.
pub(super) fn hold(cases: &str, judge: impl Fn(&str) -> Vec<Diagnostic>) {
    for case in cases.split_inclusive("\n===\n") {
        let case = case.trim_end_matches("===\n");
        let document: String = case
            .split_inclusive('\n')
            .filter(|line| !line.starts_with("! "))
            .collect();
        let actual = format!("{document}{}", found(&document, &judge));
        assert_eq!(
            actual, case,
            "\n--- found:\n{actual}\n--- expected:\n{case}"
        );
    }
}

pub(super) fn found(document: &str, judge: impl Fn(&str) -> Vec<Diagnostic>) -> String {
    let whole = document.starts_with(['#', '[', 'j']) || document.starts_with("document:");
    let text = if whole {
        document.to_owned()
    } else {
        format!("{HEAD}{document}")
    };
    judge(&text)
        .iter()
        .map(|found| format!("! {}\n", found.to_string().trim_start_matches("x:")))
        .collect()
}
