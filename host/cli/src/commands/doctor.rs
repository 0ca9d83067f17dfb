//! `writ doctor`: is this machine fit, and is this data folder whole?

use std::path::Path;

use serde_json::{Value as Json, json};
use writ_journal::{JournalError, Reader};
use writ_run::Event;
use writ_wall::Report;

use crate::{
    app::Config,
    args::{DataPlace, Doctor},
    commands::runs::data_folder,
    error::{Exit, Result, count},
    load,
    open_files::{self, Need},
    out::outln,
    wall::Mode,
};

mod trust;

/// One finding.
struct Finding {
    what: &'static str,
    ok: bool,
    text: String,
}

pub(crate) fn run(arguments: &Doctor, json: bool) -> Result<Exit> {
    let second_wall = writ_wall::support();
    let config = config(&arguments.place);
    let mode = config.as_ref().map(|config| config.host.wall);
    let mode = mode.map_err(Clone::clone);
    let mut findings = vec![
        version(),
        target(),
        sandbox(),
        wall(&mode, &second_wall),
        open_files(&config.unwrap_or_default()),
    ];
    match data_folder(&arguments.place) {
        Ok(data) => {
            findings.extend([journal(&data), unfinished(&data)]);
            findings.extend(trust::findings(&data));
        }
        Err(failure) => findings.push(Finding {
            what: "data folder",
            ok: true,
            text: format!("none here ({})", failure.message),
        }),
    }
    let ok = findings.iter().all(|finding| finding.ok);
    if json {
        let all: Vec<_> = findings
            .iter()
            .map(|f| json!({ "what": f.what, "ok": f.ok, "text": f.text }))
            .collect();
        let wall = wall_json(mode.ok(), &second_wall);
        outln!("{}", json!({ "ok": ok, "findings": all, "wall": wall }));
    } else {
        for finding in &findings {
            outln!(
                "{} {:<12} {}",
                if finding.ok { "ok  " } else { "BAD " },
                finding.what,
                finding.text
            );
        }
    }
    Ok(if ok { Exit::Done } else { Exit::Journal })
}

fn version() -> Finding {
    Finding {
        what: "writ",
        ok: true,
        text: format!(
            "{} on {}-{}",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::ARCH,
            std::env::consts::OS
        ),
    }
}

/// Only source plugins need the toolchain: without it, built components still run.
#[expect(
    clippy::disallowed_methods,
    reason = "asking the compiler whether it is there"
)]
fn target() -> Finding {
    let found = std::process::Command::new("rustc")
        .args(["--print", "target-libdir", "--target", "wasm32-wasip2"])
        .output()
        .is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir());
    let text = if found {
        "wasm32-wasip2 is installed: source plugins can be built"
    } else {
        "no wasm32-wasip2 target: built components run; to build source plugins, `rustup target add wasm32-wasip2`"
    };
    Finding {
        what: "toolchain",
        ok: true,
        text: text.to_owned(),
    }
}

fn sandbox() -> Finding {
    match writ_sandbox::Sandbox::new(writ_sandbox::Config::default()) {
        Ok(_) => Finding {
            what: "sandbox",
            ok: true,
            text: "wasmtime starts, with its memory pool".to_owned(),
        },
        Err(error) => Finding {
            what: "sandbox",
            ok: false,
            text: error.to_string(),
        },
    }
}

/// What the app here has in its `writ.toml`.
fn config(place: &DataPlace) -> Result<Config> {
    let parent = place.data.join("..");
    let configs = [&place.data, &parent].map(|folder| folder.join("writ.toml"));
    match configs.iter().find(|config| config.is_file()) {
        Some(config) => Config::read(config),
        None => Ok(Config::default()),
    }
}

