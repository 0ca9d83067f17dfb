//! Text that wants to exhaust, confuse or crash its reader: a clear refusal, soon.

use std::fmt::Write as _;

use super::corpus::parsed;
use crate::{
    DOCUMENT_BYTES_MAX, KEY_BYTES_MAX, NESTING_DEPTH_MAX, TASKS_MAX, diagnostic::DIAGNOSTICS_MAX,
    parse,
};

const HEAD: &str = "document: {dsl: 1.0.3, namespace: a, name: b, version: 0.0.1}\n";

fn first(text: &str) -> String {
    parse(text, "x")
        .expect_err("a refusal")
        .first()
        .expect("a diagnostic")
        .message
        .clone()
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut text = format!("{HEAD}a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(9);
        writeln!(text, "a{level}: &a{level} [{before}]").expect("text");
    }
    assert!(
        first(&text).contains("more than 500000 values"),
        "{}",
        first(&text)
    );
}

#[test]
fn aliases_of_long_text_are_refused_too() {
    let long = "y".repeat(1_000_000);
    let text = format!("{HEAD}a: &a {long}\nb: [{}]\n", "*a, ".repeat(5000));
    assert!(first(&text).contains("more than 500000 values"));
}

#[test]
fn an_alias_of_itself_and_of_nothing_is_refused() {
    for text in ["a: &a [*a]", "a: *nothing", "&a a: *a"] {
        assert!(parse(text, "x").is_err(), "{text}");
    }
}

#[test]
fn deep_nesting_is_refused_without_using_the_stack() {
    for open in ["[", "{a: ", "- ", "a:\n "] {
        let text = open.repeat(100_000);
        assert!(parse(&text, "x").is_err(), "{open}");
    }
    let block: String = (0..500)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    assert!(first(&block).contains(&format!("more than {NESTING_DEPTH_MAX} deep")));
    let mut aliased = "a0: &a0 [x]\n".to_owned();
    for level in 1..=NESTING_DEPTH_MAX {
        writeln!(aliased, "a{level}: &a{level} [*a{}]", level - 1).expect("text");
    }
    assert!(
        first(&aliased).contains("more than 64 levels"),
        "{}",
        first(&aliased)
    );
}

#[test]
fn ten_megabytes_are_refused_at_once() {
    let text = format!(
        "{HEAD}do:\n  - a: {{set: {{x: {}}}}}\n",
        "z".repeat(10 * 1024 * 1024)
    );
    assert!(first(&text).contains(&format!("at most {DOCUMENT_BYTES_MAX} are read")));
}

#[test]
fn many_tasks_are_read_and_too_many_refused() {
    let document = |tasks: usize| {
        let tasks: String = (0..tasks)
            .map(|at| {
                format!(
                    "  - t{at}: {{set: {{a: '${{ .b }}'}}, then: t{}}}\n",
                    tasks - 1
                )
            })
            .collect();
        format!("{HEAD}do:\n{tasks}")
    };
    assert_eq!(parsed("x", &document(TASKS_MAX)).tasks.len(), TASKS_MAX);
    assert_eq!(
        first(&document(TASKS_MAX + 1)),
        "the document holds more than 10000 tasks"
    );
}

#[test]
fn tasks_that_hold_each_other_do_not_multiply_what_is_kept() {
    let mut inner = format!("[{{leaf: {{set: {{a: [{}]}}}}}}]", "1,".repeat(200_000));
    for level in 0..19 {
        inner = format!("[{{t{level}: {{do: {inner}}}}}]");
    }
    assert_eq!(
        first(&format!("{HEAD}do: {inner}\n")),
        "the document's tasks are too large and too deep in each other"
    );
}

#[test]
fn functions_in_a_long_chain_are_no_recursion() {
    let mut text = format!("{HEAD}use:\n  functions:\n    f0: {{set: {{a: 1}}}}\n");
    for at in 1..5000 {
        writeln!(text, "    f{at}: {{call: f{}}}", at - 1).expect("text");
    }
    text.push_str("do:\n  - a: {call: f4999}\n");
    assert_eq!(parsed("x", &text).tasks.len(), 5001);
}

#[test]
fn names_with_unprintable_characters_are_refused() {
    for bad in ["\\u0007", "\\n", "\\u202E", "\\0", "\\u200B"] {
        let message = first(&format!("{HEAD}do:\n  - \"a{bad}b\": {{set: {{a: 1}}}}\n"));
        assert!(
            message.contains("unprintable character U+"),
            "{bad}: {message}"
        );
    }
    let long = "n".repeat(KEY_BYTES_MAX + 1);
    assert!(first(&format!("{HEAD}do:\n  - {long}: {{set: {{a: 1}}}}\n")).contains("257 bytes"));
}

#[test]
fn messages_carry_nothing_that_a_terminal_obeys() {
    let text =
        format!("{HEAD}do:\n  - a: {{wait: \"\\e[2J\\u202E\"}}\n  - b: {{call: \"x\\ny\"}}\n");
    for found in parse(&text, "x").expect_err("errors") {
        assert!(
            !found.to_string().contains(['\u{1b}', '\u{202e}', '\n']),
            "{found:?}"
        );
    }
}

#[test]
fn diagnostics_are_bounded_and_errors_are_kept() {
    let warnings: String = (0..500)
        .map(|at| format!("  - w{at}: {{set: {{a: 'x ${{ .b }}'}}}}\n"))
        .collect();
    let errors: String = (0..500)
        .map(|at| format!("  - e{at}: {{zzz: 1}}\n"))
        .collect();
    let found = parse(&format!("{HEAD}do:\n{warnings}{errors}"), "x").expect_err("errors");
    assert_eq!(found.len(), DIAGNOSTICS_MAX);
    assert!(found.iter().all(crate::Diagnostic::is_error));
    let only = parsed("x", &format!("{HEAD}do:\n{warnings}"));
    assert_eq!(only.source.warnings().len(), DIAGNOSTICS_MAX);
}

#[test]
fn many_wrong_names_are_not_all_looked_up() {
    let keys: String = (0..200_000).map(|at| format!("key{at}: 1\n")).collect();
    assert_eq!(
        parse(&keys, "x").expect_err("errors").len(),
        DIAGNOSTICS_MAX
    );
    let functions: String = (0..9_000)
        .map(|at| format!("    {}{at}: {{set: {{a: 1}}}}\n", "f".repeat(50)))
        .collect();
    let calls: String = (0..900)
        .map(|at| format!("  - t{at}: {{call: {}x{at}}}\n", "f".repeat(50)))
        .collect();
    let text = format!("{HEAD}use:\n  functions:\n{functions}do:\n{calls}");
    assert_eq!(
        parse(&text, "x").expect_err("errors").len(),
        DIAGNOSTICS_MAX
    );
}

#[test]
fn json_as_other_programs_write_it_is_read() {
    let text = "{\n\t\"document\": {\"dsl\": \"1.0.3\", \"namespace\": \"a\", \"name\": \"b\", \"version\": \"0.0.1\", \"title\": \"\\ud83d\\ude00 \\/ \\u00e9\"},\n\t\"do\": [\n\t\t{\"a\": {\"set\": {\"b\": 1e3, \"c\": [], \"d\": {}}}}\n\t]\n}";
    assert_eq!(parsed("x", text).document.title.as_deref(), Some("😀 / é"));
}
