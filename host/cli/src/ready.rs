//! What would keep a run from starting though its document is right: imports that the host can't link, writs that say nothing
//! any more, folders and secrets that are missing. Found before anything is compiled, and told at the place that calls the plugin.

use std::collections::BTreeMap;

use writ_grant::{Access, Authority, Capability};
use writ_sandbox::Sandbox;
use writ_workflow::{
    Diagnostic, Known,
    model::{CallTarget, Span, TaskKind, Workflow},
};

use crate::{app::App, load::Parsed, network, reach};

/// The code of diagnostics about writs that were revoked, have expired, or can't be kept.
pub(crate) const REFUSED: &str = "refused";
/// What to do about a folder that can't be had.
pub(crate) const OTHER_FOLDER: &str =
    "approve another folder with `writ grant approve`, or change `folder` in the grants file";

/// Everything that would keep this workflow from running, at the first call of the plugin that it is about.
pub(crate) fn diagnostics(app: &App, parsed: &Parsed, sandbox: &Sandbox) -> Vec<Diagnostic> {
    let Parsed {
        workflow,
        file,
        known,
        refusals,
        ..
    } = parsed;
    let mut all = schemas(workflow, file);
    let calls = first_calls(workflow, known);
    for (name, span) in &calls {
        let mut tell = |code, message: String, help: Option<String>| {
            let diagnostic = Diagnostic::error(file, *span, code, message);
            all.push(match help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            });
        };
        let Some(known) = known.get(name) else {
            continue;
        };
        for problem in writ_plugin::import_problems(&known.plugin, &writ_sandbox::offer) {
            let message = format!("plugin `{name}` cannot start: {}", problem.message);
            tell("import", message, Some(problem.remedy));
        }
        if let Some(refusal) = refusals.get(name) {
            tell(REFUSED, refusal.message.clone(), refusal.help.clone());
        }
        let authority = known.authority.iter();
        for trouble in authority.flat_map(|authority| folders(app, authority, sandbox)) {
            let message = format!("plugin `{name}`: {}", trouble.message);
            tell(trouble.code, message, Some(trouble.help.to_owned()));
        }
    }
    // A plugin that is refused and never called stops a run as well: its place is the whole document.
    for (_, refusal) in refusals
        .iter()
        .filter(|(name, _)| !calls.contains_key(*name))
    {
        let diagnostic = Diagnostic::error(file, beginning(), REFUSED, refusal.message.clone());
        all.push(match &refusal.help {
            Some(help) => diagnostic.help(help.clone()),
            None => diagnostic,
        });
    }
    all.extend(secrets(app, parsed, &calls));
    all
}

/// The secrets that can't be had, each at the first place that may use it.
fn secrets(app: &App, parsed: &Parsed, calls: &BTreeMap<String, Span>) -> Vec<Diagnostic> {
    let called = calls.iter().filter_map(|(name, span)| {
        let authority = parsed.known.get(name)?.authority.as_ref()?;
        Some((authority, *span))
    });
    let mut users: Vec<_> = called
        .chain([(&parsed.own, first_request(&parsed.workflow))])
        .collect();
    users.sort_by_key(|(_, span)| span.start);
    let places =
        network::secrets(users.iter().map(|(authority, _)| *authority)).unwrap_or_default();
    let problems = places.keys().filter_map(|name| {
        let uses = |(authority, _): &&(&Authority, Span)| {
            let mut all = authority.capabilities();
            all.any(|capability| matches!(capability, Capability::SecretUse { name: used } if used == name))
        };
        let (_, span) = users.iter().find(uses)?;
        let failure = network::secret_problem(app, name)?;
        let diagnostic = Diagnostic::error(&parsed.file, *span, "secret", failure.message);
        Some(match failure.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        })
    });
    problems.collect()
}

/// Where the workflow itself sends a request first.
fn first_request(workflow: &Workflow) -> Span {
    let mut tasks = workflow.tasks.iter();
    let found = tasks.find_map(|task| {
        if let TaskKind::Call(call) = &task.kind
            && let CallTarget::Http(_) = call.target
        {
            Some(call.span)
        } else {
            None
        }
    });
    found.unwrap_or_else(beginning)
}

fn beginning() -> Span {
    Span {
        start: 0,
        end: 0,
        line: 1,
        column: 1,
    }
}

/// Where each plugin is called first, or the first one that may call it.
fn first_calls(workflow: &Workflow, known: &BTreeMap<String, Known>) -> BTreeMap<String, Span> {
    let mut calls = BTreeMap::new();
    for task in &workflow.tasks {
        if let TaskKind::Call(call) = &task.kind
            && let CallTarget::Plugin { plugin, .. } = &call.target
        {
            calls.entry(plugin.clone()).or_insert(call.span);
            let authority = known.get(plugin).and_then(|known| known.authority.as_ref());
            for (plugin, _) in authority.into_iter().flat_map(reach::tools) {
                calls.entry(plugin.to_owned()).or_insert(call.span);
            }
        }
    }
    calls
}

/// What is wrong with a granted folder.
struct Trouble {
    code: &'static str,
    message: String,
    help: &'static str,
}

/// The granted folders that no plugin may have, and those to read from that are not there. Those to write to are made.
fn folders(app: &App, authority: &Authority, sandbox: &Sandbox) -> Vec<Trouble> {
    let trouble = |permit: writ_grant::Permit<writ_grant::Mount>| {
        let mount = permit.action();
        let host = app.grants_folder().join(&mount.folder);
        if let Err(error) = sandbox.may_give(mount.path.as_str(), &host) {
            return Some(Trouble {
                code: REFUSED,
                message: error.to_string(),
                help: OTHER_FOLDER,
            });
        }
        let what = match (mount.access, host.is_dir(), host.exists()) {
            (_, true, _) | (Access::Write, false, false) => return None,
            (_, false, true) => "is no folder",
            (Access::Read, false, false) => "is not there",
        };
        let (folder, path) = (host.display(), &mount.path);
        Some(Trouble {
            code: "folder",
            message: format!("{folder} {what}, but a grant maps it to {path}"),
            help: "make the folder, or approve another with `writ grant approve`",
        })
    };
    authority.mounts().filter_map(trouble).collect()
}

/// JSON Schemas that can't be used: a run would be refused for the first of them.
fn schemas(workflow: &Workflow, file: &str) -> Vec<Diagnostic> {
    let bad = writ_run::bad_schemas(workflow).into_iter();
    bad.map(|(span, error)| {
        let message = format!("this JSON Schema cannot be used: {error}");
        Diagnostic::error(file, span, "schema", message).help("correct it, or leave it out")
    })
    .collect()
}
