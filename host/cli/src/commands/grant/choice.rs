//! One grant as a reviewer says it, `CAPABILITY[=DETAIL]`: held against the request, and with all that it has to say.

use writ_grant::{AddressRange, Capability, Grant, printable};

use crate::{
    app::PluginEntry,
    error::{Failure, Result},
    subject::Subject,
};

/// What a text allows. The detail is a folder, a fixed value, addresses, or the place of a secret.
pub(super) fn parse(subject: &Subject, entry: Option<&PluginEntry>, text: &str) -> Result<Grant> {
    let (capability, detail) = split(text)?;
    if !subject
        .requests
        .iter()
        .any(|request| request.capability.covers(&capability))
    {
        return Err(not_requested(subject, &capability));
    }
    if !capability.available() {
        return Err(Failure::refused(format!("{capability} cannot be granted: no version of this host can give it yet"))
            .help("approve what else is asked for, each with `--allow`, or all of it with `--all-requested`"));
    }
    grant(subject, entry, &capability, detail)
}

fn not_requested(subject: &Subject, capability: &Capability) -> Failure {
    let who = writ_grant::Subject::of(&subject.name);
    let ask = match who {
        writ_grant::Subject::Plugin(_) => {
            "its author has to add a [[request]] to plugin.toml and build it again"
        }
        writ_grant::Subject::Workflow(_) => {
            "its author has to add it to `document.metadata.writ.requests`"
        }
    };
    Failure::refused(format!("{who} did not ask for {capability}"))
        .help(format!("a grant needs both keys: {ask}"))
}

/// The capability, and what follows its `=`. The URL of an `http` capability may hold a `=` itself: there, only addresses follow one.
fn split(text: &str) -> Result<(Capability, Option<&str>)> {
    let parsed = |text: &str| text.parse::<Capability>().map_err(Failure::usage);
    let kind = text.split(':').next().unwrap_or_default();
    let parts = match kind {
        "config" | "env" => text.split_once('='),
        "http" => text
            .rsplit_once('=')
            .filter(|(_, detail)| addresses(detail).is_ok()),
        "fs" | "secret" => text.rsplit_once('='),
        _ => None,
    };
    match parts {
        Some((capability, detail)) => Ok((parsed(capability)?, Some(detail))),
        None => Ok((parsed(text)?, None)),
    }
}

/// A grant of one capability, with the detail that it needs or may have.
pub(super) fn grant(
    subject: &Subject,
    entry: Option<&PluginEntry>,
    capability: &Capability,
    detail: Option<&str>,
) -> Result<Grant> {
    let bare = Grant::of(capability.clone());
    if capability.takes_folder() {
        let folder = folder(subject, entry, capability, detail)?;
        return Ok(Grant {
            folder: Some(folder),
            ..bare
        });
    }
    if capability.takes_place() {
        return secret(subject, capability, detail);
    }
    match detail {
        None => Ok(bare),
        Some(value) if capability.takes_value() => Ok(Grant {
            value: Some(value.to_owned()),
            ..bare
        }),
        Some(list) if capability.takes_addresses() => Ok(Grant {
            addresses: addresses(list)?,
            ..bare
        }),
        Some(detail) => Err(Failure::usage(format!(
            "{capability} takes no detail, but `={detail}` follows it"
        ))),
    }
}

fn folder(
    subject: &Subject,
    entry: Option<&PluginEntry>,
    capability: &Capability,
    detail: Option<&str>,
) -> Result<String> {
    if let Some(folder) = detail
        .map(str::to_owned)
        .or_else(|| proposed(entry, capability))
    {
        return Ok(folder);
    }
    let path = if let Capability::Fs { path, .. } = capability {
        path.as_str()
    } else {
        ""
    };
    Err(Failure::usage(format!("{capability} of plugin {} needs a host folder", subject.name)).help(format!(
        "`--allow '{capability}=FOLDER'`, or `folders = {{ \"{path}\" = \"FOLDER\" }}` under [plugins.{}] in writ.toml",
        subject.name
    )))
}

/// The host folder that the app proposes for a capability.
pub(super) fn proposed(entry: Option<&PluginEntry>, capability: &Capability) -> Option<String> {
    let Capability::Fs { path, .. } = capability else {
        return None;
    };
    entry?
        .folders
        .get(path.as_str())
        .map(|folder| folder.display().to_string())
}

/// A grant of a secret, with the one place where it goes: `ORIGIN HEADER`.
fn secret(subject: &Subject, capability: &Capability, place: Option<&str>) -> Result<Grant> {
    let Some((host, header)) = place.and_then(|place| place.split_once(' ')) else {
        return Err(Failure::usage(format!(
            "{capability} of {} needs the host and the header that it goes to",
            writ_grant::Subject::of(&subject.name)
        ))
        .help(format!("`--allow '{capability}=https://HOST HEADER'`")));
    };
    Ok(Grant {
        host: Some(host.parse().map_err(Failure::usage)?),
        header: Some(header.parse().map_err(Failure::usage)?),
        ..Grant::of(capability.clone())
    })
}

/// Ranges of addresses, with commas between them.
pub(super) fn addresses(list: &str) -> Result<Vec<AddressRange>> {
    list.split(',')
        .map(|range| range.trim().parse().map_err(Failure::usage))
        .collect()
}

/// What a grant says beside its capability, in the words of `--allow`; on one line, as nobody but its writer chose a fixed value.
pub(super) fn detail(grant: &Grant) -> Option<String> {
    if let (Some(host), Some(header)) = (&grant.host, &grant.header) {
        return Some(format!("{host} {header}"));
    }
    if !grant.addresses.is_empty() {
        let ranges: Vec<String> = grant.addresses.iter().map(ToString::to_string).collect();
        return Some(ranges.join(","));
    }
    let value = || grant.value.as_deref().map(printable);
    grant.folder.clone().or_else(value)
}
