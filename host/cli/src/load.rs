//! From an app on disk to what a scheduler runs, in steps that fall on two sides of the second wall. Before it, what needs the
//! machine: plugins read, grants resolved, the workflow parsed, components compiled and loaded. Behind it, what looks at
//! strangers' expressions: the workflow checked, and all joined.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use parking_lot::Mutex;
use serde_json::json;
use writ_expression::Expressions;
use writ_grant::{Authority, Grants};
use writ_plugin::Plugin;
use writ_run::{Definition, SignedPin};
use writ_sandbox::{CompilerChild, Limits, Sandbox, SandboxError, Settings, Web};
use writ_trust::Verdict;
use writ_workflow::{Diagnostic, Known, model::Workflow};

use crate::{
    app::{App, Config, PluginEntry},
    error::{Exit, Failure, Result},
    network,
    policy::{Judged, Policy},
    private, reach, read, ready, source,
    subject::Subject,
    wall,
};

/// Largest grants file that is read.
const GRANTS_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The jq component that evaluates expressions.
static JQ: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/jq.wasm"));

/// A component's bytes with what they say of themselves.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) bytes: Arc<[u8]>,
}

/// The plugins of an app, built where they are stale; in strict mode as they were built, since whoever signed a component signed
/// nothing of what its sources would do here.
pub(crate) fn plugins(app: &App, say: &dyn Fn(&str)) -> Result<BTreeMap<String, Found>> {
    let compilers = if app.config.host.strict {
        source::Compilers::Rest
    } else {
        source::Compilers::Run
    };
    let mut found = BTreeMap::new();
    for (name, entry) in &app.config.plugins {
        let place = |failure: Failure| {
            failure.within(format!(
                "[plugins.{name}] of {}",
                app.folder.join("writ.toml").display()
            ))
        };
        let path = match (&entry.source, &entry.component) {
            (Some(source), _) => {
                source::build(&app.folder.join(source), None, compilers, say)
                    .map_err(place)?
                    .component
            }
            (None, Some(component)) => app.folder.join(component),
            (None, None) => continue,
        };
        let read = read_plugin(&path, name).map_err(place)?;
        if read.plugin.name != *name {
            return Err(Failure::usage(format!(
                "{} calls itself `{}`, but writ.toml lists it as `{name}`",
                path.display(),
                read.plugin.name
            ))
            .help("use the plugin's own name as the key under [plugins]"));
        }
        found.insert(name.clone(), read);
    }
    if app.config.plugins.is_empty() {
        for path in added(&app.data.join("plugins"))? {
            let name = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default();
            found.insert(name.clone(), read_plugin(&path, &name)?);
        }
    }
    Ok(found)
}

/// Where the built components of an app are, or will be.
pub(crate) fn components(app: &App) -> Result<Vec<PathBuf>> {
    if app.config.plugins.is_empty() {
        return added(&app.data.join("plugins"));
    }
    let path = |(name, entry): (&String, &PluginEntry)| match (&entry.source, &entry.component) {
        (Some(source), _) => Some(source::built_path(&app.folder.join(source), name)),
        (None, Some(component)) => Some(app.folder.join(component)),
        (None, None) => None,
    };
    Ok(app.config.plugins.iter().filter_map(path).collect())
}

