//! From the text of a grants file to writs.

use std::{collections::HashSet, fmt::Display, ops::Range, str::FromStr};

use serde::Deserialize;
use toml::Spanned;

use super::{GRANTS_BYTES_MAX, GRANTS_PER_WRIT_MAX, GrantsError, WRITS_MAX};
use crate::{
    address::AddressRange,
    capability::Capability,
    digest::Digest,
    subject::Subject,
    text::printable,
    time::parse_rfc3339,
    writ::{ADDRESSES_PER_GRANT_MAX, Grant, Grants, Writ, folder_flaw, text_flaw, value_flaw},
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
    addresses: Option<Spanned<Vec<Spanned<String>>>>,
    host: Option<Spanned<String>>,
    header: Option<Spanned<String>>,
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
    let message = printable(&error.message().replace('\n', ", "));
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
    let capability: Capability = parsed(&raw.capability)?;
    if let Some((message, help)) = missing(&capability, &raw) {
        return complain(at, format!("{capability} {message}"), help);
    }
    if let Some((at, key, kinds)) = misplaced(&capability, &raw) {
        let help = format!("take it out; only {kinds} have one");
        return complain(at, format!("{capability} takes no `{key}`"), help);
    }
    let folder = raw.folder.map(|text| fitting("folder", text, folder_flaw));
    let value = raw.value.map(|text| fitting("value", text, value_flaw));
    Ok(Grant {
        capability,
        folder: folder.transpose()?,
        value: value.transpose()?,
        addresses: raw
            .addresses
            .map(addresses)
            .transpose()?
            .unwrap_or_default(),
        host: raw.host.as_ref().map(parsed).transpose()?,
        header: raw.header.as_ref().map(parsed).transpose()?,
    })
}

/// What a grant of this kind has to say and doesn't, and how to say it.
fn missing(capability: &Capability, raw: &RawGrant) -> Option<(&'static str, &'static str)> {
    if capability.takes_folder() && raw.folder.is_none() {
        let help = "add `folder = \"…\"`, relative to this file";
        return Some(("says no host folder", help));
    }
    if capability.takes_place() && raw.host.is_none() {
        let help = "add `host = \"https://…\"`: scheme, host and port";
        return Some(("says not which host the secret goes to", help));
    }
    if capability.takes_place() && raw.header.is_none() {
        let help = "add `header = \"authorization\"`, or another in lower case";
        return Some(("says not which header the secret goes into", help));
    }
    None
}

/// What a grant of this kind says and can't mean: its place, its key, and who has one.
fn misplaced(
    capability: &Capability,
    raw: &RawGrant,
) -> Option<(Range<usize>, &'static str, &'static str)> {
    let span = |text: &Option<Spanned<String>>| text.as_ref().map(Spanned::span);
    let ranges = raw.addresses.as_ref().map(Spanned::span);
    let (named, place) = (capability.takes_addresses(), capability.takes_place());
    [
        (
            span(&raw.folder),
            "folder",
            capability.takes_folder(),
            "fs grants",
        ),
        (
            span(&raw.value),
            "value",
            capability.takes_value(),
            "config and env grants",
        ),
        (
            ranges,
            "addresses",
            named,
            "http grants to a host with a name",
        ),
        (span(&raw.host), "host", place, "secret grants"),
        (span(&raw.header), "header", place, "secret grants"),
    ]
    .into_iter()
    .find_map(|(at, key, takes, kinds)| at.filter(|_| !takes).map(|at| (at, key, kinds)))
}

/// A word of its own grammar, which says itself what is wrong.
fn parsed<T: FromStr<Err: Display>>(text: &Spanned<String>) -> Result<T, Complaint> {
    let refused = |error: T::Err| complain(text.span(), error, "");
    text.get_ref().parse().or_else(refused)
}

fn addresses(list: Spanned<Vec<Spanned<String>>>) -> Result<Vec<AddressRange>, Complaint> {
    let at = list.span();
    let list = list.into_inner();
    if list.is_empty() {
        return complain(at, "`addresses` is empty", "take it out, or name a range");
    }
    if list.len() > ADDRESSES_PER_GRANT_MAX {
        let message = format!("more than {ADDRESSES_PER_GRANT_MAX} ranges in `addresses`");
        return complain(at, message, "name wider ranges");
    }
    let mut ranges = Vec::with_capacity(list.len());
    for text in list {
        let range: AddressRange = parsed(&text)?;
        if ranges.contains(&range) {
            return complain(
                text.span(),
                format!("{range} is named twice"),
                "keep one of them",
            );
        }
        ranges.push(range);
    }
    Ok(ranges)
}
