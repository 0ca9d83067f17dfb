//! One plain line an event, for people who read what a run did.

use serde_json::Value as Json;
use writ_workflow::is_unsafe;

use super::{Event, HostCall, TaskStarted};
use crate::{Problem, clock::iso8601, run::name_of};

/// How much of a value a line shows, in characters.
const VALUE_CHARACTERS_MAX: usize = 80;

impl Event {
    /// What happened, in one plain line.
    pub fn story(&self) -> String {
        match self {
            Self::RunStarted {
                workflow, signed, ..
            } => {
                let signed = match signed.len() {
                    0 => String::new(),
                    number => format!(", on {number} signed writs"),
                };
                format!(
                    "the run of {}/{} {} started{signed}",
                    workflow.namespace, workflow.name, workflow.version
                )
            }
            Self::RunEntered { deadline_ms, .. } => match deadline_ms {
                Some(deadline) => {
                    format!(
                        "the run took its input and must end before {}",
                        iso8601(*deadline)
                    )
                }
                None => "the run took its input".to_owned(),
            },
            Self::RunCompleted { output } => format!("the run completed with {}", short(output)),
            Self::RunFaulted { error } => format!("the run faulted: {}", blame(error)),
            Self::RunCancelled { reason } => format!("the run was cancelled: {}", clip(reason)),
            Self::RunSuspended { .. } => "the run was suspended".to_owned(),
            Self::RunResumed { .. } => "the run was resumed".to_owned(),
            Self::RunRecovered { .. } => {
                "the run was recovered after its host had stopped".to_owned()
            }
            Self::TaskStarted(started) => started.story(),
            Self::TaskCompleted {
                reference,
                index,
                output,
                context,
                case,
                ..
            } => completed(
                &subject(reference, index),
                output.as_deref(),
                context.as_deref(),
                case.as_deref(),
            ),
            Self::TaskSkipped {
                reference, index, ..
            } => format!("{} was skipped", subject(reference, index)),
            Self::TaskFaulted {
                reference,
                index,
                error,
                ..
            } => match error {
                Some(error) => format!("{} faulted: {}", subject(reference, index), blame(error)),
                None => format!("{} did not catch the error", subject(reference, index)),
            },
            Self::TaskRetried {
                reference,
                index,
                attempt,
                delay_ms,
                ..
            } => {
                format!(
                    "{} tries again in {delay_ms} ms, attempt {attempt}",
                    subject(reference, index)
                )
            }
            Self::TaskResumed {
                reference, index, ..
            } => format!("{} tries again now", subject(reference, index)),
            Self::TaskCaught {
                reference, index, ..
            } => format!("{} caught the error", subject(reference, index)),
            Self::TaskIterated {
                reference,
                index,
                iteration,
                ..
            } => format!(
                "{} goes on with item {iteration}",
                subject(reference, index)
            ),
            Self::TaskCancelled {
                reference, index, ..
            } => format!("{} was cancelled", subject(reference, index)),
            Self::HostIntended {
                call, task, chain, ..
            } => format!(
                "task {}{} is about to call {}",
                task.0,
                through(chain),
                what(call)
            ),
            Self::HostCalled {
                call,
                task,
                grant,
                chain,
                ..
            } => format!(
                "task {}{} called {}, granted by {}",
                task.0,
                through(chain),
                what(call),
                clip(grant)
            ),
            Self::ToolCalled {
                task, chain, grant, ..
            } => format!(
                "task {} called {}, granted by {}",
                task.0,
                clip(&chain.join(" → ")),
                clip(grant)
            ),
            Self::ToolReturned { task, answer, .. } => {
                format!("task {} was answered {}", task.0, short(answer))
            }
            Self::HostDenied {
                plugin,
                capability,
                remedy,
                chain,
                ..
            } => format!(
                "{plugin}{} was denied {}; {}",
                through(chain),
                clip(capability),
                clip(remedy)
            ),
            Self::FileUsed {
                task,
                path,
                operation,
                times,
                bytes_read,
                bytes_written,
                grant,
                chain,
            } => format!(
                "task {}{} used {} ({operation} × {times}, {bytes_read} bytes read, {bytes_written} written), granted by {}",
                task.0,
                through(chain),
                clip(path),
                clip(grant)
            ),
            Self::GuestLogged { stream, text, .. } => format!("{stream}: {}", clip(text)),
        }
    }
}

impl TaskStarted {
    fn story(&self) -> String {
        let subject = subject(&self.reference, &self.index);
        if let Some(call) = &self.call {
            return format!(
                "{subject} is about to call {}/{}",
                call.plugin, call.function
            );
        }
        if let Some(due) = self.due_ms {
            return format!("{subject} waits until {}", iso8601(due));
        }
        match self.items.as_deref() {
            Some(Json::Array(items)) => format!("{subject} started over {} items", items.len()),
            Some(_) | None => format!("{subject} started"),
        }
    }
}

/// By which calls of plugins something was done, when it wasn't the task's own.
fn through(chain: &[String]) -> String {
    match chain {
        [] => String::new(),
        chain => format!(" (through {})", clip(&chain.join(" → "))),
    }
}

fn completed(
    subject: &str,
    output: Option<&Json>,
    context: Option<&Json>,
    case: Option<&str>,
) -> String {
    let mut line = format!("{subject} completed");
    if let Some(case) = case {
        line.push_str(&format!(" and chose {}", clip(case)));
    }
    if let Some(output) = output {
        line.push_str(&format!(" with {}", short(output)));
    }
    if context.is_some() {
        line.push_str(", and changed the context");
    }
    line
}

/// A host call in a few words: of a request, its method and where it went.
fn what(call: &HostCall) -> String {
    let text = |member: &str| call.arguments.get(member).and_then(Json::as_str);
    let called = format!("{} {}", call.interface, call.function);
    match (text("method"), text("url")) {
        (Some(method), Some(url)) => format!("{called}: {}", clip(&format!("{method} {url}"))),
        (Some(_) | None, _) => called,
    }
}

fn subject(reference: &str, index: &[u64]) -> String {
    let positions: String = index
        .iter()
        .map(|position| format!("[{position}]"))
        .collect();
    clip(&format!("{}{positions}", name_of(reference)))
}

fn blame(error: &Problem) -> String {
    let what = error
        .detail
        .as_deref()
        .or(error.title.as_deref())
        .unwrap_or(&error.r#type);
    format!("{} ({})", clip(what), error.status)
}

fn short(value: &Json) -> String {
    clip(&value.to_string())
}

/// One line of bounded length: what guests write must not steer a terminal, and not deceive who reads it there.
fn clip(text: &str) -> String {
    let mut clean = text
        .chars()
        .map(|character| if is_unsafe(character) { ' ' } else { character });
    let mut line: String = clean.by_ref().take(VALUE_CHARACTERS_MAX).collect();
    if clean.next().is_some() {
        line.push('…');
    }
    line
}