/// The components in a folder, in the order of their names.
pub(crate) fn added(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for path in listing(folder)? {
        let path = path?;
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// What is in a folder; nothing only if no such folder is there. One that can't be read is no empty one.
pub(crate) fn listing(folder: &Path) -> Result<impl Iterator<Item = Result<PathBuf>>> {
    let refuse = |error| Failure::file(folder, "read", &error);
    let entries = match fs::symlink_metadata(folder) {
        // Below what is no folder, none is there either.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            None
        }
        Err(error) => return Err(refuse(error)),
        Ok(_) => Some(fs::read_dir(folder).map_err(refuse)?),
    };
    let paths = entries.into_iter().flatten();
    Ok(paths.map(move |entry| entry.map(|entry| entry.path()).map_err(refuse)))
}

/// Reads one component file.
pub(crate) fn read_plugin(path: &Path, fallback_name: &str) -> Result<Found> {
    let bytes = read::bytes(path, writ_plugin::COMPONENT_BYTES_MAX as u64)?;
    let plugin = Plugin::read(&bytes, fallback_name)
        .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    Ok(Found {
        plugin: Arc::new(plugin),
        bytes: bytes.into(),
    })
}

/// A signed writ as the journal keeps it.
fn signed(verdict: &Verdict) -> SignedPin {
    SignedPin {
        name: verdict.writ.plugin.clone(),
        payload: verdict.payload.to_string(),
        epoch: verdict.epoch,
        by: verdict
            .reviewers
            .iter()
            .map(writ_trust::PublicKey::hint)
            .collect(),
    }
}

/// The grants file of an app; none at all when there is no such file.
pub(crate) fn grants(path: Option<&Path>) -> Result<Grants> {
    let Some(path) = path.filter(|path| path.exists()) else {
        return Ok(Grants::default());
    };
    let text = read::text(path, GRANTS_BYTES_MAX)?;
    Grants::parse(&text).map_err(|error| {
        let help = if read::is_blank(&text) {
            "write `version = 1` into it, or `writ grant approve`, which does"
        } else {
            "mend it there; or move the file aside, and approve again with `writ grant approve`"
        };
        Failure::usage(format!("{}:{error}", path.display())).help(help)
    })
}

/// The same where it will be written to: a blank file is one to begin with, as none is.
pub(crate) fn grants_to_write(path: &Path) -> Result<Grants> {
    let is_blank = path.is_file() && read::is_blank(&read::text(path, GRANTS_BYTES_MAX)?);
    grants(Some(path).filter(|_| !is_blank))
}

/// A workflow that parsed, with its plugins and what each may do. Nothing of it was compiled or evaluated.
pub(crate) struct Parsed {
    pub(crate) workflow: Workflow,
    pub(crate) text: String,
    pub(crate) found: BTreeMap<String, Found>,
    pub(crate) file: String,
    pub(crate) known: BTreeMap<String, Known>,
    /// What the workflow itself may do.
    pub(crate) own: Authority,
    /// Why plugins, or the workflow itself, are refused, by their name.
    pub(crate) refusals: BTreeMap<String, Failure>,
    /// The signed writs that it rests on.
    pub(crate) believed: Vec<Verdict>,
}

/// Parses a workflow, and decides what its plugins may do; those whose writ is refused, nothing. `Err` holds the diagnostics of
/// a document that can't be parsed.
pub(crate) fn parse(
    text: String,
    file: &str,
    found: BTreeMap<String, Found>,
    policy: &Policy,
) -> Result<Result<Parsed, Vec<Diagnostic>>> {
    let workflow = match writ_workflow::parse(&text, file) {
        Ok(workflow) => workflow,
        Err(diagnostics) => return Ok(Err(diagnostics)),
    };
    let (mut known, mut refusals, mut believed) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut judge = |subject: &Subject| match policy.judge(subject) {
        Ok(Judged {
            authority, verdict, ..
        }) => {
            believed.extend(verdict);
            Ok(authority)
        }
        Err(refusal) if refusal.exit == Exit::Refused => {
            refusals.insert(subject.name.clone(), refusal);
            // Said once, as a refusal, and not again as everything that is missing.
            Ok(Some(Authority::none(&subject.name)))
        }
        Err(failure) => Err(failure),
    };
    for (name, found) in &found {
        let authority = judge(&Subject::plugin(&found.plugin))?;
        let plugin = Arc::clone(&found.plugin);
        known.insert(name.clone(), Known { plugin, authority });
    }
    let subject = Subject::workflow(&workflow)?;
    let own = match judge(&subject)? {
        Some(own) => own,
        None => nothing_granted(&subject)?,
    };
    Ok(Ok(Parsed {
        own,
        workflow,
        text,
        found,
        file: file.to_owned(),
        known,
        refusals,
        believed,
    }))
}

/// What a subject may do that asks for something and that nobody has reviewed: nothing, and it says what is missing.
fn nothing_granted(subject: &Subject) -> Result<Authority> {
    Authority::effective(&subject.name, &subject.digest, &subject.requests, None, 0)
        .map_err(|refusal| Failure::refused(&refusal).help(refusal.remedy()))
}

impl Parsed {
    /// For a run, which no refused writ may stand in the way of.
    pub(crate) fn permitted(mut self) -> Result<Self> {
        match self.refusals.pop_first() {
            Some((_, refusal)) => Err(refusal),
            None => Ok(self),
        }
    }

    /// What can be said without the jq component: all but the syntax of the expressions that only it knows.
    pub(crate) fn first_look(&self) -> Vec<Diagnostic> {
        writ_workflow::check(
            &self.workflow,
            &self.file,
            &self.known,
            &self.own,
            &BTreeMap::new(),
        )
    }
}

/// A workflow with what there is to say about it.
pub(crate) struct Checked {
    pub(crate) parsed: Parsed,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What explains a missing grant: a plugin that changed since it was approved.
    pub(crate) notes: Vec<String>,
}

/// Checks a workflow. Its expressions may be anybody's, and a component looks at them: so this belongs behind the second wall.
pub(crate) fn check(parsed: Parsed, policy: &Policy) -> Checked {
    let syntax: BTreeMap<usize, String> =
        expressions(&parsed.workflow).check().into_iter().collect();
    let diagnostics = writ_workflow::check(
        &parsed.workflow,
        &parsed.file,
        &parsed.known,
        &parsed.own,
        &syntax,
    );
    let ungranted = diagnostics
        .iter()
        .any(|diagnostic| diagnostic.code == crate::report::NOT_GRANTED);
    let notes = if ungranted {
        rebuilt(&parsed.workflow, &parsed.known, policy)
    } else {
        Vec::new()
    };
    Checked {
        parsed,
        diagnostics,
        notes,
    }
}

/// The plugins of a workflow that were approved as another build than the one that is there.
fn rebuilt(workflow: &Workflow, known: &BTreeMap<String, Known>, policy: &Policy) -> Vec<String> {
    let unapproved = reach::plugins(workflow, known)
        .into_iter()
        .filter_map(|name| known.get(&name))
        .filter(|known| known.authority.is_none());
    let notes = unapproved.filter_map(|known| {
        let earlier = crate::commands::grant::review::earlier(&known.plugin.name, &known.plugin.digest, policy)?;
        Some(format!(
            "plugin {} is not the build that was approved: {} is here, {} was approved; `writ grant review` shows what changed",
            known.plugin.name, known.plugin.digest, earlier.digest
        ))
    });
    notes.collect()
}

/// Opens the sandbox over a data folder's compile cache.
pub(crate) fn sandbox(app: &App) -> Result<Sandbox> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::internal(format!("cannot find writ itself: {error}")))?;
    let config = writ_sandbox::Config {
        cache_dir: Some(app.data.join("cache")),
        compiler: Some(CompilerChild {
            program,
            arguments: vec![
                wall::COMPILER.to_owned(),
                app.config.host.wall.word().to_owned(),
            ],
        }),
        concurrency: u32::try_from(calls_at_once(&app.config)).unwrap_or(u32::MAX),
        private: private::places(app),
        ..writ_sandbox::Config::default()
    };
    opened(config)
}

