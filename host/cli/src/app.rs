//! An app folder: `writ.toml`, `workflow.yaml` and `grants.toml`, read and resolved to absolute paths.

use std::{
    collections::BTreeMap,
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{
    error::{Failure, Result},
    network::{NetworkConfig, SecretEntry},
    read,
    wall::Mode,
};

/// Largest configuration file that is read.
pub(crate) const CONFIG_BYTES_MAX: u64 = 1024 * 1024;

/// The trust root of an app that names none.
pub(crate) const ROOT_FILE: &str = "trust.toml";

/// How a data folder is named by somebody who stands in a folder; not at all if the folder is or holds it.
fn named_from<'a>(data: &'a Path, here: &Path) -> Option<&'a Path> {
    let named = match data.parent() {
        Some(app) if data.ends_with(".writ") => app,
        Some(_) | None => data,
    };
    (named != here).then(|| named.strip_prefix(here).unwrap_or(named))
}

/// A word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+@:,".contains(c);
    if word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// What a command works on: an app folder, or a lone workflow file.
#[derive(Debug)]
pub(crate) struct App {
    /// The folder that relative paths start from.
    pub(crate) folder: PathBuf,
    /// The workflow document.
    pub(crate) workflow: PathBuf,
    /// The grants file, which need not exist. `None` for a lone workflow without `--grants`.
    pub(crate) grants: Option<PathBuf>,
    /// The data folder.
    pub(crate) data: PathBuf,
    /// The parsed `writ.toml`; the default for a lone workflow file.
    pub(crate) config: Config,
}

/// `writ.toml`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Plugins by name.
    #[serde(default)]
    pub(crate) plugins: BTreeMap<String, PluginEntry>,
    /// Values that plugins with `config:read:KEY` may read.
    #[serde(default)]
    pub(crate) config: BTreeMap<String, String>,
    /// What the workflow itself may use.
    #[serde(default)]
    pub(crate) workflow: WorkflowConfig,
    /// How the host runs.
    #[serde(default)]
    pub(crate) host: HostConfig,
    /// Whose signatures count.
    #[serde(default)]
    pub(crate) trust: TrustConfig,
    /// How requests find their way.
    #[serde(default)]
    pub(crate) network: NetworkConfig,
    /// Where the values of secrets are, by name.
    #[serde(default)]
    pub(crate) secrets: BTreeMap<String, SecretEntry>,
}

/// `[plugins.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PluginEntry {
    /// A plugin folder that `writ run` builds when it is stale.
    pub(crate) source: Option<PathBuf>,
    /// A built component.
    pub(crate) component: Option<PathBuf>,
    /// Host folders by guest path, as `grant approve` proposes them; relative to the app folder.
    #[serde(default)]
    pub(crate) folders: BTreeMap<String, PathBuf>,
    /// Limits that are tighter or wider than the plugin's own.
    #[serde(default)]
    pub(crate) limits: writ_plugin::LimitOverrides,
}

/// `[workflow]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkflowConfig {
    /// Bounds on each request that it sends.
    #[serde(default)]
    pub(crate) limits: RequestLimits,
}

/// `[workflow.limits]`: the limits of a plugin that a workflow can reach as well.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestLimits {
    http_ms_max: Option<u64>,
    http_request_bytes_max: Option<u64>,
    http_response_bytes_max: Option<u64>,
}

impl RequestLimits {
    /// The same among the limits of plugins.
    pub(crate) fn overrides(&self) -> writ_plugin::LimitOverrides {
        writ_plugin::LimitOverrides {
            http_ms_max: self.http_ms_max,
            http_request_bytes_max: self.http_request_bytes_max,
            http_response_bytes_max: self.http_response_bytes_max,
            ..writ_plugin::LimitOverrides::default()
        }
    }
}

/// `[host]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HostConfig {
    /// Guest calls at the same time; the number of processors when absent.
    pub(crate) calls_at_once: Option<usize>,
    /// The wall around the process that runs guests.
    #[serde(default)]
    pub(crate) wall: Mode,
    /// Whether only signed writs count.
    #[serde(default)]
    pub(crate) strict: bool,
}

/// `[trust]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrustConfig {
    /// The trust root; `trust.toml` in the app folder, if it is there, otherwise.
    pub(crate) root: Option<PathBuf>,
    /// The name of this place. A signed writ that names a place counts only there.
    pub(crate) place: Option<String>,
}

impl TrustConfig {
    /// The same for an app in another folder.
    pub(crate) fn beside(&self, folder: &Path) -> Self {
        let root = self.root.as_deref().unwrap_or(Path::new(ROOT_FILE));
        Self {
            root: Some(folder.join(root)),
            place: self.place.clone(),
        }
    }
}

impl App {
    /// What a command line about this app's runs has to say of the data folder: ` --data DIR`, or nothing where that is the default.
    pub(crate) fn data_option(&self) -> String {
        let here = std::env::current_dir().unwrap_or_default();
        named_from(&self.data, &here)
            .map(|data| format!(" --data {}", quoted(&data.display().to_string())))
            .unwrap_or_default()
    }

