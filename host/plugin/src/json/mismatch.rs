//! The error of JSON that doesn't fit a type: where, what was wanted, what was found. Knows nothing of the types themselves.

use std::fmt::{self, Display, Formatter};

use writ_grant::printable;

/// JSON that does not fit the type it is meant for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct MismatchError {
    /// JSON pointer (RFC 6901) to the offending part; empty for the whole.
    pub pointer: String,
    /// What was wanted there, in words.
    pub expected: String,
    /// What was found there, in words, shortened.
    pub found: String,
    /// The whole complaint as a sentence, with a remedy where one is known.
    pub message: String,
}

impl Display for MismatchError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "at {}: {}", printable(&self.pointer), self.message)
        }
    }
}

/// A step from a JSON value into a part of it.
enum Step {
    Key(String),
    Index(usize),
}

/// A mismatch on its way up: each level adds its step, so that the good path pays nothing for positions.
pub(super) struct Failure {
    steps: Vec<Step>,
    expected: String,
    found: String,
    message: String,
}

pub(super) type Fallible<T> = Result<T, Box<Failure>>;

impl Failure {
    /// Wanted one thing, found another.
    pub(super) fn new(expected: impl Into<String>, found: impl Into<String>) -> Box<Failure> {
        let (expected, found) = (expected.into(), found.into());
        let message = format!("expected {expected}, found {found}");
        Box::new(Failure {
            steps: Vec::new(),
            expected,
            found,
            message,
        })
    }

    /// The same with advice at the end of the sentence.
    pub(super) fn advise(mut self: Box<Self>, advice: &str) -> Box<Failure> {
        self.message = format!("{}; {advice}", self.message);
        self
    }

    /// A sentence of its own in place of "expected …, found …".
    pub(super) fn say(mut self: Box<Self>, message: String) -> Box<Failure> {
        self.message = message;
        self
    }

    pub(super) fn at_key(mut self: Box<Self>, key: &str) -> Box<Failure> {
        self.steps.push(Step::Key(key.to_owned()));
        self
    }

    pub(super) fn at_index(mut self: Box<Self>, index: usize) -> Box<Failure> {
        self.steps.push(Step::Index(index));
        self
    }

    /// The public error, with the steps written as a pointer.
    pub(super) fn finish(self) -> MismatchError {
        let mut pointer = String::new();
        for step in self.steps.iter().rev() {
            pointer.push('/');
            match step {
                Step::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                Step::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        MismatchError {
            pointer,
            expected: self.expected,
            found: printable(&self.found),
            message: printable(&self.message),
        }
    }
}
