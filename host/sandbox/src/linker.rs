//! Everything a guest can be linked to, in one list. A reviewer who wants to know what a plugin could ever call reads this
//! file; what each link then allows is in `interface/`.
//!
//! | interfaces | linked | without a grant |
//! | --- | --- | --- |
//! | `wasi:io`, `wasi:cli` | always | no variables, no arguments, no input, no terminal; output is a bounded log |
//! | `wasi:clocks` | always | the run's recorded clock; sleeping takes no time |
//! | `wasi:random` | always | seeded by the run |
//! | `wasi:filesystem` | always | no folders |
//! | `wasi:sockets` | always, to deny | every call ends the guest |
//! | `wasi:keyvalue` | with a `kv` grant | refused before it starts |
//! | `wasi:config` | with a `config` grant | refused before it starts |
//! | `writ:agent/tools` | with a `tool:call` grant | refused before it starts |
//! | `wasi:http`, client side | with an `http` grant | refused before it starts |
//! | anything else | never | refused before it starts |

use wasmtime::Engine;
use wasmtime::component::{Component, HasData, HasSelf, Linker, ResourceTable};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random};
use wasmtime_wasi_io::bindings::wasi::io;
use writ_grant::{Authority, Capability};

use crate::bindings::wasi::{config, keyvalue};
use crate::bindings::writ::agent::tools;
use crate::interface::http;
use crate::interface::sockets::link_denied;
use crate::state::State;

/// What of the authority decides which interfaces are linked. Few, so that linked components can be kept per shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    keyvalue: bool,
    config: bool,
    tools: bool,
    http: bool,
}

impl Shape {
    /// How many shapes there are.
    pub(crate) const COUNT: usize = 16;
    /// With everything.
    pub(crate) const ALL: Shape = Shape {
        keyvalue: true,
        config: true,
        tools: true,
        http: true,
    };

    pub(crate) fn of(authority: &Authority) -> Self {
        let mut shape = Self {
            keyvalue: false,
            config: false,
            tools: false,
            http: false,
        };
        // What is withheld from one function is linked all the same, and denied when it is used: a component has one set of imports.
        for capability in authority.capabilities().chain(authority.withheld()) {
            match capability {
                Capability::Kv { .. } => shape.keyvalue = true,
                Capability::Config { .. } => shape.config = true,
                Capability::ToolCall { .. } => shape.tools = true,
                Capability::Http { .. } => shape.http = true,
                Capability::Fs { .. }
                | Capability::Env { .. }
                | Capability::SecretUse { .. }
                | Capability::ModelChat { .. }
                | Capability::Memory { .. }
                | Capability::HumanAsk { .. }
                | Capability::ClockReal
                | Capability::RandomReal => {}
            }
        }
        shape
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.keyvalue)
            + 2 * usize::from(self.config)
            + 4 * usize::from(self.tools)
            + 8 * usize::from(self.http)
    }
}

/// What stands between an import and its link.
pub(crate) enum Import {
    /// It is linked.
    Linked,
    /// It would be with a capability of this form.
    Needs(&'static str),
    /// It never is.
    Unknown,
}

/// How an imported interface is treated.
pub(crate) fn import(name: &str, shape: Shape) -> Import {
    let granted = |granted, capability| {
        if granted {
            Import::Linked
        } else {
            Import::Needs(capability)
        }
    };
    match name.split(['/', '@']).next().unwrap_or(name) {
        "wasi:io" | "wasi:cli" | "wasi:clocks" | "wasi:random" | "wasi:filesystem"
        | "wasi:sockets" => Import::Linked,
        "wasi:keyvalue" => granted(shape.keyvalue, "kv:read:BUCKET or kv:write:BUCKET"),
        "wasi:config" => granted(shape.config, "config:read:KEY"),
        "writ:agent" if name.starts_with("writ:agent/tools@") => {
            granted(shape.tools, "tool:call:PLUGIN/FUNCTION")
        }
        "wasi:http" if is_http_client(name) => {
            granted(shape.http, "http:METHODS https://HOST/PATH")
        }
        _ => Import::Unknown,
    }
}

/// The parts of `wasi:http` that a client needs; nothing here serves requests.
fn is_http_client(name: &str) -> bool {
    let interface = name.split('@').next().unwrap_or(name);
    matches!(interface, "wasi:http/types" | "wasi:http/outgoing-handler")
}

struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

type Own = HasSelf<State>;

/// The links for calls.
pub(crate) fn for_calls(
    engine: &Engine,
    component: &Component,
    shape: Shape,
) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    link_always(l)?;
    io::error::add_to_linker::<State, Io>(l, |state| &mut state.enter().table)?;
    io::poll::add_to_linker::<State, Own>(l, State::enter)?;
    io::streams::add_to_linker::<State, Io>(l, |state| &mut state.enter().table)?;
    filesystem::preopens::add_to_linker::<State, Own>(l, State::enter)?;
    filesystem::types::add_to_linker::<State, Own>(l, State::enter)?;
    if shape.keyvalue {
        keyvalue::store::add_to_linker::<State, Own>(l, State::enter)?;
        keyvalue::atomics::add_to_linker::<State, Own>(l, State::enter)?;
        keyvalue::batch::add_to_linker::<State, Own>(l, State::enter)?;
    }
    if shape.config {
        config::store::add_to_linker::<State, Own>(l, State::enter)?;
    }
    if shape.tools {
        tools::add_to_linker::<State, Own>(l, State::enter)?;
    }
    if shape.http {
        http::add_to_linker(l)?;
    }
    link_denied(l, component, |name| name.starts_with("wasi:sockets/"))?;
    Ok(linker)
}

/// The links for a warm instance: no capability at all. What needs an async host is denied too.
pub(crate) fn for_warm(engine: &Engine, component: &Component) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    link_always(&mut linker)?;
    let denied = ["wasi:io/", "wasi:filesystem/", "wasi:sockets/"];
    link_denied(&mut linker, component, |name| {
        denied.iter().any(|prefix| name.starts_with(prefix))
    })?;
    Ok(linker)
}

/// What answers at once and without a capability.
fn link_always(l: &mut Linker<State>) -> wasmtime::Result<()> {
    cli::environment::add_to_linker::<State, Own>(l, State::enter)?;
    cli::exit::add_to_linker::<State, Own>(l, State::enter)?;
    cli::stdin::add_to_linker::<State, Own>(l, State::enter)?;
    cli::stdout::add_to_linker::<State, Own>(l, State::enter)?;
    cli::stderr::add_to_linker::<State, Own>(l, State::enter)?;
    cli::terminal_input::add_to_linker::<State, Own>(l, State::enter)?;
    cli::terminal_output::add_to_linker::<State, Own>(l, State::enter)?;
    cli::terminal_stdin::add_to_linker::<State, Own>(l, State::enter)?;
    cli::terminal_stdout::add_to_linker::<State, Own>(l, State::enter)?;
    cli::terminal_stderr::add_to_linker::<State, Own>(l, State::enter)?;
    clocks::wall_clock::add_to_linker::<State, Own>(l, State::enter)?;
    clocks::monotonic_clock::add_to_linker::<State, Own>(l, State::enter)?;
    random::random::add_to_linker::<State, Own>(l, State::enter)?;
    random::insecure::add_to_linker::<State, Own>(l, State::enter)?;
    random::insecure_seed::add_to_linker::<State, Own>(l, State::enter)
}
