//! Numbers as the component sees them: integers are exact and of any length, all else is a 64-bit float.

use std::cmp::Ordering;

use serde_json::{Number as JsonNumber, Value as Json};

use super::term::Calculation;

/// A number. JSON's integers have at most 64 bits, so no operation on two of them leaves 128 unnoticed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Integer(i128),
    Float(f64),
}

impl Number {
    pub(super) fn read(number: &JsonNumber) -> Option<Self> {
        number
            .as_i128()
            .map(Self::Integer)
            .or_else(|| number.as_f64().map(Self::Float))
    }

    /// As JSON, if JSON holds it exactly; longer integers and infinities are the component's.
    pub(super) fn json(self) -> Option<Json> {
        let number = match self {
            Self::Integer(integer) => JsonNumber::from_i128(integer),
            Self::Float(float) => JsonNumber::from_f64(float),
        };
        number.map(Json::Number)
    }

    /// The result, if there is one that is certain. A remainder by the integer zero must have been excluded.
    pub(super) fn calculate(self, calculation: Calculation, right: Self) -> Option<Self> {
        match (self, right) {
            (Self::Integer(left), Self::Integer(right)) => match calculation {
                Calculation::Add => left.checked_add(right).map(Self::Integer),
                Calculation::Subtract => left.checked_sub(right).map(Self::Integer),
                Calculation::Multiply => left.checked_mul(right).map(Self::Integer),
                Calculation::Divide => Some(Self::Float(left as f64 / right as f64)),
                Calculation::Remainder => left.checked_rem(right).map(Self::Integer),
            },
            (left, right) => {
                let (left, right) = (left.float(), right.float());
                Some(Self::Float(match calculation {
                    Calculation::Add => left + right,
                    Calculation::Subtract => left - right,
                    Calculation::Multiply => left * right,
                    Calculation::Divide => left / right,
                    Calculation::Remainder => left % right,
                }))
            }
        }
    }

    pub(super) fn is_integer_zero(self) -> bool {
        matches!(self, Self::Integer(0))
    }

    pub(super) fn negate(self) -> Self {
        match self {
            Self::Integer(integer) => Self::Integer(-integer),
            Self::Float(float) => Self::Float(-float),
        }
    }

    /// Integers compare exactly with each other, and as floats with a float.
    pub(super) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => left.cmp(&right),
            // Neither is a NaN: JSON has none.
            (left, right) => left
                .float()
                .partial_cmp(&right.float())
                .unwrap_or(Ordering::Less),
        }
    }

    fn float(self) -> f64 {
        match self {
            Self::Integer(integer) => integer as f64,
            Self::Float(float) => float,
        }
    }
}
