//! Calls: the plugin, its version, the function, the arguments, and what the plugin needs.

use std::collections::BTreeSet;

use writ_plugin::{Function, Plugin, check_arguments};

use super::{Checker, Known};
use crate::{
    model::{CallTarget, Span, Task, TaskIndex, TaskKind},
    suggest, text,
};

/// The catalog of this host's own functions.
const OWN: &str = "writ";

impl Checker<'_> {
    pub(super) fn calls(&mut self) {
        let (workflow, plugins) = (self.workflow, self.plugins);
        let mut called = BTreeSet::new();
        let mut defined = BTreeSet::new();
        for task in &workflow.tasks {
            let TaskKind::Call(call) = &task.kind else {
                continue;
            };
            match &call.target {
                CallTarget::Plugin {
                    plugin,
                    version,
                    function,
                } => {
                    let Some(known) = plugins.get(plugin) else {
                        self.unknown_plugin(plugin, call.span);
                        continue;
                    };
                    if called.insert(plugin) {
                        self.capabilities(known, call.span);
                        self.tools(known, call.span);
                    }
                    self.version(&known.plugin, version, call.span);
                    self.function(&known.plugin, function, task, call.span);
                }
                CallTarget::Defined(index) => {
                    defined.insert(*index);
                }
                CallTarget::Http(_) | CallTarget::Protocol(_) => {}
            }
        }
        self.idle(&defined);
    }

    fn unknown_plugin(&mut self, name: &str, span: Span) {
        if self.declares_catalog(name) {
            let message = format!(
                "the catalog `{}` is remote, and functions are not fetched",
                name.escape_debug()
            );
            self.report
                .error_help(span, "not-available", message, "call a plugin instead");
            return;
        }
        if name == OWN {
            let message = "the functions of the catalog `writ` are not available yet";
            self.report
                .error_help(span, "not-available", message, "remove the call");
            return;
        }
        let message = format!("there is no plugin `{}`", name.escape_debug());
        let known = self.plugins.keys().map(String::as_str);
        let help = suggest::help(name, known, "there are")
            .unwrap_or_else(|| "`writ plugin add FILE.wasm` adds it".to_owned());
        self.report
            .error_help(span, "unknown-plugin", message, help);
    }

    fn version(&mut self, plugin: &Plugin, version: &str, span: Span) {
        if semver::Version::parse(version).is_ok_and(|version| version == plugin.version) {
            return;
        }
        let message = format!(
            "the plugin `{}` is there in version {}, not {version}",
            plugin.name, plugin.version
        );
        let help = format!(
            "write `:{}@{}`, or add the plugin in that version",
            plugin.version, plugin.name
        );
        self.report
            .error_help(span, "unknown-version", message, help);
    }

    fn function(&mut self, plugin: &Plugin, name: &str, task: &Task, span: Span) {
        if let Some(function) = plugin.function(name) {
            self.arguments(task, function);
            return;
        }
        if let Some(uncallable) = plugin
            .uncallable
            .iter()
            .find(|function| function.name == name)
        {
            let message = format!(
                "`{name}` of `{}` cannot be called: {}",
                plugin.name, uncallable.reason
            );
            self.report.error(span, "unknown-function", message);
            return;
        }
        let message = format!(
            "the plugin `{}` has no function `{}`",
            plugin.name,
            name.escape_debug()
        );
        let known = plugin.functions.keys().map(String::as_str);
        let help =
            suggest::help(name, known, "it has").unwrap_or_else(|| "it has none at all".to_owned());
        self.report
            .error_help(span, "unknown-function", message, help);
    }

    /// The arguments as written, in which any expression may turn out to be anything.
    fn arguments(&mut self, task: &Task, function: &Function) {
        let written = task.definition.get("with").cloned().unwrap_or_default();
        let hole = |part: &serde_json::Value| part.as_str().is_some_and(text::is_expression);
        let Err(mismatch) = check_arguments(function, &written, &hole) else {
            return;
        };
        let place = if task.definition.get("with").is_some() {
            "/with"
        } else {
            "/call"
        };
        let span = self.place(task, &format!("{place}{}", mismatch.pointer));
        let argument = mismatch.pointer.trim_start_matches('/').replace('/', ".");
        let message = match argument.as_str() {
            "" => mismatch.message,
            argument => format!("argument `{argument}`: {}", mismatch.message),
        };
        let help = format!("the function is `{}`", writ_plugin::wit_text(function));
        self.report.error_help(span, "argument", message, help);
    }

    /// What the plugin needs and does not have; once a plugin, at its first call.
    pub(super) fn capabilities(&mut self, known: &Known, span: Span) {
        let plugin = &known.plugin;
        let missing: Vec<_> = match &known.authority {
            Some(authority) => authority.missing().iter().collect(),
            None => plugin
                .requests
                .iter()
                .filter(|request| !request.optional)
                .map(|request| &request.capability)
                .collect(),
        };
        for capability in missing {
            let message = format!(
                "the plugin `{}` needs `{capability}`, and no grant gives it",
                plugin.name
            );
            let help = format!(
                "this lets it {}; decide with `writ grant review`",
                capability.describe()
            );
            self.report.error_help(span, "not-granted", message, help);
        }
    }

    /// Functions that nothing calls.
    fn idle(&mut self, called: &BTreeSet<TaskIndex>) {
        let functions = self.workflow.source.functions();
        for index in functions.iter().filter(|index| !called.contains(index)) {
            let task = self.workflow.task(*index);
            let message = format!("nothing calls the function `{}`", task.name);
            self.report.warning_help(
                task.span,
                "unreachable",
                message,
                "remove it, or call it by its name",
            );
        }
    }
}
