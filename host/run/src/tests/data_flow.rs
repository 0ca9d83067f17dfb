//! Stages 1 to 11 of the DSL's data flow, and which variables are known at each.

use serde_json::json;

use super::harness::{Host, define, error_of, output_of};

#[test]
fn every_stage_transforms_in_order() {
    let output = output_of(
        r#"
input: {from: '${ {a: .raw} }'}
output: {as: '${ {final: ., context: $context} }'}
do:
  - first:
      input: {from: '${ .a + 1 }'}
      set: {n: '${ . }', input: '${ $input }', raw: '${ $task.input }'}
      output: {as: '${ .n * 10 }'}
      export: {as: '${ {seen: ., output: $output, raw: $task.output.n, before: $context} }'}
  - second:
      set: '${ {was: ., context: $context.seen} }'
"#,
        json!({"raw": 1}),
    );
    assert_eq!(
        output,
        json!({
            "final": {"was": 20, "context": 20},
            "context": {"seen": 20, "output": 20, "raw": 2, "before": {}},
        })
    );
}

#[test]
fn the_descriptors_say_what_the_spec_lists() {
    let output = output_of(
        "do: [{'a/b': {set: '${ {task: $task, workflow: $workflow, runtime: $runtime, secrets: $secrets} }'}}]",
        json!({"n": 1}),
    );
    assert_eq!(output["task"]["name"], "a/b");
    assert_eq!(output["task"]["reference"], "/do/0/a~1b");
    assert_eq!(output["task"]["input"], json!({"n": 1}));
    assert_eq!(
        output["task"]["startedAt"]["iso8601"],
        "2023-11-14T22:13:20.000Z"
    );
    assert_eq!(output["workflow"]["input"], json!({"n": 1}));
    assert_eq!(
        output["workflow"]["id"],
        "07070707-0707-0707-0707-070707070707"
    );
    assert_eq!(output["workflow"]["definition"]["document"]["name"], "test");
    assert_eq!(
        output["workflow"]["startedAt"]["epoch"]["seconds"],
        1_700_000_000
    );
    assert_eq!(output["runtime"]["name"], "writ");
    assert_eq!(output["secrets"]["token"], "placeholder");
}

#[test]
fn a_variable_is_unknown_where_the_table_has_no_tick() {
    for body in [
        "input: {from: '${ $context }'}\ndo: [{a: {set: {b: 1}}}]",
        "output: {as: '${ $input }'}\ndo: [{a: {set: {b: 1}}}]",
        "do: [{a: {if: '${ $input }', set: {b: 1}}}]",
        "do: [{a: {input: {from: '${ $input }'}, set: {b: 1}}}]",
        "do: [{a: {set: {b: '${ $output }'}}}]",
        "do: [{a: {set: {b: '${ $item }'}}}]",
    ] {
        assert_eq!(
            error_of(body, json!({})).title.as_deref(),
            Some("expression"),
            "{body}"
        );
    }
}

#[test]
fn a_schema_guards_every_door() {
    let number =
        "{schema: {format: json, document: {type: object, properties: {n: {type: number}}}}}";
    for (body, reference, door) in [
        (
            format!("input: {number}\ndo: [{{a: {{set: {{n: 1}}}}}}]"),
            "/",
            "input",
        ),
        (
            format!("do: [{{a: {{input: {number}, set: {{n: 1}}}}}}]"),
            "/do/0/a",
            "input",
        ),
        (
            format!("do: [{{a: {{output: {number}, set: {{n: x}}}}}}]"),
            "/do/0/a",
            "output",
        ),
        (
            format!(
                "do: [{{a: {{set: {{n: x}}, export: {{as: '${{ . }}', {}}}}}}}]",
                &number[1..number.len() - 1]
            ),
            "/do/0/a",
            "export",
        ),
        (
            format!("output: {number}\ndo: [{{a: {{set: {{n: x}}}}}}]"),
            "/",
            "output",
        ),
    ] {
        let error = error_of(&body, json!({"n": "x"}));
        assert_eq!(
            (error.title.as_deref(), error.status),
            (Some("validation"), 400),
            "{body}"
        );
        assert_eq!(error.instance.as_deref(), Some(reference), "{body}");
        assert_eq!(error.extensions["path"], "/n", "{body}");
        assert!(
            error
                .detail
                .unwrap()
                .contains(&format!("schema of the {door}")),
            "{body}"
        );
    }
}

#[test]
fn a_schema_that_is_none_is_refused_with_its_place() {
    let text = "document: {dsl: '1.0.3', namespace: t, name: t, version: '1.0.0'}\ndo:\n- a:\n    input: {schema: {document: {type: 5}}}\n    set: {x: 1}\n";
    if let Ok(workflow) = writ_workflow::parse(text, "t.yaml") {
        let error = crate::Definition::new(workflow.into(), Default::default()).unwrap_err();
        assert_eq!(error.instance.as_deref(), Some("/do/0/a"));
        assert!(error.detail.unwrap().contains("JSON Schema at 4:"));
    }
}

#[test]
fn a_failing_expression_names_its_place() {
    let error = error_of(
        "do:\n  - a:\n      set:\n        b: ${ .x | error }\n",
        json!({"x": "no"}),
    );
    assert_eq!(
        (error.title.as_deref(), error.status),
        (Some("expression"), 400)
    );
    assert_eq!(error.instance.as_deref(), Some("/do/0/a"));
    let detail = error.detail.unwrap();
    assert!(
        detail.contains("5:12") && detail.contains(".x | error"),
        "{detail}"
    );
}

#[test]
fn null_is_a_value() {
    let output = output_of(
        "do:\n  - a: {set: '${ null }'}\n  - b: {set: {was: '${ . }', input: '${ $task.input }'}}\n",
        json!({"x": 1}),
    );
    assert_eq!(output, json!({"was": null, "input": null}));
    let output = output_of(
        "input: {from: '${ null }'}\ndo: [{a: {set: '${ [.] }'}}]",
        json!({"x": 1}),
    );
    assert_eq!(output, json!([null]));
}

#[test]
fn expressions_in_data_are_data() {
    let output = output_of("do: [{a: {set: '${ .x }'}}]", json!({"x": "${ 1 + 1 }"}));
    assert_eq!(output, json!("${ 1 + 1 }"));
}

#[test]
fn folding_evaluates_nothing() {
    let definition = define(
        "do: [{a: {input: {from: '${ .x }'}, set: {b: '${ . }'}, output: {as: '${ .b }'}}}]",
    );
    let mut host = Host::new(&definition);
    host.run_to_end(json!({"x": 5}));
    let evaluations = host.jq.evaluations;
    assert_eq!(evaluations, 3);
    assert_eq!(
        super::harness::fold(&definition, &host.journal).output(),
        Some(&json!(5))
    );
}
