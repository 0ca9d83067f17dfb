//! How a run ends, and what it tells then.

use serde_json::json;

use crate::Status;

use super::harness::{Host, define};

#[test]
fn an_error_that_nothing_catches_faults_the_run() {
    let definition =
        define("do: [{a: {raise: {error: {type: 'urn:x', status: 400}}}}, {b: {set: {x: 1}}}]");
    let mut host = Host::new(&definition);
    host.run_to_end(json!({}));
    assert_eq!(host.names(), ["run.started", "task.faulted", "run.faulted"]);
    assert_eq!(
        (host.run.status(), host.run.output()),
        (Status::Faulted, None)
    );
}

#[test]
fn a_bad_last_transformation_faults_the_run_as_a_whole() {
    let definition = define("output: {as: '${ error(\"x\") }'}\ndo: [{a: {set: {x: 1}}}]");
    assert_eq!(
        Host::new(&definition)
            .run_to_end(json!({}))
            .error()
            .instance
            .as_deref(),
        Some("/")
    );
}
