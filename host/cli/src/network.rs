//! What sends requests for a host: the network as `writ.toml` has it, and the secrets that grants name. Read once, before the second
//! wall; a value is never shown, whatever is wrong with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use parking_lot::Mutex;
use serde::Deserialize;
use writ_grant::{Authority, Capability, Name, Origin};
use writ_http::{CaFile, Client, Secrets};
use writ_sandbox::Web;

use crate::{
    app::App,
    error::{Failure, Result},
    read,
};

/// Largest file of certificates that is read.
const CA_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Longest value of a secret.
const SECRET_BYTES_MAX: u64 = 64 * 1024;
/// The right of everybody on this machine to read a file.
const READABLE_BY_ALL: u32 = 0o004;

/// `[network]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NetworkConfig {
    /// Who is asked for addresses; the system's name servers when empty.
    #[serde(default)]
    pub(crate) nameservers: Vec<SocketAddr>,
    /// Certificates of authorities that are trusted beside the system's; relative to the app folder.
    #[serde(default)]
    pub(crate) ca_files: Vec<PathBuf>,
}

/// `[secrets.NAME]`: where a value comes from, in exactly one way.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretEntry {
    /// A file, relative to the app folder.
    pub(crate) file: Option<PathBuf>,
    /// An environment variable.
    pub(crate) env: Option<String>,
    /// A descriptor that the process was started with.
    pub(crate) fd: Option<u32>,
}

impl SecretEntry {
    /// Whether it says one place, and not several or none.
    pub(crate) fn is_plain(&self) -> bool {
        let said = [self.file.is_some(), self.env.is_some(), self.fd.is_some()];
        said.into_iter().filter(|said| *said).count() == 1
    }
}

/// Secrets by name, each with all the origins that it may go to.
pub(crate) type Places = BTreeMap<Name, BTreeSet<Origin>>;

/// The secrets that these use in requests, and where any of them may send each; none at all if none of them sends any.
pub(crate) fn secrets<'a>(authorities: impl IntoIterator<Item = &'a Authority>) -> Option<Places> {
    let (mut sends, mut places) = (false, Places::new());
    for authority in authorities {
        sends |= authority.capabilities().any(is_http);
        for (name, origin) in authority.secrets() {
            let origins = places.entry(name.clone()).or_default();
            origins.insert(origin.clone());
        }
    }
    sends.then_some(places)
}

fn is_http(capability: &Capability) -> bool {
    match capability {
        Capability::Http { .. } => true,
        Capability::Fs { .. }
        | Capability::Kv { .. }
        | Capability::Config { .. }
        | Capability::Env { .. }
        | Capability::SecretUse { .. }
        | Capability::ModelChat { .. }
        | Capability::Memory { .. }
        | Capability::ToolCall { .. }
        | Capability::HumanAsk { .. }
        | Capability::ClockReal
        | Capability::RandomReal => false,
    }
}

/// What these need to send requests; none if none of them may.
pub(crate) fn web<'a>(
    app: &App,
    authorities: impl IntoIterator<Item = &'a Authority>,
) -> Result<Option<Web>> {
    let Some(places) = secrets(authorities) else {
        return Ok(None);
    };
    let mut secrets = Secrets::default();
    for (name, origins) in places {
        let value = value(app, &name)?;
        add(app, &mut secrets, &name, value, origins)?;
    }
    let client = client(app)?;
    Ok(Some(Web { client, secrets }))
}

fn client(app: &App) -> Result<Client> {
    let mut ca_files = Vec::new();
    for file in &app.config.network.ca_files {
        let path = app.folder.join(file);
        let name = path.display().to_string();
        let pem = read::bytes(&path, CA_BYTES_MAX)?;
        ca_files.push(CaFile { name, pem });
    }
    let config = writ_http::Config {
        nameservers: app.config.network.nameservers.clone(),
        ca_files,
    };
    Client::new(&config).map_err(|error| {
        Failure::usage(format!("the network can't be used: {error}"))
            .help("mend `nameservers` and `ca_files` under [network] in writ.toml")
    })
}

