//! `writ grant diff`: what an update asks for, imports or promises that the build before did not. Compares two files, or in an
//! app each plugin as it was approved with the one that is there.

use std::path::Path;

use serde_json::{Value as Json, json};
use writ_grant::{Digest, Writ};
use writ_journal::Reader;
use writ_plugin::{Difference, Plugin};

use super::review;
use crate::{
    app::App,
    args::GrantDiff,
    error::{Exit, Failure, Result},
    load,
    out::{self, errln, outln},
    paper::Paper,
    policy::{Policy, Start},
    progress::Progress,
};

mod text;

/// One plugin and what became of it.
struct Compared {
    plugin: String,
    outcome: Outcome,
}

/// How the build that is there stands to the one before.
enum Outcome {
    /// Two builds, compared.
    Compared(Box<Difference>),
    /// It is exactly what was approved.
    Approved,
    /// No build of it was ever approved: all that it requests is new.
    Never { requests: Vec<String> },
    /// The approved build is not kept here, so only what it was granted can be compared.
    Lost {
        approved: Digest,
        beyond: Vec<String>,
    },
}

impl Outcome {
    fn widens(&self) -> bool {
        match self {
            Outcome::Compared(difference) => difference.widens,
            Outcome::Approved => false,
            Outcome::Never { requests } => !requests.is_empty(),
            Outcome::Lost { beyond, .. } => !beyond.is_empty(),
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Outcome::Compared(_) => "compared",
            Outcome::Approved => "approved",
            Outcome::Never { .. } => "never-approved",
            Outcome::Lost { .. } => "approved-build-not-kept",
        }
    }
}

pub(super) fn run(arguments: &GrantDiff, json: bool) -> Result<Exit> {
    let compared = if arguments.old.is_dir() {
        app(arguments, json)?
    } else {
        vec![files(arguments)?]
    };
    let widens = compared.iter().any(|one| one.outcome.widens());
    if json {
        let plugins: Vec<Json> = compared.iter().map(as_json).collect();
        outln!("{}", json!({ "widens": widens, "plugins": plugins }));
    } else {
        let mut paper = Paper::for_stdout();
        compared.iter().for_each(|one| text::write(&mut paper, one));
        if compared.is_empty() {
            errln!("no plugins here");
        } else {
            out::page(&paper.finish());
        }
    }
    Ok(if widens { Exit::DIFFERS } else { Exit::Done })
}

fn as_json(one: &Compared) -> Json {
    let mut row = json!({
        "plugin": one.plugin,
        "state": one.outcome.word(),
        "widens": one.outcome.widens(),
    });
    match &one.outcome {
        Outcome::Compared(difference) => row["difference"] = json!(difference),
        Outcome::Approved => {}
        Outcome::Never { requests } => row["added"] = json!(requests),
        Outcome::Lost { approved, beyond } => {
            row["approved"] = json!(approved);
            row["added"] = json!(beyond);
        }
    }
    row
}

fn files(arguments: &GrantDiff) -> Result<Compared> {
    let Some(new) = &arguments.new else {
        return Err(Failure::usage("say what to compare it with")
            .help("`writ grant diff OLD.wasm NEW.wasm`, or `writ grant diff APP`"));
    };
    let read = |path: &Path| load::read_plugin(path, "plugin").map(|found| found.plugin);
    let (old, new) = (read(&arguments.old)?, read(new)?);
    Ok(Compared {
        plugin: new.name.clone(),
        outcome: between(&old, &new),
    })
}

fn between(old: &Plugin, new: &Plugin) -> Outcome {
    Outcome::Compared(Box::new(Difference::between(
        old,
        new,
        &writ_sandbox::offer,
    )))
}

fn app(arguments: &GrantDiff, json: bool) -> Result<Vec<Compared>> {
    let app = App::open(
        &arguments.old,
        arguments.grants.as_deref(),
        arguments.data.as_deref(),
    )?;
    let policy = Policy::open(&app, Start::New)?;
    let progress = Progress::new(json);
    let mut plugins = load::plugins(&app, &|text| progress.say(text))?;
    if let Some(name) = &arguments.new {
        let name = name.to_string_lossy().into_owned();
        plugins.retain(|known, _| *known == name);
        if plugins.is_empty() {
            return Err(Failure::usage(format!("this app has no plugin `{name}`"))
                .help("`writ plugin list` shows them; two components are compared with `writ grant diff OLD.wasm NEW.wasm`"));
        }
    }
    let reader = Reader::open(&app.data).ok();
    plugins
        .into_values()
        .map(|found| {
            Ok(Compared {
                plugin: found.plugin.name.clone(),
                outcome: outcome(&found.plugin, &policy, reader.as_ref())?,
            })
        })
        .collect()
}

fn outcome(plugin: &Plugin, policy: &Policy, kept: Option<&Reader>) -> Result<Outcome> {
    let is_this = |writ: &Writ| writ.digest == plugin.digest && writ.plugin == plugin.name;
    if policy.approved().any(is_this) {
        return Ok(Outcome::Approved);
    }
    let Some(earlier) = review::earlier(&plugin.name, &plugin.digest, policy) else {
        let requests = plugin.requests.iter();
        return Ok(Outcome::Never {
            requests: requests
                .map(|request| request.capability.to_string())
                .collect(),
        });
    };
    match kept.and_then(|reader| bytes(reader, &earlier.digest)) {
        Some(bytes) => {
            let old = Plugin::read(&bytes, &plugin.name).map_err(|error| {
                Failure::journal(format!("the kept component {}: {error}", earlier.digest))
            })?;
            Ok(between(&old, plugin))
        }
        None => Ok(lost(plugin, earlier)),
    }
}

/// A component that a run was pinned to is kept beside the journal.
fn bytes(reader: &Reader, digest: &Digest) -> Option<Vec<u8>> {
    let hex = digest.to_string();
    reader
        .get_blob(&hex.trim_start_matches("sha256:").parse().ok()?)
        .ok()
}

fn lost(plugin: &Plugin, earlier: &Writ) -> Outcome {
    let covered = |request: &&writ_grant::Request| {
        !earlier
            .grants
            .iter()
            .any(|grant| grant.capability.covers(&request.capability))
    };
    Outcome::Lost {
        approved: earlier.digest,
        beyond: plugin
            .requests
            .iter()
            .filter(covered)
            .map(|request| request.capability.to_string())
            .collect(),
    }
}
