//! `writ plugin …`: make, build, add, list, inspect, remove.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use writ_plugin::Plugin;

use crate::{
    app::{App, CONFIG_BYTES_MAX, absolute, bad_toml},
    args::{self, Language, Place},
    error::{Exit, Failure, Result},
    load::{self, Found},
    out::{errln, outln},
    progress::Progress,
    read,
    source::{self, Compilers},
    whole::write_file,
};

mod inspect;
mod new;
mod sign;

pub(crate) fn run(arguments: &args::Plugin, json: bool) -> Result<Exit> {
    match arguments {
        args::Plugin::New {
            folder,
            lang: Language::Rust,
        } => new::rust(folder, json),
        args::Plugin::Build { folder, output } => build(folder, output.as_deref(), json),
        args::Plugin::Add { component, place } => add(component, place, json),
        args::Plugin::List { place } => list(place, json),
        args::Plugin::Inspect { component, html } => inspect::run(component, html.as_deref(), json),
        args::Plugin::Sign { component, signer } => sign::run(component, signer, json),
        args::Plugin::Remove { name, place } => remove(name, place, json),
    }
}

fn build(folder: &Path, output: Option<&Path>, json: bool) -> Result<Exit> {
    let progress = Progress::new(json);
    let say = |text: &str| progress.say(text);
    let built = source::build(&absolute(folder)?, output, Compilers::Run, &say)?;
    let found = load::read_plugin(&built.component, "plugin")?;
    if json {
        outln!(
            "{}",
            json!({ "component": built.component.display().to_string(), "plugin": found.plugin.name,
                "version": found.plugin.version.to_string(), "digest": found.plugin.digest.to_string(),
                "bytes": found.plugin.size_bytes, "fresh": built.fresh })
        );
    } else {
        let state = if built.fresh { "built" } else { "up to date" };
        outln!(
            "{state}: {} ({} KB)",
            built.component.display(),
            found.plugin.size_bytes / 1024
        );
        outln!("{}", found.plugin.digest);
    }
    Ok(Exit::Done)
}

/// Where plugins are added to: an app folder with its `writ.toml`, or a data folder.
enum Home {
    App(PathBuf),
    Data(PathBuf),
}

impl Home {
    fn of(place: &Place) -> Result<Self> {
        if let Some(data) = &place.data {
            return Ok(Self::Data(absolute(data)?));
        }
        let folder = absolute(place.app.as_deref().unwrap_or(Path::new(".")))?;
        if place.app.is_some() || folder.join("writ.toml").exists() {
            return Ok(Self::App(folder));
        }
        Ok(Self::Data(folder.join(".writ")))
    }

    fn folder(&self) -> PathBuf {
        match self {
            Self::App(folder) | Self::Data(folder) => folder.join("plugins"),
        }
    }

    /// Everything that is there, by name.
    fn plugins(&self) -> Result<Vec<Found>> {
        match self {
            Self::App(folder) => {
                let app = App::open(folder, None, None)?;
                Ok(load::plugins(&app, &|text| errln!("{text}"))?
                    .into_values()
                    .collect())
            }
            Self::Data(_) => load::added(&self.folder())?
                .iter()
                .map(|path| load::read_plugin(path, &stem(path)))
                .collect(),
        }
    }
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn add(component: &Path, place: &Place, json: bool) -> Result<Exit> {
    let home = Home::of(place)?;
    let found = load::read_plugin(component, &stem(component))?;
    let plugin = &found.plugin;
    for known in home.plugins()? {
        if known.plugin.name == plugin.name && known.plugin.digest != plugin.digest {
            return Err(Failure::usage(format!(
                "there is a plugin `{}` {} already, with another digest: {}",
                known.plugin.name, known.plugin.version, known.plugin.digest
            ))
            .help(format!(
                "`writ plugin remove {}` first, if the new one shall replace it",
                plugin.name
            )));
        }
    }
    if let Some(problem) = writ_plugin::import_problems(plugin, &writ_sandbox::offer).first() {
        return Err(Failure::usage(format!(
            "plugin {} could never start here: {}",
            plugin.name, problem.message
        ))
        .help(&problem.remedy));
    }
    let path = home.folder().join(format!("{}.wasm", plugin.name));
    write_file(&path, &found.bytes)?;
    sign::carry(component, &path, plugin)?;
    if let Home::App(folder) = &home {
        edit_config(folder, |plugins| {
            let mut entry = toml_edit::Table::new();
            entry["component"] = toml_edit::value(format!("plugins/{}.wasm", plugin.name));
            plugins.insert(&plugin.name, toml_edit::Item::Table(entry));
        })?;
    }
    if json {
        outln!("{}", row(plugin));
    } else {
        outln!(
            "added {} {} as {}",
            plugin.name,
            plugin.version,
            plugin.digest
        );
        if !plugin.requests.is_empty() {
            outln!("it has no authority yet: `writ grant review` shows what it asks for");
        }
    }
    Ok(Exit::Done)
}

fn remove(name: &str, place: &Place, json: bool) -> Result<Exit> {
    let home = Home::of(place)?;
    let mut removed = false;
    if let Home::App(folder) = &home {
        edit_config(folder, |plugins| removed = plugins.remove(name).is_some())?;
    }
    let path = home.folder().join(format!("{name}.wasm"));
    if writ_plugin::is_plugin_name(name) && path.exists() {
        std::fs::remove_file(&path).map_err(|error| Failure::file(&path, "remove", &error))?;
        sign::forget(&path)?;
        removed = true;
    }
    if !removed {
        return Err(Failure::usage(format!("there is no plugin `{name}` here"))
            .help("`writ plugin list` shows them"));
    }
    if json {
        outln!("{}", json!({ "removed": name }));
    } else {
        outln!("removed {name}; runs that started with it keep their own copy until they end");
    }
    Ok(Exit::Done)
}

/// Changes `[plugins]` in `writ.toml`, and nothing else of it.
fn edit_config(folder: &Path, edit: impl FnOnce(&mut toml_edit::Table)) -> Result<()> {
    let path = folder.join("writ.toml");
    let text = read::text(&path, CONFIG_BYTES_MAX)?;
    let mut document: toml_edit::DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| {
            bad_toml(&path, &text, error.span(), error.message())
        })?;
    let plugins = document
        .entry("plugins")
        .or_insert(toml_edit::Item::Table(implicit()));
    let Some(plugins) = plugins.as_table_mut() else {
        return Err(Failure::usage(format!(
            "{}: `plugins` is not a table",
            path.display()
        )));
    };
    edit(plugins);
    write_file(&path, document.to_string().as_bytes())
}

fn implicit() -> toml_edit::Table {
    let mut table = toml_edit::Table::new();
    table.set_implicit(true);
    table
}

fn list(place: &Place, json: bool) -> Result<Exit> {
    let plugins = Home::of(place)?.plugins()?;
    if json {
        outln!(
            "{}",
            Json::Array(plugins.iter().map(|found| row(&found.plugin)).collect())
        );
        return Ok(Exit::Done);
    }
    for Found { plugin, .. } in &plugins {
        outln!("{} {}  {}", plugin.name, plugin.version, plugin.digest);
        for function in plugin.functions.values() {
            outln!("  {}", writ_plugin::wit_text(function));
        }
    }
    if plugins.is_empty() {
        errln!("no plugins here");
    }
    Ok(Exit::Done)
}

fn row(plugin: &Plugin) -> Json {
    json!({
        "plugin": plugin.name,
        "version": plugin.version.to_string(),
        "digest": plugin.digest.to_string(),
        "functions": plugin.functions.keys().collect::<Vec<_>>(),
    })
}
