//! The expressions that the fast path knows. Every one of them has at most one result.

use serde_json::Value as Json;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Term {
    /// `.`
    Input,
    /// `$name`, by its position among the expression's variables.
    Variable(usize),
    /// `null`, `true`, `1`, `"text"`
    Literal(Json),
    /// `term.a[0]["b"]?`
    Path(Box<Term>, Vec<Step>),
    /// `(term)?`
    Try(Box<Term>),
    /// `{a: term}`
    Object(Vec<(String, Term)>),
    /// `[term, term]`
    Array(Vec<Term>),
    /// `-term`
    Negate(Box<Term>),
    /// `not`
    Not,
    /// `length`
    Length,
    /// `left | right`
    Pipe(Box<Term>, Box<Term>),
    /// `left // right`
    Alternative(Box<Term>, Box<Term>),
    /// `left and right`, or `left or right`: with which value of the left the right does not matter.
    Logic(Box<Term>, bool, Box<Term>),
    /// `left < right`
    Compare(Box<Term>, Comparison, Box<Term>),
    /// `left + right`
    Calculate(Box<Term>, Calculation, Box<Term>),
}

impl Term {
    /// Whether it may leave odd numbers to the component.
    pub(super) fn may_defer(&self) -> bool {
        match self {
            Self::Input | Self::Variable(_) | Self::Literal(_) | Self::Not => false,
            Self::Negate(_) | Self::Length | Self::Calculate(..) => true,
            Self::Path(inner, _) | Self::Try(inner) => inner.may_defer(),
            Self::Object(members) => members.iter().any(|(_, term)| term.may_defer()),
            Self::Array(items) => items.iter().any(Self::may_defer),
            Self::Pipe(left, right)
            | Self::Alternative(left, right)
            | Self::Logic(left, _, right)
            | Self::Compare(left, _, right) => left.may_defer() || right.may_defer(),
        }
    }
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// Where to.
    pub(super) key: Key,
    /// With `?`, a step that fails has no result instead of an error.
    pub(super) optional: bool,
}

/// Where a step of a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// `.name` or `["name"]`
    Name(String),
    /// `[2]`, from the end if negative.
    Position(i32),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An arithmetic operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Calculation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Calculation {
    /// As it is written.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}
