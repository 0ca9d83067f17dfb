//! jq for tests: jaq, natively, each program compiled once.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use jaq_core::{
    Compiler, Ctx, Filter, Vars,
    data::JustLut,
    load::{Arena, File, Loader},
};
use jaq_json::Val;
use serde_json::Value as Json;
use writ_workflow::model::Expression;

use crate::{Arguments, Evaluator};

type Program = Filter<JustLut<Val>>;

type Programs = HashMap<(String, Vec<String>), Result<Rc<Program>, String>>;

thread_local! {
    static PROGRAMS: RefCell<Programs> = RefCell::default();
}

/// Evaluates with jaq, and counts how often.
#[derive(Debug, Default)]
pub(crate) struct Jq {
    pub(crate) evaluations: u64,
}

impl Evaluator for Jq {
    fn evaluate(
        &mut self,
        expression: &Expression,
        input: &Json,
        arguments: &dyn Arguments,
    ) -> Result<Json, String> {
        self.evaluations += 1;
        let names: Vec<String> = arguments
            .names()
            .into_iter()
            .filter(|name| expression.source.contains(&format!("${name}")))
            .collect();
        let program = program(&expression.source, &names)?;
        let values = names.iter().map(|name| {
            let value = arguments
                .get(name)
                .expect("a name that was listed has a value");
            to_val(&value)
        });
        let context = Ctx::<JustLut<Val>>::new(&program.lut, Vars::new(values));
        match program.id.run((context, to_val(input))).next() {
            None => Ok(Json::Null),
            Some(Ok(value)) => Ok(serde_json::from_str(&value.to_string()).unwrap()),
            Some(Err(error)) => Err(error
                .get_err()
                .map_or("break".to_owned(), |error| error.to_string())),
        }
    }
}

fn to_val(json: &Json) -> Val {
    jaq_json::read::parse_single(json.to_string().as_bytes()).unwrap()
}

fn program(source: &str, names: &[String]) -> Result<Rc<Program>, String> {
    let key = (source.to_owned(), names.to_vec());
    PROGRAMS.with_borrow_mut(|programs| {
        programs
            .entry(key)
            .or_insert_with(|| compile(source, names).map(Rc::new))
            .clone()
    })
}

fn compile(source: &str, names: &[String]) -> Result<Program, String> {
    let variables: Vec<String> = names.iter().map(|name| format!("${name}")).collect();
    // Of the standard library only what needs none of its optional parts.
    let standard = jaq_std::defs().filter(|definition| ["null", "add"].contains(&definition.name));
    let definitions = jaq_core::defs().chain(standard);
    let arena = Arena::default();
    let modules = Loader::new(definitions)
        .load(
            &arena,
            File {
                code: source,
                path: (),
            },
        )
        .map_err(|_| format!("{source} does not parse"))?;
    Compiler::default()
        .with_funs(
            jaq_core::funs()
                .chain(jaq_std::base_funs())
                .chain(jaq_json::funs()),
        )
        .with_global_vars(variables.iter().map(String::as_str))
        .compile(modules)
        .map_err(|_| format!("{source} does not compile"))
}
