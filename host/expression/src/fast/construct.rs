//! Parsing of what makes arrays and objects.

use super::operator::WEAKEST;
use super::parse::Parser;
use super::term::{Key, Step, Term};

impl Parser<'_> {
    /// `[term, term]`, or `[term | term]`. A comma and a bar together are left to the component.
    pub(super) fn array(&mut self) -> Option<Term> {
        self.scan.take('[');
        let mut items = Vec::new();
        if self.scan.take(']') {
            return Some(Term::Array(items));
        }
        let first = self.binary(WEAKEST)?;
        if self.take_bar() {
            items.push(Term::Pipe(Box::new(first), Box::new(self.pipe()?)));
        } else {
            items.push(first);
            while self.scan.take(',') {
                items.push(self.binary(WEAKEST)?);
            }
        }
        self.scan.take(']').then_some(Term::Array(items))
    }

    /// `{name: term, "name": term, name, $name}`; a comma may end it.
    pub(super) fn object(&mut self) -> Option<Term> {
        self.scan.take('{');
        let mut members = Vec::new();
        if self.scan.take('}') {
            return Some(Term::Object(members));
        }
        loop {
            members.push(self.member()?);
            let comma = self.scan.take(',');
            if self.scan.take('}') {
                return Some(Term::Object(members));
            }
            comma.then_some(())?;
        }
    }

    fn member(&mut self) -> Option<(String, Term)> {
        match self.scan.peek()? {
            '$' => {
                let Term::Variable(position) = self.variable()? else {
                    return None;
                };
                let name = self.variables[position][1..].to_owned();
                // `{$name: term}` takes the variable's value as the name.
                (self.scan.peek() != Some(':')).then_some((name, Term::Variable(position)))
            }
            '"' => {
                let name = self.scan.string()?;
                self.member_value(name)
            }
            _ => {
                let name = self.scan.word()?.to_owned();
                self.member_value(name)
            }
        }
    }

    fn member_value(&mut self, name: String) -> Option<(String, Term)> {
        if self.scan.take(':') {
            return Some((name, self.pipe()?));
        }
        let step = Step {
            key: Key::Name(name.clone()),
            optional: false,
        };
        Some((name, Term::Path(Box::new(Term::Input), vec![step])))
    }
}
