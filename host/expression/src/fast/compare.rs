//! jq's order of all values: null, false, true, numbers, strings, arrays, objects.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json};

use super::number::Number;
use super::term::Comparison;

impl Comparison {
    pub(super) fn holds(self, left: &Json, right: &Json) -> bool {
        match self {
            Self::Equal => equal(left, right),
            Self::Different => !equal(left, right),
            Self::Less => order(left, right).is_lt(),
            Self::LessOrEqual => order(left, right).is_le(),
            Self::Greater => order(left, right).is_gt(),
            Self::GreaterOrEqual => order(left, right).is_ge(),
        }
    }
}

fn equal(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => numbers(left, right).is_eq(),
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| equal(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            let same = |(name, value)| right.get(name).is_some_and(|other| equal(value, other));
            left.len() == right.len() && left.iter().all(same)
        }
        _ => left == right,
    }
}

fn order(left: &Json, right: &Json) -> Ordering {
    match (left, right) {
        (Json::Bool(left), Json::Bool(right)) => left.cmp(right),
        (Json::Number(left), Json::Number(right)) => numbers(left, right),
        (Json::String(left), Json::String(right)) => left.cmp(right),
        (Json::Array(left), Json::Array(right)) => all(left, right),
        (Json::Object(left), Json::Object(right)) => objects(left, right),
        _ => rank(left).cmp(&rank(right)),
    }
}

fn rank(value: &Json) -> u8 {
    match value {
        Json::Null => 0,
        Json::Bool(_) => 1,
        Json::Number(_) => 2,
        Json::String(_) => 3,
        Json::Array(_) => 4,
        Json::Object(_) => 5,
    }
}

fn numbers(left: &serde_json::Number, right: &serde_json::Number) -> Ordering {
    match (Number::read(left), Number::read(right)) {
        (Some(left), Some(right)) => left.compare(right),
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
    }
}

fn all<'j>(
    left: impl IntoIterator<Item = &'j Json>,
    right: impl IntoIterator<Item = &'j Json>,
) -> Ordering {
    let mut right = right.into_iter();
    for left in left {
        let Some(right) = right.next() else {
            return Ordering::Greater;
        };
        let ordering = order(left, right);
        if ordering.is_ne() {
            return ordering;
        }
    }
    if right.next().is_some() {
        Ordering::Less
    } else {
        Ordering::Equal
    }
}

/// First by their sorted names, then by the values in that order.
fn objects(left: &Map<String, Json>, right: &Map<String, Json>) -> Ordering {
    let (left, right) = (sorted(left), sorted(right));
    let names = left
        .iter()
        .map(|(name, _)| name)
        .cmp(right.iter().map(|(name, _)| name));
    let values = || {
        all(
            left.iter().map(|(_, value)| *value),
            right.iter().map(|(_, value)| *value),
        )
    };
    names.then_with(values)
}

fn sorted(object: &Map<String, Json>) -> Vec<(&String, &Json)> {
    let mut members: Vec<_> = object.iter().collect();
    members.sort_unstable_by_key(|(name, _)| *name);
    members
}
