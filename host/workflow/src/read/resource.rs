//! Endpoints, external resources and authentication policies: validated in shape. `call: http` acts upon policies; nothing else
//! of this is acted upon yet.

use super::{Reader, reference};
use crate::{
    form::{Form, Shape, closed, may, must, one_of},
    node::{Node, Value},
    path::Path,
};

pub(super) const ENDPOINT: Form = Form::Code(endpoint);
pub(super) const EXTERNAL_RESOURCE: Shape = closed(
    "an external resource",
    &[may("name", Form::Name), must("endpoint", ENDPOINT)],
);
pub(super) const CATALOG: Shape = closed("a catalog", &[must("endpoint", ENDPOINT)]);

const ENDPOINT_OBJECT: Shape = closed(
    "`endpoint`",
    &[
        must("uri", Form::UriOrExpression),
        may("authentication", AUTHENTICATION),
    ],
);

/// An authentication policy, inline or by reference, which this host does not act upon yet.
pub(super) const AUTHENTICATION: Form = Form::Code(authentication);
/// The same where this host acts upon it.
pub(super) const AUTHENTICATION_USED: Form = Form::Code(authentication_used);
const REFERENCE: Shape = closed(
    "`authentication`",
    &[must("use", Form::Code(reference::authentication_unused))],
);
const REFERENCE_USED: Shape = closed(
    "`authentication`",
    &[must("use", Form::Code(reference::authentication))],
);
/// An authentication policy, inline.
pub(super) const POLICY: Shape = one_of(
    "an authentication policy",
    &[
        may("basic", Form::Code(basic)),
        may("bearer", Form::Code(bearer)),
        may("digest", Form::Code(basic)),
        may("oauth2", Form::Code(oauth2)),
        may("oidc", Form::Code(oidc)),
    ],
    &[&["basic", "bearer", "digest", "oauth2", "oidc"]],
);
const SECRET: Shape = closed(
    "a policy that uses a secret",
    &[must("use", Form::Code(reference::secret))],
);
const PASSWORD: Shape = closed(
    "a policy with a password",
    &[must("username", Form::Text), must("password", Form::Text)],
);
const TOKEN: Shape = closed("`bearer`", &[must("token", Form::Text)]);
const OAUTH2: Shape = closed(
    "`oauth2`",
    &[
        must("authority", Form::Uri),
        must("grant", Form::Word(&GRANTS)),
        may("endpoints", Form::Object(&OAUTH2_ENDPOINTS)),
        may("client", Form::Object(&CLIENT)),
        may("request", Form::Object(&REQUEST)),
        may("issuers", Form::List(&Form::Text)),
        may("scopes", Form::List(&Form::Text)),
        may("audiences", Form::List(&Form::Text)),
        may("username", Form::Text),
        may("password", Form::Text),
        may("subject", Form::Object(&SECURITY_TOKEN)),
        may("actor", Form::Object(&SECURITY_TOKEN)),
    ],
);
const OIDC: Shape = closed(
    "`oidc`",
    &[
        must("authority", Form::Uri),
        must("grant", Form::Word(&GRANTS)),
        may("client", Form::Object(&CLIENT)),
        may("request", Form::Object(&REQUEST)),
        may("issuers", Form::List(&Form::Text)),
        may("scopes", Form::List(&Form::Text)),
        may("audiences", Form::List(&Form::Text)),
        may("username", Form::Text),
        may("password", Form::Text),
        may("subject", Form::Object(&SECURITY_TOKEN)),
        may("actor", Form::Object(&SECURITY_TOKEN)),
    ],
);
const GRANTS: [&str; 5] = [
    "authorization_code",
    "client_credentials",
    "password",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];
const OAUTH2_ENDPOINTS: Shape = closed(
    "`endpoints`",
    &[
        may("token", Form::Uri),
        may("revocation", Form::Uri),
        may("introspection", Form::Uri),
    ],
);
const CLIENT: Shape = closed(
    "`client`",
    &[
        may("id", Form::Text),
        may("secret", Form::Text),
        may("assertion", Form::Text),
        may("authentication", Form::Word(&CLIENT_AUTHENTICATIONS)),
    ],
);
const CLIENT_AUTHENTICATIONS: [&str; 5] = [
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "none",
];
const REQUEST: Shape = closed(
    "`request`",
    &[may(
        "encoding",
        Form::Word(&["application/x-www-form-urlencoded", "application/json"]),
    )],
);
const SECURITY_TOKEN: Shape = closed(
    "a security token",
    &[must("token", Form::Text), must("type", Form::Text)],
);

/// Text that is a URI or an expression, or an object.
fn endpoint(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    match &node.value {
        Value::Text(_) => {
            reader.uri_or_expression(node, path.name());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => {
            reader.shape(node, &ENDPOINT_OBJECT, path);
        }
    }
}

fn authentication(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    referable(reader, node, path, &REFERENCE);
}

fn authentication_used(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    referable(reader, node, path, &REFERENCE_USED);
}

fn referable(reader: &mut Reader, node: &Node, path: &Path<'_>, reference: &'static Shape) {
    let shape = if node.get("use").is_some() {
        reference
    } else {
        &POLICY
    };
    reader.shape(node, shape, path);
}

/// One of the policies: its own members, or the name of a secret that holds them.
fn policy(reader: &mut Reader, node: &Node, path: &Path<'_>, inline: &'static Shape) {
    let shape = if node.get("use").is_some() {
        &SECRET
    } else {
        inline
    };
    reader.shape(node, shape, path);
}

fn basic(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    policy(reader, node, path, &PASSWORD);
}

fn bearer(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    policy(reader, node, path, &TOKEN);
}

fn oauth2(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    policy(reader, node, path, &OAUTH2);
}

fn oidc(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    policy(reader, node, path, &OIDC);
}
