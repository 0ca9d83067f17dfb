//! The signature of an exported function. Knows nothing of how it is called.

use std::fmt::Write;

use serde::Serialize;

use crate::effects::Effects;
use crate::types::Type;

/// A function that can be called with JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// What callers say: the export's own name where the component has only one such, else `interface.function`.
    pub name: String,
    /// The export's own name, without its interface.
    pub export: String,
    /// The interface that exports it, as in `invoice:tools/reader@0.1.0`; none when the component exports it directly.
    pub interface: Option<String>,
    /// Its doc comment.
    pub docs: Option<String>,
    /// Its parameters, in order.
    pub params: Vec<Param>,
    /// Its result, if it has one.
    pub result: Option<Type>,
    /// What the manifest says of its effects.
    pub effects: Option<Effects>,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name, which is its key in a call's arguments.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// An exported function that JSON can't call, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Uncallable {
    /// Its name, formed as for callable functions.
    pub name: String,
    /// The interface that exports it.
    pub interface: Option<String>,
    /// What is in the way, in plain words.
    pub reason: String,
}

/// The function on one line, as WIT would write it:
/// `check: func(invoice: invoice, orders: list<order>) -> result<verdict, string>`.
#[must_use]
pub fn wit_text(function: &Function) -> String {
    let mut text = format!("{}: func(", function.name);
    for (i, param) in function.params.iter().enumerate() {
        let comma = if i > 0 { ", " } else { "" };
        write!(text, "{comma}{}: {}", param.name, param.ty).expect("a String takes any text");
    }
    text.push(')');
    if let Some(result) = &function.result {
        write!(text, " -> {result}").expect("a String takes any text");
    }
    text
}
