//! Who can do something, as text and as JSON. Decides nothing.

use serde_json::{Value as Json, json};
use writ_grant::Relation;

use super::{Answer, Found};
use crate::paper::{Ink, Page, Paper};

pub(super) fn as_json(asked: &str, found: &Found) -> Json {
    let answers = found.answers.iter().map(|answer| {
        json!({
            "plugin": answer.name,
            "digest": answer.digest,
            "through": answer.through,
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
    let refused = found
        .refused
        .iter()
        .map(|refused| json!({ "plugin": refused.name, "because": refused.because }));
    json!({
        "capability": asked,
        "who": answers.collect::<Vec<_>>(),
        "more": found.more,
        "refused": refused.collect::<Vec<_>>(),
    })
}

pub(super) fn text(asked: &str, found: &Found) -> Page {
    let mut paper = Paper::for_stdout();
    let mut names: Vec<&str> = found
        .answers
        .iter()
        .map(|answer| answer.name.as_str())
        .collect();
    names.dedup();
    match names.as_slice() {
        [] => paper.put(0, Ink::Good, &format!("nobody here can: {asked}")),
        names => paper.put(0, Ink::Bold, &format!("{} can: {asked}", names.join(", "))),
    }
    let mut last = "";
    for answer in &found.answers {
        if answer.name != last {
            last = &answer.name;
            paper.put(2, Ink::Bold, &answer.name);
        }
        one(&mut paper, answer);
    }
    if found.more {
        paper.put(2, Ink::Faint, "and more ways");
    }
    for refused in &found.refused {
        let text = format!("{} has no authority now: {}", refused.name, refused.because);
        paper.hang(2, "- ", Ink::Faint, &text);
    }
    paper.finish()
}

fn one(paper: &mut Paper, answer: &Answer) {
    let folder = answer.folder.as_ref();
    let folder = folder
        .map(|folder| format!("  (= {folder})"))
        .unwrap_or_default();
    let ink = match answer.relation {
        Relation::Covers => Ink::Bad,
        Relation::Within | Relation::Overlaps => Ink::Warn,
    };
    let text = format!("{}{folder}: {}", answer.grant, answer.relation.as_str());
    paper.put(4, ink, &text);
    if !answer.through.is_empty() {
        let text = format!(
            "{}, with no more than its own authority",
            answer.through.join(", then ")
        );
        paper.hang(6, "by calling ", Ink::Plain, &text);
    }
    paper.hang(6, "to ", Ink::Plain, &answer.grant.describe());
    paper.hang(6, "because: ", Ink::Plain, &answer.reason);
}
