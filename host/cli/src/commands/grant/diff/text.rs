//! A difference as text for a terminal. Decides nothing.

use writ_plugin::{Difference, FunctionChange, Pair, RequestChange, Step};

use super::{Compared, Outcome};
use crate::paper::{Ink, Paper};

/// Room for the word that says how something changed.
const STEP_CHARS: usize = 9;

pub(super) fn write(paper: &mut Paper, one: &Compared) {
    match &one.outcome {
        Outcome::Compared(difference) => {
            title(paper, difference);
            all(paper, difference);
        }
        Outcome::Approved => {
            paper.put(0, Ink::Bold, &one.plugin);
            paper.put(2, Ink::Good, "is exactly the component that was approved");
        }
        Outcome::Never { requests } => {
            paper.put(0, Ink::Bold, &one.plugin);
            paper.put(
                2,
                Ink::Warn,
                "no build of it is approved, or what was is revoked: everything is new",
            );
            listed(paper, requests);
        }
        Outcome::Lost { approved, beyond } => {
            paper.put(0, Ink::Bold, &one.plugin);
            let text = format!(
                "was approved as {approved}, which is not kept in the data folder (a component is kept when a run has used it): only \
                 what it was granted can be compared"
            );
            paper.put(2, Ink::Warn, &text);
            listed(paper, beyond);
        }
    }
    paper.gap();
}

fn listed(paper: &mut Paper, capabilities: &[String]) {
    for capability in capabilities {
        paper.put(
            2,
            Ink::Bad,
            &format!("{:<STEP_CHARS$} {capability}", Step::Added.as_str()),
        );
    }
    if capabilities.is_empty() {
        paper.put(2, Ink::Good, "it asks for nothing beyond");
    }
}

fn title(paper: &mut Paper, difference: &Difference) {
    let (old, new) = (&difference.old, &difference.new);
    paper.put(
        0,
        Ink::Bold,
        &format!(
            "{} {} → {} {}",
            old.plugin, old.version, new.plugin, new.version
        ),
    );
    paper.put(2, Ink::Faint, &format!("from {}", old.digest));
    paper.put(2, Ink::Faint, &format!("to   {}", new.digest));
    if old.digest == new.digest {
        paper.put(2, Ink::Good, "the very same bytes");
    } else if difference.is_empty() {
        paper.put(
            2,
            Ink::Good,
            "other code, and nothing else that a review is about changed",
        );
    } else if difference.widens {
        paper.put(
            2,
            Ink::Bad,
            "it could do what it could not do before: something is added or widened",
        );
    } else {
        paper.put(2, Ink::Good, "nothing is added or widened");
    }
    if difference.breaks {
        paper.put(
            2,
            Ink::Warn,
            "callers have to change: a function is gone, takes less or gives more",
        );
    }
}

fn all(paper: &mut Paper, difference: &Difference) {
    section(paper, "requests", &difference.requests, request);
    section(paper, "imports", &difference.imports, |paper, change| {
        step(paper, change.step, &change.interface);
        paper.put(
            14,
            Ink::Plain,
            &format!("{}; {}", change.text, change.kind.describe()),
        );
        if !change.functions_added.is_empty() {
            paper.hang(14, "more: ", Ink::Faint, &change.functions_added.join(", "));
        }
    });
    section(paper, "functions", &difference.functions, function);
    section(paper, "limits", &difference.limits, |paper, change| {
        let shown = |value: Option<u64>| {
            value.map_or("the host's own".to_owned(), |value| value.to_string())
        };
        let text = format!(
            "{}: {} → {}",
            change.key,
            shown(change.was),
            shown(change.is)
        );
        step(paper, change.step, &text);
    });
}

fn section<T>(paper: &mut Paper, name: &str, changes: &[T], mut show: impl FnMut(&mut Paper, &T)) {
    if changes.is_empty() {
        return;
    }
    paper.put(2, Ink::Bold, name);
    for change in changes {
        show(paper, change);
    }
}

fn step(paper: &mut Paper, step: Step, text: &str) {
    let ink = match step {
        Step::Added | Step::Widened => Ink::Bad,
        Step::Narrowed | Step::Removed => Ink::Good,
        Step::Changed => Ink::Plain,
    };
    paper.hang(4, &format!("{:<STEP_CHARS$} ", step.as_str()), ink, text);
}

fn request(paper: &mut Paper, change: &RequestChange) {
    let need = if change.optional {
        "optional"
    } else {
        "required"
    };
    step(
        paper,
        change.step,
        &format!("{}  [{need}]", change.capability),
    );
    if let Some(was) = &change.was {
        paper.hang(14, "was: ", Ink::Plain, was);
    }
    paper.hang(14, "to ", Ink::Plain, &change.means);
    paper.hang(14, "because: ", Ink::Plain, &change.reason);
    for note in &change.notes {
        paper.put(14, Ink::Warn, note);
    }
}

fn function(paper: &mut Paper, change: &FunctionChange) {
    let breaking = if change.breaking { "  [breaking]" } else { "" };
    step(
        paper,
        change.step,
        &format!("{}{breaking}", change.function),
    );
    for (label, wit) in [("was: ", &change.was), ("is:  ", &change.is)] {
        if let Some(wit) = wit {
            paper.hang(14, label, Ink::Plain, wit);
        }
    }
    for reason in &change.because {
        paper.put(14, Ink::Plain, reason);
    }
    if let Some(Pair { was, is }) = change.effects {
        let word = |effects: Option<writ_plugin::Effects>| {
            effects.map_or("not declared", |effects| effects.as_str())
        };
        paper.hang(
            14,
            "effects: ",
            Ink::Warn,
            &format!("{} → {}", word(was), word(is)),
        );
    }
    if let Some(Pair { was, is }) = change.replay {
        let word =
            |replay: writ_plugin::Replay| replay.describe().split(':').next().unwrap_or_default();
        paper.hang(
            14,
            "replay: ",
            Ink::Warn,
            &format!("{} → {}", word(was), word(is)),
        );
    }
    if change.description_changed {
        paper.put(
            14,
            Ink::Warn,
            "its description is another; models choose tools by it",
        );
    }
}