    /// Reads the app at a folder or workflow file.
    pub(crate) fn open(target: &Path, grants: Option<&Path>, data: Option<&Path>) -> Result<Self> {
        let target = absolute(target)?;
        let metadata =
            fs::metadata(&target).map_err(|error| Failure::file(&target, "open", &error))?;
        let data = data.map(absolute).transpose()?;
        let grants = grants.map(absolute).transpose()?;
        if let Some(grants) = grants.as_deref().filter(|grants| !grants.is_file()) {
            return Err(
                Failure::usage(format!("there is no grants file at {}", grants.display()))
                    .help("`writ grant approve APP --grants FILE …` writes one"),
            );
        }
        if metadata.is_dir() {
            let config = Config::read(&target.join("writ.toml"))?;
            return Ok(Self {
                workflow: target.join("workflow.yaml"),
                grants: Some(grants.unwrap_or_else(|| target.join("grants.toml"))),
                data: data.unwrap_or_else(|| target.join(".writ")),
                config,
                folder: target,
            });
        }
        let folder = target.parent().unwrap_or(Path::new("/")).to_owned();
        Ok(Self {
            data: data.unwrap_or_else(|| folder.join(".writ")),
            grants,
            config: Config::default().made_as_strict_as(&folder)?,
            workflow: target,
            folder,
        })
    }

    /// The folder that the host folders of a grants file start from: the one it stands in.
    pub(crate) fn grants_folder(&self) -> &Path {
        self.grants
            .as_deref()
            .and_then(Path::parent)
            .unwrap_or(&self.folder)
    }

    /// The workflow's text.
    pub(crate) fn workflow_text(&self) -> Result<String> {
        read::text(&self.workflow, writ_workflow::DOCUMENT_BYTES_MAX as u64).map_err(|failure| {
            if self.workflow.exists() {
                failure
            } else {
                failure.help("an app folder holds its workflow as `workflow.yaml`; name another file instead of the folder")
            }
        })
    }
}

impl Config {
    /// The same, with everything signed that the app in a folder wants signed, if there is one: naming its workflow in place of the
    /// app is no way around that.
    fn made_as_strict_as(mut self, folder: &Path) -> Result<Self> {
        let path = folder.join("writ.toml");
        if path.is_file() {
            let app = Self::read(&path)?;
            self.host.strict = app.host.strict;
            self.trust = app.trust;
        }
        Ok(self)
    }

    /// Reads `writ.toml`.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(Failure::usage(format!("{} is missing, so this folder is no app", path.display()))
                .help("name a workflow file, or make a `writ.toml` (it may be empty) beside `workflow.yaml`"));
        }
        let text = read::text(path, CONFIG_BYTES_MAX)?;
        let config: Self = toml::from_str(&text)
            .map_err(|error| bad_toml(path, &text, error.span(), error.message()))?;
        for (name, entry) in &config.plugins {
            if entry.source.is_some() == entry.component.is_some() {
                return Err(Failure::usage(format!(
                    "{}: plugin `{name}` needs exactly one of `source` (a folder to build) and `component` (a built file)",
                    path.display()
                )));
            }
        }
        for (name, entry) in &config.plugins {
            let times = [
                entry.limits.cpu_ms_max,
                entry.limits.wall_ms_max,
                entry.limits.http_ms_max,
            ];
            if times.contains(&Some(0)) {
                return Err(Failure::usage(format!(
                    "{}: a limit of plugin `{name}` is 0 ms, so no call could ever end",
                    path.display()
                ))
                .help("write at least 1, or leave it out"));
            }
        }
        if config.workflow.limits.http_ms_max == Some(0) {
            return Err(Failure::usage(format!(
                "{}: `http_ms_max` under [workflow.limits] is 0 ms, so no request could ever end",
                path.display()
            ))
            .help("write at least 1, or leave it out"));
        }
        for (name, entry) in &config.secrets {
            if !entry.is_plain() {
                return Err(Failure::usage(format!(
                    "{}: the secret `{name}` needs exactly one of `file`, `env` and `fd`",
                    path.display()
                )));
            }
        }
        if config.host.calls_at_once == Some(0) {
            return Err(Failure::usage(format!(
                "{}: `calls_at_once` under [host] is 0, so nothing could ever run",
                path.display()
            ))
            .help("write at least 1, or leave it out"));
        }
        Ok(config)
    }
}

/// A TOML file that can't be understood, with the place in it.
pub(crate) fn bad_toml(
    path: &Path,
    text: &str,
    span: Option<Range<usize>>,
    message: &str,
) -> Failure {
    let before = text
        .get(..span.map_or(0, |span| span.start))
        .unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    Failure::usage(format!(
        "{}:{line}:{column}: {}",
        path.display(),
        writ_grant::printable(&message.trim_end().replace('\n', "; "))
    ))
}

/// The path from the root, with links and dots left as they are.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| Failure::file(path, "resolve", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_is_named_from_where_one_stands() {
        let cases = [
            ("/a/.writ", "/a", None),
            ("/a/.writ", "/", Some("a")),
            ("/a/.writ", "/b", Some("/a")),
            ("/a/state", "/a", Some("state")),
            ("/a/state", "/a/state", None),
        ];
        for (data, here, named) in cases {
            let found = named_from(Path::new(data), Path::new(here));
            assert_eq!(found, named.map(Path::new), "{data} from {here}");
        }
        assert_eq!(quoted("app-1/x"), "app-1/x");
        assert_eq!(quoted("it's here"), "'it'\\''s here'");
    }
}
