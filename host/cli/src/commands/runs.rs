//! `writ runs …`: what the journal knows, also while another process writes it.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use serde_json::{Value as Json, json};
use writ_journal::{JournalError, Reader, RunSummary};
use writ_run::Event;

use crate::{
    app::{App, Config, absolute},
    args::{DataPlace, Resume, Runs},
    error::{Exit, Failure, Result},
    host::{Host, take_folder},
    load,
    open_files::Need,
    out::{errln, outln},
    progress::{Progress, short},
    report::time,
    signals::Heeded,
    unfinished::Unfinished,
    wall::Plan,
};

mod waiting;

pub(crate) fn run(arguments: &Runs, json: bool) -> Result<Exit> {
    match arguments {
        Runs::List(place) => list(&data_folder(place)?, json),
        Runs::Show { run, place } => show(&data_folder(place)?, run, json),
        Runs::Events { run, place } => events(&data_folder(place)?, run, json),
        Runs::Resume(arguments) => resume(arguments, json),
    }
}

/// The data folder itself, or the app folder that holds it.
pub(crate) fn data_folder(place: &DataPlace) -> Result<PathBuf> {
    let named = absolute(&place.data)?;
    let inside = named.join(".writ");
    let data = if inside.is_dir() { inside } else { named };
    if data.join("log").is_dir() {
        return Ok(data);
    }
    Err(
        Failure::usage(format!("{} holds no journal", data.display()))
            .help("name the app folder or its data folder with --data; `writ run` makes it"),
    )
}

fn reader(data: &Path) -> Result<Reader> {
    Reader::open(data).map_err(Failure::journal)
}

fn list(data: &Path, json: bool) -> Result<Exit> {
    let reader = reader(data)?;
    let mut runs = reader.runs().map_err(Failure::journal)?;
    waiting::settle(&reader, &mut runs).map_err(Failure::journal)?;
    runs.sort_by_key(|run| std::cmp::Reverse(run.run));
    if json {
        outln!("{}", Json::Array(runs.iter().map(summary).collect()));
        return Ok(Exit::Done);
    }
    for run in &runs {
        outln!(
            "{}  {:<10} {}  {:>7} events  {}/{} {}",
            run.run,
            run.status.to_string(),
            time(run.started_ms),
            run.events,
            run.namespace,
            run.name,
            run.version
        );
    }
    if runs.is_empty() {
        errln!("no runs yet");
    }
    Ok(Exit::Done)
}

fn summary(run: &RunSummary) -> Json {
    json!({
        "run": run.run.to_string(),
        "status": run.status.to_string(),
        "workflow": { "namespace": run.namespace, "name": run.name, "version": run.version },
        "started": time(run.started_ms),
        "changed": time(run.changed_ms),
        "events": run.events,
    })
}

/// The run whose id begins so.
pub(crate) fn find(reader: &Reader, prefix: &str) -> Result<RunSummary> {
    let found = reader.find(prefix).map_err(|error| {
        let ambiguous = matches!(error, JournalError::Ambiguous { .. });
        if ambiguous {
            Failure::usage(error)
        } else {
            Failure::journal(error)
        }
    });
    found?.ok_or_else(|| {
        Failure::usage(format!("no run's id begins with `{prefix}`"))
            .help("`writ runs list` shows them")
    })
}

