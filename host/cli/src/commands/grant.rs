//! `writ grant …`: the reviewer's key. What is approved here binds to the exact component that is there now.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::{Value as Json, json};
use writ_grant::{Access, Capability, Grant as Granted, Grants, Writ};
use writ_plugin::Plugin;

use self::review::Review;
use crate::{
    app::{App, PluginEntry},
    args::{Grant, GrantTarget},
    error::{Exit, Failure, Result, count},
    load,
    out::outln,
    progress::Progress,
    report::time,
    source::write_file,
};

pub(crate) mod review;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

pub(crate) fn run(arguments: &Grant, json: bool) -> Result<Exit> {
    match arguments {
        Grant::Review(target) => show(&File::open(target)?, target, json),
        Grant::Approve {
            target,
            all_requested,
            allow,
            expires_days,
        } => {
            let what = if *all_requested {
                What::AllRequested
            } else {
                What::These(allow)
            };
            approve(File::open(target)?, target, &what, *expires_days, json)
        }
        Grant::List(target) => list(&File::open(target)?, target, json),
        Grant::Revoke { target } => revoke(File::open(target)?, target, json),
    }
}

/// What a reviewer says yes to.
enum What<'a> {
    AllRequested,
    These(&'a [String]),
}

/// An app and its grants file. Plugins are read only where they are needed: taking authority back must work without them.
struct File {
    app: App,
    path: PathBuf,
    grants: Grants,
}

impl File {
    fn open(target: &GrantTarget) -> Result<Self> {
        let mut app = App::open(&target.app, None, None)?;
        if let Some(path) = &target.grants {
            app.grants = Some(crate::app::absolute(path)?);
        }
        let path = app
            .grants
            .clone()
            .unwrap_or_else(|| app.folder.join("grants.toml"));
        let grants = load::grants(Some(&path))?;
        Ok(Self { app, path, grants })
    }

    /// The app's plugins, or the one that was named.
    fn plugins(&self, target: &GrantTarget, json: bool) -> Result<BTreeMap<String, load::Found>> {
        let progress = Progress::new(json);
        let mut plugins = load::plugins(&self.app, &|text| progress.say(text))?;
        if let Some(name) = &target.plugin {
            plugins.retain(|known, _| known == name);
            if plugins.is_empty() {
                return Err(Failure::usage(format!("this app has no plugin `{name}`"))
                    .help("`writ plugin list` shows them"));
            }
        }
        Ok(plugins)
    }

    fn save(&self) -> Result<()> {
        write_file(&self.path, self.grants.to_toml().as_bytes())
    }
}

fn show(file: &File, target: &GrantTarget, json: bool) -> Result<Exit> {
    let plugins = file.plugins(target, json)?;
    let now_ms = writ_scheduler::now_ms();
    let reviews: Vec<_> = plugins
        .values()
        .map(|found| Review::of(&found.plugin, &file.grants, now_ms))
        .collect();
    if json {
        outln!(
            "{}",
            Json::Array(reviews.iter().map(Review::json).collect())
        );
        return Ok(Exit::Done);
    }
    for review in &reviews {
        review.print();
    }
    if reviews.is_empty() {
        eprintln!("no plugins here");
    } else if reviews.iter().all(Review::settled) {
        outln!("Nothing is left to decide.");
    } else {
        review::advise(&file.app.folder);
    }
    Ok(Exit::Done)
}

fn approve(
    mut file: File,
    target: &GrantTarget,
    what: &What<'_>,
    expires_days: Option<u32>,
    json: bool,
) -> Result<Exit> {
    if matches!(what, What::These([])) {
        return Err(Failure::usage("say what to approve")
            .help("`--all-requested`, or `--allow CAPABILITY` for each; `writ grant review` shows what is asked for"));
    }
    let plugins = file.plugins(target, json)?;
    if matches!(what, What::These(_)) && plugins.len() != 1 {
        return Err(Failure::usage("`--allow` is for one plugin")
            .help("name it: `writ grant approve APP PLUGIN --allow …`"));
    }
    let now_ms = writ_scheduler::now_ms();
    let expires_ms = expires_days.map(|days| now_ms + u64::from(days) * DAY_MS);
    let mut approved = Vec::new();
    for found in plugins.values() {
        let plugin = &found.plugin;
        let writ = Writ {
            plugin: plugin.name.clone(),
            version: plugin.version.to_string(),
            digest: plugin.digest,
            grants: chosen(&file, plugin, what)?,
            approved_ms: Some(now_ms),
            expires_ms,
            revoked: false,
        };
        // What the host would refuse at load is refused here, where the reviewer looks.
        writ_grant::Authority::effective(
            &plugin.name,
            &plugin.digest,
            &plugin.requests,
            Some(&writ),
            now_ms,
        )
        .map_err(|refusal| Failure::refused(&refusal).help(refusal.remedy()))?;
        approved.push(writ);
    }
    for writ in approved {
        if !json {
            tell(&file, &writ, &plugins[&writ.plugin].plugin);
        }
        file.grants
            .writs
            .retain(|known| known.digest != writ.digest);
        file.grants.writs.push(writ);
    }
    file.save()?;
    if json {
        outln!(
            "{}",
            json!({ "grants": file.path.display().to_string(), "approved": plugins.keys().collect::<Vec<_>>() })
        );
    } else {
        outln!("written to {}", file.path.display());
    }
    Ok(Exit::Done)
}

