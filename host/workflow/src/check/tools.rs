//! What a called plugin may call itself: the functions that its grants name, and what they lack when it is on this plugin's behalf.
//! Only its own grants count: along a chain of calls every tool has to be granted to everybody before it.

use writ_grant::{Authority, Capability};

use super::{Checker, Known};
use crate::{model::Span, suggest};

impl Checker<'_> {
    /// Checks the tools of a plugin; once a plugin, at its first call.
    pub(super) fn tools(&mut self, caller: &Known, span: Span) {
        let Some(authority) = &caller.authority else {
            return;
        };
        for capability in authority.capabilities() {
            if let Capability::ToolCall { plugin, function } = capability {
                self.tool(
                    caller,
                    authority,
                    (plugin.as_str(), function.as_str()),
                    span,
                );
            }
        }
    }

    fn tool(
        &mut self,
        caller: &Known,
        authority: &Authority,
        (plugin, function): (&str, &str),
        span: Span,
    ) {
        let granted = format!(
            "`{}` is granted `tool:call:{plugin}/{function}`",
            caller.plugin.name
        );
        let plugins = self.plugins;
        let Some(callee) = plugins.get(plugin) else {
            let known = plugins.keys().map(String::as_str);
            let help = suggest::help(plugin, known, "there are")
                .unwrap_or_else(|| "`writ plugin add FILE.wasm` adds it".to_owned());
            let message = format!("{granted}, but there is no plugin `{plugin}`");
            self.report
                .error_help(span, "unknown-plugin", message, help);
            return;
        };
        if callee.plugin.function(function).is_none() {
            let known = callee.plugin.functions.keys().map(String::as_str);
            let help = suggest::help(function, known, "it has")
                .unwrap_or_else(|| "it has none at all".to_owned());
            let message = format!("{granted}, but `{plugin}` has no such function");
            self.report
                .error_help(span, "unknown-function", message, help);
            return;
        }
        self.capabilities(callee, span);
        self.narrowed(caller, authority, callee, span);
    }

    /// What the callee needs and holds, and will be denied on this caller's behalf. It may do well without, so it is no error.
    fn narrowed(&mut self, caller: &Known, authority: &Authority, callee: &Known, span: Span) {
        let Some(own) = &callee.authority else {
            return;
        };
        let within = own.within(authority);
        let holds = |authority: &Authority, capability: &Capability| {
            authority.capabilities().any(|held| held.covers(capability))
        };
        let required = callee.plugin.requests.iter();
        for request in required.filter(|request| !request.optional) {
            let capability = &request.capability;
            if holds(own, capability) && !holds(&within, capability) {
                let (callee, caller) = (&callee.plugin.name, &caller.plugin.name);
                let message = format!(
                    "`{callee}` will be denied `{capability}` when `{caller}` calls it: `{caller}` is not granted it itself"
                );
                let help = format!(
                    "what a plugin calls may do no more than the plugin: request and grant it to `{caller}` too, if it needs it"
                );
                self.report.warning_help(span, "narrowed", message, help);
            }
        }
    }
}
