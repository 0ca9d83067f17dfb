//! Following a path into a value.

use serde_json::Value as Json;

use super::term::{Key, Step};
use super::{Stop, message};

const NULL: &Json = &Json::Null;

/// What stands at the end of a path, if an optional step did not fail.
pub(super) fn follow<'j>(value: &'j Json, steps: &[Step]) -> Result<Option<&'j Json>, Stop> {
    let mut current = value;
    for step in steps {
        match at(current, &step.key) {
            Some(next) => current = next,
            None if step.optional => return Ok(None),
            None => return Err(message::index(current, &step.key)),
        }
    }
    Ok(Some(current))
}

/// What stands under a key: `null` if nothing does, `None` if nothing could.
fn at<'j>(value: &'j Json, key: &Key) -> Option<&'j Json> {
    match (value, key) {
        (Json::Null, _) | (Json::Object(_), Key::Position(_)) => Some(NULL),
        (Json::Object(members), Key::Name(name)) => Some(members.get(name).unwrap_or(NULL)),
        (Json::Array(items), Key::Position(position)) => {
            let position = match usize::try_from(*position) {
                Ok(from_start) => Some(from_start),
                Err(_) => items.len().checked_sub(position.unsigned_abs() as usize),
            };
            Some(
                position
                    .and_then(|position| items.get(position))
                    .unwrap_or(NULL),
            )
        }
        (Json::Array(_), Key::Name(_)) | (Json::Bool(_) | Json::Number(_) | Json::String(_), _) => {
            None
        }
    }
}
