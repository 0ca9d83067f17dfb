//! Unfinished runs, taken up in two steps: everything that each is pinned to is read and compiled while the machine is open, and
//! the runs go on behind the second wall. Runs that are pinned to the same things share them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use writ_journal::TakenFolder;
use writ_plugin::Plugin;
use writ_run::{Event, RunId};
use writ_sandbox::Sandbox;

use crate::{
    app::{App, Config},
    error::{Failure, Result},
    load::{self, Compiled, Found, Parsed},
    policy::{Policy, Start},
    private,
    wall::Plan,
};

/// What a run is pinned to: the workflow's digest, each plugin with its digest, the grants file, and the signed writs that it was
/// accepted on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Pins {
    name: String,
    workflow: String,
    plugins: Vec<(String, String)>,
    grants: Option<PathBuf>,
    signed: Vec<String>,
}

/// The same, read and compiled.
struct Ready {
    app: App,
    parsed: Parsed,
    compiled: Compiled,
}

/// The unfinished runs of a data folder.
pub(crate) struct Unfinished {
    runs: BTreeMap<RunId, Option<Pins>>,
    ready: BTreeMap<Pins, Result<Ready>>,
    taken: BTreeMap<Pins, Result<Arc<writ_scheduler::App>>>,
}

impl Unfinished {
    /// None.
    pub(crate) fn none() -> Self {
        Self {
            runs: BTreeMap::new(),
            ready: BTreeMap::new(),
            taken: BTreeMap::new(),
        }
    }

    /// Reads and compiles. What goes wrong is told when the run is taken up.
    pub(crate) fn prepare(app: &App, folder: &TakenFolder, sandbox: &Sandbox) -> Self {
        let mut all = Self::none();
        for (run, first) in folder.unfinished() {
            let pins = pins(first);
            if let Some(pins) = pins.as_ref().filter(|pins| !all.ready.contains_key(pins)) {
                let ready = ready(app, folder, pins, sandbox);
                all.ready.insert(pins.clone(), ready);
            }
            all.runs.insert(run, pins);
        }
        all
    }

    /// Leaves open what their grants name, behind a wall that is as strict as the strictest app wants it.
    pub(crate) fn leave_open(&self, plan: &mut Plan) {
        for ready in self.ready.values().flatten() {
            plan.at_least(ready.app.config.host.wall);
            plan.leave_open(&ready.compiled);
        }
    }

    /// How many files and folders one of their calls may have open.
    pub(crate) fn open_files_max(&self) -> u64 {
        let ready = self.ready.values().flatten();
        let most = ready.map(|ready| ready.compiled.open_files_max());
        most.max().unwrap_or(0)
    }

    /// What a run goes on with.
    pub(crate) fn take(&mut self, run: RunId) -> Result<Arc<writ_scheduler::App>> {
        let pins = match self.runs.get(&run) {
            Some(Some(pins)) => pins,
            Some(None) => return Err(Failure::journal("it does not begin with run.started")),
            None => {
                return Err(Failure::journal(
                    "its beginning could not be read while this process could still take it up",
                )
                .help("`writ audit verify` says what is wrong with the journal, if anything is"));
            }
        };
        if let Some(ready) = self.ready.remove(pins) {
            let assembled =
                ready.and_then(|ready| load::assemble(&ready.app, ready.parsed, ready.compiled));
            self.taken.insert(pins.clone(), assembled.map(Arc::new));
        }
        let missing = || Err(Failure::internal("a run was prepared and is not there"));
        self.taken.get(pins).cloned().unwrap_or_else(missing)
    }
}

/// What a run is pinned to, by the event that began it.
fn pins(first: Event) -> Option<Pins> {
    let Event::RunStarted {
        workflow,
        plugins,
        grants,
        signed,
        ..
    } = first
    else {
        return None;
    };
    Some(Pins {
        name: format!("{}/{}", workflow.namespace, workflow.name),
        workflow: workflow.digest,
        plugins: plugins
            .into_iter()
            .map(|(name, pin)| (name, pin.digest))
            .collect(),
        grants: grants.map(PathBuf::from),
        signed: signed.into_iter().map(|pin| pin.payload).collect(),
    })
}

fn ready(app: &App, folder: &TakenFolder, pins: &Pins, sandbox: &Sandbox) -> Result<Ready> {
    let text = blob(folder, &pins.workflow)?;
    let text = String::from_utf8(text).map_err(Failure::journal)?;
    let mut found = BTreeMap::new();
    for (name, digest) in &pins.plugins {
        let bytes = blob(folder, digest.trim_start_matches("sha256:"))?;
        let plugin = Plugin::read(&bytes, name).map_err(Failure::journal)?;
        found.insert(
            name.clone(),
            Found {
                plugin: Arc::new(plugin),
                bytes: bytes.into(),
            },
        );
    }
    let (home, config) = home(app, pins.grants.as_deref())?;
    let app = App {
        folder: home,
        workflow: app.workflow.clone(),
        grants: pins.grants.clone(),
        data: app.data.clone(),
        config,
    };
    sandbox.keep_private(&private::places(&app));
    let accepted: Result<Vec<_>, _> = pins.signed.iter().map(|payload| payload.parse()).collect();
    let accepted = accepted.map_err(Failure::journal)?;
    let policy = Policy::open(&app, Start::Again(accepted))?;
    let Ok(parsed) = load::parse(text, &pins.name, found, &policy)? else {
        return Err(Failure::journal(format!(
            "the workflow {} it started on no longer parses",
            pins.workflow
        )));
    };
    let parsed = parsed.permitted()?;
    policy.remember(folder, &parsed.believed)?;
    let compiled = load::compile(&app, &parsed, sandbox);
    Ok(Ready {
        app,
        parsed,
        compiled,
    })
}

/// The app folder of a run that is taken up, and its configuration as it is now: where its grants are, if that is an app. What the
/// app around the data folder wants signed has to be signed there too.
fn home(app: &App, grants: Option<&Path>) -> Result<(PathBuf, Config)> {
    let home = grants
        .and_then(Path::parent)
        .filter(|folder| folder.join("writ.toml").is_file());
    let (folder, mut config) = match home {
        Some(folder) => (folder.to_owned(), Config::read(&folder.join("writ.toml"))?),
        None => (app.folder.clone(), Config::default()),
    };
    if app.config.host.strict {
        config.host.strict = true;
        config.trust = app.config.trust.beside(&app.folder);
    }
    Ok((folder, config))
}

/// Something kept beside the journal, by its sha256.
fn blob(folder: &TakenFolder, digest: &str) -> Result<Vec<u8>> {
    let digest = digest.parse().map_err(Failure::journal)?;
    folder.get_blob(&digest).map_err(Failure::journal)
}
