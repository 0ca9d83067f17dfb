//! Expressions in the jq component: one warm instance, filters compiled when first needed.
//!
//! After any fault the instance is not trusted any more: it is thrown away, and made again at the next use.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use serde_json::Value as Json;
use writ_sandbox::{Component, Fault, Limits, Value, Warm};

use crate::failure;

/// Gives the jq component, compiled; called at most once for each instance that is made.
pub type JqSource = Arc<dyn Fn() -> Result<Component, String> + Send + Sync>;

/// Longest expression that the sandbox compiles.
const SOURCE_BYTES_MAX: usize = 64 << 10;
/// An instance never gives memory back: after values larger than this it is not kept.
const KEPT_VALUE_BYTES_MAX: usize = 4 << 20;

const MIB: u64 = 1 << 20;

/// The limits on one evaluation that suit expressions: little time, room for inputs of some ten megabytes.
pub fn limits() -> Limits {
    Limits {
        memory_bytes_max: 256 * MIB,
        cpu_ms_max: 2_000,
        wall_ms_max: 10_000,
        stack_bytes_max: MIB,
        output_bytes_max: 64 * MIB,
        argument_bytes_max: 64 * MIB,
        ..Limits::default()
    }
}

/// The sandbox's side of [`crate::Expressions`].
pub(crate) struct Sandboxed {
    jq: JqSource,
    limits: Limits,
    instance: Option<Instance>,
    /// What is wrong with an expression is remembered: it stays wrong.
    wrong: Vec<Option<String>>,
}

struct Instance {
    warm: Warm,
    filters: Vec<Option<Filter>>,
}

/// A filter that an instance has compiled.
#[derive(Clone)]
struct Filter {
    number: u32,
    variables: Arc<[String]>,
}

impl Sandboxed {
    pub(crate) fn new(jq: JqSource, limits: Limits, programs: usize) -> Self {
        Self {
            jq,
            limits,
            instance: None,
            wrong: vec![None; programs],
        }
    }

    /// The names of an expression's variables, or what is wrong with it.
    pub(crate) fn variables(
        &mut self,
        index: usize,
        source: &str,
    ) -> Result<Arc<[String]>, String> {
        self.filter(index, source).map(|filter| filter.variables)
    }

    /// Evaluates an expression on JSON texts, and reads the result.
    pub(crate) fn evaluate(
        &mut self,
        index: usize,
        source: &str,
        input: &Json,
        variables: &[Arc<Json>],
    ) -> Result<Json, String> {
        let number = self.filter(index, source)?.number;
        let input = input.to_string();
        let variables: Vec<String> = variables.iter().map(ToString::to_string).collect();
        let bytes = input.len() + variables.iter().map(String::len).sum::<usize>();
        let variables = variables.into_iter().map(Value::String).collect();
        let arguments = [
            Value::U32(number),
            Value::String(input),
            Value::List(variables),
        ];
        let answer = self.call("evaluate", &arguments);
        if bytes > KEPT_VALUE_BYTES_MAX {
            self.instance = None;
        }
        match answer {
            Ok(Value::String(text)) => {
                serde_json::from_str(&text).map_err(|error| failure::unreadable(&error))
            }
            Ok(other) => Err(failure::unexpected("evaluate", &other)),
            Err(Fault::Guest {
                payload: Json::String(message),
            }) => Err(message),
            Err(fault) => Err(failure::explain(fault)),
        }
    }

    fn filter(&mut self, index: usize, source: &str) -> Result<Filter, String> {
        if let Some(message) = self.wrong.get(index).and_then(Option::as_ref) {
            return Err(message.clone());
        }
        let known = self
            .instance
            .as_ref()
            .and_then(|instance| instance.filters.get(index))
            .cloned()
            .flatten();
        match known {
            Some(filter) => Ok(filter),
            None => self.compile(index, source),
        }
    }

    fn compile(&mut self, index: usize, source: &str) -> Result<Filter, String> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(format!(
                "an expression may have {SOURCE_BYTES_MAX} bytes, this one has {}",
                source.len()
            ));
        }
        self.instance()?;
        let filter = match self.call("compile", &[Value::String(source.to_owned())]) {
            Ok(answer) => filter(&answer).ok_or_else(|| failure::unexpected("compile", &answer))?,
            Err(fault) => {
                let message = failure::explain_compilation(source, fault);
                if let Some(wrong) = self.wrong.get_mut(index) {
                    *wrong = Some(message.clone());
                }
                return Err(message);
            }
        };
        if let Some(instance) = &mut self.instance
            && let Some(kept) = instance.filters.get_mut(index)
        {
            *kept = Some(filter.clone());
        }
        Ok(filter)
    }

    /// Calls the instance, made if there is none. After a fault that is not the guest's own answer it is gone.
    fn call(&mut self, function: &str, arguments: &[Value]) -> Result<Value, Fault> {
        let instance = match &mut self.instance {
            Some(instance) => instance,
            None => {
                return Err(Fault::Host {
                    message: "the jq instance is gone".to_owned(),
                });
            }
        };
        let answer = instance.warm.call(function, arguments);
        let is_sound = matches!(answer, Ok(_) | Err(Fault::Guest { .. }));
        if !is_sound || instance.warm.is_dead() {
            self.instance = None;
        }
        answer
    }

    fn instance(&mut self) -> Result<(), String> {
        if self.instance.is_none() {
            let component = (self.jq)()
                .map_err(|error| format!("the jq component cannot be loaded: {error}"))?;
            let warm = at_once(component.warm(self.limits.clone())).map_err(failure::explain)?;
            self.instance = Some(Instance {
                warm,
                filters: vec![None; self.wrong.len()],
            });
        }
        Ok(())
    }
}

/// The result of a future that has nothing to wait for: with no capability linked, an instance waits for nobody.
fn at_once<T>(future: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Fault::Host {
            message: "the jq component waits for something".to_owned(),
        }),
    }
}

/// Reads the component's `compiled` record.
fn filter(answer: &Value) -> Option<Filter> {
    let Value::Record(fields) = answer else {
        return None;
    };
    let field = |wanted: &str| {
        fields
            .iter()
            .find(|(name, _)| **name == *wanted)
            .map(|(_, value)| value)
    };
    let (Some(Value::U32(number)), Some(Value::List(variables))) =
        (field("index"), field("variables"))
    else {
        return None;
    };
    let name = |value: &Value| {
        if let Value::String(name) = value {
            Some(name.clone())
        } else {
            None
        }
    };
    let variables = variables.iter().map(name).collect::<Option<Vec<_>>>()?;
    Some(Filter {
        number: *number,
        variables: variables.into(),
    })
}
