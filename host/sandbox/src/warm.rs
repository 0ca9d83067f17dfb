//! An instance that stays for many calls, for first-party components whose code is ours and only the data is strange. It has
//! no capability and no record, answers synchronously, and is dead after any trap or limit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value as Json;
use wasmtime::component::{Func, Instance, Val};
use wasmtime::{Engine, Store, UpdateDeadline};
use writ_grant::{Authority, Capability, Denied};
use writ_plugin::{Plugin, Type, Value, to_json};

use crate::component::Loaded;
use crate::convert::{to_val, to_value};
use crate::fault::Fault;
use crate::limits::Limits;
use crate::linker;
use crate::meter::{panic_words, thread_cpu_us};
use crate::port::{
    Durable, FileNote, HostCall, KvAnswer, KvError, KvOperation, Port, PortError, Recalled,
    ToolRecord,
};
use crate::sandbox::Shared;
use crate::state::{Parts, Settings, State};
use crate::tools::{Chain, Lent, NoTools};
use crate::trap;
use crate::trusted::Compiled;

/// A kept instance.
pub struct Warm {
    store: Store<State>,
    instance: Instance,
    plugin: Arc<Plugin>,
    shared: Arc<Shared>,
    wasm: wasmtime::component::Component,
    /// Processor time of this thread at which the guest must stop, in microseconds.
    deadline_us: Arc<AtomicU64>,
    functions: Vec<(String, Func, usize)>,
    dead: bool,
}

impl Warm {
    pub(crate) fn new(loaded: &Loaded, limits: Limits) -> Result<Self, Fault> {
        let host = |message: String| Fault::Host { message };
        let engine = loaded
            .shared
            .on_demand(limits.stack_bytes_max, &loaded.plugin.name)
            .map_err(|error| host(error.to_string()))?;
        let wasm = outside_pool(loaded, &engine).map_err(|error| host(format!("{error:#}")))?;
        let linked = linker::for_warm(&engine, &wasm)
            .and_then(|linker| linker.instantiate_pre(&wasm))
            .map_err(|error| host(format!("{error:#}")))?;
        let deadline_us = Arc::new(AtomicU64::new(0));
        let mut store = store(
            &engine,
            &loaded.plugin.name,
            limits,
            Arc::clone(&deadline_us),
        );
        let _running = loaded.shared.engines.ticker().run()?;
        let instance = guarded(&mut store, &deadline_us, |store| linked.instantiate(store))?;
        let (plugin, shared) = (Arc::clone(&loaded.plugin), Arc::clone(&loaded.shared));
        Ok(Self {
            store,
            instance,
            plugin,
            shared,
            wasm,
            deadline_us,
            functions: Vec::new(),
            dead: false,
        })
    }

    /// Calls a function. The ok case of an outermost `result` is the bare value; a function without an answer, or whose ok
    /// case has no payload, answers the empty tuple.
    ///
    /// # Errors
    /// A fault. After a trap or a limit the instance is dead; an unknown function or the function's own error case leaves it
    /// alive.
    pub fn call(&mut self, function: &str, args: &[Value]) -> Result<Value, Fault> {
        if self.dead {
            return Err(Fault::Host {
                message: "this instance died in an earlier call".to_owned(),
            });
        }
        let (func, results) = self.function(function)?;
        let params: Vec<Val> = args.iter().cloned().map(to_val).collect();
        let mut results = vec![Val::Bool(false); results];
        let _running = self.shared.engines.ticker().run()?;
        self.dead = true;
        guarded(&mut self.store, &self.deadline_us, |store| {
            func.call(store, &params, &mut results)
        })?;
        self.dead = false;
        let odd = || Fault::Host {
            message: format!("`{function}` has no answer that can be passed on"),
        };
        let Some(val) = results.pop() else {
            return Ok(Value::Tuple(Vec::new()));
        };
        let value = to_value(val).ok_or_else(odd)?;
        let Value::Result(case) = value else {
            return Ok(value);
        };
        match case {
            Ok(payload) => Ok(payload.map_or_else(|| Value::Tuple(Vec::new()), |value| *value)),
            Err(payload) => Err(self.error_case(function, payload.as_deref())),
        }
    }

    fn error_case(&self, function: &str, payload: Option<&Value>) -> Fault {
        let ty = self
            .plugin
            .function(function)
            .and_then(|function| match &function.result {
                Some(Type::Result(result)) => result.err.as_ref(),
                Some(_) | None => None,
            });
        let payload = ty
            .zip(payload)
            .map_or(Json::Null, |(ty, payload)| to_json(ty, payload));
        Fault::Guest { payload }
    }

