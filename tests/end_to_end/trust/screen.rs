//! What a reviewer sees is what is there: nothing that a plugin, a workflow or another reviewer wrote moves the cursor.

use writ_tests::Said;

use super::{Desk, has};

const ASKS: &str = "[[request]]\ncapability = \"config:read:currency\"\nreason = \"what money\"\n";
/// Up one line, and away with it.
const ERASES: &str = "EUR\u{1b}[1A\u{1b}[2K\r\u{202e}";

/// Nothing of it steers a terminal.
fn tame(said: &Said) {
    for text in [&said.out, &said.err] {
        let steers = |c: &char| (c.is_control() && *c != '\n') || *c == '\u{202e}';
        assert_eq!(text.chars().find(steers), None, "{text:?}");
    }
}

#[test]
fn one_reviewers_writ_cannot_hide_a_line_from_the_next() {
    let desk = Desk::strict(ASKS);
    for name in ["alice", "bob"] {
        let _ = desk.key(name, "reviewer");
    }
    let allow = format!("config:read:currency={ERASES}");
    let approve = [
        "grant", "approve", ".", "files", "--key", "alice", "--allow", &allow,
    ];
    for look in [
        &approve[..],
        &["grant", "sign", ".", "files", "--key", "bob"],
        &["grant", "list"],
    ] {
        let said = desk.writ(look).expect(0);
        tame(&said);
        has(&said.out, &["= EUR\\u{1b}[1A\\u{1b}[2K\\r\\u{202e}"]);
    }
    // A tool is told the very value.
    let listed = desk.writ(&["grant", "list", "--json"]).expect(0);
    tame(&listed);
    assert_eq!(listed.json()[0]["grants"][0]["value"], ERASES);
}

#[test]
fn a_title_is_one_line_and_an_error_is_tame() {
    let desk = Desk::strict(ASKS);
    let _ = desk.key("alice", "reviewer");
    desk.change(
        "workflow.yaml",
        "  version: '0.1.0'\n",
        "  version: '0.1.0'\n  title: \"pays\\e[2K\\n  approved\\u202e\"\n",
    );
    let said = desk.writ(&["grant", "review"]).expect(0);
    tame(&said);
    has(&said.out, &["  pays\\u{1b}[2K\\n  approved\\u{202e}\n"]);
    // The text itself is shown beside an error.
    desk.change(
        "workflow.yaml",
        "call: 'read:0.1.0@files'",
        "call: 'nothing:0.1.0@files' # \u{202e}",
    );
    let said = desk.writ(&["check", "."]).expect(3);
    tame(&said);
    has(&said.err, &["nothing:0.1.0@files", "# ???"]);
}
