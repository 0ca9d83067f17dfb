//! How the engine is told to behave. Everything that decides what guest code means (and so what a record means) is here.
//! Knows nothing of plugins, grants or calls.
//!
//! There are two kinds of engine with one way of compiling: *pooled*, whose instances live in slots that are made once, and
//! *on demand*, for components that don't fit a slot, ask for another stack, or are kept warm.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::num::NonZeroUsize;

use parking_lot::Mutex;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy};

use crate::error::SandboxError;
use crate::ticker::Ticker;

/// Frames of a guest's stack that are kept when it traps.
pub(crate) const BACKTRACE_FRAMES_MAX: usize = 16;
/// The largest stack a plugin may ask for.
pub(crate) const STACK_BYTES_CEILING: u64 = 4 * 1024 * 1024;
const STACK_BYTES_FLOOR: u64 = 64 * 1024;
/// Stack sizes are rounded up to this, so that few engines are made.
const STACK_STEP_BYTES: u64 = 64 * 1024;
/// What a host call needs beside the guest's own stack.
const HOST_STACK_BYTES: u64 = 1024 * 1024;
const MEMORY_RESERVATION_BYTES: u64 = 1 << 32;
const MEMORY_GUARD_BYTES: u64 = 32 * 1024 * 1024;
const POOL_CORE_INSTANCES_PER_COMPONENT: u32 = 16;
const POOL_MEMORIES_PER_COMPONENT: u32 = 2;
const POOL_TABLES_PER_COMPONENT: u32 = 8;
/// Tables may grow no further in a slot; a plugin with a higher limit doesn't get one.
pub(crate) const POOL_TABLE_ELEMENTS: u64 = 200_000;
const POOL_INSTANCE_BYTES: usize = 1024 * 1024;
/// Bytes of each memory that stay resident when its slot is given back; the rest goes back to the system.
const POOL_KEEP_RESIDENT_BYTES: usize = 64 * 1024;

/// The settings that every engine shares.
fn base(stack_bytes: u64) -> Config {
    let mut config = Config::new();
    config.strategy(Strategy::Cranelift);
    config.wasm_component_model(true);
    config.epoch_interruption(true);
    // Meaning: the same bits from the same input, on every machine.
    config.cranelift_nan_canonicalization(true);
    config.wasm_relaxed_simd(true);
    config.relaxed_simd_deterministic(true);
    // Not needed by any toolchain that Writ supports, so not open to attack.
    config.wasm_memory64(false);
    config.wasm_custom_page_sizes(false);
    config.wasm_wide_arithmetic(false);
    config.shared_memory(false);
    // What carries values between the parts of one component is made by the engine itself, and uses the memories of both.
    config.wasm_multi_memory(true);
    // Bounds.
    config.wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES_MAX));
    config.max_wasm_stack(as_usize(stack_bytes));
    config.async_stack_size(as_usize(stack_bytes + HOST_STACK_BYTES));
    // One layout for both kinds, so that what is compiled once runs in either.
    config.memory_reservation(MEMORY_RESERVATION_BYTES);
    config.memory_guard_size(MEMORY_GUARD_BYTES);
    config.memory_may_move(false);
    config.guard_before_linear_memory(true);
    config.memory_init_cow(true);
    config
}

fn pool(slots: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(POOL_CORE_INSTANCES_PER_COMPONENT))
        .total_memories(slots.saturating_mul(POOL_MEMORIES_PER_COMPONENT))
        .total_tables(slots.saturating_mul(POOL_TABLES_PER_COMPONENT))
        .total_stacks(slots)
        .max_core_instances_per_component(POOL_CORE_INSTANCES_PER_COMPONENT)
        .max_memories_per_component(POOL_MEMORIES_PER_COMPONENT)
        .max_tables_per_component(POOL_TABLES_PER_COMPONENT)
        .max_tables_per_module(POOL_TABLES_PER_COMPONENT)
        .max_memories_per_module(1)
        .table_elements(as_usize(POOL_TABLE_ELEMENTS))
        .max_memory_size(as_usize(MEMORY_RESERVATION_BYTES))
        .max_component_instance_size(POOL_INSTANCE_BYTES)
        .max_core_instance_size(POOL_INSTANCE_BYTES)
        .linear_memory_keep_resident(POOL_KEEP_RESIDENT_BYTES)
        .table_keep_resident(POOL_KEEP_RESIDENT_BYTES);
    pool
}

fn as_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn build(config: &Config) -> Result<Engine, SandboxError> {
    Engine::new(config).map_err(|error| SandboxError::Engine(format!("{error:#}")))
}

/// An engine that only compiles: for the compiler child.
pub(crate) fn compiler() -> Result<Engine, SandboxError> {
    build(&base(crate::limits::Limits::default().stack_bytes_max))
}

/// The engines of one sandbox, made when first needed.
pub(crate) struct Engines {
    pooled: Engine,
    pooled_stack_bytes: u64,
    on_demand: Mutex<BTreeMap<u64, Engine>>,
    ticker: Ticker,
}

impl Engines {
    /// A pool of `slots` instances whose guests have `stack_bytes` each.
    pub(crate) fn new(slots: u32, stack_bytes: u64) -> Result<Self, SandboxError> {
        let stack_bytes = stack_step(stack_bytes);
        let mut config = base(stack_bytes);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(slots)));
        let pooled = build(&config)?;
        let ticker = Ticker::new();
        ticker.watch(&pooled);
        Ok(Self {
            pooled,
            pooled_stack_bytes: stack_bytes,
            on_demand: Mutex::default(),
            ticker,
        })
    }

    /// The pooled engine, if its guests have this stack.
    pub(crate) fn pooled(&self, stack_bytes: u64) -> Option<&Engine> {
        (stack_step(stack_bytes) == self.pooled_stack_bytes).then_some(&self.pooled)
    }

    /// An engine without a pool.
    pub(crate) fn on_demand(&self, stack_bytes: u64) -> Result<Engine, SandboxError> {
        let stack_bytes = stack_step(stack_bytes);
        let mut engines = self.on_demand.lock();
        if let Some(engine) = engines.get(&stack_bytes) {
            return Ok(engine.clone());
        }
        let engine = build(&base(stack_bytes))?;
        self.ticker.watch(&engine);
        engines.insert(stack_bytes, engine.clone());
        Ok(engine)
    }

    /// The clock that interrupts guests.
    pub(crate) fn ticker(&self) -> &Ticker {
        &self.ticker
    }
}

fn stack_step(bytes: u64) -> u64 {
    bytes
        .clamp(STACK_BYTES_FLOOR, STACK_BYTES_CEILING)
        .next_multiple_of(STACK_STEP_BYTES)
}

/// A number that changes whenever compiled code of one engine would not run in another.
pub(crate) fn compatibility(engine: &Engine) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_once_runs_in_every_engine() {
        let engines = Engines::new(4, 512 * 1024).unwrap();
        let pooled = compatibility(engines.pooled(512 * 1024).unwrap());
        assert_eq!(pooled, compatibility(&compiler().unwrap()));
        assert_eq!(
            pooled,
            compatibility(&engines.on_demand(1024 * 1024).unwrap())
        );
    }

    #[test]
    fn stacks_are_bounded_and_few() {
        assert_eq!(stack_step(1), STACK_BYTES_FLOOR);
        assert_eq!(stack_step(u64::MAX), STACK_BYTES_CEILING);
        assert_eq!(
            stack_step(STACK_BYTES_FLOOR + 1),
            STACK_BYTES_FLOOR + STACK_STEP_BYTES
        );
    }
}
