//! From text to [`Term`], by recursive descent with the component's precedences. `None` means: not for the fast path.

use serde_json::Value as Json;

use super::operator::{Operator, Strength, WEAKEST};
use super::scan::Scan;
use super::term::{Key, Step, Term};

/// Terms that one expression may have; it bounds the depth of every recursion over them too.
const TERMS_MAX: usize = 256;

/// The state of a parse. What makes arrays and objects is in `construct.rs`.
pub(super) struct Parser<'s> {
    pub(super) scan: Scan<'s>,
    pub(super) variables: Vec<String>,
    terms: usize,
}

/// Parses a whole expression into its term and the names of its variables.
pub(super) fn parse(source: &str) -> Option<(Term, Vec<String>)> {
    let mut parser = Parser {
        scan: Scan::new(source),
        variables: Vec::new(),
        terms: 0,
    };
    let term = parser.pipe()?;
    parser
        .scan
        .peek()
        .is_none()
        .then_some((term, parser.variables))
}

impl Parser<'_> {
    /// `term | term | …`, grouping to the right.
    pub(super) fn pipe(&mut self) -> Option<Term> {
        let left = self.binary(WEAKEST)?;
        if !self.take_bar() {
            return Some(left);
        }
        Some(Term::Pipe(Box::new(left), Box::new(self.pipe()?)))
    }

    pub(super) fn take_bar(&mut self) -> bool {
        let before = self.scan.clone();
        let found = self.scan.operator() == Some("|");
        if !found {
            self.scan = before;
        }
        found
    }

    /// Terms joined by operators of at least this strength.
    pub(super) fn binary(&mut self, weakest: Strength) -> Option<Term> {
        let mut left = self.postfix()?;
        loop {
            let before = self.scan.clone();
            match self
                .operator()
                .filter(|operator| operator.strength() >= weakest)
            {
                Some(operator) => {
                    let right = self.binary(operator.strength() + 1)?;
                    left = operator.join(left, right);
                }
                None => {
                    self.scan = before;
                    return Some(left);
                }
            }
        }
    }

    fn operator(&mut self) -> Option<Operator> {
        match self.scan.peek()? {
            'a'..='z' => Operator::read(self.scan.word()?),
            _ => Operator::read(self.scan.operator()?),
        }
    }

    /// A term with the `?` and the path that follow it.
    fn postfix(&mut self) -> Option<Term> {
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return None;
        }
        if self.scan.peek()? == '-' {
            return self.negation();
        }
        let mut steps = Vec::new();
        let mut term = self.atom(&mut steps)?;
        if steps.is_empty() && self.take_question_marks() {
            term = Term::Try(Box::new(term));
        }
        self.path(&mut steps)?;
        Some(if steps.is_empty() {
            term
        } else {
            Term::Path(Box::new(term), steps)
        })
    }

    /// `-term`, where the term has its own `?` and path.
    fn negation(&mut self) -> Option<Term> {
        (self.scan.operator()? == "-").then_some(())?;
        Some(Term::Negate(Box::new(self.postfix()?)))
    }

    /// The smallest term. A name after the first dot is the first step of a path.
    fn atom(&mut self, steps: &mut Vec<Step>) -> Option<Term> {
        match self.scan.peek()? {
            '.' => self.dot(steps),
            '$' => self.variable(),
            '"' => self
                .scan
                .string()
                .map(|text| Term::Literal(Json::String(text))),
            '0'..='9' => self.scan.number().map(Term::Literal),
            '(' => self.parenthesised(),
            '[' => self.array(),
            '{' => self.object(),
            _ => match self.scan.word()? {
                "null" => Some(Term::Literal(Json::Null)),
                "true" => Some(Term::Literal(Json::Bool(true))),
                "false" => Some(Term::Literal(Json::Bool(false))),
                "not" => Some(Term::Not),
                "length" => Some(Term::Length),
                _ => None,
            },
        }
        .filter(|_| self.scan.peek() != Some('('))
    }

    fn dot(&mut self, steps: &mut Vec<Step>) -> Option<Term> {
        self.scan.take('.');
        match self.scan.adjacent() {
            Some('.') => return None,
            Some('a'..='z' | 'A'..='Z' | '_') => {
                let name = self.scan.word()?.to_owned();
                self.step(steps, Key::Name(name));
            }
            _ if self.scan.peek() == Some('"') => {
                let name = self.scan.string()?;
                self.step(steps, Key::Name(name));
            }
            _ => {}
        }
        Some(Term::Input)
    }

    pub(super) fn variable(&mut self) -> Option<Term> {
        self.scan.take('$');
        self.scan
            .adjacent()
            .filter(|first| first.is_ascii_alphabetic() || *first == '_')?;
        let name = format!("${}", self.scan.word()?);
        Some(Term::Variable(self.variable_position(name)?))
    }

    fn variable_position(&mut self, name: String) -> Option<usize> {
        // The component explains why there is none.
        if name == "$ENV" {
            return None;
        }
        let known = self.variables.iter().position(|known| *known == name);
        Some(known.unwrap_or_else(|| {
            self.variables.push(name);
            self.variables.len() - 1
        }))
    }

    fn parenthesised(&mut self) -> Option<Term> {
        self.scan.take('(');
        let term = self.pipe()?;
        self.scan.take(')').then_some(term)
    }

    /// `.name`, `."name"`, `["name"]`, `[0]`, each with or without a dot before and `?` behind.
    fn path(&mut self, steps: &mut Vec<Step>) -> Option<()> {
        loop {
            match self.scan.peek() {
                Some('[') => self.bracket(steps)?,
                Some('.') => {
                    self.scan.take('.');
                    match (self.scan.adjacent()?, self.scan.peek()?) {
                        ('a'..='z' | 'A'..='Z' | '_', _) => {
                            let name = self.scan.word()?.to_owned();
                            self.step(steps, Key::Name(name));
                        }
                        ('.', _) => return None,
                        (_, '"') => {
                            let name = self.scan.string()?;
                            self.step(steps, Key::Name(name));
                        }
                        (_, '[') => self.bracket(steps)?,
                        _ => return None,
                    }
                }
                _ => return Some(()),
            }
        }
    }

    fn bracket(&mut self, steps: &mut Vec<Step>) -> Option<()> {
        self.scan.take('[');
        let key = match self.scan.peek()? {
            '"' => Key::Name(self.scan.string()?),
            '-' => {
                (self.scan.operator()? == "-").then_some(())?;
                Key::Position(-self.position()?)
            }
            _ => Key::Position(self.position()?),
        };
        self.scan.take(']').then_some(())?;
        self.step(steps, key);
        Some(())
    }

    /// A position that the component holds in its 32-bit machine word.
    fn position(&mut self) -> Option<i32> {
        i32::try_from(self.scan.number()?.as_i64()?).ok()
    }

    fn step(&mut self, steps: &mut Vec<Step>, key: Key) {
        let optional = self.take_question_marks();
        steps.push(Step { key, optional });
    }

    fn take_question_marks(&mut self) -> bool {
        let mut found = false;
        while self.scan.take('?') {
            found = true;
        }
        found
    }
}
