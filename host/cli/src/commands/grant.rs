//! `writ grant …`: the reviewer's key. What is approved here binds to the exact component that is there now.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::{Value as Json, json};
use writ_grant::{Capability, Grant as Granted, Grants, Writ};
use writ_plugin::Plugin;

use crate::{out::outln, 
    app::{App, PluginEntry},
    args::{Grant, GrantTarget},
    error::{Exit, Failure, Result},
    load,
    progress::Progress,
    report::time,
    source::write_file,
};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

pub(crate) fn run(arguments: &Grant, json: bool) -> Result<Exit> {
    match arguments {
        Grant::Review(target) => review(&Reviewed::open(target, json)?, json),
        Grant::Approve { target, all_requested, allow, expires_days } => {
            approve(Reviewed::open(target, json)?, *all_requested, allow, *expires_days, json)
        }
        Grant::List(target) => list(&Reviewed::open(target, json)?, json),
        Grant::Revoke { target } => revoke(Reviewed::open(target, json)?, json),
    }
}

/// An app's plugins and its grants file, as a review begins.
struct Reviewed {
    app: App,
    path: PathBuf,
    grants: Grants,
    plugins: BTreeMap<String, load::Found>,
}

impl Reviewed {
    fn open(target: &GrantTarget, json: bool) -> Result<Self> {
        let progress = Progress::new(json);
        let mut app = App::open(&target.app, None, None)?;
        if let Some(path) = &target.grants {
            app.grants = Some(crate::app::absolute(path)?);
        }
        let path = app.grants.clone().unwrap_or_else(|| app.folder.join("grants.toml"));
        let mut plugins = load::plugins(&app, &|text| progress.say(text))?;
        if let Some(name) = &target.plugin {
            plugins.retain(|known, _| known == name);
            if plugins.is_empty() {
                return Err(Failure::usage(format!("this app has no plugin `{name}`")).help("`writ plugin list` shows them"));
            }
        }
        let grants = load::grants(Some(&path))?;
        Ok(Self { app, path, grants, plugins })
    }

    fn save(&self) -> Result<()> {
        write_file(&self.path, self.grants.to_toml().as_bytes())
    }
}

fn review(reviewed: &Reviewed, json: bool) -> Result<Exit> {
    let mut all = Vec::new();
    for found in reviewed.plugins.values() {
        let plugin = &found.plugin;
        let writ = reviewed.grants.find(&plugin.digest);
        let state = state(writ);
        if json {
            all.push(json!({
                "plugin": plugin.name, "version": plugin.version.to_string(), "digest": plugin.digest.to_string(),
                "state": state, "requests": requests(plugin, writ),
            }));
            continue;
        }
        outln!("{} {}  {}", plugin.name, plugin.version, plugin.digest);
        outln!("  {}", plugin.description);
        outln!("  {state}");
        for request in &plugin.requests {
            let mark = if granted(writ, &request.capability) { "granted    " } else { "not granted" };
            let optional = if request.optional { " (optional)" } else { "" };
            outln!("  {mark}  {}{optional}", request.capability);
            outln!("               {}", request.capability.describe());
            outln!("               because: {}", request.reason);
        }
        if plugin.requests.is_empty() {
            outln!("  asks for nothing: it can only compute");
        }
        outln!();
    }
    if json {
        outln!("{}", Json::Array(all));
    } else {
        outln!("To approve everything that is asked for: writ grant approve {} --all-requested", reviewed.app.folder.display());
    }
    Ok(Exit::Done)
}

fn requests(plugin: &Plugin, writ: Option<&Writ>) -> Json {
    let each = plugin.requests.iter().map(|request| {
        json!({
            "capability": request.capability.to_string(),
            "means": request.capability.describe(),
            "reason": request.reason,
            "optional": request.optional,
            "granted": granted(writ, &request.capability),
        })
    });
    each.collect()
}

fn granted(writ: Option<&Writ>, capability: &Capability) -> bool {
    writ.is_some_and(|writ| !writ.revoked && writ.grants.iter().any(|grant| grant.capability.covers(capability)))
}

fn state(writ: Option<&Writ>) -> String {
    match writ {
        None => "no writ: exactly this component was never approved".to_owned(),
        Some(writ) if writ.revoked => "revoked".to_owned(),
        Some(Writ { expires_ms: Some(expires), .. }) if *expires <= writ_scheduler::now_ms() => {
            format!("expired {}", time(*expires))
        }
        Some(Writ { expires_ms: Some(expires), .. }) => format!("approved until {}", time(*expires)),
        Some(_) => "approved".to_owned(),
    }
}