    /// Whether it must be thrown away.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    fn function(&mut self, name: &str) -> Result<(Func, usize), Fault> {
        if let Some((_, func, results)) = self.functions.iter().find(|(known, ..)| known == name) {
            return Ok((*func, *results));
        }
        let unknown = || Fault::UnknownFunction {
            function: name.to_owned(),
            known: self
                .plugin
                .functions
                .values()
                .map(|function| function.name.clone())
                .collect(),
        };
        let signature = self.plugin.function(name).ok_or_else(unknown)?;
        let export = crate::component::export(&self.wasm, signature).ok_or_else(unknown)?;
        let func = self
            .instance
            .get_func(&mut self.store, export)
            .ok_or_else(unknown)?;
        let results = usize::from(signature.result.is_some());
        self.functions.push((name.to_owned(), func, results));
        Ok((func, results))
    }
}

/// A pool's slots are for calls, so a kept instance lives outside it. The code came from our own engine just now.
fn outside_pool(
    loaded: &Loaded,
    engine: &Engine,
) -> wasmtime::Result<wasmtime::component::Component> {
    if Engine::same(loaded.wasm.engine(), engine) {
        return Ok(loaded.wasm.clone());
    }
    Compiled::vouch(loaded.wasm.serialize()?).load(engine)
}

fn store(
    engine: &Engine,
    plugin: &str,
    limits: Limits,
    deadline_us: Arc<AtomicU64>,
) -> Store<State> {
    let parts = Parts {
        authority: Authority::none(plugin),
        settings: Arc::new(Settings::default()),
        idempotency_key: None,
        idempotent: false,
        web: None,
        port: Lent::own(Box::new(Deaf)),
        mounts: Vec::new(),
        tools: Arc::new(NoTools),
        chain: Chain::start(plugin, ""),
        clock_ms: 0,
        seed: 0,
    };
    let lift = usize::try_from(limits.output_bytes_max.saturating_mul(4)).unwrap_or(usize::MAX);
    let mut store = Store::new(engine, State::new(parts, limits));
    store.limiter(|state| &mut state.limiter);
    store.set_epoch_deadline(1);
    store.set_hostcall_fuel(lift);
    store.epoch_deadline_callback(move |mut store| {
        let state = store.data_mut();
        state.alive()?;
        if thread_cpu_us() > deadline_us.load(Ordering::Relaxed) {
            return Err(state.stop_at_limit(
                "cpu_ms_max",
                state.limits.cpu_ms_max,
                "ms of processor time",
            ));
        }
        Ok(UpdateDeadline::Continue(1))
    });
    store
}

/// Runs guest code under the processor deadline; traps, limits and panics become faults.
fn guarded<T>(
    store: &mut Store<State>,
    deadline_us: &AtomicU64,
    run: impl FnOnce(&mut Store<State>) -> wasmtime::Result<T>,
) -> Result<T, Fault> {
    let allowed_us = store.data().limits.cpu_ms_max.saturating_mul(1_000);
    deadline_us.store(
        thread_cpu_us().saturating_add(allowed_us),
        Ordering::Relaxed,
    );
    store.data_mut().begin_again();
    let ended = catch_unwind(AssertUnwindSafe(|| run(store)));
    let stopped = store.data_mut().take_stop();
    match (ended, stopped) {
        (Err(panic), _) => Err(Fault::Host {
            message: panic_words(panic.as_ref()),
        }),
        (_, Some(fault)) => Err(fault),
        (Ok(Err(error)), None) => Err(trap::fault(&error, &store.data().limits)),
        (Ok(Ok(value)), None) => Ok(value),
    }
}

/// A port for nobody: a warm instance has nothing to record and nobody to tell, nor has a call whose port is lent.
pub(crate) struct Deaf;

impl Port for Deaf {
    fn expected(&self) -> Option<HostCall> {
        None
    }

    fn recall(&mut self, _: &HostCall) -> Option<Recalled> {
        None
    }

    fn intended(&mut self, _: &HostCall) -> Durable<'_> {
        Box::pin(async { Ok(()) })
    }

    fn answered(&mut self, _: HostCall, _: Json, _: &Capability) -> Durable<'_> {
        Box::pin(async { Ok(()) })
    }

    fn record(&mut self, _: HostCall, _: Json, _: &Capability) {}

    fn keyvalue(&mut self, _: KvOperation, _: &Capability) -> Result<KvAnswer, KvError> {
        Err(KvError::NoSuchStore)
    }

    fn tool_called(&mut self, _: &HostCall, _: &[String], _: &Capability) -> ToolRecord {
        ToolRecord::New
    }

    fn tool_returned(&mut self, _: Option<Json>) {}

    fn lost(&self) -> Option<PortError> {
        None
    }

    fn recorded_bytes(&self) -> u64 {
        0
    }

    fn denied(&mut self, _: &Denied) {}

    fn opened(&mut self, _: FileNote) {}

    fn log(&mut self, _: &str, _: &str) {}
}