fn show(data: &Path, prefix: &str, json: bool) -> Result<Exit> {
    let reader = reader(data)?;
    let mut run = find(&reader, prefix)?;
    waiting::settle(&reader, std::slice::from_mut(&mut run)).map_err(Failure::journal)?;
    let mut shown = summary(&run);
    for record in reader.read(run.run).map_err(Failure::journal)? {
        match record.map_err(Failure::journal)?.event {
            Event::RunStarted {
                input,
                plugins,
                workflow,
                signed,
                ..
            } => {
                shown["input"] = input;
                shown["signed"] = json!(signed);
                shown["plugins"] = json!(plugins);
                shown["workflow"] = json!(workflow);
            }
            Event::RunCompleted { output } => shown["output"] = output,
            Event::RunFaulted { error } => shown["error"] = json!(error),
            Event::RunCancelled { reason } => shown["reason"] = json!(reason),
            Event::RunEntered { .. }
            | Event::RunSuspended { .. }
            | Event::RunResumed { .. }
            | Event::RunRecovered { .. }
            | Event::TaskStarted(_)
            | Event::TaskCompleted { .. }
            | Event::TaskSkipped { .. }
            | Event::TaskFaulted { .. }
            | Event::TaskRetried { .. }
            | Event::TaskResumed { .. }
            | Event::TaskCaught { .. }
            | Event::TaskIterated { .. }
            | Event::TaskCancelled { .. }
            | Event::HostIntended { .. }
            | Event::HostCalled { .. }
            | Event::ToolCalled { .. }
            | Event::ToolReturned { .. }
            | Event::HostDenied { .. }
            | Event::FileUsed { .. }
            | Event::GuestLogged { .. } => {}
        }
    }
    outln!(
        "{}",
        if json {
            shown.to_string()
        } else {
            format!("{shown:#}")
        }
    );
    Ok(Exit::Done)
}

fn events(data: &Path, prefix: &str, json: bool) -> Result<Exit> {
    let reader = reader(data)?;
    let run = find(&reader, prefix)?;
    for record in reader.read(run.run).map_err(Failure::journal)? {
        let record = record.map_err(Failure::journal)?;
        if json {
            outln!(
                "{}",
                json!({ "position": record.position, "number": record.number, "time": time(record.at_ms), "event": record.event })
            );
        } else {
            outln!(
                "{:>6}  {}  {}",
                record.number,
                time(record.at_ms),
                record.event.story()
            );
        }
    }
    Ok(Exit::Done)
}

/// What `writ run --detach` says to the process that it leaves its run to.
pub(crate) const GO: &[u8] = b"go";

/// The phases are those of [`crate::host`].
fn resume(arguments: &Resume, json: bool) -> Result<Exit> {
    if arguments.when_told && !is_told() {
        return Ok(Exit::Done);
    }

    // Read.
    let progress = Progress::new(json);
    let heeded = Heeded::find();
    let app = app_around(data_folder(&arguments.place)?)?;
    let sandbox = load::sandbox(&app)?;
    let folder = take_folder(&app.data)?;

    // Compile.
    let unfinished = Unfinished::prepare(&app, &folder, &sandbox);
    let calls_at_once = load::calls_at_once(&app.config);

    Need::of(calls_at_once, unfinished.open_files_max()).meet()?;

    // Wall.
    let mut plan = Plan::host(app.config.host.wall, &app.data);
    unfinished.leave_open(&mut plan);
    plan.raise()?;

    // Threads.
    let host = Host::start(folder, calls_at_once, heeded, progress)?;

    // Run.
    let count = host.left();
    let waiting = host.resume(unfinished);
    let ended = host.finish(waiting)?;
    if json {
        outln!(
            "{}",
            Json::Array(ended.iter().map(crate::report::run_json).collect())
        );
    } else {
        if count == 0 {
            errln!("no run is unfinished");
        }
        for run in &ended {
            outln!("{}  {}", short(run.run), run.status);
        }
    }
    let all = ended.len() == count && ended.iter().all(|run| run.status.is_final());
    Ok(if all { Exit::Done } else { Exit::Unfinished })
}

/// Waits for the word; false when whoever started this process ended without it.
fn is_told() -> bool {
    let mut word = [0; GO.len()];
    std::io::stdin().read_exact(&mut word).is_ok() && word == GO
}

/// The app that a data folder lies in, or none with the defaults.
fn app_around(data: PathBuf) -> Result<App> {
    let folder = data.parent().unwrap_or(&data).to_owned();
    let config = folder.join("writ.toml");
    Ok(App {
        config: if config.is_file() {
            Config::read(&config)?
        } else {
            Config::default()
        },
        workflow: PathBuf::new(),
        grants: None,
        data,
        folder,
    })
}
