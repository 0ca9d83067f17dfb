//! Everything a run needs besides its journal, resolved: the workflow, the loaded plugins and what each may do.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use writ_expression::Expressions;
use writ_run::{Definition, Effects, Event, PluginPin, SignedPin, WorkflowPin};
use writ_sandbox::{
    Authority, Component, Fault, Limits, ResolvedFolders, Settings, Tool, Tools, Web,
};

use crate::{clock::now_ms, fault};

/// A plugin, loaded, with what it may do in this app.
pub struct Plugin {
    /// The compiled component.
    pub component: Component,
    /// What it may do.
    pub authority: Authority,
    /// What it may do in functions declared to have no effects: the same without whatever changes the outside world.
    pub authority_without_changes: Authority,
    /// Host folders of its mounts.
    pub folders: ResolvedFolders,
    /// Its limits.
    pub limits: Limits,
    /// Functions that are declared to be idempotent.
    pub idempotent: BTreeSet<String>,
    /// Values of `config` and `env` that its grants may name.
    pub settings: Arc<Settings>,
    /// Its version.
    pub version: String,
    /// sha256 of the component, lower-case hexadecimal.
    pub digest: String,
}

/// A workflow with the plugins that it calls, and those that these call.
pub struct App {
    /// The workflow and how its calls affect the world.
    pub definition: Arc<Definition>,
    /// Plugins by name.
    pub plugins: BTreeMap<String, Plugin>,
    /// `$runtime`
    pub runtime: Json,
    /// `$secrets`: placeholders by name, never values.
    pub secrets: Json,
    /// What the workflow itself may do, for the requests that it sends.
    pub authority: Authority,
    /// Bounds on the requests that the workflow sends; of these limits, those that begin with `http`.
    pub limits: Limits,
    /// What sends requests, of plugins and of the workflow; none: nothing does.
    pub web: Option<Web>,
    /// Where its grants were read from; kept with each run, so that a later process finds them again.
    pub grants: Option<String>,
    /// The signed writs that it rests on; kept with each run as the record of who decided.
    pub signed: Vec<SignedPin>,
    /// Whether some expression needs the sandboxed jq, which may take as long as its limit.
    pub blocking: bool,
    /// Makes an evaluator for the workflow's expressions.
    pub expressions: Box<dyn Fn() -> Expressions + Send + Sync>,
    /// Evaluators that are not in use.
    pub idle: Mutex<Vec<Expressions>>,
}

/// A run's plugins call each other's functions, as far as their grants name them.
impl Tools for App {
    fn find(&self, plugin: &str, function: &str) -> Option<Tool> {
        let known = self.plugins.get(plugin)?;
        known.component.plugin().function(function)?;
        let authority = match self.definition.effects_of(plugin, function) {
            Effects::None => &known.authority_without_changes,
            Effects::Recorded | Effects::Idempotent | Effects::Once => &known.authority,
        };
        // A tool whose writ has ended may do nothing more, and says so when it tries.
        let authority = match authority.lasts(now_ms()) {
            Ok(()) => authority.clone(),
            Err(_) => Authority::none(plugin),
        };
        Some(Tool {
            component: known.component.clone(),
            authority,
            folders: known.folders.clone(),
            limits: known.limits.clone(),
            settings: Arc::clone(&known.settings),
            idempotent: known.idempotent.contains(function),
        })
    }

    fn problem(&self, plugin: &str, function: &str, fault: Fault) -> Json {
        json!(fault::problem(plugin, function, fault))
    }
}

impl App {
    /// Lends an evaluator. Each holds at most one warm instance, so there are as many as runs that evaluate at once.
    pub(crate) fn with_expressions<R>(&self, work: impl FnOnce(&mut Expressions) -> R) -> R {
        let idle = self.idle.lock().pop();
        let mut expressions = idle.unwrap_or_else(|| (self.expressions)());
        let result = work(&mut expressions);
        self.idle.lock().push(expressions);
        result
    }

    /// The first event of a run of this app.
    pub(crate) fn started(&self, input: Json, at_ms: u64, seed: u64) -> Event {
        let workflow = &self.definition.workflow;
        let plugins = self.plugins.iter().map(|(name, plugin)| {
            (
                name.clone(),
                PluginPin {
                    version: plugin.version.clone(),
                    digest: plugin.digest.clone(),
                },
            )
        });
        Event::RunStarted {
            workflow: WorkflowPin {
                namespace: workflow.document.namespace.clone(),
                name: workflow.document.name.clone(),
                version: workflow.document.version.clone(),
                digest: workflow.digest.clone(),
            },
            plugins: plugins.collect(),
            input,
            at_ms,
            seed,
            grants: self.grants.clone(),
            signed: self.signed.clone(),
        }
    }
}
