//! The named types of a plugin's functions, written as WIT declares them. Each is told once, however often it is used.

use std::collections::HashSet;
use std::fmt::Write;

use super::TypeNote;
use crate::{Plugin, Type};

/// Most types that are told.
const TYPES_MAX: usize = 500;
/// Most lines of one declaration.
const LINES_MAX: usize = 200;

pub(super) fn types(plugin: &Plugin) -> Vec<TypeNote> {
    let mut found = Found::default();
    for function in plugin.functions.values() {
        let params = function.params.iter().map(|param| &param.ty);
        for ty in params.chain(&function.result) {
            found.visit(ty);
        }
    }
    found.notes
}

#[derive(Default)]
struct Found {
    /// Declarations that were seen, so that two types of one name are both told.
    seen: HashSet<(String, String)>,
    notes: Vec<TypeNote>,
}

impl Found {
    /// Types are trees without cycles, of bounded depth; a type that was seen is not entered again.
    fn visit(&mut self, ty: &Type) {
        if self.notes.len() >= TYPES_MAX {
            return;
        }
        let Some((name, docs, wit)) = declaration(ty) else {
            inner(ty, &mut |part| self.visit(part));
            return;
        };
        if !self.seen.insert((name.to_owned(), wit.clone())) {
            return;
        }
        self.notes.push(TypeNote {
            name: name.to_owned(),
            wit,
            description: docs.cloned(),
        });
        inner(ty, &mut |part| self.visit(part));
    }
}

fn inner(ty: &Type, visit: &mut dyn FnMut(&Type)) {
    match ty {
        Type::Bool
        | Type::S8
        | Type::U8
        | Type::S16
        | Type::U16
        | Type::S32
        | Type::U32
        | Type::S64
        | Type::U64
        | Type::F32
        | Type::F64
        | Type::Char
        | Type::String
        | Type::Enum(_)
        | Type::Flags(_) => {}
        Type::List(inner) | Type::FixedList(inner, _) | Type::Option(inner) => visit(inner),
        Type::Map(key, value) => {
            visit(key);
            visit(value);
        }
        Type::Record(record) => record.fields.iter().for_each(|field| visit(&field.ty)),
        Type::Tuple(types) => types.iter().for_each(visit),
        Type::Variant(variant) => variant
            .cases
            .values()
            .filter_map(|case| case.ty.as_ref())
            .for_each(visit),
        Type::Result(result) => result.ok.iter().chain(&result.err).for_each(visit),
    }
}

/// The name, doc comment and declaration of a type that has a name.
fn declaration(ty: &Type) -> Option<(&str, Option<&String>, String)> {
    let (word, name, docs, lines) = match ty {
        Type::Record(record) => {
            let fields = record.fields.iter();
            let lines = fields.map(|field| {
                line(
                    field.docs.as_deref(),
                    &format!("{}: {}", field.name, field.ty),
                )
            });
            (
                "record",
                &record.name,
                &record.docs,
                lines.collect::<Vec<_>>(),
            )
        }
        Type::Variant(variant) => {
            let cases = variant.cases.iter();
            let lines = cases.map(|(name, case)| match &case.ty {
                Some(ty) => line(case.docs.as_deref(), &format!("{name}({ty})")),
                None => line(case.docs.as_deref(), name),
            });
            ("variant", &variant.name, &variant.docs, lines.collect())
        }
        Type::Enum(cases) => {
            let lines = cases
                .cases
                .iter()
                .map(|(name, docs)| line(docs.as_deref(), name));
            ("enum", &cases.name, &cases.docs, lines.collect())
        }
        Type::Flags(flags) => {
            let lines = flags
                .flags
                .iter()
                .map(|(name, docs)| line(docs.as_deref(), name));
            ("flags", &flags.name, &flags.docs, lines.collect())
        }
        Type::Bool
        | Type::S8
        | Type::U8
        | Type::S16
        | Type::U16
        | Type::S32
        | Type::U32
        | Type::S64
        | Type::U64
        | Type::F32
        | Type::F64
        | Type::Char
        | Type::String
        | Type::List(_)
        | Type::FixedList(..)
        | Type::Map(..)
        | Type::Tuple(_)
        | Type::Option(_)
        | Type::Result(_) => return None,
    };
    let mut wit = format!("{word} {name} {{\n");
    for line in lines.iter().take(LINES_MAX) {
        wit.push_str(line);
    }
    if let Some(more @ 1..) = lines.len().checked_sub(LINES_MAX) {
        writeln!(wit, "  // and {more} more").expect("a String takes any text");
    }
    wit.push('}');
    Some((name, docs.as_ref(), wit))
}

/// One member, its doc comment above it.
fn line(docs: Option<&str>, text: &str) -> String {
    let mut line = String::new();
    for doc in docs.iter().flat_map(|docs| docs.lines()) {
        writeln!(line, "  /// {doc}").expect("a String takes any text");
    }
    writeln!(line, "  {text},").expect("a String takes any text");
    line
}