/// A sandbox that loads nothing and leaves nothing behind: it knows which folders no plugin of this app may be given.
pub(crate) fn empty_sandbox(app: &App) -> Result<Sandbox> {
    opened(writ_sandbox::Config {
        concurrency: 1,
        private: private::places(app),
        ..writ_sandbox::Config::default()
    })
}

fn opened(config: writ_sandbox::Config) -> Result<Sandbox> {
    Sandbox::new(config).map_err(|error| match error {
        SandboxError::Cache { .. } => Failure::journal(error),
        SandboxError::Engine(_) => Failure::internal(error),
    })
}

/// How many guests run at the same time.
pub(crate) fn calls_at_once(config: &Config) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    config
        .host
        .calls_at_once
        .unwrap_or(processors)
        .clamp(1, 1024)
}

/// The components that a workflow reaches, loaded, and the host folders that they may have, opened up. A component that can't be
/// had is an error where it is needed, so that what a check has to say comes first.
pub(crate) struct Compiled {
    plugins: BTreeMap<String, Result<writ_scheduler::Plugin>>,
    /// What sends requests, if anything may be sent.
    web: Result<Option<Web>>,
    own: Authority,
    nameserver_ports: Vec<u16>,
}

impl Compiled {
    /// What the workflow itself may do.
    pub(crate) fn own(&self) -> &Authority {
        &self.own
    }