/// What stands behind the sandbox on this machine, and whether it is raised here.
fn wall(mode: &Result<Mode>, found: &Report) -> Finding {
    let abi = found.landlock_abi;
    let state = if found.is_whole() {
        format!("Landlock {abi} and seccomp hold all of it")
    } else {
        let (holding, lacking) = (found.holding(), found.lacking());
        format!("Landlock {abi} and seccomp hold {holding}; not {lacking}")
    };
    let (ok, raised) = match mode {
        Ok(Mode::Auto) => (true, "raised before guests run"),
        Ok(Mode::Required) if found.is_whole() => (true, "raised before guests run, as required"),
        Ok(Mode::Required) => (false, "`wall = \"required\"`, so nothing runs here"),
        Ok(Mode::Off) => (true, "never raised: `wall = \"off\"`"),
        Err(failure) => (false, failure.message.as_str()),
    };
    Finding {
        what: "second wall",
        ok,
        text: format!("{state}; {raised}"),
    }
}

/// Whether guests can keep so many files open that the host is left with none.
fn open_files(config: &Config) -> Finding {
    let (allowed, need) = (
        open_files::allowed(),
        Need::at_most(load::calls_at_once(config), config),
    );
    Finding {
        what: "open files",
        ok: need.is_met_by(allowed),
        text: format!("{allowed} may be open at once; at most {}", need.words()),
    }
}

fn wall_json(mode: Option<Mode>, found: &Report) -> Json {
    let holds: Vec<_> = found.holds.iter().map(ToString::to_string).collect();
    let lacks: Vec<_> = found
        .lacks
        .iter()
        .map(|(what, why)| json!({ "what": what.to_string(), "why": why.to_string() }))
        .collect();
    json!({
        "mode": mode.map(Mode::word),
        "landlock_abi": found.landlock_abi,
        "whole": found.is_whole(),
        "holds": holds,
        "lacks": lacks,
    })
}

fn journal(data: &Path) -> Finding {
    match writ_journal::audit(data, &writ_journal::Claims::default()) {
        Ok(audited) => Finding {
            what: "journal",
            ok: true,
            text: format!(
                "{}: {}, {}; every checksum, every blob and both hash chains hold; checkpoints sign {} of them",
                data.display(),
                counted(audited.verified.runs, "run"),
                counted(audited.verified.events, "event"),
                audited.signed()
            ),
        },
        Err(error) => Finding {
            what: "journal",
            ok: false,
            text: error.to_string(),
        },
    }
}

fn counted(number: u64, noun: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), noun)
}

/// Whether every unfinished run still has the workflow and the plugins that it started with.
fn unfinished(data: &Path) -> Finding {
    let (ok, text) = match lacking(data) {
        Ok((count, lacking)) if lacking.is_empty() => (
            true,
            format!("{count}, each with the workflow and the plugins it is pinned to"),
        ),
        Ok((_, lacking)) => (false, lacking.join("; ")),
        Err(error) => (false, error.to_string()),
    };
    Finding {
        what: "unfinished",
        ok,
        text,
    }
}

/// How many runs are unfinished, and what they lack.
fn lacking(data: &Path) -> Result<(usize, Vec<String>), JournalError> {
    let reader = Reader::open(data)?;
    let unfinished: Vec<_> = reader
        .runs()?
        .into_iter()
        .filter(|run| !run.status.is_final())
        .collect();
    let mut lacking = Vec::new();
    for run in &unfinished {
        let Some(first) = reader.read(run.run)?.next() else {
            continue;
        };
        let Event::RunStarted {
            workflow, plugins, ..
        } = first?.event
        else {
            continue;
        };
        for digest in std::iter::once(workflow.digest)
            .chain(plugins.into_values().map(|plugin| plugin.digest))
        {
            let kept = digest
                .trim_start_matches("sha256:")
                .parse()
                .map(|digest| reader.get_blob(&digest));
            match kept {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => lacking.push(format!("run {} cannot go on: {error}", run.run)),
                Err(error) => lacking.push(format!("run {} cannot go on: {error}", run.run)),
            }
        }
    }
    Ok((unfinished.len(), lacking))
}
