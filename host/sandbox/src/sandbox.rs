//! The sandbox: engines, the compile cache and the slots that calls run in. Turns bytes into loaded components. Knows
//! nothing of what a call does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use wasmtime::Engine;
use writ_plugin::Plugin;

use crate::cache::Cache;
use crate::compile::{CompileLimits, CompilerChild, in_child, in_process};
use crate::component::Component;
use crate::engine::{self, Engines};
use crate::error::{LoadError, SandboxError};
use crate::folders::{self, FolderError};
use crate::limits::{Limits, TOOL_DEPTH_CEILING};
use crate::payload::to_hex;
use crate::trusted::Compiled;

/// How a sandbox is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where compiled components are kept; none: nowhere, each is compiled at every start.
    pub cache_dir: Option<PathBuf>,
    /// The program that compiles; none: this process, which is for first-party components and tests only.
    pub compiler: Option<CompilerChild>,
    /// What compiling one component may cost.
    pub compile_limits: CompileLimits,
    /// Calls that run at once; others wait their turn.
    pub concurrency: u32,
    /// The limits of a plugin that asks for none of its own.
    pub limits: Limits,
    /// Files and folders that no plugin may be given, whatever is granted, nor what holds them: the host's data, its configuration
    /// and what is secret. They need not be there.
    pub private: Vec<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            cache_dir: None,
            compiler: None,
            compile_limits: CompileLimits::default(),
            concurrency: 64,
            limits: Limits::default(),
            private: Vec::new(),
        }
    }
}

/// Loads and runs components. Clones share everything.
#[derive(Clone)]
pub struct Sandbox(Arc<Shared>);

/// What components of one sandbox share.
pub(crate) struct Shared {
    pub(crate) engines: Engines,
    /// Chains of calls that run at once.
    pub(crate) slots: Semaphore,
    pub(crate) private: RwLock<Vec<PathBuf>>,
    cache: Option<Cache>,
    config: Config,
}

impl Sandbox {
    /// Sets a sandbox up.
    ///
    /// # Errors
    /// When the engine can't start or the cache folder can't be used.
    pub fn new(config: Config) -> Result<Sandbox, SandboxError> {
        let slots = config.concurrency.max(1);
        let mut private: Vec<PathBuf> = config.private.clone();
        private.extend(config.cache_dir.clone());
        let shared = Shared {
            engines: Engines::new(places(slots), config.limits.stack_bytes_max)?,
            slots: Semaphore::new(usize::try_from(slots).unwrap_or(Semaphore::MAX_PERMITS)),
            cache: config.cache_dir.as_deref().map(Cache::open).transpose()?,
            private: RwLock::default(),
            config,
        };
        let sandbox = Sandbox(Arc::new(shared));
        sandbox.keep_private(&private);
        Ok(sandbox)
    }

    /// Keeps further files and folders from all plugins, as [`Config::private`] does.
    pub fn keep_private(&self, paths: &[PathBuf]) {
        let places = paths.iter().flat_map(|path| folders::places(path));
        self.0.private.write().extend(places);
    }

    /// Whether plugins may be given this folder, which need not be there yet. It is checked again whenever they are given it.
    ///
    /// # Errors
    /// When it overlaps what is private, or the system's own.
    pub fn may_give(&self, guest: &str, folder: &Path) -> Result<(), FolderError> {
        folders::may_give(guest, &folders::real(folder), &self.0.private.read())
    }

    /// Loads a component, from the cache or by compiling it, which can take seconds: call it where blocking is allowed. All of
    /// its machine code is in memory afterwards: calling it maps none.
    ///
    /// # Errors
    /// When the bytes are not the plugin's, are not a component this host can run, or cost too much to compile.
    pub fn load(&self, bytes: &[u8], plugin: Arc<Plugin>) -> Result<Component, LoadError> {
        let table_elements = plugin
            .limits
            .table_elements_max
            .unwrap_or(self.0.config.limits.table_elements_max);
        let pooled = table_elements <= engine::POOL_TABLE_ELEMENTS;
        self.load_into(pooled, bytes, plugin)
    }

    /// The same for a first-party component that is [kept](Component::warm) and not called: where its instances will live. Let
    /// the plugin's limits name the stack that they will have.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn load_to_keep(&self, bytes: &[u8], plugin: Arc<Plugin>) -> Result<Component, LoadError> {
        self.load_into(false, bytes, plugin)
    }

    fn load_into(
        &self,
        pooled: bool,
        bytes: &[u8],
        plugin: Arc<Plugin>,
    ) -> Result<Component, LoadError> {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        if &digest != plugin.digest.as_bytes() {
            let (expected, found) = (
                plugin.digest.to_string(),
                format!("sha256:{}", to_hex(&digest)),
            );
            return Err(LoadError::Digest {
                plugin: plugin.name.clone(),
                expected,
                found,
            });
        }
        let compiled = self.0.compiled(&digest, bytes, &plugin.name)?;
        let stack_bytes = plugin
            .limits
            .stack_bytes_max
            .unwrap_or(self.0.config.limits.stack_bytes_max)
            .min(engine::STACK_BYTES_CEILING);
        let wasm = self
            .0
            .instantiable(&compiled, pooled, stack_bytes, &plugin.name)?;
        Component::new(wasm, stack_bytes, plugin, Arc::clone(&self.0))
    }

    /// The limits of a plugin that asks for none of its own.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.config.limits
    }
}

/// Instances that the pool has room for. A chain of calls holds one for each call in it and runs in one slot, so with room for the
/// deepest chain in every slot no call ever finds the pool full.
fn places(slots: u32) -> u32 {
    slots.saturating_mul(1 + TOOL_DEPTH_CEILING)
}

impl Shared {
    fn compiled(
        &self,
        digest: &[u8; 32],
        bytes: &[u8],
        plugin: &str,
    ) -> Result<Compiled, LoadError> {
        let engine = self.on_demand(self.config.limits.stack_bytes_max, plugin)?;
        let name = format!("{}-{:016x}", to_hex(digest), engine::compatibility(&engine));
        if let Some(found) = self.cache.as_ref().and_then(|cache| cache.get(&name)) {
            return Ok(found);
        }
        let compiled = match &self.config.compiler {
            Some(child) => in_child(child, &self.config.compile_limits, plugin, bytes)?,
            None => in_process(&engine, plugin, bytes)?,
        };
        if let Some(cache) = &self.cache {
            cache.put(&name, &compiled);
        }
        Ok(compiled)
    }

    /// Loads machine code into the pool if it fits a slot, else into an engine without one.
    fn instantiable(
        &self,
        compiled: &Compiled,
        pooled: bool,
        stack_bytes: u64,
        plugin: &str,
    ) -> Result<wasmtime::component::Component, LoadError> {
        let slot = self.engines.pooled(stack_bytes).filter(|_| pooled);
        if let Some(component) = slot.and_then(|engine| compiled.load(engine).ok()) {
            return Ok(component);
        }
        let invalid = |error: wasmtime::Error| LoadError::Invalid {
            plugin: plugin.to_owned(),
            message: crate::trap::bounded(&format!("{error:#}"), 2_000),
        };
        compiled
            .load(&self.on_demand(stack_bytes, plugin)?)
            .map_err(invalid)
    }

    pub(crate) fn on_demand(&self, stack_bytes: u64, plugin: &str) -> Result<Engine, LoadError> {
        let failed = |error: SandboxError| LoadError::Compiler {
            plugin: plugin.to_owned(),
            message: error.to_string(),
        };
        self.engines.on_demand(stack_bytes).map_err(failed)
    }
}
