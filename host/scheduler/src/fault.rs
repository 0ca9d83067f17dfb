//! How a guest's fault becomes a problem that a workflow can catch.

use serde_json::json;
use writ_run::Problem;
use writ_sandbox::{Fault, Refusal};

/// The problem for a fault of `plugin`'s `function`.
pub(crate) fn problem(plugin: &str, function: &str, fault: Fault) -> Problem {
    let named = |problem: Problem| problem.with("plugin", plugin).with("function", function);
    match fault {
        Fault::Guest { payload } => {
            let detail = payload
                .as_str()
                .map_or_else(|| payload.to_string(), str::to_owned);
            named(Problem::ours(
                "guest",
                500,
                format!("{plugin}/{function} returned an error: {}", short(&detail)),
            ))
            .with("payload", payload)
        }
        Fault::Arguments(mismatch) => named(Problem::dsl(
            "validation",
            400,
            format!("the arguments of {plugin}/{function} do not fit its type: {mismatch}"),
        )),
        Fault::UnknownFunction { known, .. } => named(Problem::dsl(
            "configuration",
            400,
            format!(
                "plugin {plugin} has no callable function `{function}`; it has: {}",
                known.join(", ")
            ),
        )),
        Fault::Trap { message, backtrace } => named(Problem::ours(
            "trap",
            500,
            format!("{plugin}/{function} trapped: {message}"),
        ))
        .with("backtrace", json!(backtrace)),
        Fault::Limit {
            limit,
            allowed,
            unit,
        } => named(Problem::ours(
            "limit",
            500,
            format!("{plugin}/{function} went past its limit {limit} = {allowed} {unit}"),
        ))
        .with("limit", limit)
        .with("allowed", allowed)
        .with(
            "remedy",
            format!("if it needs more, set `{limit}` under [plugins.{plugin}.limits] in writ.toml"),
        ),
        Fault::Denied(denied) => {
            let capability = denied.capability.to_string();
            let mut problem = named(Problem::dsl("authorization", 403, denied.to_string()))
                .with("capability", capability)
                .with("remedy", denied.remedy());
            problem.title = Some("denied".to_owned());
            problem
        }
        Fault::Unavailable { .. } => named(Problem::dsl(
            "authorization",
            403,
            format!("{plugin}/{function}: {fault}"),
        ))
        .with(
            "remedy",
            format!(
                "its author has to do without; `writ plugin inspect` shows what {plugin} imports"
            ),
        ),
        Fault::Diverged { .. } => named(Problem::ours(
            "diverged",
            500,
            format!("{plugin}/{function}: {fault}"),
        )),
        Fault::InDoubt { .. } => named(Problem::ours(
            "in-doubt",
            500,
            format!("{plugin}/{function}: {fault}; look, then settle it by hand"),
        )),
        Fault::Import(_) => named(Problem::dsl(
            "authorization",
            403,
            format!("{plugin}/{function}: {fault}"),
        )),
        Fault::Folder(_) => named(Problem::dsl(
            "configuration",
            400,
            format!("{plugin}/{function}: {fault}"),
        )),
        Fault::Exit { code } => named(Problem::ours(
            "trap",
            500,
            format!("{plugin}/{function} exited with code {code}"),
        )),
        Fault::Host { message } => named(Problem::ours(
            "host",
            500,
            format!("the host failed while it ran {plugin}/{function}: {message}"),
        )),
    }
}

/// The problem of whoever's writ has ended since the run was taken up.
pub(crate) fn ended(refusal: &Refusal) -> Problem {
    let mut problem = Problem::dsl("authorization", 403, refusal.to_string());
    problem.title = Some("denied".to_owned());
    problem.with("remedy", refusal.remedy())
}

/// Details stay readable: a payload of megabytes is in `payload` already.
fn short(text: &str) -> String {
    const CHARACTERS_MAX: usize = 300;
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
