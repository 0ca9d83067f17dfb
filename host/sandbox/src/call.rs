//! One call, from JSON arguments to JSON answer: a fresh store and instance, run under every limit, taken down whatever
//! happens. Knows nothing of how the component was loaded.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use wasmtime::component::{ComponentExportIndex, InstancePre, Val};
use wasmtime::{Engine, Store};
use writ_grant::Authority;
use writ_plugin::{Function, Type, Value, arguments, to_json};

use crate::bounded::fits;
use crate::component::Loaded;
use crate::convert::{to_vals, to_value};
use crate::exchange::Web;
use crate::fault::{Fault, Outcome, Usage};
use crate::folders::{self, Mounts, ResolvedFolders};
use crate::limits::Limits;
use crate::linker::Shape;
use crate::meter::Metered;
use crate::port::Port;
use crate::state::{Parts, Settings, State};
use crate::tools::{Chain, Lent, Tools, Waiting};
use crate::trap;

/// Bytes that a guest's string or list may cost the host, for each byte that it may answer with: typed values are larger
/// than the JSON they become.
const LIFT_FACTOR: u64 = 4;

/// What to call, with what, as whom.
pub struct Call {
    /// The function's name, as in [`Plugin::functions`](writ_plugin::Plugin).
    pub function: String,
    /// Its arguments by name.
    pub arguments: Json,
    /// What it may do.
    pub authority: Authority,
    /// The host folder for every granted guest path.
    pub folders: ResolvedFolders,
    /// What it may use.
    pub limits: Limits,
    /// The time that the guest sees, in milliseconds since 1970, unless it was granted the real one.
    pub clock_ms: u64,
    /// What its randomness is made from, unless it was granted the system's.
    pub seed: u64,
    /// The same for every attempt of one task; seen by guests that may read the variable `WRIT_IDEMPOTENCY_KEY`.
    pub idempotency_key: Option<String>,
    /// Values that the operator set.
    pub settings: Arc<Settings>,
    /// The components that it may call.
    pub tools: Arc<dyn Tools>,
    /// The function is declared idempotent: requests that aren't safe carry a key of the call, and are sent again after a crash.
    pub idempotent: bool,
    /// What sends requests; none: nothing does.
    pub web: Option<Web>,
    /// The record, the key-value state and the ear of this call.
    pub port: Box<dyn Port>,
}

/// A call that can start: everything that can be refused without running the guest was checked.
struct Ready<'a> {
    instance: &'a InstancePre<State>,
    export: &'a ComponentExportIndex,
    function: &'a Function,
    params: Vec<Val>,
}

/// Runs a call: by whoever drives the sandbox, or by a guest that waits for it. The authority is the function's own; that of a waiting
/// guest narrows it.
pub(crate) async fn run(loaded: &Loaded, call: Call, caller: Option<Box<Waiting>>) -> Outcome {
    let Call {
        function,
        arguments,
        authority,
        folders,
        limits,
        clock_ms,
        seed,
        idempotency_key,
        settings,
        tools,
        idempotent,
        web,
        port,
    } = call;
    // Links follow what the function was granted itself: what a chain takes from it is denied when it is used.
    let ready = ready(loaded, &function, &arguments, &authority, &limits);
    drop(arguments);
    let by_host = caller.is_none();
    let (authority, chain, mounted, mut port) = match caller {
        Some(waiting) => {
            let authority = authority.within(&waiting.authority);
            let mounted = mounts(loaded, &authority, &folders)
                .and_then(|mounts| Ok(folders::inside(&mounts, &waiting.mounts).map(|()| mounts)?));
            (authority, waiting.chain, mounted, waiting.port)
        }
        None => {
            let chain = Chain::start(&loaded.plugin.name, &function);
            let mounted = mounts(loaded, &authority, &folders);
            (authority, chain, mounted, Lent::own(port))
        }
    };
    let (ready, mounts) = match ready.and_then(|ready| Ok((ready, mounted?))) {
        Ok(checked) => checked,
        Err(fault) => return refused(fault, port.take()),
    };
    let parts = Parts {
        authority,
        settings,
        idempotency_key,
        idempotent,
        web,
        port,
        mounts,
        tools,
        chain,
        clock_ms,
        seed,
    };
    let limits = Limits {
        stack_bytes_max: loaded.stack_bytes,
        ..limits
    };
    let mut store = store(ready.instance.engine(), State::new(parts, limits));
    // A chain of calls has one slot: whoever waits for a callee computes nothing meanwhile, and lends it its own. So nobody ever
    // waits for a slot that the own chain holds. The slot is given back after the store that holds its instance.
    let _slot = if by_host {
        let Ok(slot) = loaded.shared.slots.acquire().await else {
            let message = "the sandbox is shutting down".to_owned();
            return refused(Fault::Host { message }, store.data_mut().close());
        };
        Some(slot)
    } else {
        None
    };
    // Only now: however many calls wait for a slot, they have nothing open.
    if let Err(fault) = store.data_mut().open_folders() {
        return refused(fault, store.data_mut().close());
    }
    execute(loaded, ready, store).await
}

/// How a call ends that never started.
fn refused(fault: Fault, port: Box<dyn Port>) -> Outcome {
    Outcome {
        result: Err(fault),
        usage: Usage::default(),
        port,
    }
}

fn mounts(
    loaded: &Loaded,
    authority: &Authority,
    folders: &ResolvedFolders,
) -> Result<Mounts, Fault> {
    Ok(folders::mounts(
        authority,
        folders,
        &loaded.shared.private.read(),
    )?)
}

