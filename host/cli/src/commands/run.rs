//! `writ run`: build what is stale, check, recover what is unfinished, accept the run, and carry it to its end.

use std::{
    io::Read,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value as Json;
use writ_run::Status;

use crate::{
    app::App,
    args::Run,
    error::{Exit, Failure, Result, count},
    host::{Host, open_journal, tell},
    load,
    out::outln,
    progress::Progress,
    report,
};

/// Largest input that is read, in bytes.
const INPUT_BYTES_MAX: u64 = 64 * 1024 * 1024;

pub(crate) fn run(arguments: &Run, json: bool) -> Result<Exit> {
    let progress = Progress::new(json);
    let app = App::open(
        &arguments.target,
        arguments.grants.as_deref(),
        arguments.data.as_deref(),
    )?;
    let input = read_input(arguments.input.as_deref())?;
    let text = app.workflow_text()?;
    let found = load::plugins(&app, &|text| progress.say(text))?;
    let grants = load::grants(app.grants.as_deref())?;
    let sandbox = load::sandbox(&app)?;
    let file = app.workflow.display().to_string();
    let checked = match load::check(text.clone(), &file, found, &grants, &sandbox)? {
        Ok(checked) => checked,
        Err(diagnostics) => return refuse(&diagnostics, &[], &text, json),
    };
    if report::has_errors(&checked.diagnostics) {
        return refuse(&checked.diagnostics, &checked.notes, &text, json);
    }
    report::diagnostics(&checked.diagnostics, &text);

    let (journal, unfinished) = open_journal(&app.data, &progress)?;
    let host = Host::start(&app, journal, sandbox, progress)?;
    if arguments.detach {
        return detach(host, &app, checked, input, json);
    }
    let mut waiting = host.resume(&app, unfinished);
    let (id, run) = host.submit(&app, checked, input)?;
    waiting.push(run);
    let ended = host.finish(waiting)?;
    for other in ended.iter().filter(|ended| ended.run != id) {
        eprintln!("resumed run {} {}", other.run, other.status);
    }
    let Some(ended) = ended.into_iter().find(|ended| ended.run == id) else {
        if json {
            outln!("{}", report::accepted_json(id));
        }
        return Ok(Exit::Unfinished);
    };
    if json {
        outln!("{}", report::run_json(&ended));
    } else {
        tell(&ended);
    }
    Ok(exit(ended.status))
}

fn exit(status: Status) -> Exit {
    match status {
        Status::Completed => Exit::Done,
        Status::Faulted | Status::Cancelled => Exit::Faulted,
        Status::Pending | Status::Running | Status::Waiting | Status::Suspended => Exit::Unfinished,
    }
}

fn refuse(
    diagnostics: &[writ_workflow::Diagnostic],
    notes: &[String],
    text: &str,
    json: bool,
) -> Result<Exit> {
    let errors = if json {
        report::errors(diagnostics)
    } else {
        report::diagnostics(diagnostics, text)
    };
    let code = if report::only_grants_missing(diagnostics) {
        Exit::Refused
    } else {
        Exit::Check
    };
    let failure = Failure::new(
        code,
        format!(
            "{} in the workflow; nothing was run",
            count(errors, "error")
        ),
    );
    if json {
        outln!(
            "{}",
            serde_json::json!({ "error": failure.message, "code": code as u8,
                "diagnostics": report::diagnostics_json(diagnostics), "notes": notes })
        );
        return Ok(code);
    }
    for note in notes {
        eprintln!("note: {note}");
    }
    Err(failure)
}

/// Accepts the run, and leaves it to a process in the background.
fn detach(host: Host, app: &App, checked: load::Checked, input: Json, json: bool) -> Result<Exit> {
    let (id, waiting) = host.submit(app, checked, input)?;
    host.stop(vec![waiting])?;
    spawn_resume(&app.data)?;
    if json {
        outln!("{}", report::accepted_json(id));
    } else {
        outln!("{id}");
    }
    Ok(Exit::Done)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a detached run is carried on by another writ process"
)]
fn spawn_resume(data: &Path) -> Result<()> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::internal(format!("cannot find writ itself: {error}")))?;
    Command::new(program)
        .args(["runs", "resume", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A group of its own, so that closing this terminal does not end it.
        .process_group(0)
        .spawn()
        .map(drop)
        .map_err(|error| {
            Failure::internal(format!("cannot start a process in the background: {error}"))
        })
}

fn read_input(path: Option<&Path>) -> Result<Json> {
    let Some(path) = path else {
        return Ok(Json::Object(serde_json::Map::new()));
    };
    let mut bytes = Vec::new();
    let (name, read) = if path == Path::new("-") {
        (
            "standard input".to_owned(),
            std::io::stdin()
                .take(INPUT_BYTES_MAX + 1)
                .read_to_end(&mut bytes),
        )
    } else {
        let opened = std::fs::File::open(path)
            .map_err(|error| Failure::file(path, "read the input", &error))?;
        (
            path.display().to_string(),
            opened.take(INPUT_BYTES_MAX + 1).read_to_end(&mut bytes),
        )
    };
    read.map_err(|error| Failure::file(Path::new(&name), "read the input from", &error))?;
    if bytes.len() as u64 > INPUT_BYTES_MAX {
        return Err(Failure::usage(format!(
            "the input from {name} is larger than {INPUT_BYTES_MAX} bytes"
        ))
        .help("put large data into files of a granted folder, and their names into the input"));
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::usage(format!("the input from {name} is not JSON: {error}")))
}
