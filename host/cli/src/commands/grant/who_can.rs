//! `writ grant who-can`: everybody in an app whose authority covers or touches a capability, by which grant, and why.

use serde_json::{Value as Json, json};
use writ_grant::{Capability, Grants, Pattern, Relation};

use crate::{
    app::App,
    args::WhoCan,
    error::{Exit, Failure, Result, count},
    load::{self, Found},
    out::outln,
    paper::{Ink, Paper},
    progress::Progress,
};

/// One grant that answers the question.
struct Answer {
    plugin: String,
    digest: String,
    grant: Capability,
    folder: Option<String>,
    relation: Relation,
    /// The author's reason for the request that the grant rests on.
    reason: String,
}

/// A plugin that has a writ and no authority.
struct Refused {
    plugin: String,
    because: String,
}

pub(super) fn run(arguments: &WhoCan, json: bool) -> Result<Exit> {
    let pattern: Pattern = arguments.capability.parse().map_err(|error| {
        Failure::usage(error).help(
            "a whole capability, or a beginning such as `fs`, `fs:write`, `http` or `http:POST`",
        )
    })?;
    let app = App::open(&arguments.app, arguments.grants.as_deref(), None)?;
    let grants = load::grants(app.grants.as_deref())?;
    let progress = Progress::new(json);
    let plugins = load::plugins(&app, &|text| progress.say(text))?;
    let (mut answers, mut refused) = (Vec::new(), Vec::new());
    for found in plugins.values() {
        match direct(found, &grants, &pattern) {
            Ok(more) => answers.extend(more),
            Err(failure) => refused.push(Refused {
                plugin: found.plugin.name.clone(),
                because: failure.message,
            }),
        }
    }
    if json {
        outln!("{}", as_json(&arguments.capability, &answers, &refused));
    } else {
        print(&arguments.capability, &answers, &refused);
    }
    Ok(Exit::Done)
}

/// The grants of a plugin's own authority that have to do with the pattern.
fn direct(found: &Found, grants: &Grants, pattern: &Pattern) -> Result<Vec<Answer>> {
    let plugin = &found.plugin;
    let authority = load::authority(plugin, grants)?;
    let writ = grants.find(&plugin.digest);
    let answer = |held: &Capability| {
        let relation = pattern.relation(held)?;
        let granted =
            writ.and_then(|writ| writ.grants.iter().find(|grant| grant.capability == *held));
        let request = plugin
            .requests
            .iter()
            .find(|request| request.capability.covers(held));
        Some(Answer {
            plugin: plugin.name.clone(),
            digest: plugin.digest.to_string(),
            grant: held.clone(),
            folder: granted.and_then(|grant| grant.folder.clone()),
            relation,
            reason: request
                .map(|request| request.reason.clone())
                .unwrap_or_default(),
        })
    };
    Ok(authority.capabilities().filter_map(answer).collect())
}

fn as_json(asked: &str, answers: &[Answer], refused: &[Refused]) -> Json {
    let answers = answers.iter().map(|answer| {
        json!({
            "plugin": answer.plugin,
            "digest": answer.digest,
            "grant": answer.grant.to_string(),
            "means": answer.grant.describe(),
            "folder": answer.folder,
            "relation": match answer.relation {
                Relation::Covers => "covers",
                Relation::Within => "within",
                Relation::Overlaps => "overlaps",
            },
            "reason": answer.reason,
        })
    });
    let refused = refused
        .iter()
        .map(|refused| json!({ "plugin": refused.plugin, "because": refused.because }));
    json!({
        "capability": asked,
        "who": answers.collect::<Vec<_>>(),
        "refused": refused.collect::<Vec<_>>(),
    })
}

fn print(asked: &str, answers: &[Answer], refused: &[Refused]) {
    let mut paper = Paper::for_stdout();
    let mut names: Vec<&str> = answers
        .iter()
        .map(|answer| answer.plugin.as_str())
        .collect();
    names.dedup();
    match names.len() {
        0 => paper.put(0, Ink::Good, &format!("nobody here can: {asked}")),
        number => paper.put(
            0,
            Ink::Bold,
            &format!("{} can: {asked}", count(number, "plugin")),
        ),
    }
    let mut last = "";
    for answer in answers {
        if answer.plugin != last {
            last = &answer.plugin;
            paper.put(2, Ink::Bold, &answer.plugin);
        }
        let folder = answer
            .folder
            .as_ref()
            .map(|folder| format!("  (= {folder})"))
            .unwrap_or_default();
        let ink = if answer.relation == Relation::Covers {
            Ink::Bad
        } else {
            Ink::Warn
        };
        paper.put(
            4,
            ink,
            &format!("{}{folder}: {}", answer.grant, answer.relation.as_str()),
        );
        paper.hang(6, "to ", Ink::Plain, &answer.grant.describe());
        paper.hang(6, "because: ", Ink::Plain, &answer.reason);
    }
    for refused in refused {
        paper.hang(
            2,
            "- ",
            Ink::Faint,
            &format!(
                "{} has no authority now: {}",
                refused.plugin, refused.because
            ),
        );
    }
    outln!("{}", paper.finish());
}