    /// Where names are looked up, if not at the system's name servers.
    pub(crate) fn nameserver_ports(&self) -> &[u16] {
        &self.nameserver_ports
    }

    /// How many files and folders one call may have open, with all that it calls: those are bounded by it. None if none has folders.
    pub(crate) fn open_files_max(&self) -> u64 {
        if self.plugins().all(|plugin| plugin.folders.is_empty()) {
            return 0;
        }
        let most = self.plugins().map(|plugin| plugin.limits.open_files_max);
        most.max().unwrap_or(0)
    }

    /// What may be had of the machine by them.
    pub(crate) fn plugins(&self) -> impl Iterator<Item = &writ_scheduler::Plugin> {
        self.plugins.values().flatten()
    }
}

/// Compiles and loads what a workflow reaches, and jq if its expressions may need it. No machine code is loaded after this, and no
/// folder made.
pub(crate) fn compile(app: &App, parsed: &Parsed, sandbox: &Sandbox) -> Compiled {
    jq(&parsed.workflow, sandbox);
    let reached = reach::plugins(&parsed.workflow, &parsed.known);
    let plugins = reached.into_iter().filter_map(|name| {
        let (found, known) = (parsed.found.get(&name)?, parsed.known.get(&name)?);
        let authority = known.authority.clone();
        let authority = authority.unwrap_or_else(|| Authority::none(&name));
        let loaded = load(app, found, authority, sandbox);
        Some((name, loaded))
    });
    let plugins: BTreeMap<_, Result<writ_scheduler::Plugin>> = plugins.collect();
    let authorities = plugins.values().flatten().map(|plugin| &plugin.authority);
    Compiled {
        web: network::web(app, authorities.chain([&parsed.own])),
        own: parsed.own.clone(),
        nameserver_ports: app
            .config
            .network
            .nameservers
            .iter()
            .map(std::net::SocketAddr::port)
            .collect(),
        plugins,
    }
}

