//! What a dry run found, as text and as JSON. Decides nothing.

use serde_json::{Value as Json, json};

use super::{
    suggest::{Advice, WritAdvice, advice},
    tally::{Denial, Tally, Use},
};
use crate::{
    error::count,
    paper::{Ink, Page, Paper},
    progress::short,
    report::time,
};

/// Most rows that are shown on a terminal.
const SHOWN_MAX: usize = 200;

pub(super) fn as_json(tally: &Tally<'_>) -> Json {
    let denied = tally.denied.iter().map(|(denial, used)| {
        json!({
            "run": denial.run.to_string(),
            "task": denial.task,
            "plugin": denial.actor.name,
            "digest": denial.actor.digest,
            "callers": denial.callers,
            "capability": denial.capability,
            "count": used.times,
            "first": { "position": used.first.position, "number": used.first.number, "time": time(used.first.at_ms) },
        })
    });
    let then = tally.denied_then.iter().map(|((plugin, capability), row)| {
        json!({ "plugin": plugin, "capability": capability, "count": row.times, "allowed_now": row.allowed_now })
    });
    let actors = tally.policy.known().map(|(actor, allowed)| {
        json!({
            "plugin": actor.name,
            "digest": actor.digest,
            "writ": allowed.matched.as_str(),
            "because": allowed.because,
            "requests_known": allowed.requests.is_some(),
        })
    });
    json!({
        "runs": tally.runs,
        "judged": tally.judged,
        "denied": tally.denied_times(),
        "would_deny": denied.collect::<Vec<_>>(),
        "left_out": tally.denied_more,
        "plugins": actors.collect::<Vec<_>>(),
        "grants": advice(tally).iter().flat_map(grants_json).collect::<Vec<_>>(),
        "denied_then": then.collect::<Vec<_>>(),
        "unjudged": tally.unjudged.iter().map(|(what, times)| json!({ "what": what, "count": times })).collect::<Vec<_>>(),
    })
}

fn grants_json(advice: &WritAdvice<'_>) -> Vec<Json> {
    let row = |(grant, times, what): &(&writ_grant::Grant, u64, Advice)| {
        let (word, enough) = match what {
            Advice::Keep => ("keep", None),
            Advice::Drop => ("drop", None),
            Advice::Narrow(narrower) => ("narrow", Some(narrower.capability.to_string())),
            Advice::Required(enough) => ("required", enough.as_ref().map(ToString::to_string)),
        };
        json!({
            "plugin": advice.writ.plugin,
            "digest": advice.writ.digest,
            "capability": grant.capability.to_string(),
            "used": times,
            "advice": word,
            "enough": enough,
        })
    };
    advice.grants.iter().map(row).collect()
}

pub(super) fn text(tally: &Tally<'_>) -> Page {
    let mut paper = Paper::for_stdout();
    let number =
        |number: u64, noun: &str| count(usize::try_from(number).unwrap_or(usize::MAX), noun);
    let over = format!(
        "{} judged, of {}",
        number(tally.judged, "recorded use"),
        number(tally.runs, "run")
    );
    match tally.denied_times() {
        0 => paper.put(
            0,
            Ink::Good,
            &format!("this policy would have denied nothing ({over})"),
        ),
        denied => paper.put(
            0,
            Ink::Bad,
            &format!(
                "this policy would have denied {} ({over})",
                number(denied, "use")
            ),
        ),
    }
    for (denial, used) in tally.denied.iter().take(SHOWN_MAX) {
        denied(&mut paper, denial, *used);
    }
    let hidden = tally.denied.len().saturating_sub(SHOWN_MAX);
    if hidden > 0 || tally.denied_more > 0 {
        paper.put(2, Ink::Faint, "and more; `--json` has them");
    }
    actors(&mut paper, tally);
    grants(&mut paper, tally);
    doubts(&mut paper, tally);
    paper.finish()
}