/// The grants of one plugin that the reviewer says yes to.
fn chosen(file: &File, plugin: &Plugin, what: &What<'_>) -> Result<Vec<Granted>> {
    let entry = file.app.config.plugins.get(&plugin.name);
    match what {
        What::AllRequested => {
            let possible = plugin
                .requests
                .iter()
                .filter(|request| request.capability.available());
            // Nobody asks for a place of a secret: it is the reviewer's to say, and stays as it was said.
            let said = |capability: &Capability| {
                let before = file.grants.find(&plugin.digest).into_iter();
                let mut grants = before.flat_map(|writ| &writ.grants);
                grants
                    .find(|grant| grant.capability == *capability && grant.capability.takes_place())
            };
            possible
                .map(|request| match said(&request.capability) {
                    Some(before) => Ok(before.clone()),
                    None => grant(plugin, entry, &request.capability, None),
                })
                .collect()
        }
        What::These(texts) => {
            let more = texts
                .iter()
                .map(|text| allowed(plugin, entry, text))
                .collect::<Result<Vec<_>>>()?;
            Ok(merged(file.grants.find(&plugin.digest), more))
        }
    }
}

/// Says what a plugin may do now, and what is still in its way.
fn tell(file: &File, writ: &Writ, plugin: &Plugin) {
    outln!("{} {} may, as {}:", writ.plugin, writ.version, writ.digest);
    for grant in &writ.grants {
        let folder = grant
            .folder
            .as_ref()
            .map(|folder| format!("  (= {folder})"))
            .unwrap_or_default();
        outln!("  {}{folder}", grant.capability.describe());
    }
    // Folders to write to are made by the host.
    let missing = |folder: &&String| {
        !file.app.grants_folder().join(folder).is_dir() && !is_written(writ, folder)
    };
    for folder in writ
        .grants
        .iter()
        .filter_map(|grant| grant.folder.as_ref())
        .filter(missing)
    {
        eprintln!("note: the folder {folder} is not there yet");
    }
    if writ.grants.is_empty() {
        outln!("  only compute");
    }
    for request in plugin
        .requests
        .iter()
        .filter(|request| !request.capability.available())
    {
        eprintln!(
            "note: {} is left out: no version of this host can give it yet",
            request.capability
        );
    }
}

/// Whether a writ lets its plugin write to a host folder.
fn is_written(writ: &Writ, folder: &str) -> bool {
    writ.grants.iter().any(|grant| {
        matches!(
            grant.capability,
            Capability::Fs {
                access: Access::Write,
                ..
            }
        ) && grant.folder.as_deref() == Some(folder)
    })
}

/// What was approved before for the same component, and what is approved now; a capability named again is replaced.
fn merged(before: Option<&Writ>, more: Vec<Granted>) -> Vec<Granted> {
    let kept = before
        .filter(|writ| !writ.revoked)
        .map(|writ| writ.grants.clone())
        .unwrap_or_default();
    let kept = kept
        .into_iter()
        .filter(|old| !more.iter().any(|new| new.capability == old.capability));
    let mut all: Vec<Granted> = kept.collect();
    all.extend(more);
    all
}

/// `CAPABILITY[=FOLDER]`, or `secret:use:NAME=ORIGIN HEADER`
fn allowed(plugin: &Plugin, entry: Option<&PluginEntry>, text: &str) -> Result<Granted> {
    // Only paths of folders take a folder and only secrets a place, and no such capability holds a `=`.
    let takes = text.starts_with("fs:") || text.starts_with("secret:");
    let (capability, folder) = match text.rsplit_once('=').filter(|_| takes) {
        Some((capability, folder)) => (capability, Some(folder)),
        None => (text, None),
    };
    let capability = capability.parse::<Capability>().map_err(Failure::usage)?;
    if !plugin
        .requests
        .iter()
        .any(|request| request.capability.covers(&capability))
    {
        return Err(Failure::refused(format!("plugin {} did not ask for {capability}", plugin.name)).help(
            "a grant needs both keys: its author has to add a [[request]] to plugin.toml and build it again",
        ));
    }
    if !capability.available() {
        return Err(Failure::refused(format!("{capability} cannot be granted: no version of this host can give it yet"))
            .help("approve what else is asked for, each with `--allow`, or all of it with `--all-requested`"));
    }
    grant(plugin, entry, &capability, folder)
}

