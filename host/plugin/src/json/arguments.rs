//! A call's named arguments to positional values. Knows nothing of who calls.

use serde_json::{Map, Value as Json};

use super::describe::{expected, found};
use super::mismatch::{Failure, Fallible, MismatchError};
use super::read::{Hole, Reader};
use crate::function::{Function, Param};
use crate::suggest;
use crate::text::clip;
use crate::value::Value;

/// The positional values for a call, from an object with one member per parameter. `null` means no arguments; a missing
/// `option` is none.
///
/// # Errors
/// When an argument is missing, unknown or of the wrong type; the error points at it.
pub fn arguments(function: &Function, json: &Json) -> Result<Vec<Value>, MismatchError> {
    read_all(&mut Reader::new(None), function, json).map_err(|failure| failure.finish())
}

/// Checks arguments of which some parts aren't known yet, such as a workflow's template: whatever `hole` recognises fits
/// everywhere, and all the rest is checked as [`arguments`] does.
///
/// # Errors
/// The first part that can't fit whatever the holes turn out to be.
pub fn check_arguments(
    function: &Function,
    json: &Json,
    hole: &dyn Fn(&Json) -> bool,
) -> Result<(), MismatchError> {
    let hole: Hole<'_> = hole;
    if hole(json) {
        return Ok(());
    }
    read_all(&mut Reader::new(Some(hole)), function, json)
        .map(drop)
        .map_err(|failure| failure.finish())
}

fn read_all(reader: &mut Reader<'_>, function: &Function, json: &Json) -> Fallible<Vec<Value>> {
    let none = Map::new();
    let given = match json {
        Json::Object(given) => given,
        Json::Null => &none,
        Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            return Err(
                Failure::new("an object of arguments", found(json)).advise(&parameters(function))
            );
        }
    };
    let mut values = Vec::with_capacity(function.params.len());
    let mut seen = 0;
    for param in &function.params {
        match given.get(&param.name) {
            Some(json) => {
                seen += 1;
                values.push(
                    reader
                        .read(&param.ty, json)
                        .map_err(|failure| failure.at_key(&param.name))?,
                );
            }
            None if param.ty.is_option() => values.push(Value::Option(None)),
            None => return Err(missing(function, param, given, json)),
        }
    }
    if seen == given.len() {
        Ok(values)
    } else {
        Err(unknown(function, given, json))
    }
}

/// A missing argument; if one was given under a name that is nearly right, that is the thing to say.
fn missing(
    function: &Function,
    param: &Param,
    given: &Map<String, Json>,
    json: &Json,
) -> Box<Failure> {
    let strays = given
        .keys()
        .map(String::as_str)
        .filter(|key| !function.params.iter().any(|param| param.name == *key));
    let failure = Failure::new(
        format!("argument `{}`: {}", param.name, expected(&param.ty)),
        found(json),
    )
    .say(format!(
        "function `{}` needs argument `{}`: {}",
        function.name, param.name, param.ty
    ));
    match suggest::nearest(&param.name, strays) {
        Some(stray) => failure.advise(&format!("rename `{}`", clip(stray, 40))),
        None => failure,
    }
}

fn unknown(function: &Function, given: &Map<String, Json>, json: &Json) -> Box<Failure> {
    let stray = given
        .keys()
        .find(|key| !function.params.iter().any(|param| &param.name == *key));
    let stray = stray.map_or("", String::as_str);
    let names: Vec<&str> = function
        .params
        .iter()
        .map(|param| param.name.as_str())
        .collect();
    Failure::new(
        format!("only arguments of `{}`", function.name),
        found(json),
    )
    .say(format!(
        "function `{}` has no argument `{}`",
        function.name,
        clip(stray, 40)
    ))
    .advise(&suggest::hint(stray, names, "arguments"))
}

fn parameters(function: &Function) -> String {
    format!("the function is {}", crate::function::wit_text(function))
}
