//! A call in a fresh instance, from JSON to JSON, beside the same component called by wasmtime alone: pooled, copied on write, its
//! links prepared, its values already typed.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;
use wasmtime::component::{
    Component, ComponentExportIndex, InstancePre, Linker, ResourceTable, Val,
};
use wasmtime::{Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use writ_grant::Authority;
use writ_plugin::Plugin;
use writ_sandbox::Settings;

use crate::guest;
use crate::report::{Report, in_turn};

const CALLS: u32 = 2_000;
const ROUNDS: u32 = 9;

pub(crate) fn measure(report: &mut Report) {
    compare(
        report,
        "tiny",
        &guest::adder(),
        "add",
        &json!({ "a": 1, "b": 2 }),
        &[Val::U32(1), Val::U32(2)],
    );
    compare(
        report,
        "rust",
        &guest::double(),
        "double",
        &json!({ "n": 21 }),
        &[Val::S64(21)],
    );
}

fn compare(
    report: &mut Report,
    name: &str,
    bytes: &[u8],
    function: &str,
    json: &Json,
    vals: &[Val],
) {
    let runtime = runtime();
    let raw = Raw::new(bytes, function, |linker| {
        wasmtime_wasi::p2::add_to_linker_async(linker).expect("WASI links");
    });
    let component = guest::load(bytes);
    let (authority, settings) = (Authority::none("bench"), Arc::new(Settings::default()));
    let (floor, ours) = in_turn(
        ROUNDS,
        || {
            for _ in 0..CALLS {
                runtime.block_on(raw.call(vals));
            }
        },
        || {
            for _ in 0..CALLS {
                let outcome = runtime.block_on(component.call(guest::call(
                    function,
                    json.clone(),
                    &authority,
                    &settings,
                )));
                assert!(outcome.result.is_ok(), "{function} answers");
            }
        },
    );
    let us = |seconds: f64| seconds * 1e6 / f64::from(CALLS);
    report.line(&format!("sandbox.{name}-call-wasmtime"), us(floor), "us");
    report.line(&format!("sandbox.{name}-call"), us(ours), "us");
    report.line(&format!("sandbox.{name}-call-ratio"), ours / floor, "times");
}

/// A runtime on this thread.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime starts")
}

/// A component in wasmtime, without a host.
pub(crate) struct Raw {
    engine: Engine,
    instance: InstancePre<World>,
    export: ComponentExportIndex,
}

/// What WASI's own implementation keeps.
#[derive(Default)]
pub(crate) struct World {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for World {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl Raw {
    pub(crate) fn new(bytes: &[u8], function: &str, link: impl FnOnce(&mut Linker<World>)) -> Self {
        let mut config = wasmtime::Config::new();
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(64)
            .total_core_instances(256)
            .total_memories(128)
            .total_tables(512)
            .total_stacks(64);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config).expect("the engine starts");
        let component = Component::new(&engine, bytes).expect("it compiles");
        let mut linker = Linker::new(&engine);
        link(&mut linker);
        let plugin = Plugin::read(bytes, "bench").expect("it is a component");
        let known = plugin.function(function).expect("it has the function");
        let interface = known
            .interface
            .as_deref()
            .and_then(|name| component.get_export_index(None, name));
        let export = component
            .get_export_index(interface.as_ref(), &known.export)
            .expect("it is exported");
        Self {
            instance: linker.instantiate_pre(&component).expect("it links"),
            engine,
            export,
        }
    }

    /// Calls the function in a fresh instance.
    pub(crate) async fn call(&self, params: &[Val]) -> Val {
        let mut store = Store::new(&self.engine, World::default());
        let instance = self
            .instance
            .instantiate_async(&mut store)
            .await
            .expect("it is instantiated");
        let function = instance
            .get_func(&mut store, self.export)
            .expect("it is a function");
        let mut results = [Val::Bool(false)];
        function
            .call_async(&mut store, params, &mut results)
            .await
            .expect("it answers");
        let [result] = results;
        result
    }
}
