//! `call: http`: its arguments as a template, and what of it the document alone decides. Whether it may be made is for `check`.

use super::{Reader, protocol::OUTPUTS, resource};
use crate::{
    form::{Form, Shape, closed, may, must},
    model::{Authentication, HttpCall, HttpOutput, Template},
    node::{Node, Value},
    path::Path,
    text,
};

/// The arguments of `call: http`. Those that can hold expressions are read by code, once.
pub(super) const ARGUMENTS: Shape = closed(
    "`with` of `http`",
    &[
        must("method", Form::Any),
        must("endpoint", Form::Any),
        may("headers", Form::Any),
        may("body", Form::Any),
        may("query", Form::Any),
        may("output", Form::Word(&OUTPUTS)),
        may("redirect", Form::Boolean),
    ],
);
const ENDPOINT: Shape = closed(
    "`endpoint`",
    &[
        must("uri", Form::Any),
        may("authentication", resource::AUTHENTICATION_USED),
    ],
);

impl Reader {
    /// What is sent, as a template of `method`, `endpoint`, `headers`, `query`, `body` and `token`; and how.
    pub(super) fn http(&mut self, with: &Node, path: &Path<'_>) -> Option<(HttpCall, Template)> {
        if !self.shape(with, &ARGUMENTS, path) {
            return None;
        }
        let mut sent = Vec::new();
        if let Some(method) = with.get("method")
            && self.text(method, "method").is_some()
        {
            sent.push(("method".to_owned(), self.template(method)));
        }
        let mut call = HttpCall {
            output: output(with.get("output")),
            redirect: matches!(
                with.get("redirect"),
                Some(Node {
                    value: Value::Bool(true),
                    ..
                })
            ),
            template: false,
            authentication: None,
        };
        if let Some(endpoint) = with.get("endpoint") {
            self.endpoint(endpoint, path, &mut call, &mut sent);
        }
        for name in ["headers", "query"] {
            if let Some(node) = with.get(name)
                && let Some(template) = self.texts(node, name)
            {
                sent.push((name.to_owned(), template));
            }
        }
        if let Some(body) = with.get("body") {
            sent.push(("body".to_owned(), self.template(body)));
        }
        Some((call, Template::Object(sent)))
    }

    fn endpoint(
        &mut self,
        node: &Node,
        path: &Path<'_>,
        call: &mut HttpCall,
        sent: &mut Vec<(String, Template)>,
    ) {
        let uri = match &node.value {
            Value::Text(_) => Some((node, "endpoint")),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => {
                self.shape(node, &ENDPOINT, &path.key("endpoint"));
                node.get("uri").map(|uri| (uri, "uri"))
            }
        };
        if let Some((uri, name)) = uri
            && let Some(template) = self.uri_or_expression(uri, name)
        {
            call.template = matches!(template, Template::Literal(_));
            sent.push(("endpoint".to_owned(), template));
        }
        if let Some(policy) = node
            .get("authentication")
            .and_then(|node| self.policy(node))
        {
            let (authentication, token) = self.authenticated(&policy);
            call.authentication = Some(authentication);
            sent.extend(token.map(|token| ("token".to_owned(), token)));
        }
    }

    /// The policy itself, wherever it stands. One that was reported is none.
    fn policy(&self, node: &Node) -> Option<Node> {
        match node.get("use") {
            Some(name) => self.uses.authentications.get(name.text()?).cloned(),
            None => Some(node.clone()),
        }
    }

    fn authenticated(&self, policy: &Node) -> (Authentication, Option<Template>) {
        let by = |kind: &str| policy.get(kind);
        let secret = |node: &Node| node.get("use").and_then(Node::text).map(str::to_owned);
        if let Some(basic) = by("basic") {
            let authentication = match secret(basic) {
                Some(secret) => Authentication::Basic { secret },
                None => Authentication::Written("basic"),
            };
            return (authentication, None);
        }
        if let Some(bearer) = by("bearer") {
            if let Some(secret) = secret(bearer) {
                return (Authentication::Bearer { secret }, None);
            }
            let token = bearer
                .get("token")
                .and_then(|token| self.read_before(token));
            return match token {
                Some(token) => (Authentication::Token, Some(token)),
                None => (Authentication::Written("bearer"), None),
            };
        }
        let kinds = ["digest", "oauth2", "oidc"];
        let kind = kinds.into_iter().find(|kind| by(kind).is_some());
        (Authentication::Unsupported(kind.unwrap_or("this")), None)
    }

    /// The expression that was read at this place; none if there is no expression.
    fn read_before(&self, node: &Node) -> Option<Template> {
        node.text().filter(|text| text::is_expression(text))?;
        let found = self
            .expressions
            .iter()
            .rev()
            .find(|known| known.span == node.span);
        found.cloned().map(Template::Expression)
    }

    /// An object of texts, or an expression that yields one.
    fn texts(&mut self, node: &Node, name: &str) -> Option<Template> {
        match &node.value {
            Value::Text(_) => self
                .wrapped_expression(node, name)
                .map(Template::Expression),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => {
                if !self.is_object(node, &format!("`{name}`")) {
                    return None;
                }
                for entry in node.entries() {
                    self.text(&entry.node, &entry.key);
                }
                Some(self.template(node))
            }
        }
    }
}

fn output(node: Option<&Node>) -> HttpOutput {
    match node.and_then(Node::text) {
        Some("raw") => HttpOutput::Raw,
        Some("response") => HttpOutput::Response,
        Some(_) | None => HttpOutput::Content,
    }
}
