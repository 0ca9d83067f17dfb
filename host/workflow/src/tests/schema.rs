//! The corpus against the standard's own schema, where that file is at hand: `OPEN_WORKFLOW_SCHEMA=workflow.yaml`.

use super::corpus::{CORPUS, json_of};

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "only the environment knows where the standard's file is"
)]
fn the_corpus_satisfies_the_standards_schema() {
    let Ok(path) = std::env::var("OPEN_WORKFLOW_SCHEMA") else {
        eprintln!("OPEN_WORKFLOW_SCHEMA names no file: nothing is compared");
        return;
    };
    let schema = json_of(&std::fs::read_to_string(path).expect("the schema's file"));
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("a valid schema");
    for (file, text) in CORPUS {
        let problems: Vec<String> = validator
            .iter_errors(&json_of(text))
            .map(|error| format!("{file}: {}: {error}", error.instance_path()))
            .collect();
        assert_eq!(problems, Vec::<String>::new());
    }
}
