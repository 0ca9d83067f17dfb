//! The filters that expressions may call: jq's own definitions, less those that reach outside the expression.
//!
//! Of all definitions a filter gets only those it needs: compiling them all would cost each filter 100 KB and most of a
//! millisecond. It must not know how filters run.

use std::collections::BTreeSet;

use jaq_core::data::JustLut;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::load::{self, lex::StrPart};
use jaq_core::path::Part;
use jaq_core::{Native, native};
use jaq_json::Val;

/// What filters compute with: JSON values and no data of their own.
pub(crate) type Data = JustLut<Val>;

/// Names that are not defined here, with what would have to be true for them to mean something.
const REFUSED: &[(&str, &str)] = &[
    ("debug", "an expression has no output but its result"),
    ("debug_empty", "an expression has no output but its result"),
    ("stderr", "an expression has no output but its result"),
    ("stderr_empty", "an expression has no output but its result"),
    ("env", "an expression sees no environment"),
    ("$ENV", "an expression sees no environment"),
    ("get_search_list", "an expression sees no files"),
    ("input_filename", "an expression sees no files"),
    ("input", "an expression has one input, which is `.`"),
    ("inputs", "an expression has one input, which is `.`"),
    (
        "input_line_number",
        "an expression has one input, which is `.`",
    ),
    ("halt", "an expression cannot end the host; use `error`"),
    (
        "halt_error",
        "an expression cannot end the host; use `error`",
    ),
    (
        "now",
        "an expression gives the same result at every time; use `$task.startedAt` or `$workflow.startedAt`",
    ),
    (
        "localtime",
        "an expression gives the same result in every place; use `gmtime`",
    ),
    (
        "strflocaltime",
        "an expression gives the same result in every place; use `strftime`",
    ),
];

/// Why a name is left out, if it is.
pub(crate) fn refusal(name: &str) -> Option<&'static str> {
    let entry = REFUSED.iter().find(|(refused, _)| *refused == name);
    entry.map(|(_, reason)| *reason)
}

/// All definitions, parsed once.
pub(crate) struct Library {
    definitions: Vec<(Def<&'static str>, BTreeSet<&'static str>)>,
}

impl Default for Library {
    fn default() -> Self {
        let more = load::parse(include_str!("more.jq"), |parser| parser.defs());
        let more = more.expect("our own definitions are jq");
        let all = jaq_core::defs()
            .chain(jaq_std::defs())
            .chain(jaq_json::defs())
            .chain(more);
        let allowed = all.filter(|definition| refusal(definition.name).is_none());
        let with_calls = allowed.map(|definition| {
            let calls = calls(&definition.body);
            (definition, calls)
        });
        Self {
            definitions: with_calls.collect(),
        }
    }
}

impl Library {
    /// The definitions that these names need, in their order, and all names then needed.
    pub(crate) fn needed<'s>(
        &self,
        names: BTreeSet<&'s str>,
    ) -> (Vec<Def<&'s str>>, BTreeSet<&'s str>) {
        let mut names = names;
        let mut needed = Vec::new();
        // A definition sees only itself and those before it, so one pass from the end finds them all.
        for (definition, calls) in self.definitions.iter().rev() {
            if names.contains(definition.name) {
                names.extend(calls.iter().copied());
                needed.push(definition.clone());
            }
        }
        needed.reverse();
        (needed, names)
    }
}

/// The filters implemented in Rust that have one of these names.
pub(crate) fn natives(names: &BTreeSet<&str>) -> Vec<native::Filter<Native<Data>>> {
    let all = jaq_core::funs()
        .chain(jaq_std::funs())
        .chain(jaq_json::funs());
    let allowed = all.filter(|(name, ..)| refusal(name).is_none() && names.contains(name));
    allowed.collect()
}

/// Names of all filters that a term calls, its own definitions' included.
pub(crate) fn calls<'s>(term: &Term<&'s str>) -> BTreeSet<&'s str> {
    let mut names = BTreeSet::new();
    // A list of work instead of recursion: a term may be as deep as its text is long.
    let mut work = vec![term];
    while let Some(term) = work.pop() {
        visit(term, &mut names, &mut work);
    }
    names
}

fn visit<'s, 't>(
    term: &'t Term<&'s str>,
    names: &mut BTreeSet<&'s str>,
    work: &mut Vec<&'t Term<&'s str>>,
) {
    match term {
        Term::Id
        | Term::Recurse
        | Term::Num(_)
        | Term::Arr(None)
        | Term::Break(_)
        | Term::Var(_) => {}
        Term::Str(format, parts) => {
            names.extend(format);
            work.extend(parts.iter().filter_map(|part| match part {
                StrPart::Term(term) => Some(term),
                StrPart::Str(_) | StrPart::Char(_) => None,
            }));
        }
        Term::Arr(Some(term)) | Term::Neg(term) | Term::Label(_, term) => work.push(term),
        Term::Obj(entries) => {
            for (key, value) in entries {
                work.push(key);
                work.extend(value);
            }
        }
        Term::BinOp(left, operator, right) => {
            if let BinaryOp::Pipe(Some(pattern)) = operator {
                visit_pattern(pattern, work);
            }
            work.extend([&**left, &**right]);
        }
        Term::Fold(_, stream, pattern, arguments) => {
            work.push(stream);
            visit_pattern(pattern, work);
            work.extend(arguments);
        }
        Term::TryCatch(body, handler) => {
            work.push(body);
            work.extend(handler.as_deref());
        }
        Term::IfThenElse(branches, otherwise) => {
            for (condition, then) in branches {
                work.extend([condition, then]);
            }
            work.extend(otherwise.as_deref());
        }
        Term::Def(definitions, body) => {
            work.extend(definitions.iter().map(|definition| &definition.body));
            work.push(body);
        }
        Term::Call(name, arguments) => {
            names.insert(name);
            work.extend(arguments);
        }
        Term::Path(head, path) => {
            work.push(head);
            for (part, _) in &path.0 {
                match part {
                    Part::Index(index) => work.push(index),
                    Part::Range(from, to) => work.extend(from.iter().chain(to)),
                }
            }
        }
    }
}

fn visit_pattern<'s, 't>(pattern: &'t Pattern<&'s str>, work: &mut Vec<&'t Term<&'s str>>) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(patterns) => patterns
            .iter()
            .for_each(|pattern| visit_pattern(pattern, work)),
        Pattern::Obj(entries) => {
            for (key, pattern) in entries {
                work.push(key);
                visit_pattern(pattern, work);
            }
        }
    }
}
