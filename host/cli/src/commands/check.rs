//! `writ check`: everything that can be known to be wrong before anything runs.

use writ_sandbox::Sandbox;

use crate::{
    app::App,
    args::Check,
    error::{Exit, Result, count},
    load::{self, Checked, Parsed},
    out::{errln, outln},
    policy::{Policy, Start},
    progress::Progress,
    ready, report,
    wall::Plan,
};

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
fn exit(diagnostics: &[writ_workflow::Diagnostic]) -> Exit {
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
    Plan::closed(app.config.host.wall).raise()?;
    Ok(load::check(parsed, policy))
}
