//! From the text of a grants file to writs.

use std::{collections::HashSet, ops::Range};

use serde::Deserialize;
use toml::Spanned;

use super::{GRANTS_BYTES_MAX, GRANTS_PER_WRIT_MAX, GrantsError, WRITS_MAX};
use crate::{
    capability::Capability,
    digest::Digest,
    subject::Subject,
    time::parse_rfc3339,
    writ::{Grant, Grants, Writ, folder_flaw, text_flaw, value_flaw},
};

const VERSION: u32 = 1;
const HEADER_BYTES_MAX: usize = 256;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGrants {
    version: Spanned<u32>,
    #[serde(default)]
    writ: Vec<Spanned<RawWrit>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWrit {
    plugin: Option<Spanned<String>>,
    workflow: Option<Spanned<String>>,
    version: Spanned<String>,
    digest: Spanned<String>,
    approved: Option<Spanned<String>>,
    expires: Option<Spanned<String>>,
    #[serde(default)]
    revoked: bool,
    #[serde(default)]
    grant: Vec<Spanned<RawGrant>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGrant {
    capability: Spanned<String>,
    folder: Option<Spanned<String>>,
    value: Option<Spanned<String>>,
}

/// A complaint with the bytes that it is about.
struct Complaint {
    at: Range<usize>,
    message: String,
    help: String,
}

fn complain<T>(
    at: Range<usize>,
    message: impl ToString,
    help: impl Into<String>,
) -> Result<T, Complaint> {
    Err(Complaint {
        at,
        message: message.to_string(),
        help: help.into(),
    })
}

pub(super) fn parse(text: &str) -> Result<Grants, GrantsError> {
    let placed = |Complaint { at, message, help }: Complaint| {
        let (line, column) = position(text, at.start);
        GrantsError {
            line,
            column,
            message,
            help,
        }
    };
    if text.len() > GRANTS_BYTES_MAX {
        let message = format!(
            "the file has {} bytes; a grants file has at most {GRANTS_BYTES_MAX}",
            text.len()
        );
        return Err(placed(Complaint {
            at: 0..0,
            message,
            help: "split the app".to_owned(),
        }));
    }
    let raw: RawGrants = toml::from_str(text).map_err(|error| placed(syntax(&error)))?;
    grants(raw).map_err(placed)
}

fn syntax(error: &toml::de::Error) -> Complaint {
    let message = error.message().replace('\n', ", ");
    Complaint {
        at: error.span().unwrap_or(0..0),
        message,
        help: String::new(),
    }
}

/// Line and column of a byte, both from 1, the column in characters.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

fn grants(raw: RawGrants) -> Result<Grants, Complaint> {
    if *raw.version.get_ref() != VERSION {
        let message = format!(
            "version {} of grants files is not known to this host",
            raw.version.get_ref()
        );
        return complain(
            raw.version.span(),
            message,
            format!("this host reads version = {VERSION}"),
        );
    }
    if let Some(first) = raw.writ.get(WRITS_MAX) {
        return complain(
            first.span(),
            format!("more than {WRITS_MAX} writs"),
            "take out those that are no longer used",
        );
    }
    let mut seen = HashSet::new();
    let mut writs = Vec::with_capacity(raw.writ.len());
    for raw in raw.writ {
        let at = raw.get_ref().digest.span();
        let writ = writ(raw)?;
        if !seen.insert(writ.digest) {
            return complain(
                at,
                "a second writ for the same digest",
                "keep one of them: a component has one writ",
            );
        }
        writs.push(writ);
    }
    Ok(Grants { writs })
}

fn writ(raw: Spanned<RawWrit>) -> Result<Writ, Complaint> {
    let at = raw.span();
    let raw = raw.into_inner();
    if let Some(first) = raw.grant.get(GRANTS_PER_WRIT_MAX) {
        return complain(
            first.span(),
            format!("more than {GRANTS_PER_WRIT_MAX} grants in one writ"),
            "grant wider paths",
        );
    }
    let digest_at = raw.digest.span();
    let digest: Digest = raw
        .digest
        .get_ref()
        .parse()
        .or_else(|error| complain(digest_at, error, ""))?;
    Ok(Writ {
        plugin: subject(at, raw.plugin, raw.workflow)?,
        version: header("version", raw.version)?,
        digest,
        grants: raw.grant.into_iter().map(grant).collect::<Result<_, _>>()?,
        approved_ms: raw.approved.map(time).transpose()?,
        expires_ms: raw.expires.map(time).transpose()?,
        revoked: raw.revoked,
    })
}

/// The one name of a writ: a plugin's, or a workflow's, which is `namespace/name`.
fn subject(
    at: Range<usize>,
    plugin: Option<Spanned<String>>,
    workflow: Option<Spanned<String>>,
) -> Result<String, Complaint> {
    let (key, name) = match (plugin, workflow) {
        (Some(name), None) => ("plugin", name),
        (None, Some(name)) => ("workflow", name),
        (Some(_), Some(second)) => {
            let message = "a writ is for one `plugin` or for one `workflow`, not for both";
            return complain(second.span(), message, "take one of them out");
        }
        (None, None) => {
            return complain(
                at,
                "the writ says neither `plugin` nor `workflow`",
                "add `plugin = \"NAME\"`, or `workflow = \"NAMESPACE/NAME\"`",
            );
        }
    };
    let at = name.span();
    let name = header(key, name)?;
    if Subject::of(&name).key() != key {
        let message = format!("{} is the name of no {key}", crate::text::quoted(&name));
        let help = "a workflow is named `namespace/name`, a plugin without a `/`";
        return complain(at, message, help);
    }
    Ok(name)
}

fn header(key: &str, text: Spanned<String>) -> Result<String, Complaint> {
    fitting(key, text, |text| text_flaw(text, HEADER_BYTES_MAX))
}

fn fitting(
    key: &str,
    text: Spanned<String>,
    flaw: impl Fn(&str) -> Option<String>,
) -> Result<String, Complaint> {
    match flaw(text.get_ref()) {
        Some(flaw) => complain(text.span(), format!("`{key}` {flaw}"), ""),
        None => Ok(text.into_inner()),
    }
}

fn time(text: Spanned<String>) -> Result<u64, Complaint> {
    match parse_rfc3339(text.get_ref()) {
        Some(ms) => Ok(ms),
        None => {
            let message = format!("{} is no time", crate::text::quoted(text.get_ref()));
            complain(
                text.span(),
                message,
                "write it like \"2026-12-31T23:59:59Z\"",
            )
        }
    }
}

fn grant(raw: Spanned<RawGrant>) -> Result<Grant, Complaint> {
    let raw = raw.into_inner();
    let at = raw.capability.span();
    let capability: Capability = raw
        .capability
        .get_ref()
        .parse()
        .or_else(|error| complain(at.clone(), error, ""))?;
    if capability.takes_folder() && raw.folder.is_none() {
        let help = "add `folder = \"…\"`, relative to this file";
        return complain(at, format!("{capability} says no host folder"), help);
    }
    for (key, text, takes, kinds) in [
        ("folder", &raw.folder, capability.takes_folder(), "fs"),
        (
            "value",
            &raw.value,
            capability.takes_value(),
            "config and env",
        ),
    ] {
        if let (Some(text), false) = (text, takes) {
            let help = format!("take it out; only {kinds} grants have one");
            return complain(text.span(), format!("{capability} takes no `{key}`"), help);
        }
    }
    let folder = raw
        .folder
        .map(|folder| fitting("folder", folder, folder_flaw))
        .transpose()?;
    let value = raw
        .value
        .map(|value| fitting("value", value, value_flaw))
        .transpose()?;
    Ok(Grant {
        capability,
        folder,
        value,
    })
}
