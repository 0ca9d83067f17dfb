//! Evaluation of a [`Term`]: at most one result, values borrowed from the input as long as possible.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value as Json;

use super::number::Number;
use super::term::{Comparison, Term};
use super::{Stop, calculate, message, path};

/// What an evaluation may copy. Beyond it the expression goes to the component, whose memory is limited.
const COPY_BYTES_MAX: usize = 64 << 20;
/// What a value takes in memory beside its text, roughly.
const VALUE_BYTES: usize = 32;

type Value<'j> = Cow<'j, Json>;
/// One result, none, or a stop.
type Outcome<'j> = Result<Option<Value<'j>>, Stop>;

/// What may still be copied.
pub(super) struct Budget {
    bytes: usize,
}

impl Budget {
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), Stop> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Stop::Defer)?;
        Ok(())
    }

    pub(super) fn copy_name(&mut self, name: &str) -> Result<String, Stop> {
        self.spend(VALUE_BYTES + name.len())?;
        Ok(name.to_owned())
    }

    pub(super) fn copy(&mut self, value: &Json) -> Result<Json, Stop> {
        self.spend(VALUE_BYTES)?;
        Ok(match value {
            Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
            Json::String(text) => {
                self.spend(text.len())?;
                value.clone()
            }
            Json::Array(items) => Json::Array(
                items
                    .iter()
                    .map(|item| self.copy(item))
                    .collect::<Result<_, _>>()?,
            ),
            Json::Object(members) => {
                let members = members
                    .iter()
                    .map(|(name, value)| Ok((self.copy_name(name)?, self.copy(value)?)));
                Json::Object(members.collect::<Result<_, _>>()?)
            }
        })
    }

    fn own(&mut self, value: Value<'_>) -> Result<Json, Stop> {
        match value {
            Cow::Borrowed(value) => self.copy(value),
            Cow::Owned(value) => Ok(value),
        }
    }
}

struct Evaluation<'j> {
    variables: &'j [Arc<Json>],
    budget: Budget,
}

/// The first result, `null` if there is none.
pub(super) fn evaluate(term: &Term, input: &Json, variables: &[Arc<Json>]) -> Result<Json, Stop> {
    let mut evaluation = Evaluation {
        variables,
        budget: Budget {
            bytes: COPY_BYTES_MAX,
        },
    };
    // The last copy is not counted: it is no larger than what came in.
    evaluation
        .run(term, input)
        .map(|result| result.map_or(Json::Null, Cow::into_owned))
}

