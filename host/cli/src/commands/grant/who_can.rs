//! `writ grant who-can`: everybody in an app whose authority covers or touches a capability, by which grant, and why; and which
//! plugins get there by calling others.

mod show;

use std::collections::BTreeMap;

use writ_grant::{Authority, Capability, Pattern, Relation, Request};

use super::File;
use crate::{
    args::{GrantTarget, WhoCan},
    error::{Exit, Failure, Result},
    out::{self, outln},
    reach,
    subject::Subject,
};

/// Most calls of one plugin by another that a route has: the host allows no more.
const ROUTE_CALLS_MAX: usize = 8;
/// Most answers that are given.
const ANSWERS_MAX: usize = 1_000;

/// Somebody with a writ in force, or without need of one.
struct Holder {
    subject: Subject,
    authority: Authority,
    /// The host folders of its grants, by capability.
    folders: BTreeMap<Capability, String>,
}

/// One grant that answers the question.
struct Answer {
    /// Who can.
    name: String,
    digest: String,
    /// The functions that it calls to get there, one after the other; none when it can itself.
    through: Vec<String>,
    /// What allows it, on whoever does it in the end.
    grant: Capability,
    folder: Option<String>,
    relation: Relation,
    /// The author's reason for the request that the grant rests on.
    reason: String,
}

/// Somebody whose writ gives nothing.
struct Refused {
    name: String,
    because: String,
}

/// All that there is to say.
struct Found {
    answers: Vec<Answer>,
    refused: Vec<Refused>,
    /// Whether there were more answers than are given.
    more: bool,
}

pub(super) fn run(arguments: &WhoCan, json: bool) -> Result<Exit> {
    let pattern: Pattern = arguments.capability.parse().map_err(|error| {
        Failure::usage(error).help(
            "a whole capability, or a beginning such as `fs`, `fs:write`, `http` or `http:POST`",
        )
    })?;
    let target = GrantTarget {
        app: arguments.app.clone(),
        plugin: None,
        grants: arguments.grants.clone(),
    };
    let file = File::open(&target)?;
    let subjects = file.subjects(&target, json)?;
    let (holders, refused) = holders(&file, subjects)?;
    let mut found = Found {
        answers: Vec::new(),
        refused,
        more: false,
    };
    for holder in holders.values() {
        let mut route = Vec::new();
        follow(
            &holders,
            holder,
            holder,
            &holder.authority,
            &mut route,
            &pattern,
            &mut found,
        );
    }
    if json {
        outln!("{}", show::as_json(&arguments.capability, &found));
    } else {
        out::page(&show::text(&arguments.capability, &found));
    }
    Ok(Exit::Done)
}

fn holders(
    file: &File,
    subjects: Vec<Subject>,
) -> Result<(BTreeMap<String, Holder>, Vec<Refused>)> {
    let (mut holders, mut refused) = (BTreeMap::new(), Vec::new());
    for subject in subjects {
        let name = subject.name.clone();
        match file.policy.judge(&subject) {
            Ok(judged) => {
                let authority = judged.authority.unwrap_or_else(|| Authority::none(&name));
                let grants = judged.writ.iter().flat_map(|writ| &writ.grants);
                let folders = grants
                    .filter_map(|grant| Some((grant.capability.clone(), grant.folder.clone()?)));
                let folders = folders.collect();
                holders.insert(
                    name,
                    Holder {
                        subject,
                        authority,
                        folders,
                    },
                );
            }
            Err(failure) if failure.exit == Exit::Refused => refused.push(Refused {
                name,
                because: failure.message,
            }),
            Err(failure) => return Err(failure),
        }
    }
    Ok((holders, refused))
}

/// What `doer` may do where it stands, and then what it can have others do. `authority` is what is left of the doer's own after
/// everybody on the route to it took away what they may not: so it only shrinks, and routes end.
fn follow(
    holders: &BTreeMap<String, Holder>,
    who: &Holder,
    doer: &Holder,
    authority: &Authority,
    route: &mut Vec<String>,
    pattern: &Pattern,
    found: &mut Found,
) {
    for held in authority.capabilities() {
        let Some(relation) = pattern.relation(held) else {
            continue;
        };
        if found.answers.len() >= ANSWERS_MAX {
            found.more = true;
            return;
        }
        found.answers.push(Answer {
            name: who.subject.name.clone(),
            digest: who.subject.digest.to_string(),
            through: route.clone(),
            grant: held.clone(),
            folder: folder(doer, held),
            relation,
            reason: reason(&doer.subject.requests, held),
        });
    }
    if route.len() >= ROUTE_CALLS_MAX {
        return;
    }
    for (plugin, function) in reach::tools(authority) {
        let Some(callee) = holders.get(plugin) else {
            continue;
        };
        // Nobody is called again on one route: it would find nothing that it does not have.
        let tool = format!("{plugin}/{function}");
        let known = route
            .iter()
            .any(|step| step.starts_with(&format!("{plugin}/")));
        if known || plugin == who.subject.name {
            continue;
        }
        route.push(tool);
        let authority = callee.authority.within(authority);
        follow(holders, who, callee, &authority, route, pattern, found);
        route.pop();
    }
}

/// The host folder behind a grant, or behind the wider one that it is a part of.
fn folder(holder: &Holder, held: &Capability) -> Option<String> {
    let exact = holder.folders.get(held);
    let wider = || {
        let mut all = holder.folders.iter();
        all.find(|(capability, _)| capability.covers(held))
            .map(|(_, folder)| folder)
    };
    exact.or_else(wider).cloned()
}

fn reason(requests: &[Request], held: &Capability) -> String {
    requests
        .iter()
        .find(|request| request.capability.covers(held))
        .map(|request| request.reason.clone())
        .unwrap_or_default()
}