fn ready<'a>(
    loaded: &'a Loaded,
    function: &str,
    json: &Json,
    authority: &Authority,
    limits: &Limits,
) -> Result<Ready<'a>, Fault> {
    let (Some(signature), Some(export)) =
        (loaded.plugin.function(function), loaded.export(function))
    else {
        let known = loaded
            .plugin
            .functions
            .values()
            .map(|function| function.name.clone())
            .collect();
        return Err(Fault::UnknownFunction {
            function: function.to_owned(),
            known,
        });
    };
    if !fits(json, limits.argument_bytes_max) {
        let allowed = limits.argument_bytes_max;
        return Err(Fault::Limit {
            limit: "argument_bytes_max",
            allowed,
            unit: "bytes of arguments",
        });
    }
    let params = to_vals(arguments(signature, json)?);
    let instance = loaded.linked(Shape::of(authority))?;
    Ok(Ready {
        instance,
        export,
        function: signature,
        params,
    })
}

async fn execute(loaded: &Loaded, ready: Ready<'_>, mut store: Store<State>) -> Outcome {
    let _running = match loaded.shared.engines.ticker().run() {
        Ok(running) => running,
        Err(fault) => return refused(fault, store.data_mut().close()),
    };
    // The next tick; while the call waited for its slot, others passed.
    store.set_epoch_deadline(1);
    let state = store.data_mut();
    let began = state.start();
    let meter = state.meter.clone();
    let wall_ms_max = state.limits.wall_ms_max;
    let function = ready.function;
    // The guest's future lives in its own block: it is gone, however it ended, before the store is looked at.
    let ended = {
        // Without a budget of the runtime's: it would make streams pause at moments that are in no record.
        let guest = tokio::task::unconstrained(Metered::new(invoke(&mut store, ready), meter));
        tokio::time::timeout(Duration::from_millis(wall_ms_max), guest).await
    };
    let state = store.data_mut();
    let stopped = state.take_stop();
    let result = match (ended, stopped) {
        (Ok(Err(message)), _) => Err(Fault::Host { message }),
        (_, Some(fault)) => Err(fault),
        (Err(_), None) => Err(Fault::Limit {
            limit: "wall_ms_max",
            allowed: wall_ms_max,
            unit: "ms on the clock",
        }),
        (Ok(Ok(Err(error))), None) => left(trap::fault(&error, &state.limits), function),
        (Ok(Ok(Ok(val))), None) => answer(function, val, &state.limits),
    };
    let wall_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    Outcome {
        result,
        usage: state.usage(wall_us),
        port: state.close(),
    }
}

/// What holds the call's state from now on: it is large, and is not moved any more.
fn store(engine: &Engine, state: State) -> Store<State> {
    let lift = state
        .limits
        .argument_bytes_max
        .max(state.limits.output_bytes_max)
        .saturating_mul(LIFT_FACTOR);
    let handles = usize::try_from(state.limits.handles_max).unwrap_or(usize::MAX);
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limiter);
    store.epoch_deadline_callback(|mut store| store.data_mut().tick());
    store.set_hostcall_fuel(usize::try_from(lift).unwrap_or(usize::MAX));
    store.set_max_component_handles(handles);
    store
}

async fn invoke(store: &mut Store<State>, ready: Ready<'_>) -> wasmtime::Result<Option<Val>> {
    let instance = ready.instance.instantiate_async(&mut *store).await?;
    let function = instance
        .get_func(&mut *store, ready.export)
        .ok_or_else(|| {
            wasmtime::format_err!("the export `{}` is no function", ready.function.name)
        })?;
    let mut results = vec![Val::Bool(false); usize::from(ready.function.result.is_some())];
    function
        .call_async(&mut *store, &ready.params, &mut results)
        .await?;
    Ok(results.pop())
}

/// A program that leaves with 0 did well: `wasi:cli/run` has no other way in some languages.
fn left(fault: Fault, function: &Function) -> Result<Json, Fault> {
    let program = function
        .interface
        .as_deref()
        .is_some_and(|interface| interface.starts_with("wasi:cli/run"));
    if program && matches!(fault, Fault::Exit { code: 0 }) {
        return Ok(Json::Null);
    }
    Err(fault)
}

fn answer(function: &Function, val: Option<Val>, limits: &Limits) -> Result<Json, Fault> {
    let odd = || Fault::Host {
        message: format!("the answer of `{}` doesn't have its type", function.name),
    };
    let json = match (&function.result, val) {
        (None, None) => Json::Null,
        (Some(ty), Some(val)) => {
            let (ok, json) = unwrapped(ty, to_value(val).ok_or_else(odd)?).ok_or_else(odd)?;
            if !fits(&json, limits.output_bytes_max) {
                let allowed = limits.output_bytes_max;
                return Err(Fault::Limit {
                    limit: "output_bytes_max",
                    allowed,
                    unit: "bytes of output",
                });
            }
            if !ok {
                return Err(Fault::Guest { payload: json });
            }
            json
        }
        (None, Some(_)) | (Some(_), None) => return Err(odd()),
    };
    Ok(json)
}

/// The outermost `result` is how a function says that it failed; inside it is data. Tells whether all is well, and the bare value.
fn unwrapped(ty: &Type, value: Value) -> Option<(bool, Json)> {
    let Type::Result(result) = ty else {
        return Some((true, to_json(ty, &value)));
    };
    let Value::Result(case) = value else {
        return None;
    };
    let (ok, ty, payload) = match case {
        Ok(payload) => (true, &result.ok, payload),
        Err(payload) => (false, &result.err, payload),
    };
    match (ty, payload) {
        (Some(ty), Some(payload)) => Some((ok, to_json(ty, &payload))),
        (None, None) => Some((ok, Json::Null)),
        (Some(_), None) | (None, Some(_)) => None,
    }
}
