//! The jq component: compiles expressions once and evaluates them on JSON texts.
//!
//! It must not know workflows, runs or the host: text in, text out, no clock, no environment, no files.

mod definition;
mod filter;
mod message;
mod output;

use std::cell::RefCell;

use definition::Library;
use filter::Filter;

mod bindings {
    use super::Component;

    wit_bindgen::generate!({ path: "wit", world: "jq" });
    export!(Component);
}

use bindings::exports::writ::jq::filters::{Compiled, Guest, SyntaxError};

struct Component;

/// What an instance keeps between calls.
#[derive(Default)]
struct State {
    prelude: Library,
    filters: Vec<Filter>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

impl Guest for Component {
    fn compile(source: String) -> Result<Compiled, SyntaxError> {
        STATE.with_borrow_mut(|state| {
            let filter = Filter::compile(&state.prelude, &source)?;
            let variables = filter.variables.clone();
            let index = state.filters.len() as u32;
            state.filters.push(filter);
            Ok(Compiled { index, variables })
        })
    }

    fn evaluate(index: u32, input: String, variables: Vec<String>) -> Result<String, String> {
        STATE.with_borrow(|state| {
            let filter = state.filters.get(index as usize);
            let filter = filter.ok_or_else(|| format!("no filter {index} was compiled"))?;
            filter.evaluate(input, variables)
        })
    }
}
