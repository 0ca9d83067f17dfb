//! The binary operators inside a pipe: how they are written, and how strongly they bind in jq.

use super::term::{Calculation, Comparison, Term};

/// How strongly an operator binds.
pub(super) type Strength = u8;
/// `//` binds weakest of all that stands inside a pipe.
pub(super) const WEAKEST: Strength = 4;

/// A binary operator inside a pipe. All of them group to the left.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operator {
    Alternative,
    Or,
    And,
    Compare(Comparison),
    Calculate(Calculation),
}

impl Operator {
    pub(super) fn read(text: &str) -> Option<Self> {
        Some(match text {
            "//" => Self::Alternative,
            "or" => Self::Or,
            "and" => Self::And,
            "==" => Self::Compare(Comparison::Equal),
            "!=" => Self::Compare(Comparison::Different),
            "<" => Self::Compare(Comparison::Less),
            "<=" => Self::Compare(Comparison::LessOrEqual),
            ">" => Self::Compare(Comparison::Greater),
            ">=" => Self::Compare(Comparison::GreaterOrEqual),
            "+" => Self::Calculate(Calculation::Add),
            "-" => Self::Calculate(Calculation::Subtract),
            "*" => Self::Calculate(Calculation::Multiply),
            "/" => Self::Calculate(Calculation::Divide),
            "%" => Self::Calculate(Calculation::Remainder),
            _ => return None,
        })
    }

    pub(super) fn strength(self) -> Strength {
        match self {
            Self::Alternative => WEAKEST,
            Self::Or => 5,
            Self::And => 6,
            Self::Compare(Comparison::Equal | Comparison::Different) => 7,
            Self::Compare(
                Comparison::Less
                | Comparison::LessOrEqual
                | Comparison::Greater
                | Comparison::GreaterOrEqual,
            ) => 8,
            Self::Calculate(Calculation::Add | Calculation::Subtract) => 9,
            Self::Calculate(Calculation::Multiply | Calculation::Divide) => 10,
            Self::Calculate(Calculation::Remainder) => 11,
        }
    }

    pub(super) fn join(self, left: Term, right: Term) -> Term {
        let (left, right) = (Box::new(left), Box::new(right));
        match self {
            Self::Alternative => Term::Alternative(left, right),
            Self::Or => Term::Logic(left, true, right),
            Self::And => Term::Logic(left, false, right),
            Self::Compare(comparison) => Term::Compare(left, comparison, right),
            Self::Calculate(calculation) => Term::Calculate(left, calculation, right),
        }
    }
}
