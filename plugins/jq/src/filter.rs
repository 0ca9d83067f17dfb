//! One compiled filter: from source text to something that maps JSON text to JSON text.

use std::collections::BTreeSet;

use jaq_core::compile::Undefined;
use jaq_core::load::lex::Token;
use jaq_core::load::parse::Term;
use jaq_core::load::{Arena, File, Lexer, Loader, Parser};
use jaq_core::{Compiler, Ctx, Vars};
use jaq_json::{Val, read};

use crate::bindings::exports::writ::jq::filters::SyntaxError;
use crate::definition::{self, Data, Library};
use crate::{message, output};

/// A compiled filter with the names of its free variables.
pub(crate) struct Filter {
    program: jaq_core::Filter<Data>,
    pub(crate) variables: Vec<String>,
}

impl Filter {
    /// Compiles a source text.
    pub(crate) fn compile(library: &Library, source: &str) -> Result<Self, SyntaxError> {
        let names = definition::calls(&parse_term(source)?);
        let mut variables = Vec::new();
        loop {
            // Which variables are free is what the compiler misses: it is asked again until it misses none.
            match compile_with(library, source, names.clone(), &variables) {
                Ok(program) => return Ok(Self { program, variables }),
                Err(Missing::Variables(more)) => variables.extend(more),
                Err(Missing::Other(error)) => return Err(error),
            }
        }
    }

    /// The first result on this input, as JSON text.
    pub(crate) fn evaluate(&self, input: String, variables: Vec<String>) -> Result<String, String> {
        if variables.len() != self.variables.len() {
            return Err(format!(
                "{} variables are needed, {} were given",
                self.variables.len(),
                variables.len()
            ));
        }
        let input = read(&input, ".")?;
        let variables = variables
            .iter()
            .zip(&self.variables)
            .map(|(text, name)| read(text, name));
        let variables = variables.collect::<Result<Vec<_>, _>>()?;
        let context = Ctx::<Data>::new(&self.program.lut, Vars::new(variables));
        let first = self.program.id.run((context, input)).next();
        match first {
            None => Ok("null".to_owned()),
            Some(Ok(value)) => output::json(&value),
            Some(Err(exception)) => Err(match exception.get_err() {
                Ok(error) => message::of_error(error),
                Err(_) => "the expression left itself by `break` or `halt`".to_owned(),
            }),
        }
    }
}

fn read(text: &str, name: &str) -> Result<Val, String> {
    read::parse_single(text.as_bytes())
        .map_err(|error| format!("the value of {name} is not JSON: {error}"))
}

/// Why a compilation failed.
enum Missing {
    /// Only because these variables were not declared.
    Variables(Vec<String>),
    /// For good.
    Other(SyntaxError),
}

fn parse_term(source: &str) -> Result<Term<&str>, SyntaxError> {
    let tokens = Lexer::new(source).lex().map_err(|errors| {
        let first = errors
            .into_iter()
            .next()
            .map(|(expected, found)| (expected.as_str(), found));
        unexpected(source, first)
    })?;
    if let Some(Token(word @ ("import" | "include" | "module"), _)) = tokens.first() {
        return Err(message::syntax(
            source,
            word,
            "an expression has no modules: define what it needs with `def`",
        ));
    }
    Parser::new(&tokens)
        .parse(|parser| parser.term())
        .map_err(|errors| {
            let first = errors.into_iter().next();
            let first = first
                .map(|(expected, found)| (expected.as_str(), Token::opt_as_str(found, source)));
            unexpected(source, first)
        })
}

fn unexpected(source: &str, first: Option<(&str, &str)>) -> SyntaxError {
    let (expected, found) = first.unwrap_or(("jq", source));
    message::expected(source, expected, found)
}

fn compile_with(
    library: &Library,
    source: &str,
    names: BTreeSet<&str>,
    variables: &[String],
) -> Result<jaq_core::Filter<Data>, Missing> {
    let (definitions, names) = library.needed(names);
    let arena = Arena::default();
    let modules = Loader::new(definitions).load(
        &arena,
        File {
            code: source,
            path: (),
        },
    );
    let modules = modules
        .map_err(|_| Missing::Other(message::syntax(source, source, "modules cannot be loaded")))?;
    Compiler::default()
        .with_funs(definition::natives(&names))
        .with_global_vars(variables.iter().map(String::as_str))
        .compile(modules)
        .map_err(|errors| missing(source, errors.into_iter().flat_map(|(_, errors)| errors)))
}

fn missing<'s>(source: &str, errors: impl Iterator<Item = (&'s str, Undefined)>) -> Missing {
    let mut variables: Vec<String> = Vec::new();
    for (name, kind) in errors {
        let unknown = match kind {
            Undefined::Var if definition::refusal(name).is_none() => {
                if !variables.iter().any(|known| known == name) {
                    variables.push(name.to_owned());
                }
                continue;
            }
            Undefined::Filter(arity) => message::unknown_filter(source, name, arity),
            kind => message::unknown(source, kind.as_str(), name),
        };
        return Missing::Other(unknown);
    }
    Missing::Variables(variables)
}