/// A grant of one capability, with the host folder that it is mapped to.
fn grant(
    plugin: &Plugin,
    entry: Option<&PluginEntry>,
    capability: &Capability,
    folder: Option<&str>,
) -> Result<Granted> {
    if capability.takes_place() {
        return secret(plugin, capability, folder);
    }
    let Capability::Fs { path, .. } = capability else {
        if let Some(folder) = folder {
            return Err(Failure::usage(format!(
                "{capability} takes no folder, but `={folder}` follows it"
            )));
        }
        return Ok(Granted::of(capability.clone()));
    };
    let proposed = entry
        .and_then(|entry| entry.folders.get(path.as_str()))
        .map(|folder| folder.display().to_string());
    let Some(folder) = folder.map(str::to_owned).or(proposed) else {
        return Err(Failure::usage(format!("{capability} of plugin {} needs a host folder", plugin.name)).help(format!(
            "`--allow '{capability}=FOLDER'`, or `folders = {{ \"{path}\" = \"FOLDER\" }}` under [plugins.{}] in writ.toml",
            plugin.name
        )));
    };
    Ok(Granted {
        folder: Some(folder),
        ..Granted::of(capability.clone())
    })
}

/// A grant of a secret, with the one place where it goes: `ORIGIN HEADER`.
fn secret(plugin: &Plugin, capability: &Capability, place: Option<&str>) -> Result<Granted> {
    let Some((host, header)) = place.and_then(|place| place.split_once(' ')) else {
        return Err(Failure::usage(format!(
            "{capability} of plugin {} needs the host and the header that it goes to",
            plugin.name
        ))
        .help(format!("`--allow '{capability}=https://HOST HEADER'`")));
    };
    Ok(Granted {
        host: Some(host.parse().map_err(Failure::usage)?),
        header: Some(header.parse().map_err(Failure::usage)?),
        ..Granted::of(capability.clone())
    })
}

/// Whether a writ is for the plugin that was named, if any was.
fn meant(writ: &Writ, target: &GrantTarget) -> bool {
    target
        .plugin
        .as_ref()
        .is_none_or(|name| *name == writ.plugin)
}

fn list(file: &File, target: &GrantTarget, json: bool) -> Result<Exit> {
    let now_ms = writ_scheduler::now_ms();
    let writs: Vec<&Writ> = file
        .grants
        .writs
        .iter()
        .filter(|writ| meant(writ, target))
        .collect();
    if json {
        outln!(
            "{}",
            Json::Array(writs.iter().map(|writ| row(writ, now_ms)).collect())
        );
        return Ok(Exit::Done);
    }
    for writ in &writs {
        outln!(
            "{} {}  {}  {}",
            writ.plugin,
            writ.version,
            writ.digest,
            review::state(writ, now_ms)
        );
        for grant in &writ.grants {
            let folder = grant
                .folder
                .as_ref()
                .map(|folder| format!(" = {folder}"))
                .unwrap_or_default();
            outln!("  {}{folder}", grant.capability);
        }
    }
    if writs.is_empty() {
        eprintln!("no writs in {}", file.path.display());
    }
    Ok(Exit::Done)
}

fn row(writ: &Writ, now_ms: u64) -> Json {
    json!({
        "plugin": writ.plugin,
        "version": writ.version,
        "digest": writ.digest.to_string(),
        "state": review::state(writ, now_ms),
        "approved": writ.approved_ms.map(time),
        "expires": writ.expires_ms.map(time),
        "revoked": writ.revoked,
        "grants": writ.grants.iter().map(|grant| json!({
            "capability": grant.capability.to_string(),
            "folder": grant.folder,
        })).collect::<Vec<_>>(),
    })
}

fn revoke(mut file: File, target: &GrantTarget, json: bool) -> Result<Exit> {
    let named = file
        .grants
        .writs
        .iter_mut()
        .filter(|writ| meant(writ, target))
        .collect::<Vec<_>>();
    if let (Some(name), true) = (&target.plugin, named.is_empty()) {
        return Err(Failure::usage(format!(
            "{} holds no writ of plugin `{name}`",
            file.path.display()
        ))
        .help("`writ grant list` shows what there is to revoke"));
    }
    let mut number = 0;
    for writ in named.into_iter().filter(|writ| !writ.revoked) {
        writ.revoked = true;
        number += 1;
    }
    if number > 0 {
        file.save()?;
    }
    if json {
        outln!("{}", json!({ "revoked": number }));
    } else {
        outln!(
            "revoked {} in {}",
            count(number, "writ"),
            file.path.display()
        );
    }
    Ok(Exit::Done)
}
