//! From a recorded call to the capabilities that it needed. Decides nothing.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use writ_grant::{Capability, GuestPath};
use writ_run::HostCall;

/// Most names of secrets that one call is searched for.
const SECRETS_MAX: usize = 16;
/// Most redirects of one call that are looked at; no host follows so many.
const HOPS_MAX: usize = 64;

/// What a recorded use needed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// Exactly this.
    Exactly(Capability),
    /// Something that this grant allowed: the record doesn't say what.
    Something(Capability),
    /// The record names no grant that can be read.
    Unknown(String),
}

/// What a host call needed, and what its answer says that it needed on the way.
pub(super) fn of_call(call: &HostCall, answer: &Json, grant: &str) -> Vec<Need> {
    let unknown = || Need::Unknown(format!("{} {}", call.interface, call.function));
    let Ok(granted) = grant.parse::<Capability>() else {
        return vec![unknown()];
    };
    let need = match &granted {
        Capability::Http { .. } => of_request(&call.arguments, &granted),
        // A path is in the notes about files, never in a call.
        Capability::Fs { .. } => Need::Something(granted.clone()),
        // Names are equal or not: what was granted is what was needed.
        Capability::Kv { .. }
        | Capability::Config { .. }
        | Capability::Env { .. }
        | Capability::SecretUse { .. }
        | Capability::ModelChat { .. }
        | Capability::Memory { .. }
        | Capability::ToolCall { .. }
        | Capability::HumanAsk { .. }
        | Capability::ClockReal
        | Capability::RandomReal => Need::Exactly(granted.clone()),
    };
    let mut needs = vec![need];
    if matches!(granted, Capability::Http { .. }) {
        let hops = members(&answer["hops"])
            .map(|hop| granted_in(hop).map_or_else(unknown, |granted| of_request(hop, &granted)));
        // The first one is the call itself.
        needs.extend(hops.skip(1).take(HOPS_MAX));
        // A record from before there were notes has the placeholders alone.
        let noted = members(&answer["secrets"])
            .filter_map(granted_in)
            .take(SECRETS_MAX);
        let all: BTreeSet<_> = secrets(&call.arguments["headers"])
            .into_iter()
            .chain(noted)
            .collect();
        needs.extend(all.into_iter().map(Need::Exactly));
    }
    needs
}

fn members(list: &Json) -> impl Iterator<Item = &Json> {
    list.as_array().into_iter().flatten()
}

fn granted_in(note: &Json) -> Option<Capability> {
    note["grant"].as_str()?.parse().ok()
}

/// What a request needed of the grant that allowed it.
fn of_request(said: &Json, granted: &Capability) -> Need {
    request(said)
        .filter(|asked| granted.covers(asked))
        .map_or_else(|| Need::Something(granted.clone()), Need::Exactly)
}

/// What the use of a file needed: the path, as far as a capability can name it.
pub(super) fn of_file(path: &str, grant: &str) -> Need {
    match grant.parse::<Capability>() {
        Ok(Capability::Fs {
            access,
            path: granted,
        }) => {
            let nameable = nameable(path).filter(|path| granted.covers(path));
            match nameable {
                Some(path) => Need::Exactly(Capability::Fs { access, path }),
                None => Need::Something(Capability::Fs {
                    access,
                    path: granted,
                }),
            }
        }
        Ok(other) => Need::Something(other),
        Err(_) => Need::Unknown(format!("a file below a grant that reads {grant:.80}")),
    }
}

/// The longest start of a path that a capability can name: file names may have characters that grants don't.
fn nameable(path: &str) -> Option<GuestPath> {
    let mut start = path;
    loop {
        if let Ok(found) = start.parse() {
            return Some(found);
        }
        let end = start.rfind('/')?;
        if end == 0 {
            return "/".parse().ok();
        }
        start = &start[..end];
    }
}

/// The narrowest capability for a recorded request.
fn request(arguments: &Json) -> Option<Capability> {
    let (method, url) = (arguments["method"].as_str()?, arguments["url"].as_str()?);
    let url = url.split(['?', '#']).next().unwrap_or(url);
    format!("http:{method} {url}").parse().ok()
}

/// The secrets whose placeholders stand in headers.
fn secrets(headers: &Json) -> BTreeSet<Capability> {
    let mut found = BTreeSet::new();
    let mut left = vec![headers];
    while let Some(value) = left.pop() {
        match value {
            Json::String(text) => found.extend(
                text.split("{{secret:")
                    .skip(1)
                    .take(SECRETS_MAX)
                    .filter_map(|rest| {
                        format!("secret:use:{}", rest.split("}}").next()?)
                            .parse()
                            .ok()
                    }),
            ),
            Json::Array(values) => left.extend(values),
            Json::Object(members) => left.extend(members.values()),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }
    found
}