fn denied(paper: &mut Paper, denial: &Denial, used: Use) {
    let task = if denial.task.is_empty() {
        "(unknown task)"
    } else {
        &denial.task
    };
    paper.put(
        2,
        Ink::Bold,
        &format!(
            "{}{} {}",
            denial.actor.name,
            called(denial),
            denial.capability
        ),
    );
    paper.put(
        4,
        Ink::Plain,
        &format!(
            "run {} task {task}: {}, first at event {} ({})",
            short(denial.run),
            count(usize::try_from(used.times).unwrap_or(usize::MAX), "time"),
            used.first.number,
            time(used.first.at_ms)
        ),
    );
}

/// Who had it done, if it was not the task's own plugin.
fn called(denial: &Denial) -> String {
    if denial.callers.is_empty() {
        String::new()
    } else {
        format!(" (called by {})", denial.callers.join(", "))
    }
}

fn actors(paper: &mut Paper, tally: &Tally<'_>) {
    for (actor, allowed) in tally.policy.known() {
        match &allowed.because {
            Some(because)
                if allowed
                    .requests
                    .as_ref()
                    .is_none_or(|requests| !requests.is_empty()) =>
            {
                paper.hang(2, "note: ", Ink::Warn, because);
            }
            Some(_) | None => {}
        }
        if allowed.matched == super::policy::Match::Name {
            let text = format!(
                "the policy's writ of {} is for another build than {}, which ran; it was judged by the name",
                actor.name, actor.digest
            );
            paper.hang(2, "note: ", Ink::Warn, &text);
        }
        if allowed.requests.is_none() && !actor.is_workflow {
            let text = format!(
                "the component {} of {} is not kept any more, so what it requested is unknown; it was judged by the grants alone",
                actor.digest, actor.name
            );
            paper.hang(2, "note: ", Ink::Warn, &text);
        }
    }
}

fn grants(paper: &mut Paper, tally: &Tally<'_>) {
    let all = advice(tally);
    if all.iter().all(|advice| advice.grants.is_empty()) {
        return;
    }
    paper.gap();
    paper.put(0, Ink::Bold, "What is granted, and what was used of it");
    for advice in all {
        paper.put(2, Ink::Bold, &advice.writ.plugin);
        for (grant, times, what) in &advice.grants {
            let (ink, text) = match what {
                Advice::Keep => (Ink::Good, "all of it was used".to_owned()),
                Advice::Drop => (Ink::Warn, "never used".to_owned()),
                Advice::Narrow(narrower) => (
                    Ink::Warn,
                    format!("{} would have been enough", narrower.capability),
                ),
                Advice::Required(None) => (
                    Ink::Warn,
                    "never used, but its author requires it".to_owned(),
                ),
                Advice::Required(Some(enough)) => (
                    Ink::Warn,
                    format!("{enough} would have been enough, but its author requires all of it"),
                ),
            };
            let label = format!("{} (× {times}): ", grant.capability);
            paper.hang(4, &label, ink, &text);
        }
    }
    paper.put(
        2,
        Ink::Faint,
        "`--suggest` prints a grants file of what would have been enough.",
    );
}

fn doubts(paper: &mut Paper, tally: &Tally<'_>) {
    if !tally.denied_then.is_empty() {
        paper.gap();
        paper.put(0, Ink::Bold, "What was denied when it happened");
    }
    for ((plugin, capability), row) in tally.denied_then.iter().take(SHOWN_MAX) {
        let now = if row.allowed_now {
            "this policy would allow it"
        } else {
            "this policy denies it too"
        };
        let ink = if row.allowed_now {
            Ink::Warn
        } else {
            Ink::Plain
        };
        paper.put(
            2,
            ink,
            &format!("{plugin} {capability} (× {}): {now}", row.times),
        );
    }
    if !tally.unjudged.is_empty() {
        paper.gap();
        paper.put(0, Ink::Bold, "What could not be judged");
    }
    for (what, times) in &tally.unjudged {
        paper.put(2, Ink::Warn, &format!("{what} (× {times})"));
    }
}
