//! `writ check`: everything that can be known to be wrong before anything runs.

use crate::{
    app::App,
    args::Check,
    error::{Exit, Result, count},
    load,
    out::outln,
    progress::Progress,
    report,
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
    let grants = load::grants(app.grants.as_deref())?;
    let sandbox = load::sandbox(&app)?;
    let file = app.workflow.display().to_string();
    let (diagnostics, notes) = match load::check(text.clone(), &file, found, &grants, &sandbox)? {
        Ok(checked) => (checked.diagnostics, checked.notes),
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
        return Ok(if errors == 0 { Exit::Done } else { Exit::Check });
    }
    for note in notes {
        eprintln!("note: {note}");
    }
    if errors == 0 {
        outln!("{file}: nothing wrong found");
        return Ok(Exit::Done);
    }
    eprintln!("{}", count(errors, "error"));
    Ok(Exit::Check)
}
