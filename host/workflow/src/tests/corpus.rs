//! Valid documents that together hold every construct of the schema, as YAML and as JSON.

use serde_json::{Value as Json, json};

use crate::{
    diagnostic::Report,
    model::{Backoff, CallTarget, Duration, Flow, Task, TaskKind, Template, Workflow},
    parse, yaml,
};

/// Name and text of every document of the corpus.
pub(super) const CORPUS: [(&str, &str); 6] = [
    ("plain.yaml", include_str!("../../corpus/plain.yaml")),
    ("uses.yaml", include_str!("../../corpus/uses.yaml")),
    (
        "protocols.yaml",
        include_str!("../../corpus/protocols.yaml"),
    ),
    ("events.yaml", include_str!("../../corpus/events.yaml")),
    (
        "processes.yaml",
        include_str!("../../corpus/processes.yaml"),
    ),
    ("loose.yaml", include_str!("../../corpus/loose.yaml")),
];

pub(super) fn json_of(text: &str) -> Json {
    yaml::read(text, &mut Report::new("x"))
        .expect("a tree")
        .to_json()
}

pub(super) fn parsed(file: &str, text: &str) -> Workflow {
    parse(text, file).unwrap_or_else(|found| {
        panic!(
            "{}",
            found
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        )
    })
}

/// What a workflow does, without places in its text.
fn essence(workflow: &Workflow) -> Vec<(String, String, Json)> {
    let task = |task: &Task| {
        (
            task.reference.to_string(),
            format!("{:?}", task.then),
            (*task.definition).clone(),
        )
    };
    workflow.tasks.iter().map(task).collect()
}

#[test]
fn yaml_and_json_are_the_same_workflow() {
    for (file, text) in CORPUS {
        let from_yaml = parsed(file, text);
        let json = json_of(text);
        for text in [
            json.to_string(),
            serde_json::to_string_pretty(&json).expect("JSON"),
        ] {
            let from_json = parsed(file, &text);
            assert_eq!(essence(&from_yaml), essence(&from_json), "{file}");
            assert_eq!(from_yaml.definition, from_json.definition, "{file}");
            assert_eq!(
                crate::expressions(&from_yaml).len(),
                crate::expressions(&from_json).len(),
                "{file}"
            );
        }
    }
}

fn task<'w>(workflow: &'w Workflow, reference: &str) -> &'w Task {
    workflow
        .tasks
        .iter()
        .find(|task| &*task.reference == reference)
        .unwrap_or_else(|| panic!("no {reference}"))
}