fn approve(mut reviewed: Reviewed, all: bool, allow: &[String], expires_days: Option<u32>, json: bool) -> Result<Exit> {
    if !all && allow.is_empty() {
        return Err(Failure::usage("say what to approve")
            .help("`--all-requested`, or `--allow CAPABILITY` for each; `writ grant review` shows what is asked for"));
    }
    if !allow.is_empty() && reviewed.plugins.len() != 1 {
        return Err(Failure::usage("`--allow` is for one plugin").help("name it: `writ grant approve APP PLUGIN --allow …`"));
    }
    let now_ms = writ_scheduler::now_ms();
    let mut approved = Vec::new();
    for found in reviewed.plugins.values() {
        let plugin = &found.plugin;
        let entry = reviewed.app.config.plugins.get(&plugin.name);
        let grants = if all {
            plugin.requests.iter().map(|request| grant(plugin, entry, &request.capability, None)).collect::<Result<Vec<_>>>()?
        } else {
            let more = allow.iter().map(|text| allowed(plugin, entry, text)).collect::<Result<Vec<_>>>()?;
            merged(reviewed.grants.find(&plugin.digest), more)
        };
        approved.push(Writ {
            plugin: plugin.name.clone(),
            version: plugin.version.to_string(),
            digest: plugin.digest,
            grants,
            approved_ms: Some(now_ms),
            expires_ms: expires_days.map(|days| now_ms + u64::from(days) * DAY_MS),
            revoked: false,
        });
    }
    for writ in approved {
        // What the host would refuse at load is refused here, where the reviewer looks.
        let plugin = &reviewed.plugins[&writ.plugin].plugin;
        writ_grant::Authority::effective(&plugin.name, &plugin.digest, &plugin.requests, Some(&writ), now_ms)
            .map_err(|refusal| Failure::refused(&refusal).help(refusal.remedy()))?;
        if !json {
            outln!("{} {} may, as {}:", writ.plugin, writ.version, writ.digest);
            for grant in &writ.grants {
                let folder = grant.folder.as_ref().map(|folder| format!("  (= {folder})")).unwrap_or_default();
                outln!("  {}{folder}", grant.capability.describe());
            }
        }
        reviewed.grants.writs.retain(|known| known.digest != writ.digest);
        reviewed.grants.writs.push(writ);
    }
    reviewed.save()?;
    if json {
        outln!("{}", json!({ "grants": reviewed.path.display().to_string(), "approved": reviewed.plugins.keys().collect::<Vec<_>>() }));
    } else {
        outln!("written to {}", reviewed.path.display());
    }
    Ok(Exit::Done)
}

/// What was approved before for the same component, and what is approved now; a capability named again is replaced.
fn merged(before: Option<&Writ>, more: Vec<Granted>) -> Vec<Granted> {
    let kept = before.filter(|writ| !writ.revoked).map(|writ| writ.grants.clone()).unwrap_or_default();
    let kept = kept.into_iter().filter(|old| !more.iter().any(|new| new.capability == old.capability));
    let mut all: Vec<Granted> = kept.collect();
    all.extend(more);
    all
}

/// `CAPABILITY[=FOLDER]`
fn allowed(plugin: &Plugin, entry: Option<&PluginEntry>, text: &str) -> Result<Granted> {
    // Only paths of folders take a folder, and neither they nor their guest paths hold a `=`.
    let (capability, folder) = match text.rsplit_once('=').filter(|_| text.starts_with("fs:")) {
        Some((capability, folder)) => (capability, Some(folder)),
        None => (text, None),
    };
    let capability = capability.parse::<Capability>().map_err(Failure::usage)?;
    if !plugin.requests.iter().any(|request| request.capability.covers(&capability)) {
        return Err(Failure::refused(format!("plugin {} did not ask for {capability}", plugin.name)).help(
            "a grant needs both keys: its author has to add a [[request]] to plugin.toml and build it again",
        ));
    }
    grant(plugin, entry, &capability, folder)
}

/// A grant of one capability, with the host folder that it is mapped to.
fn grant(plugin: &Plugin, entry: Option<&PluginEntry>, capability: &Capability, folder: Option<&str>) -> Result<Granted> {
    let Capability::Fs { path, .. } = capability else {
        if let Some(folder) = folder {
            return Err(Failure::usage(format!("{capability} takes no folder, but `={folder}` follows it")));
        }
        return Ok(Granted { capability: capability.clone(), folder: None, value: None });
    };
    let proposed = entry.and_then(|entry| entry.folders.get(path.as_str())).map(|folder| folder.display().to_string());
    let Some(folder) = folder.map(str::to_owned).or(proposed) else {
        return Err(Failure::usage(format!("{capability} of plugin {} needs a host folder", plugin.name)).help(format!(
            "`--allow '{capability}=FOLDER'`, or `folders = {{ \"{path}\" = \"FOLDER\" }}` under [plugins.{}] in writ.toml",
            plugin.name
        )));
    };
    Ok(Granted { capability: capability.clone(), folder: Some(folder), value: None })
}

fn list(reviewed: &Reviewed, json: bool) -> Result<Exit> {
    let mut all = Vec::new();
    for writ in &reviewed.grants.writs {
        let state = state(Some(writ));
        if json {
            all.push(json!({
                "plugin": writ.plugin, "version": writ.version, "digest": writ.digest.to_string(), "state": state,
                "grants": writ.grants.iter().map(|grant| grant.capability.to_string()).collect::<Vec<_>>(),
            }));
            continue;
        }
        outln!("{} {}  {}  {state}", writ.plugin, writ.version, writ.digest);
        for grant in &writ.grants {
            let folder = grant.folder.as_ref().map(|folder| format!(" = {folder}")).unwrap_or_default();
            outln!("  {}{folder}", grant.capability);
        }
    }
    if json {
        outln!("{}", Json::Array(all));
    } else if reviewed.grants.writs.is_empty() {
        eprintln!("no writs in {}", reviewed.path.display());
    }
    Ok(Exit::Done)
}

fn revoke(mut reviewed: Reviewed, json: bool) -> Result<Exit> {
    let names: Vec<String> = reviewed.plugins.keys().cloned().collect();
    let mut count = 0;
    for writ in reviewed.grants.writs.iter_mut().filter(|writ| names.contains(&writ.plugin) && !writ.revoked) {
        writ.revoked = true;
        count += 1;
    }
    reviewed.save()?;
    if json {
        outln!("{}", json!({ "revoked": count }));
    } else {
        outln!("revoked {count} writs in {}", reviewed.path.display());
    }
    Ok(Exit::Done)
}
