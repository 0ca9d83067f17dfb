//! From the text of a trust root to keys that count.

use std::{collections::BTreeSet, ops::Range};

use serde::Deserialize;
use toml::Spanned;
use writ_grant::parse_rfc3339;

use super::{ROOT_BYTES_MAX, ROOT_KEYS_MAX, RootError, TrustRoot, TrustedKey};
use crate::{key::PublicKey, role::Role};

const VERSION: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRoot {
    version: Spanned<u32>,
    epoch: Spanned<u64>,
    #[serde(default)]
    separate: bool,
    #[serde(default)]
    threshold: RawThresholds,
    #[serde(default)]
    key: Vec<Spanned<RawKey>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawThresholds {
    author: Option<Spanned<usize>>,
    reviewer: Option<Spanned<usize>>,
    auditor: Option<Spanned<usize>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey {
    public: Spanned<String>,
    roles: Spanned<Vec<Spanned<String>>>,
    not_before: Option<Spanned<String>>,
    not_after: Option<Spanned<String>>,
}

/// A complaint with the bytes that it is about.
struct Complaint {
    at: Range<usize>,
    message: String,
    help: &'static str,
}

fn complain<T>(
    at: Range<usize>,
    message: impl ToString,
    help: &'static str,
) -> Result<T, Complaint> {
    Err(Complaint {
        at,
        message: message.to_string(),
        help,
    })
}

pub(super) fn parse(text: &str) -> Result<TrustRoot, RootError> {
    let read = || {
        if text.len() > ROOT_BYTES_MAX {
            return complain(
                0..0,
                format!("a trust root has at most {ROOT_BYTES_MAX} bytes"),
                "",
            );
        }
        let raw: RawRoot = toml::from_str(text).or_else(|error: toml::de::Error| {
            complain(
                error.span().unwrap_or(0..0),
                writ_grant::printable(&error.message().replace('\n', ", ")),
                "",
            )
        })?;
        root(raw)
    };
    read().map_err(|Complaint { at, message, help }| {
        let (line, column) = position(text, at.start);
        RootError {
            line,
            column,
            message,
            help: help.to_owned(),
        }
    })
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

fn root(raw: RawRoot) -> Result<TrustRoot, Complaint> {
    if *raw.version.get_ref() != VERSION {
        let message = format!(
            "version {} of trust roots is not known to this host",
            raw.version.get_ref()
        );
        return complain(raw.version.span(), message, "this host reads version = 1");
    }
    if *raw.epoch.get_ref() == 0 {
        return complain(raw.epoch.span(), "epochs begin at 1", "write epoch = 1");
    }
    if let Some(first) = raw.key.get(ROOT_KEYS_MAX) {
        return complain(
            first.span(),
            format!("more than {ROOT_KEYS_MAX} keys"),
            "take out those that no longer sign",
        );
    }
    let mut keys: Vec<TrustedKey> = Vec::new();
    for listed in raw.key {
        let at = listed.get_ref().public.span();
        let key = key(listed.into_inner())?;
        if let Some(known) = keys
            .iter()
            .find(|known| known.key.bytes() == key.key.bytes())
        {
            let message = format!("this key is listed already, as {}", known.key.hint());
            return complain(
                at,
                message,
                "one key is one entry: give it all its roles there",
            );
        }
        if raw.separate && keys.iter().chain([&key]).any(|known| are_both(known, &key)) {
            let message = format!("{} would be author and reviewer", key.key.name());
            return complain(at, message, "with `separate = true` nobody is both");
        }
        keys.push(key);
    }
    let thresholds = thresholds(&raw.threshold, &keys)?;
    Ok(TrustRoot {
        epoch: raw.epoch.into_inner(),
        thresholds,
        keys,
    })
}

fn key(raw: RawKey) -> Result<TrustedKey, Complaint> {
    let at = raw.public.span();
    let key: PublicKey = raw.public.get_ref().parse().or_else(|error| {
        complain(
            at,
            error,
            "`writ key show NAME` prints the line to put here",
        )
    })?;
    let roles_at = raw.roles.span();
    let mut roles = BTreeSet::new();
    for role in raw.roles.into_inner() {
        let parsed: Role = role
            .get_ref()
            .parse()
            .or_else(|error| complain(role.span(), error, ""))?;
        roles.insert(parsed);
    }
    if roles.is_empty() {
        return complain(
            roles_at,
            "this key has no role",
            "give it one, or take it out",
        );
    }
    let after_at = raw.not_after.as_ref().map_or(0..0, Spanned::span);
    let (not_before_ms, not_after_ms) = (
        raw.not_before.map(time).transpose()?,
        raw.not_after.map(time).transpose()?,
    );
    if let (Some(from), Some(until)) = (not_before_ms, not_after_ms)
        && until <= from
    {
        return complain(
            after_at,
            "this key ends before it begins",
            "put `not_after` after `not_before`",
        );
    }
    Ok(TrustedKey {
        key,
        roles,
        not_before_ms,
        not_after_ms,
    })
}

fn time(text: Spanned<String>) -> Result<u64, Complaint> {
    match parse_rfc3339(text.get_ref()) {
        Some(ms) => Ok(ms),
        None => complain(
            text.span(),
            "this is no time",
            "write it like \"2026-12-31T23:59:59Z\"",
        ),
    }
}

/// Whether two keys, or one, make one person author and reviewer.
fn are_both(one: &TrustedKey, other: &TrustedKey) -> bool {
    let has = |role| one.roles.contains(&role) || other.roles.contains(&role);
    one.key.name() == other.key.name() && has(Role::Author) && has(Role::Reviewer)
}

/// One reviewer and one auditor, and no author, unless the root says otherwise.
fn thresholds(raw: &RawThresholds, keys: &[TrustedKey]) -> Result<[usize; 3], Complaint> {
    let least = |role, raw: &Option<Spanned<usize>>, usual| {
        let Some(raw) = raw else { return Ok(usual) };
        let (wanted, least) = (*raw.get_ref(), usual);
        // One name is one party, however many keys it has.
        let names: BTreeSet<_> = keys
            .iter()
            .filter(|key| key.roles.contains(&role))
            .map(|key| key.key.name())
            .collect();
        if wanted < least {
            return complain(
                raw.span(),
                format!("at least {least} {role} has to sign"),
                "",
            );
        }
        if wanted > names.len() {
            let message = format!(
                "{wanted} {role}s have to sign, but the root names {}",
                names.len()
            );
            return complain(
                raw.span(),
                message,
                "nothing could ever be signed: add keys with that role, or ask for fewer",
            );
        }
        Ok(wanted)
    };
    Ok([
        least(Role::Author, &raw.author, 0)?,
        least(Role::Reviewer, &raw.reviewer, 1)?,
        least(Role::Auditor, &raw.auditor, 1)?,
    ])
}
