//! Arguments of the protocols that `call` knows. Of all but `http`, only the shape is validated: they are not executed yet.

use super::{
    Reader,
    composite::SUBSCRIPTION_ITERATOR,
    http,
    resource::{AUTHENTICATION, ENDPOINT, EXTERNAL_RESOURCE},
    value,
};
use crate::{
    form::{Form, Shape, closed, may, must, one_of},
    node::{Node, Value},
    path::Path,
    text,
};

/// A protocol and its arguments.
pub(super) struct Protocol {
    pub(super) name: &'static str,
    pub(super) arguments: &'static Shape,
}

pub(super) static PROTOCOLS: [Protocol; 6] = [
    Protocol {
        name: "a2a",
        arguments: &A2A,
    },
    Protocol {
        name: "asyncapi",
        arguments: &ASYNCAPI,
    },
    Protocol {
        name: "grpc",
        arguments: &GRPC,
    },
    Protocol {
        name: "http",
        arguments: &http::ARGUMENTS,
    },
    Protocol {
        name: "mcp",
        arguments: &MCP,
    },
    Protocol {
        name: "openapi",
        arguments: &OPENAPI,
    },
];

const RESOURCE: Form = Form::Object(&EXTERNAL_RESOURCE);
const DURATION: Form = Form::Code(value::duration);
pub(super) const OUTPUTS: [&str; 3] = ["raw", "content", "response"];

const OPENAPI: Shape = closed(
    "`with` of `openapi`",
    &[
        must("document", RESOURCE),
        must("operationId", Form::Text),
        may("parameters", Form::DataObject),
        may("authentication", AUTHENTICATION),
        may("output", Form::Word(&OUTPUTS)),
        may("redirect", Form::Boolean),
    ],
);

const GRPC: Shape = closed(
    "`with` of `grpc`",
    &[
        must("proto", RESOURCE),
        must("service", Form::Object(&GRPC_SERVICE)),
        must("method", Form::Text),
        may("arguments", Form::DataObject),
    ],
);
const GRPC_SERVICE: Shape = closed(
    "`service`",
    &[
        must("name", Form::Text),
        must("host", Form::Code(host)),
        may("port", Form::Integer(0, 65_535)),
        may("authentication", AUTHENTICATION),
    ],
);

const A2A: Shape = closed(
    "`with` of `a2a`",
    &[
        may("agentCard", RESOURCE),
        may("server", ENDPOINT),
        must("method", Form::Word(&A2A_METHODS)),
        may("parameters", Form::Code(members_or_text)),
    ],
);
const A2A_METHODS: [&str; 11] = [
    "message/send",
    "message/stream",
    "tasks/get",
    "tasks/list",
    "tasks/cancel",
    "tasks/resubscribe",
    "tasks/pushNotificationConfig/set",
    "tasks/pushNotificationConfig/get",
    "tasks/pushNotificationConfig/list",
    "tasks/pushNotificationConfig/delete",
    "agent/getAuthenticatedExtendedCard",
];

const MCP: Shape = closed(
    "`with` of `mcp`",
    &[
        may("protocolVersion", Form::Text),
        must("method", Form::Word(&MCP_METHODS)),
        may("parameters", Form::Code(object_or_text)),
        may("timeout", DURATION),
        must("transport", Form::Object(&MCP_TRANSPORT)),
        may("client", Form::Object(&MCP_CLIENT)),
    ],
);
const MCP_METHODS: [&str; 7] = [
    "tools/list",
    "tools/call",
    "prompts/list",
    "prompts/get",
    "resources/list",
    "resources/read",
    "resources/templates/list",
];
const MCP_TRANSPORT: Shape = one_of(
    "`transport`",
    &[
        may("http", Form::Object(&MCP_HTTP)),
        may("stdio", Form::Object(&MCP_STDIO)),
        may("options", Form::Map(&Form::Text)),
    ],
    &[&["http", "stdio"]],
);
const MCP_HTTP: Shape = closed(
    "`http`",
    &[
        must("endpoint", ENDPOINT),
        may("headers", Form::Map(&Form::Text)),
    ],
);
const MCP_STDIO: Shape = closed(
    "`stdio`",
    &[
        must("command", Form::Text),
        may("arguments", Form::List(&Form::Text)),
        may("environment", Form::Map(&Form::Text)),
    ],
);
const MCP_CLIENT: Shape = closed(
    "`client`",
    &[must("name", Form::Text), must("version", Form::Text)],
);

const ASYNCAPI: Shape = Shape {
    what: "`with` of `asyncapi`",
    fields: &[
        must("document", RESOURCE),
        may("channel", Form::Text),
        may("operation", Form::Text),
        may("server", Form::Object(&ASYNCAPI_SERVER)),
        may("protocol", Form::Word(&ASYNCAPI_PROTOCOLS)),
        may("message", Form::Object(&ASYNCAPI_MESSAGE)),
        may("subscription", Form::Object(&ASYNCAPI_SUBSCRIPTION)),
        may("authentication", AUTHENTICATION),
    ],
    one_of: &[&["operation", "channel"], &["message", "subscription"]],
    open: false,
};
const ASYNCAPI_PROTOCOLS: [&str; 19] = [
    "amqp",
    "amqp1",
    "anypointmq",
    "googlepubsub",
    "http",
    "ibmmq",
    "jms",
    "kafka",
    "mercure",
    "mqtt",
    "mqtt5",
    "nats",
    "pulsar",
    "redis",
    "sns",
    "solace",
    "sqs",
    "stomp",
    "ws",
];
const ASYNCAPI_SERVER: Shape = closed(
    "`server`",
    &[must("name", Form::Text), may("variables", Form::DataObject)],
);
const ASYNCAPI_MESSAGE: Shape = closed(
    "`message`",
    &[
        may("payload", Form::DataObject),
        may("headers", Form::DataObject),
    ],
);
const ASYNCAPI_SUBSCRIPTION: Shape = closed(
    "`subscription`",
    &[
        may("filter", Form::Expression),
        must("consume", Form::Object(&ASYNCAPI_CONSUME)),
        may("foreach", Form::Object(&SUBSCRIPTION_ITERATOR)),
    ],
);
const ASYNCAPI_CONSUME: Shape = one_of(
    "`consume`",
    &[
        may("for", DURATION),
        may("amount", Form::Integer(0, i64::MAX)),
        may("while", Form::Expression),
        may("until", Form::Expression),
    ],
    &[&["amount", "while", "until"]],
);

fn object_or_text(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    if node.text().is_some() || reader.is_object(node, &format!("`{}`", path.name())) {
        reader.template(node);
    }
}

fn members_or_text(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    object_or_text(reader, node, path);
    if matches!(&node.value, Value::Map(entries) if entries.is_empty()) {
        let message = format!("`{}` is empty", path.name());
        reader
            .report
            .error_help(node.span, "missing-key", message, "leave it out");
    }
}

fn host(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    let Some(host) = reader.name(node, path.name()) else {
        return;
    };
    if !text::is_host(host) {
        let message = format!("`{}` is not a host name", host.escape_debug());
        reader.report.error(node.span, "pattern", message);
    }
}
