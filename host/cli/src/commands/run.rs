//! `writ run`: build what is stale, check, recover what is unfinished, accept the run, and carry it to its end. The phases are
//! those of [`crate::host`].

use std::{
    io::{Read, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{ChildStdin, Command, Stdio},
};

use serde_json::Value as Json;
use writ_run::Status;

use crate::{
    app::App,
    args::Run,
    commands::{check, runs::GO},
    error::{Exit, Failure, Result, count},
    host::{Accepted, Host, take_folder, tell},
    load,
    open_files::Need,
    out::{errln, outln},
    policy::{Policy, Start},
    progress::Progress,
    report,
    signals::Heeded,
    unfinished::Unfinished,
    wall::Plan,
};

/// Largest input that is read, in bytes.
const INPUT_BYTES_MAX: u64 = 64 * 1024 * 1024;

pub(crate) fn run(arguments: &Run, json: bool) -> Result<Exit> {
    // Read.
    let progress = Progress::new(json);
    let heeded = Heeded::find();
    let app = App::open(
        &arguments.target,
        arguments.grants.as_deref(),
        arguments.data.as_deref(),
    )?;
    let input = read_input(arguments.input.as_deref())?;
    let text = app.workflow_text()?;
    let found = load::plugins(&app, &|text| progress.say(text))?;
    let policy = Policy::open(&app, Start::New)?;
    let sandbox = load::sandbox(&app)?;
    let file = app.workflow.display().to_string();
    let parsed = match load::parse(text.clone(), &file, found, &policy)? {
        Ok(parsed) => parsed.permitted()?,
        Err(diagnostics) => return refuse(&diagnostics, &[], &text, json),
    };
    if report::has_errors(&parsed.first_look()) {
        let checked = check::checked(&app, parsed, &policy, &sandbox)?;
        return refuse(&checked.diagnostics, &checked.notes, &text, json);
    }
    let background = arguments
        .detach
        .then(|| Background::start(&app.data))
        .transpose()?;
    let folder = take_folder(&app.data)?;

    // Compile.
    let compiled = load::compile(&app, &parsed, &sandbox);
    let unfinished = match background {
        Some(_) => Unfinished::none(),
        None => Unfinished::prepare(&app, &folder, &sandbox),
    };
    let calls_at_once = load::calls_at_once(&app.config);

    let open_files_max = compiled.open_files_max().max(unfinished.open_files_max());
    Need::of(calls_at_once, open_files_max).meet()?;

    // Wall.
    let mut plan = Plan::host(app.config.host.wall, &app.data);
    plan.leave_open(&compiled);
    unfinished.leave_open(&mut plan);
    plan.raise()?;
    let checked = load::check(parsed, &policy);
    if report::has_errors(&checked.diagnostics) {
        return refuse(&checked.diagnostics, &checked.notes, &text, json);
    }
    report::diagnostics(&checked.diagnostics, &text);
    policy.remember(&folder, &checked.parsed.believed)?;
    let accepted = Accepted::new(&app, checked.parsed, compiled)?;

    // Threads.
    let host = Host::start(folder, calls_at_once, heeded, progress)?;

    // Run.
    match background {
        Some(background) => detach(host, accepted, input, background, json),
        None => carry(host, accepted, input, unfinished, &app, json),
    }
}

/// Carries the run to its end, and with it those that were left unfinished. They are taken up after it was accepted: if it can't
/// be, nothing is under way that this process would leave in mid-call.
fn carry(
    host: Host,
    accepted: Accepted,
    input: Json,
    unfinished: Unfinished,
    app: &App,
    json: bool,
) -> Result<Exit> {
    let (id, run) = host.submit(accepted, input)?;
    let mut waiting = host.resume(unfinished);
    waiting.push(run);
    let ended = host.finish(waiting)?;
    for other in ended.iter().filter(|ended| ended.run != id) {
        errln!("resumed run {} {}", other.run, other.status);
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
        tell(&ended, &app.data_option());
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
        errln!("note: {note}");
    }
    Err(failure)
}

/// Accepts the run, and leaves it to the process in the background.
fn detach(
    host: Host,
    accepted: Accepted,
    input: Json,
    background: Background,
    json: bool,
) -> Result<Exit> {
    let (id, waiting) = host.submit(accepted, input)?;
    host.stop(vec![waiting])?;
    background.go()?;
    if json {
        outln!("{}", report::accepted_json(id));
    } else {
        outln!("{id}");
    }
    Ok(Exit::Done)
}

/// A process in the background that waits for its word. Behind the wall none can be started, so it is there before; and it is in no
/// better place than this one: it raises a wall of its own.
struct Background(ChildStdin);

impl Background {
    #[expect(
        clippy::disallowed_methods,
        reason = "a detached run is carried on by another writ process"
    )]
    fn start(data: &Path) -> Result<Self> {
        let program = std::env::current_exe()
            .map_err(|error| Failure::internal(format!("cannot find writ itself: {error}")))?;
        let mut child = Command::new(program)
            .args(["runs", "resume", "--when-told", "--data"])
            .arg(data)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own, so that closing this terminal does not end it.
            .process_group(0)
            .spawn()
            .map_err(|error| {
                Failure::internal(format!("cannot start a process in the background: {error}"))
            })?;
        let word = child.stdin.take();
        word.map(Self)
            .ok_or_else(|| Failure::internal("a process in the background can't be spoken to"))
    }

    /// Tells it to begin. Without this word, it ends as this process does.
    fn go(mut self) -> Result<()> {
        self.0.write_all(GO).map_err(|error| {
            Failure::internal(format!("the process in the background is gone: {error}"))
                .help("`writ runs resume` carries the run on")
        })
    }
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
