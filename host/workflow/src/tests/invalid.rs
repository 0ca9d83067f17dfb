//! What is said about documents that are wrong or strange: message and place, exactly.

use super::golden;
use crate::parse;

const CASES: &str = include_str!("../../corpus/invalid.txt");

#[test]
fn every_problem_is_told_at_its_place() {
    golden::hold(CASES, |text| match parse(text, "x") {
        Ok(workflow) => workflow.source.warnings().to_vec(),
        Err(found) => found,
    });
}
