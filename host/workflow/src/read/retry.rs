//! Retry policies and timeouts, inline or by reference.

use super::Reader;
use crate::{
    form::{Form, Shape, closed, may, must, one_of},
    model::{Backoff, Duration, Retry},
    node::{Node, Value},
    path::Path,
};

const TIMEOUT: Shape = closed("`timeout`", &[must("after", Form::Any)]);
const RETRY: Shape = closed(
    "a retry policy",
    &[
        may("when", Form::Any),
        may("exceptWhen", Form::Any),
        may("delay", Form::Any),
        may("backoff", Form::Object(&BACKOFF)),
        may("limit", Form::Object(&LIMIT)),
        may("jitter", Form::Object(&JITTER)),
    ],
);
const BACKOFF: Shape = one_of(
    "`backoff`",
    &[
        may("constant", Form::Object(&NO_SETTINGS)),
        may("exponential", Form::Object(&NO_SETTINGS)),
        may("linear", Form::Object(&NO_SETTINGS)),
    ],
    &[&["constant", "exponential", "linear"]],
);
const NO_SETTINGS: Shape = closed("a backoff, which has no settings", &[]);
const LIMIT: Shape = closed(
    "`limit`",
    &[
        may("attempt", Form::Object(&ATTEMPT)),
        may("duration", Form::Any),
    ],
);
const ATTEMPT: Shape = closed(
    "`attempt`",
    &[may("count", Form::Any), may("duration", Form::Any)],
);
const JITTER: Shape = closed(
    "`jitter`",
    &[must("from", Form::Any), must("to", Form::Any)],
);

impl Reader {
    /// `timeout` of a task or of the workflow.
    pub(super) fn timeout(&mut self, node: &Node, path: &Path<'_>) -> Option<Duration> {
        match &node.value {
            Value::Text(name) => self.timeout_reference(node, name),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => {
                self.timeout_definition(node, path)
            }
        }
    }

    pub(super) fn timeout_definition(&mut self, node: &Node, path: &Path<'_>) -> Option<Duration> {
        self.shape(node, &TIMEOUT, path).then_some(())?;
        node.get("after")
            .and_then(|after| self.duration(after, "after"))
    }

    /// `retry` of a `catch`.
    pub(super) fn retry(&mut self, node: &Node, path: &Path<'_>) -> Option<Retry> {
        match &node.value {
            Value::Text(name) => self.retry_reference(node, name),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => {
                self.retry_definition(node, path)
            }
        }
    }

    pub(super) fn retry_definition(&mut self, node: &Node, path: &Path<'_>) -> Option<Retry> {
        if !self.shape(node, &RETRY, path) {
            return None;
        }
        let limit = node.get("limit");
        let attempt = limit.and_then(|limit| limit.get("attempt"));
        let count = attempt.and_then(|attempt| attempt.get("count"));
        Some(Retry {
            when: self.optional_expression(node, "when"),
            except_when: self.optional_expression(node, "exceptWhen"),
            delay: self
                .optional_duration(Some(node), "delay")
                .unwrap_or(Duration::Milliseconds(0)),
            backoff: node.get("backoff").map_or(Backoff::Constant, backoff),
            jitter: node.get("jitter").and_then(|jitter| self.jitter(jitter)),
            attempts_max: count.and_then(|count| self.attempts(count)),
            attempt_duration: self.optional_duration(attempt, "duration"),
            duration: self.optional_duration(limit, "duration"),
        })
    }

    fn optional_duration(&mut self, node: Option<&Node>, key: &str) -> Option<Duration> {
        node?.get(key).and_then(|member| self.duration(member, key))
    }

    fn attempts(&mut self, node: &Node) -> Option<u32> {
        let count = self.integer(node, "count", 1, i64::from(u32::MAX))?;
        u32::try_from(count).ok()
    }

    fn jitter(&mut self, node: &Node) -> Option<(Duration, Duration)> {
        let from = self.optional_duration(Some(node), "from");
        let to = self.optional_duration(Some(node), "to");
        let (from, to) = from.zip(to)?;
        if let (Duration::Milliseconds(from), Duration::Milliseconds(to)) = (&from, &to)
            && from > to
        {
            let message = "`jitter` ends before it begins";
            self.report.error_help(
                node.span,
                "range",
                message,
                "`from` must not be longer than `to`",
            );
        }
        Some((from, to))
    }
}

fn backoff(node: &Node) -> Backoff {
    if node.get("exponential").is_some() {
        Backoff::Exponential
    } else if node.get("linear").is_some() {
        Backoff::Linear
    } else {
        Backoff::Constant
    }
}
