//! `writ check`: everything that can be known to be wrong before anything runs.

use std::path::{Path, PathBuf};

use writ_sandbox::Sandbox;
use writ_workflow::Diagnostic;

use crate::{
    app::{App, Config},
    args::Check,
    error::{Exit, Result, count},
    load::{self, Checked, Parsed},
    out::{errln, outln},
    policy::{Policy, Start},
    progress::Progress,
    ready, report,
    wall::Plan,
};

/// The code of diagnostics about plugins that are not there.
const UNKNOWN_PLUGIN: &str = "unknown-plugin";

pub(crate) fn run(arguments: &Check, json: bool) -> Result<Exit> {
    let progress = Progress::new(json);
    let app = App::open(
        &arguments.target,
        arguments.grants.as_deref(),
        arguments.data.as_deref(),
    )?;
    let text = app.workflow_text()?;
    let found = load::plugins(&app, &|text| progress.say(text))?;
    let policy = Policy::open(&app, Start::New)?;
    let sandbox = load::sandbox(&app)?;
    let file = app.workflow.display().to_string();
    let (diagnostics, notes) = match load::parse(text.clone(), &file, found, &policy)? {
        Ok(parsed) => {
            let more = ready::diagnostics(&app, &parsed, &sandbox);
            let mut checked = checked(&app, parsed, &policy, &sandbox)?;
            checked.diagnostics.extend(more);
            (checked.diagnostics, checked.notes)
        }
        Err(diagnostics) => (diagnostics, Vec::new()),
    };
    let errors = if json {
        report::errors(&diagnostics)
    } else {
        report::diagnostics(&diagnostics, &text)
    };
    if json {
        outln!(
            "{}",
            serde_json::json!({ "errors": errors, "diagnostics": report::diagnostics_json(&diagnostics), "notes": notes })
        );
        return Ok(exit(&diagnostics));
    }
    for note in notes {
        errln!("note: {note}");
    }
    if errors == 0 {
        outln!("{file}: nothing wrong found");
        return Ok(Exit::Done);
    }
    errln!("{}", count(errors, "error"));
    Ok(exit(&diagnostics))
}

/// A refused writ that nothing else stands beside is what `run` would refuse, by the same code.
fn exit(diagnostics: &[Diagnostic]) -> Exit {
    let mut errors = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .peekable();
    if errors.peek().is_none() {
        Exit::Done
    } else if errors.all(|diagnostic| diagnostic.code == ready::REFUSED) {
        Exit::Refused
    } else {
        Exit::Check
    }
}

/// Checks a workflow that nobody will run: a component looks at its expressions, behind a wall without a door.
pub(crate) fn checked(
    app: &App,
    parsed: Parsed,
    policy: &Policy,
    sandbox: &Sandbox,
) -> Result<Checked> {
    load::jq(&parsed.workflow, sandbox);
    let meant = app_meant(app);
    Plan::closed(app.config.host.wall).raise()?;
    let mut checked = load::check(parsed, policy);
    if let Some(folder) = meant {
        name_app(&mut checked.diagnostics, &folder);
    }
    Ok(checked)
}

/// The app that a workflow file lies in, if the file was named in its place: alone it has none of the app's plugins.
fn app_meant(app: &App) -> Option<PathBuf> {
    if !app.config.plugins.is_empty() {
        return None;
    }
    let around = Config::read(&app.folder.join("writ.toml")).ok()?;
    (!around.plugins.is_empty()).then(|| app.folder.clone())
}

fn name_app(diagnostics: &mut [Diagnostic], folder: &Path) {
    let unknown = diagnostics
        .iter_mut()
        .filter(|diagnostic| diagnostic.code == UNKNOWN_PLUGIN);
    for diagnostic in unknown {
        diagnostic.help = Some(format!(
            "a workflow file alone has no plugins of an app: name the app folder, {}",
            folder.display()
        ));
    }
}