/// Joins a checked workflow to compiled components.
pub(crate) fn assemble(
    app: &App,
    parsed: Parsed,
    compiled: Compiled,
) -> Result<writ_scheduler::App> {
    let mut plugins = BTreeMap::new();
    let mut effects = BTreeMap::new();
    let web = compiled.web?;
    for (name, plugin) in compiled.plugins {
        let plugin = plugin?;
        for function in plugin.component.plugin().functions.values() {
            effects.insert(
                (name.clone(), function.name.clone()),
                reach::effects(&plugin.authority, function.effects, &parsed.known),
            );
        }
        plugins.insert(name, plugin);
    }
    let blocking = has_slow_expressions(&parsed.workflow);
    let secrets = parsed
        .workflow
        .secrets
        .iter()
        .map(|name| (name.clone(), json!(format!("{{{{secret:{name}}}}}"))))
        .collect();
    let workflow = Arc::new(parsed.workflow);
    let definition = Definition::new(Arc::clone(&workflow), effects)
        .map_err(|problem| Failure::new(Exit::Check, problem.detail.unwrap_or(problem.r#type)))?;
    Ok(writ_scheduler::App {
        definition: Arc::new(definition),
        plugins,
        runtime: json!({ "name": "writ", "version": env!("CARGO_PKG_VERSION"), "metadata": {} }),
        secrets,
        authority: parsed.own,
        limits: Limits::default()
            .with(&app.config.workflow.limits.overrides(), &operator_ceiling()),
        web,
        grants: app.grants.as_ref().map(|path| path.display().to_string()),
        signed: parsed.believed.iter().map(signed).collect(),
        blocking,
        expressions: Box::new(move || expressions(&workflow)),
        idle: Mutex::default(),
    })
}

fn load(
    app: &App,
    found: &Found,
    authority: Authority,
    sandbox: &Sandbox,
) -> Result<writ_scheduler::Plugin> {
    let name = &found.plugin.name;
    // These errors begin with the plugin's name.
    let refuse = |error: &dyn std::fmt::Display| Failure::refused(format!("plugin {error}"));
    let folders = folders(app, &authority, sandbox)
        .map_err(|failure| failure.within(format!("plugin {name}")))?;
    // An author may ask for less than the host's own limits; only the operator may give more.
    let own = Limits::default().with(&found.plugin.limits, &Limits::default());
    let limits = match app.config.plugins.get(name) {
        Some(entry) => own.with(&entry.limits, &operator_ceiling()),
        None => own,
    };
    // Stack and tables are settled when a component is loaded, from the limits that its plugin carries.
    let mut plugin = Plugin::clone(&found.plugin);
    plugin.limits.stack_bytes_max = Some(limits.stack_bytes_max);
    plugin.limits.table_elements_max = Some(limits.table_elements_max);
    let component = sandbox
        .load(&found.bytes, Arc::new(plugin))
        .map_err(|error| Failure::usage(format!("plugin {error}")))?;
    component
        .check(&authority)
        .map_err(|error| refuse(&error))?;
    Ok(writ_scheduler::Plugin {
        component,
        authority_without_changes: authority.without_changes(),
        idempotent: idempotent(&found.plugin),
        settings: Arc::new(settings(app, &authority)),
        authority,
        folders,
        limits,
        version: found.plugin.version.to_string(),
        digest: found.plugin.digest.to_string(),
    })
}

/// The functions that say of themselves that a second call changes nothing more.
fn idempotent(plugin: &Plugin) -> BTreeSet<String> {
    let functions = plugin.functions.values();
    functions
        .filter(|function| function.effects == Some(writ_plugin::Effects::Idempotent))
        .map(|function| function.name.clone())
        .collect()
}

/// The operator may give what the machine has.
fn operator_ceiling() -> Limits {
    Limits {
        memory_bytes_max: u64::MAX,
        cpu_ms_max: u64::MAX,
        wall_ms_max: u64::MAX,
        stack_bytes_max: u64::MAX,
        table_elements_max: u64::MAX,
        instances_max: u64::MAX,
        handles_max: u64::MAX,
        host_calls_max: u64::MAX,
        log_bytes_max: u64::MAX,
        output_bytes_max: u64::MAX,
        argument_bytes_max: u64::MAX,
        // A guest's whole address space.
        random_bytes_max: 1 << 32,
        files_max: u64::MAX,
        open_files_max: u64::MAX,
        file_write_bytes_max: u64::MAX,
        directory_entries_max: u64::MAX,
        recorded_bytes_max: u64::MAX,
        http_requests_max: u64::MAX,
        http_request_bytes_max: u64::MAX,
        http_response_bytes_max: u64::MAX,
        http_ms_max: u64::MAX,
        tool_calls_max: u64::MAX,
        tool_bytes_max: u64::MAX,
        tool_bytes_total_max: u64::MAX,
        // The sandbox has room for no more.
        tool_depth_max: Limits::default().tool_depth_max,
    }
}

/// Host folders of a plugin's mounts: relative ones start from the grants file. Writable ones are made when missing.
fn folders(
    app: &App,
    authority: &Authority,
    sandbox: &Sandbox,
) -> Result<writ_sandbox::ResolvedFolders> {
    let mut folders = writ_sandbox::ResolvedFolders::new();
    for permit in authority.mounts() {
        let mount = permit.action();
        let host = app.grants_folder().join(&mount.folder);
        sandbox
            .may_give(mount.path.as_str(), &host)
            .map_err(|error| Failure::refused(error).help(ready::OTHER_FOLDER))?;
        if mount.access == writ_grant::Access::Write {
            fs::create_dir_all(&host).map_err(|error| Failure::file(&host, "make", &error))?;
        } else if !host.is_dir() {
            let what = if host.exists() {
                "is no folder"
            } else {
                "is not there"
            };
            return Err(Failure::usage(format!(
                "{} {what}, but a grant maps it to {}",
                host.display(),
                mount.path
            ))
            .help("make the folder, or approve another with `writ grant approve`"));
        }
        folders.insert(mount.path.as_str().to_owned(), host);
    }
    Ok(folders)
}

/// Values that `config:read` and `env:read` grants may show, taken once, when the app is loaded.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line is where the environment is read, for granted names only"
)]
fn settings(app: &App, authority: &Authority) -> Settings {
    let mut settings = Settings::default();
    for capability in authority.capabilities() {
        match capability {
            writ_grant::Capability::Config { key } => {
                if let Some(value) = app.config.config.get(key.as_str()) {
                    settings.config.insert(key.to_string(), value.clone());
                }
            }
            writ_grant::Capability::Env { name } => {
                if let Ok(value) = std::env::var(name.as_str()) {
                    settings.env.insert(name.to_string(), value);
                }
            }
            writ_grant::Capability::Fs { .. }
            | writ_grant::Capability::Http { .. }
            | writ_grant::Capability::Kv { .. }
            | writ_grant::Capability::SecretUse { .. }
            | writ_grant::Capability::ModelChat { .. }
            | writ_grant::Capability::Memory { .. }
            | writ_grant::Capability::ToolCall { .. }
            | writ_grant::Capability::HumanAsk { .. }
            | writ_grant::Capability::ClockReal
            | writ_grant::Capability::RandomReal => {}
        }
    }
    settings
}

/// The jq component, once it was loaded.
static JQ_COMPONENT: OnceLock<std::result::Result<writ_sandbox::Component, String>> =
    OnceLock::new();

/// Loads the jq component, if a workflow's expressions may need it.
pub(crate) fn jq(workflow: &Workflow, sandbox: &Sandbox) {
    if !expressions(workflow).need_jq() {
        return;
    }
    JQ_COMPONENT.get_or_init(|| {
        let mut plugin = Plugin::read(JQ, "jq").map_err(|error| error.to_string())?;
        plugin.limits.stack_bytes_max = Some(writ_expression::limits().stack_bytes_max);
        sandbox
            .load_to_keep(JQ, Arc::new(plugin))
            .map_err(|error| error.to_string())
    });
}

fn expressions(workflow: &Workflow) -> Expressions {
    let jq = || {
        let unneeded = || {
            Err(
                "the values are too large; large data belongs into files of a granted folder"
                    .to_owned(),
            )
        };
        JQ_COMPONENT.get().cloned().unwrap_or_else(unneeded)
    };
    let programs = writ_workflow::expressions(workflow)
        .into_iter()
        .map(|expression| Arc::clone(&expression.source))
        .collect();
    Expressions::new(programs, Arc::new(jq), writ_expression::limits())
}

fn has_slow_expressions(workflow: &Workflow) -> bool {
    let expressions = expressions(workflow);
    (0..writ_workflow::expressions(workflow).len()).any(|index| !expressions.is_fast(index))
}