fn place(app: &App, name: &Name, failure: Failure) -> Failure {
    let config = app.folder.join("writ.toml");
    failure.within(format!("[secrets.{name}] of {}", config.display()))
}

/// Why a secret can't be had, as far as that is known before a run. What a variable or a descriptor holds is up to the process that
/// will run.
pub(crate) fn secret_problem(app: &App, name: &Name) -> Option<Failure> {
    let entry = match entry(app, name) {
        Ok(entry) => entry,
        Err(failure) => return Some(failure),
    };
    entry.file.as_ref()?;
    let secrets = &mut Secrets::default();
    let added = value(app, name).and_then(|value| add(app, secrets, name, value, BTreeSet::new()));
    added.err()
}

fn entry<'a>(app: &'a App, name: &Name) -> Result<&'a SecretEntry> {
    app.config.secrets.get(name.as_str()).ok_or_else(|| {
        let config = app.folder.join("writ.toml");
        Failure::usage(format!(
            "a grant uses the secret {name}, but {} does not say where its value is",
            config.display()
        ))
        .help(format!(
            "add a section [secrets.{name}] with `file = \"PATH\"`, `env = \"VARIABLE\"` or `fd = NUMBER`"
        ))
    })
}

fn add(
    app: &App,
    secrets: &mut Secrets,
    name: &Name,
    value: Vec<u8>,
    origins: BTreeSet<Origin>,
) -> Result<()> {
    let added = secrets.add(name.clone(), value, origins);
    added.map_err(|error| place(app, name, Failure::usage(error)))
}

fn value(app: &App, name: &Name) -> Result<Vec<u8>> {
    let entry = entry(app, name)?;
    let value = match (&entry.file, &entry.env, entry.fd) {
        (Some(file), _, _) => from_file(&app.folder.join(file)),
        (None, Some(variable), _) => from_variable(variable),
        (None, None, Some(fd)) => from_descriptor(fd),
        (None, None, None) => Err(Failure::usage("it says no place")),
    };
    value.map_err(|failure| place(app, name, failure))
}

/// A file that not everybody may read: as with a private key, another one is refused.
fn from_file(path: &Path) -> Result<Vec<u8>> {
    let opened = read::open(path)?;
    let metadata = opened
        .metadata()
        .map_err(|error| Failure::file(path, "read", &error))?;
    if metadata.permissions().mode() & READABLE_BY_ALL != 0 {
        return Err(Failure::usage(format!(
            "{} can be read by every user of this machine",
            path.display()
        ))
        .help(format!("chmod 600 {}", path.display())));
    }
    read::bounded(opened, SECRET_BYTES_MAX, &path.display().to_string())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command line is where the environment is read, for the one variable that writ.toml names"
)]
fn from_variable(variable: &str) -> Result<Vec<u8>> {
    std::env::var_os(variable)
        .map(std::os::unix::ffi::OsStringExt::into_vec)
        .ok_or_else(|| Failure::usage(format!("the variable {variable} is not set")))
}

/// What descriptors held: a pipe can be read once only, and several runs may want it.
static DESCRIPTORS: Mutex<BTreeMap<u32, Vec<u8>>> = Mutex::new(BTreeMap::new());

fn from_descriptor(fd: u32) -> Result<Vec<u8>> {
    let mut known = DESCRIPTORS.lock();
    if let Some(value) = known.get(&fd) {
        return Ok(value.clone());
    }
    let opened = read::descriptor(fd).map_err(|failure| {
        failure.help(format!(
            "start writ with it, for instance `writ run APP {fd}< FILE`; a run in the background can't have it"
        ))
    })?;
    let value = read::bounded(opened, SECRET_BYTES_MAX, &format!("descriptor {fd}"))?;
    known.insert(fd, value.clone());
    Ok(value)
}
