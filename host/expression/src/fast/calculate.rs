//! Arithmetic on all kinds of values, as far as it is certain.

use serde_json::Value as Json;

use super::evaluate::Budget;
use super::number::Number;
use super::term::Calculation;
use super::{Stop, message};

/// `left operation right`
pub(super) fn calculate(
    left: &Json,
    calculation: Calculation,
    right: &Json,
    budget: &mut Budget,
) -> Result<Json, Stop> {
    match (left, right) {
        (Json::Number(one), Json::Number(other)) => {
            let (one, other) = (
                Number::read(one).ok_or(Stop::Defer)?,
                Number::read(other).ok_or(Stop::Defer)?,
            );
            if calculation == Calculation::Remainder && is_by_zero(one, other) {
                return Err(message::calculation(left, calculation, right));
            }
            one.calculate(calculation, other)
                .and_then(Number::json)
                .ok_or(Stop::Defer)
        }
        _ => match calculation {
            Calculation::Add => add(left, right, budget),
            // Some of these mean something: array difference, text times number, merge, split.
            Calculation::Subtract
            | Calculation::Multiply
            | Calculation::Divide
            | Calculation::Remainder => match (left, right) {
                (Json::Null | Json::Bool(_), _) | (_, Json::Null | Json::Bool(_)) => {
                    Err(message::calculation(left, calculation, right))
                }
                _ => Err(Stop::Defer),
            },
        },
    }
}

fn is_by_zero(left: Number, right: Number) -> bool {
    matches!(left, Number::Integer(_)) && right.is_integer_zero()
}

fn add(left: &Json, right: &Json, budget: &mut Budget) -> Result<Json, Stop> {
    match (left, right) {
        (Json::Null, value) | (value, Json::Null) => budget.copy(value),
        (Json::String(one), Json::String(other)) => {
            budget.spend(one.len() + other.len())?;
            Ok(Json::String([one.as_str(), other].concat()))
        }
        (Json::Array(one), Json::Array(other)) => one
            .iter()
            .chain(other)
            .map(|item| budget.copy(item))
            .collect::<Result<_, _>>()
            .map(Json::Array),
        (Json::Object(one), Json::Object(other)) => {
            let members = one.iter().chain(other);
            let members =
                members.map(|(name, value)| Ok((budget.copy_name(name)?, budget.copy(value)?)));
            members.collect::<Result<_, _>>().map(Json::Object)
        }
        _ => Err(message::calculation(left, Calculation::Add, right)),
    }
}
