//! `call`: a plugin's function, a function of `use.functions`, or a protocol.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Reader, protocol, task::Site};
use crate::{
    model::{Call, CallTarget, Template},
    node::Node,
};

const HTTP: &str = "http";

impl Reader {
    pub(super) fn call(&mut self, node: &Node, site: &Site<'_>) -> Option<Call> {
        let name = self.name(node, "call")?;
        let protocol = protocol::PROTOCOLS
            .iter()
            .find(|protocol| protocol.name == name);
        let with = site.node.get("with");
        let (target, with) = match protocol {
            Some(protocol) if protocol.name == HTTP => {
                let Some(with) = with else {
                    self.missing(site.node, "a call of `http`", "with");
                    return None;
                };
                let (call, with) = self.http(with, &site.path.key("with"))?;
                (CallTarget::Http(call), with)
            }
            Some(protocol) => {
                match with {
                    Some(with) => {
                        self.shape(with, protocol.arguments, &site.path.key("with"));
                    }
                    None => self.missing(site.node, &format!("a call of `{name}`"), "with"),
                }
                (CallTarget::Protocol(protocol.name), nothing())
            }
            None => {
                let with = with.map_or_else(|| Some(nothing()), |with| self.arguments(with));
                (self.function(node, name)?, with?)
            }
        };
        Some(Call {
            target,
            with,
            span: node.span,
        })
    }

    fn arguments(&mut self, node: &Node) -> Option<Template> {
        self.is_object(node, "`with`").then(|| self.template(node))
    }

    fn function(&mut self, node: &Node, name: &str) -> Option<CallTarget> {
        let Some((function, plugin)) = name.rsplit_once('@') else {
            return self.local_function(node, name);
        };
        let parts = function
            .rsplit_once(':')
            .filter(|(name, version)| !name.is_empty() && !version.is_empty());
        let Some((function, version)) = parts.filter(|_| !plugin.is_empty()) else {
            let message = format!("`{}` names no function of a plugin", name.escape_debug());
            self.report.error_help(
                node.span,
                "call",
                message,
                "write `function:version@plugin`",
            );
            return None;
        };
        if let Err(error) = semver::Version::parse(version) {
            let message = format!(
                "`{}` is not a semantic version: {error}",
                version.escape_debug()
            );
            self.report.error_help(
                node.span,
                "call",
                message,
                "write it in full, for instance `0.1.0`",
            );
            return None;
        }
        Some(CallTarget::Plugin {
            plugin: plugin.to_owned(),
            version: version.to_owned(),
            function: function.to_owned(),
        })
    }

    fn local_function(&mut self, node: &Node, name: &str) -> Option<CallTarget> {
        if name.contains("://") {
            let message = "functions are not fetched from elsewhere";
            self.report.error_help(
                node.span,
                "not-available",
                message,
                "call a plugin: `function:version@plugin`",
            );
            return None;
        }
        self.function_reference(node, name).map(CallTarget::Defined)
    }
}

fn nothing() -> Template {
    Template::Literal(Arc::new(Json::Object(Map::new())))
}
