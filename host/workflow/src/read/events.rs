//! Events: `emit`, `listen` and `schedule`, validated in shape, not executed yet.

use super::{Reader, composite::SUBSCRIPTION_ITERATOR, task::Site, value};
use crate::{
    form::{Form, Shape, closed, may, must, one_of, open},
    model::TaskKind,
    node::Node,
    path::Path,
    source::NotExecuted,
    text,
};

const EMIT: Shape = closed("`emit`", &[must("event", Form::Object(&EMITTED))]);
const EMITTED: Shape = open("`event`", &[may("with", Form::Object(&EMITTED_PROPERTIES))]);
const EMITTED_PROPERTIES: Shape = open(
    "`with`",
    &[
        may("id", Form::Text),
        may("source", Form::UriOrExpression),
        must("type", Form::Text),
        may("time", Form::Code(time)),
        may("subject", Form::Text),
        may("datacontenttype", Form::Text),
        may("dataschema", Form::UriOrExpression),
        may("data", Form::Data),
    ],
);
const PROPERTIES: Shape = open(
    "`with`",
    &[
        may("id", Form::Text),
        may("source", Form::UriOrExpression),
        may("type", Form::Text),
        may("time", Form::Code(time)),
        may("subject", Form::Text),
        may("datacontenttype", Form::Text),
        may("dataschema", Form::UriOrExpression),
        may("data", Form::Data),
    ],
);

const LISTEN: Shape = closed("`listen`", &[must("to", STRATEGY), may("read", READ)]);
const READ: Form = Form::Word(&["data", "envelope", "raw"]);
const STRATEGY: Form = Form::Code(strategy);
const CONSUMPTION: Shape = one_of(
    "an event consumption strategy",
    &[
        may("all", Form::List(&FILTER_FORM)),
        may("any", Form::List(&FILTER_FORM)),
        may("until", Form::Code(until)),
        may("one", FILTER_FORM),
    ],
    &[&["all", "any", "one"]],
);
const FILTER_FORM: Form = Form::Object(&FILTER);
const FILTER: Shape = closed(
    "an event filter",
    &[
        must("with", Form::Code(filter_properties)),
        may("correlate", Form::Map(&Form::Object(&CORRELATION))),
    ],
);
const CORRELATION: Shape = closed(
    "a correlation",
    &[must("from", Form::Condition), may("expect", Form::Text)],
);

const SCHEDULE: Shape = closed(
    "`schedule`",
    &[
        may("every", Form::Code(value::duration)),
        may("cron", Form::Name),
        may("after", Form::Code(value::duration)),
        may("on", STRATEGY),
        may("read", READ),
    ],
);

impl Reader {
    pub(super) fn emit(&mut self, node: &Node, site: &Site<'_>) -> Option<TaskKind> {
        self.shape(node, &EMIT, &site.path.key("emit"))
            .then_some(TaskKind::Emit)
    }

    pub(super) fn listen(&mut self, node: &Node, site: &Site<'_>) -> Option<TaskKind> {
        if let Some(foreach) = site.node.get("foreach") {
            self.shape(foreach, &SUBSCRIPTION_ITERATOR, &site.path.key("foreach"));
        }
        self.shape(node, &LISTEN, &site.path.key("listen"))
            .then_some(TaskKind::Listen)
    }

    /// `schedule` of the document.
    pub(super) fn schedule(&mut self, root: &Node, path: &Path<'_>) {
        let Some(entry) = root.entry("schedule") else {
            return;
        };
        let node = &entry.node;
        if !self.shape(node, &SCHEDULE, &path.key("schedule")) {
            return;
        }
        if let Some(read) = node.entry("read").filter(|_| node.get("on").is_none()) {
            self.report.error_help(
                read.key_span,
                "conflict",
                "`read` stands without `on`",
                "remove it, or add `on`",
            );
        }
        self.not_executed.push(NotExecuted {
            what: "`schedule`".to_owned(),
            span: entry.key_span,
        });
    }
}

fn strategy(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    if !reader.shape(node, &CONSUMPTION, path) {
        return;
    }
    if let Some(until) = node.entry("until").filter(|_| node.get("any").is_none()) {
        let message = "`until` stands without `any`";
        reader.report.error_help(
            until.key_span,
            "conflict",
            message,
            "only `any` can go on until something happens",
        );
    }
}

/// A condition, or a strategy that has no `until` of its own.
fn until(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    if node.text().is_some() {
        reader.expression(node, "until");
        return;
    }
    strategy(reader, node, path);
    if let Some(inner) = node.entry("until") {
        let message = "`until` cannot have an `until` of its own";
        reader
            .report
            .error_help(inner.key_span, "conflict", message, "remove it");
    }
}

fn filter_properties(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    let object = reader.shape(node, &PROPERTIES, path);
    if object && node.entries().is_empty() {
        reader
            .report
            .error(node.span, "missing-key", "`with` names nothing to compare");
    }
}

fn time(reader: &mut Reader, node: &Node, path: &Path<'_>) {
    let Some(written) = reader.text(node, path.name()) else {
        return;
    };
    if !text::is_expression(written) && !text::is_date_time(written) {
        let message = format!("`{}` is not a date and time", written.escape_debug());
        reader.report.error_help(
            node.span,
            "pattern",
            message,
            "for instance `2026-01-31T12:00:00Z`",
        );
    }
    reader.template(node);
}