impl<'j> Evaluation<'j> {
    fn run<'t: 'j>(&mut self, term: &'t Term, input: &'j Json) -> Outcome<'j> {
        match term {
            Term::Input => borrowed(input),
            Term::Variable(position) => self
                .variables
                .get(*position)
                .map_or(Err(Stop::Defer), |value| borrowed(value)),
            Term::Literal(value) => borrowed(value),
            Term::Path(base, steps) => match self.run(base, input)? {
                None => Ok(None),
                Some(Cow::Borrowed(base)) => Ok(path::follow(base, steps)?.map(Cow::Borrowed)),
                Some(Cow::Owned(base)) => {
                    self.owned(path::follow(&base, steps)?.map(Cow::Borrowed))
                }
            },
            Term::Try(body) => match self.run(body, input) {
                Err(Stop::Error(_)) => Ok(None),
                outcome => outcome,
            },
            Term::Object(members) => self.object(members, input),
            Term::Array(items) => self.array(items, input),
            Term::Negate(body) => self
                .run(body, input)?
                .map(|value| negate(&value))
                .transpose(),
            Term::Not => truth(!is_true(input)),
            Term::Length => length(input).map(Some),
            Term::Pipe(left, right) => self.pipe(left, right, input),
            Term::Alternative(left, right) => match self.run(left, input)? {
                Some(value) if is_true(&value) => Ok(Some(value)),
                _ => self.run(right, input),
            },
            Term::Logic(left, decisive, right) => match self.run(left, input)? {
                None => Ok(None),
                Some(value) if is_true(&value) == *decisive => truth(*decisive),
                Some(_) => match self.run(right, input)? {
                    None => Ok(None),
                    Some(value) => truth(is_true(&value)),
                },
            },
            Term::Compare(left, comparison, right) => self.compare(left, *comparison, right, input),
            Term::Calculate(left, calculation, right) => match self.pair(left, right, input)? {
                None => Ok(None),
                Some((left, right)) => {
                    let result =
                        calculate::calculate(&left, *calculation, &right, &mut self.budget)?;
                    Ok(Some(Cow::Owned(result)))
                }
            },
        }
    }

    fn pipe<'t: 'j>(&mut self, left: &'t Term, right: &'t Term, input: &'j Json) -> Outcome<'j> {
        match self.run(left, input)? {
            None => Ok(None),
            Some(Cow::Borrowed(value)) => self.run(right, value),
            Some(Cow::Owned(value)) => {
                // The value lives only here, so what is borrowed from it is copied out.
                let variables = self.variables;
                let bytes = self.budget.bytes;
                let mut inner = Evaluation {
                    variables,
                    budget: Budget { bytes },
                };
                let result = inner.run(right, &value);
                let result = match result {
                    Ok(result) => inner.owned(result),
                    Err(stop) => Err(stop),
                };
                self.budget.bytes = inner.budget.bytes;
                result
            }
        }
    }

    fn owned<'k>(&mut self, value: Option<Value<'_>>) -> Outcome<'k> {
        value
            .map(|value| self.budget.own(value).map(Cow::Owned))
            .transpose()
    }

    /// Both results. That the right has none counts more than that the left fails: so it is in the component.
    fn pair<'t: 'j>(
        &mut self,
        left: &'t Term,
        right: &'t Term,
        input: &'j Json,
    ) -> Result<Option<(Value<'j>, Value<'j>)>, Stop> {
        let left = match self.run(left, input) {
            Ok(None) => return Ok(None),
            Err(Stop::Defer) => return Err(Stop::Defer),
            other => other,
        };
        let right = match self.run(right, input) {
            Ok(None) => return Ok(None),
            Err(Stop::Defer) => return Err(Stop::Defer),
            other => other,
        };
        Ok(left?.zip(right?))
    }

    fn compare<'t: 'j>(
        &mut self,
        left: &'t Term,
        comparison: Comparison,
        right: &'t Term,
        input: &'j Json,
    ) -> Outcome<'j> {
        match self.pair(left, right, input)? {
            None => Ok(None),
            Some((left, right)) => truth(comparison.holds(&left, &right)),
        }
    }

    fn array<'t: 'j>(&mut self, items: &'t [Term], input: &'j Json) -> Outcome<'j> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            if let Some(value) = self.run(item, input)? {
                values.push(self.budget.own(value)?);
            }
        }
        Ok(Some(Cow::Owned(Json::Array(values))))
    }

    /// An object has a result if all its members have one. That one has none counts more than that another fails.
    fn object<'t: 'j>(&mut self, members: &'t [(String, Term)], input: &'j Json) -> Outcome<'j> {
        let mut object = serde_json::Map::with_capacity(members.len());
        let mut failure = None;
        for (name, term) in members {
            match self.run(term, input) {
                Ok(None) => return Ok(None),
                Ok(Some(value)) if failure.is_none() => {
                    let value = self.budget.own(value)?;
                    object.insert(name.clone(), value);
                }
                Ok(Some(_)) => {}
                Err(Stop::Defer) => return Err(Stop::Defer),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(Some(Cow::Owned(Json::Object(object)))), Err)
    }
}

fn borrowed<'j>(value: &'j Json) -> Outcome<'j> {
    Ok(Some(Cow::Borrowed(value)))
}

fn truth<'j>(value: bool) -> Outcome<'j> {
    Ok(Some(Cow::Owned(Json::Bool(value))))
}

fn is_true(value: &Json) -> bool {
    !matches!(value, Json::Null | Json::Bool(false))
}

fn negate<'j>(value: &Json) -> Result<Value<'j>, Stop> {
    let Json::Number(number) = value else {
        return Err(message::not_a_number(value));
    };
    let negated = Number::read(number).and_then(|number| number.negate().json());
    negated.map(Cow::Owned).ok_or(Stop::Defer)
}

fn length<'j>(value: &Json) -> Result<Value<'j>, Stop> {
    let length = match value {
        Json::Null => 0,
        Json::Bool(_) => return Err(message::no_length(value)),
        Json::Number(number) => match Number::read(number) {
            Some(Number::Integer(0..)) => return Ok(Cow::Owned(value.clone())),
            _ => return Err(Stop::Defer),
        },
        Json::String(text) => text.chars().count(),
        Json::Array(items) => items.len(),
        Json::Object(members) => members.len(),
    };
    Ok(Cow::Owned(Json::from(length)))
}
