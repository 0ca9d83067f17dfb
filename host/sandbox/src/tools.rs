//! Calling other components' functions, seen from the sandbox: who finds the callee, and the chain of calls that leads to it. What a
//! guest says and is told is in `interface/tools.rs`. This file must not know where components or grants come from.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value as Json;
use writ_grant::Authority;

use crate::component::Component;
use crate::fault::Fault;
use crate::folders::{Mounts, ResolvedFolders};
use crate::limits::Limits;
use crate::port::Port;
use crate::state::Settings;
use crate::warm::Deaf;

/// Whoever knows the components that others may call.
pub trait Tools: Send + Sync {
    /// The component with this function and what it may do by itself, before any chain of calls narrows that; none if there is none.
    fn find(&self, plugin: &str, function: &str) -> Option<Tool>;

    /// The problem (RFC 9457) that a fault of this function is told as.
    fn problem(&self, plugin: &str, function: &str, fault: Fault) -> Json;
}

/// A component that can be called as a tool.
pub struct Tool {
    /// The component.
    pub component: Component,
    /// What it may do by itself in the function that is meant.
    pub authority: Authority,
    /// The host folder for every guest path of that authority.
    pub folders: ResolvedFolders,
    /// Its own limits.
    pub limits: Limits,
    /// Values that the operator set.
    pub settings: Arc<Settings>,
    /// The function that is meant is declared idempotent.
    pub idempotent: bool,
}

/// No tools at all.
pub struct NoTools;

impl Tools for NoTools {
    fn find(&self, _: &str, _: &str) -> Option<Tool> {
        None
    }

    fn problem(&self, _: &str, _: &str, fault: Fault) -> Json {
        Json::from(fault.to_string())
    }
}

/// The functions that called each other, the first caller first: `plugin/function`. The last one is at work; the others wait.
#[derive(Clone, Debug)]
pub(crate) struct Chain(Vec<String>);

impl Chain {
    /// A call by the host.
    pub(crate) fn start(plugin: &str, function: &str) -> Self {
        Self(vec![[plugin, "/", function].concat()])
    }

    /// The same with one more at its end.
    pub(crate) fn with(&self, tool: &str) -> Self {
        let mut links = self.0.clone();
        links.push(tool.to_owned());
        Self(links)
    }

    pub(crate) fn links(&self) -> &[String] {
        &self.0
    }

    /// How many calls by guests are in it.
    pub(crate) fn depth(&self) -> u64 {
        self.0.len().saturating_sub(1) as u64
    }

    /// Whether a plugin is in it: with any function, since a plugin that waits for itself has lost its way.
    pub(crate) fn has(&self, plugin: &str) -> bool {
        self.0
            .iter()
            .any(|link| link.split('/').next() == Some(plugin))
    }
}

/// A guest that waits for a callee's answer, as far as the callee has to do with it.
pub(crate) struct Waiting {
    /// What it may do where it stands.
    pub(crate) authority: Authority,
    /// The host folders that it has.
    pub(crate) mounts: Mounts,
    pub(crate) chain: Chain,
    pub(crate) port: Lent,
}

type Home = Arc<Mutex<Option<Box<dyn Port>>>>;

/// The port of one call, which can be lent to the call of a callee and comes back however that ends, by a dropped future too.
pub(crate) struct Lent {
    port: Box<dyn Port>,
    /// Where it goes in the end, when it is borrowed.
    home: Option<Home>,
    /// Where it comes back to, while it is lent.
    away: Option<Home>,
}

impl Lent {
    pub(crate) fn own(port: Box<dyn Port>) -> Self {
        Self {
            port,
            home: None,
            away: None,
        }
    }

    /// Lends the port: until [`Lent::back`], nobody hears what is said to this one.
    pub(crate) fn lend(&mut self) -> Self {
        let home = Home::default();
        self.away = Some(Arc::clone(&home));
        Self {
            port: std::mem::replace(&mut self.port, Box::new(Deaf)),
            home: Some(home),
            away: None,
        }
    }

    /// Takes the port back; false if it was not lent.
    pub(crate) fn back(&mut self) -> bool {
        let Some(home) = self.away.take() else {
            return false;
        };
        if let Some(port) = home.lock().take() {
            self.port = port;
        }
        true
    }

    /// The port, for whoever gave it. A borrowed one goes home instead.
    pub(crate) fn take(&mut self) -> Box<dyn Port> {
        self.back();
        if self.home.is_some() {
            return Box::new(Deaf);
        }
        std::mem::replace(&mut self.port, Box::new(Deaf))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.back();
        if let Some(home) = self.home.take() {
            *home.lock() = Some(std::mem::replace(&mut self.port, Box::new(Deaf)));
        }
    }
}

impl std::ops::Deref for Lent {
    type Target = dyn Port;

    fn deref(&self) -> &Self::Target {
        &*self.port
    }
}

impl std::ops::DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut *self.port
    }
}
