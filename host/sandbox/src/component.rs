//! A loaded component: what it imports is checked, its links are kept per shape of authority. Knows nothing of one call's
//! arguments or record.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use wasmtime::component::{ComponentExportIndex, InstancePre};
use writ_grant::Authority;
use writ_plugin::{Function, Plugin};

use crate::call::{self, Call};
use crate::error::LoadError;
use crate::fault::{Fault, Outcome};
use crate::limits::Limits;
use crate::linker::{self, Import, Shape};
use crate::sandbox::Shared;
use crate::state::State;
use crate::warm::Warm;

/// A component that can be called. Clones share everything.
#[derive(Clone)]
pub struct Component(Arc<Loaded>);

pub(crate) struct Loaded {
    pub(crate) wasm: wasmtime::component::Component,
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) shared: Arc<Shared>,
    /// The stack that its guests have, in bytes.
    pub(crate) stack_bytes: u64,
    exports: HashMap<String, ComponentExportIndex>,
    linked: [OnceLock<InstancePre<State>>; Shape::COUNT],
}

impl Component {
    pub(crate) fn new(
        wasm: wasmtime::component::Component,
        stack_bytes: u64,
        plugin: Arc<Plugin>,
        shared: Arc<Shared>,
    ) -> Result<Self, LoadError> {
        let exports = plugin
            .functions
            .values()
            .filter_map(|f| Some((f.name.clone(), export(&wasm, f)?)))
            .collect();
        let loaded = Loaded {
            wasm,
            plugin,
            shared,
            stack_bytes,
            exports,
            linked: [const { OnceLock::new() }; Shape::COUNT],
        };
        loaded.refuse_unknown()?;
        Ok(Self(Arc::new(loaded)))
    }

    pub(crate) fn loaded(&self) -> &Loaded {
        &self.0
    }

    /// What the component is.
    #[must_use]
    pub fn plugin(&self) -> &Arc<Plugin> {
        &self.0.plugin
    }

    /// Whether everything the component imports would be linked under this authority.
    ///
    /// # Errors
    /// Names the first import that would not, and what to do about it.
    pub fn check(&self, authority: &Authority) -> Result<(), LoadError> {
        self.0.linked(Shape::of(authority)).map(|_| ())
    }

    /// Calls a function in a fresh instance. Needs a tokio runtime with time. Dropping the future ends the guest.
    pub async fn call(&self, call: Call) -> Outcome {
        call::run(&self.0, call, None).await
    }

    /// An instance that stays, for first-party components whose setup is dear: no capability, synchronous.
    ///
    /// # Errors
    /// When the component can't be instantiated under these limits.
    pub async fn warm(&self, limits: Limits) -> Result<Warm, Fault> {
        Warm::new(&self.0, limits)
    }
}

pub(crate) fn export(
    wasm: &wasmtime::component::Component,
    function: &Function,
) -> Option<ComponentExportIndex> {
    let interface = match &function.interface {
        Some(name) => Some(wasm.get_export_index(None, name)?),
        None => None,
    };
    wasm.get_export_index(interface.as_ref(), &function.export)
}

impl Loaded {
    pub(crate) fn export(&self, function: &str) -> Option<&ComponentExportIndex> {
        self.exports.get(function)
    }

    /// The component with its links, made once per shape.
    pub(crate) fn linked(&self, shape: Shape) -> Result<&InstancePre<State>, LoadError> {
        let Some(slot) = self.linked.get(shape.index()) else {
            return Err(self.invalid("its authority has an unknown shape".to_owned()));
        };
        if let Some(linked) = slot.get() {
            return Ok(linked);
        }
        self.check(shape)?;
        let linked = linker::for_calls(self.wasm.engine(), &self.wasm, shape)
            .and_then(|linker| linker.instantiate_pre(&self.wasm))
            .map_err(|error| self.invalid(crate::trap::bounded(&format!("{error:#}"), 2_000)))?;
        Ok(slot.get_or_init(|| linked))
    }

    fn invalid(&self, message: String) -> LoadError {
        LoadError::Invalid {
            plugin: self.plugin.name.clone(),
            message,
        }
    }

    fn check(&self, shape: Shape) -> Result<(), LoadError> {
        self.each_import(|plugin, name| match linker::import(name, shape) {
            Import::Linked => Ok(()),
            Import::Needs(capability) => Err(LoadError::NotGranted {
                plugin: plugin.to_owned(),
                import: name.to_owned(),
                capability,
                remedy: format!("ask for it in plugin.toml, rebuild, and have it granted: writ grant approve {plugin}"),
            }),
            Import::Unknown => Err(unknown(plugin, name)),
        })
    }

    fn refuse_unknown(&self) -> Result<(), LoadError> {
        self.each_import(|plugin, name| match linker::import(name, Shape::ALL) {
            Import::Linked | Import::Needs(_) => Ok(()),
            Import::Unknown => Err(unknown(plugin, name)),
        })
    }

    fn each_import(
        &self,
        mut check: impl FnMut(&str, &str) -> Result<(), LoadError>,
    ) -> Result<(), LoadError> {
        let engine = self.wasm.engine();
        self.wasm
            .component_type()
            .imports(engine)
            .try_for_each(|(name, _)| check(&self.plugin.name, name))
    }
}

fn unknown(plugin: &str, import: &str) -> LoadError {
    let remedy = if import.starts_with("wasi:http/") {
        "a plugin can send requests by wasi:http 0.2 and serve none"
    } else {
        "build against WASI 0.2 and the interfaces in `wit/`, and nothing else"
    };
    LoadError::UnknownImport {
        plugin: plugin.to_owned(),
        import: import.to_owned(),
        remedy: remedy.to_owned(),
    }
}