#[test]
fn a_plain_document_is_read_as_written() {
    let workflow = parsed("plain.yaml", CORPUS[0].1);
    assert_eq!(workflow.document.title.as_deref(), Some("Pay invoices"));
    assert_eq!(workflow.root.len(), 6);
    assert!(matches!(
        workflow.timeout,
        Some(Duration::Milliseconds(3_600_000))
    ));
    assert!(
        matches!(&workflow.input.from, Some(Template::Expression(from)) if &*from.source == ".folder")
    );

    let read = task(&workflow, "/do/0/read");
    let TaskKind::Call(call) = &read.kind else {
        panic!("{read:?}")
    };
    let target = CallTarget::Plugin {
        plugin: "invoice-reader".to_owned(),
        version: "0.1.0".to_owned(),
        function: "read".to_owned(),
    };
    assert_eq!(call.target, target);
    let Template::Object(with) = &call.with else {
        panic!("{:?}", call.with)
    };
    assert!(matches!(&with[0], (key, Template::Expression(_)) if key == "folder"));

    assert_eq!(task(&workflow, "/do/1/nothing").then, Flow::End);
    let TaskKind::For(each) = &task(&workflow, "/do/2/each").kind else {
        panic!()
    };
    assert_eq!(
        (each.each.as_str(), each.at.as_str(), each.concurrency),
        ("invoice", "position", Some(8))
    );

    let TaskKind::Switch(cases) = &task(&workflow, "/do/2/each/do/1/decide").kind else {
        panic!()
    };
    let flows: Vec<&Flow> = cases.iter().map(|case| &case.then).collect();
    assert_eq!(flows, [&Flow::Goto(3), &Flow::Exit, &Flow::Continue]);

    let TaskKind::Try(pay) = &task(&workflow, "/do/2/each/do/3/pay").kind else {
        panic!()
    };
    assert_eq!(pay.errors["status"], json!(408));
    let retry = pay.retry.as_ref().expect("a policy");
    assert_eq!(
        (retry.backoff, retry.attempts_max),
        (Backoff::Exponential, Some(5))
    );
    assert_eq!(
        (pay.r#as.as_str(), &pay.then),
        ("problem", &Some(Flow::Exit))
    );
    assert_eq!(
        &*task(&workflow, "/do/2/each/do/3/pay/catch/do/0/note").name,
        "note"
    );
}

#[test]
fn places_are_exact() {
    let workflow = parsed("plain.yaml", CORPUS[0].1);
    let text = CORPUS[0].1;
    for task in &workflow.tasks {
        assert_eq!(
            &text[task.span.start..task.span.end],
            task.name,
            "{}",
            task.reference
        );
        let line = text.lines().nth(task.span.line - 1).expect("a line");
        assert!(
            line[task.span.column - 1..].starts_with(&task.name),
            "{}",
            task.reference
        );
        assert_eq!(workflow.source.locate(&task.reference), Some(task.span));
    }
    for expression in crate::expressions(&workflow) {
        assert!(
            text[expression.span.start..expression.span.end].contains(&*expression.source),
            "{expression:?}"
        );
    }
}

#[test]
fn expressions_are_dense() {
    for (file, text) in CORPUS {
        let workflow = parsed(file, text);
        let indices: Vec<u32> = crate::expressions(&workflow)
            .iter()
            .map(|found| found.index)
            .collect();
        assert_eq!(
            indices,
            (0..indices.len() as u32).collect::<Vec<_>>(),
            "{file}"
        );
        assert!(file == "processes.yaml" || !indices.is_empty(), "{file}");
    }
}

#[test]
fn references_are_resolved() {
    let workflow = parsed("uses.yaml", CORPUS[1].1);
    assert!(matches!(
        workflow.timeout,
        Some(Duration::Milliseconds(1000))
    ));
    assert_eq!(workflow.secrets, ["login", "other"]);
    let TaskKind::Call(call) = &task(&workflow, "/do/0/a").kind else {
        panic!()
    };
    let CallTarget::Defined(twice) = call.target else {
        panic!()
    };
    assert_eq!(&*workflow.task(twice).reference, "/use/functions/twice");
    let TaskKind::Raise(raise) = &task(&workflow, "/do/1/b/try/0/c").kind else {
        panic!()
    };
    assert!(matches!(&raise.status, Template::Literal(status) if **status == json!(500)));
}

#[test]
fn text_outside_ascii_and_windows_line_ends_keep_their_places() {
    let text = "document: {dsl: 1.0.3, namespace: a, name: ü, version: 0.0.1}\r\ndo:\r\n  - größe: {sett: 1}\r\n";
    let found = parse(text, "x").expect_err("two problems");
    let places: Vec<(usize, usize, &str)> = found
        .iter()
        .map(|found| {
            (
                found.span.line,
                found.span.column,
                &text[found.span.start..found.span.end],
            )
        })
        .collect();
    assert_eq!(places, [(1, 44, "ü"), (3, 5, "größe")]);
}

#[test]
fn yaml_keeps_its_words() {
    let workflow = parsed("loose.yaml", CORPUS[5].1);
    let TaskKind::Set(Template::Literal(set)) = &task(&workflow, "/do/2/third").kind else {
        panic!()
    };
    let expected = json!({
        "yes": "no", "on": "off", "day": "2026-01-01", "octal": 15, "hex": 31, "float": -1500.0,
        "folded": "one line", "literal": "two\nlines\n",
    });
    assert_eq!(**set, expected);
    assert!(
        matches!(&task(&workflow, "/do/0/first").kind, TaskKind::Set(Template::Expression(found)) if &*found.source == ".a + 1")
    );
}
