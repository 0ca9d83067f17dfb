//! An inspection as text for a terminal. Decides nothing: what there is to say comes from the data.

use writ_plugin::{ImportNote, Inspection, RequestNote, Risk};

use super::summary;
use crate::{
    error::count,
    paper::{Ink, Page, Paper, bytes, paragraphs},
};

/// Most functions that are shown on a terminal.
const FUNCTIONS_MAX: usize = 500;

/// Room for the name of an interface before what it lets a component do.
const LABEL_CHARS: usize = 36;

pub(super) fn page(inspection: &Inspection) -> Page {
    let mut paper = Paper::for_stdout();
    head(&mut paper, inspection);
    requests(&mut paper, inspection);
    never(&mut paper, inspection);
    functions(&mut paper, inspection);
    imports(&mut paper, inspection);
    problems(&mut paper, inspection);
    paper.finish()
}

fn heading(paper: &mut Paper, text: &str) {
    paper.gap();
    paper.put(0, Ink::Bold, text);
}

fn head(paper: &mut Paper, inspection: &Inspection) {
    paper.put(
        0,
        Ink::Bold,
        &format!("{} {}", inspection.plugin, inspection.version),
    );
    if !inspection.description.is_empty() {
        paper.put(2, Ink::Plain, &inspection.description);
    }
    for line in summary(inspection) {
        paper.hang(2, "- ", Ink::Plain, &line);
    }
    paper.gap();
    paper.put(2, Ink::Plain, &format!("digest    {}", inspection.digest));
    paper.hang(2, "manifest  ", Ink::Plain, inspection.manifest.statement);
    let size = &inspection.size;
    paper.hang(
        2,
        "size      ",
        Ink::Plain,
        &format!(
            "{}: code {}, data {}, custom sections {}, declarations {}; {}",
            bytes(size.whole),
            bytes(size.code),
            bytes(size.data),
            bytes(size.custom),
            bytes(size.other),
            count(
                usize::try_from(size.modules).unwrap_or(usize::MAX),
                "core module"
            )
        ),
    );
    let made: Vec<String> = inspection
        .producers
        .iter()
        .map(|producer| {
            format!(
                "{} {} ({})",
                producer.name, producer.version, producer.field
            )
        })
        .collect();
    if !made.is_empty() {
        paper.hang(
            2,
            "made with ",
            Ink::Plain,
            &format!("{}, by its own account", made.join(", ")),
        );
    }
    if !inspection.limits.is_empty() {
        let limits: Vec<String> = inspection
            .limits
            .iter()
            .map(|limit| format!("{} = {}", limit.key, limit.value))
            .collect();
        paper.hang(
            2,
            "limits    ",
            Ink::Plain,
            &format!(
                "{}, where the host's own are not tighter",
                limits.join(", ")
            ),
        );
    }
}

fn requests(paper: &mut Paper, inspection: &Inspection) {
    heading(paper, "It asks for");
    if inspection.requests.is_empty() {
        paper.put(
            2,
            Ink::Good,
            "nothing: whatever is granted, it can only compute",
        );
    }
    for request in &inspection.requests {
        let need = if request.optional {
            "optional"
        } else {
            "required"
        };
        paper.put(
            2,
            ink(request.risk),
            &format!("{}  [{need}, {}]", request.capability, word(request.risk)),
        );
        paper.hang(6, "to ", Ink::Plain, &request.means);
        paper.hang(6, "because: ", Ink::Plain, &request.reason);
        for note in doubts(request) {
            paper.hang(6, "note: ", Ink::Warn, note);
        }
    }
}

/// What a reviewer should know of a request besides.
pub(super) fn doubts(request: &RequestNote) -> Vec<&'static str> {
    let mut doubts = Vec::new();
    if !request.available {
        doubts.push("no version of this host can grant it yet");
    }
    if !request.usable {
        doubts.push("the component imports nothing that could use it");
    }
    doubts
}

fn never(paper: &mut Paper, inspection: &Inspection) {
    heading(paper, "It can never, whatever is granted");
    for note in &inspection.never.this {
        let ink = if note.except.is_empty() {
            Ink::Plain
        } else {
            Ink::Warn
        };
        paper.hang(2, "- ", ink, &note.statement);
    }
    paper.put(2, Ink::Faint, "and like every component:");
    for statement in &inspection.never.any {
        paper.hang(2, "- ", Ink::Faint, statement);
    }
}

fn functions(paper: &mut Paper, inspection: &Inspection) {
    heading(paper, "It exports");
    let mut interface = None;
    for function in inspection.functions.iter().take(FUNCTIONS_MAX) {
        if interface != Some(&function.interface) {
            interface = Some(&function.interface);
            let name = function
                .interface
                .as_deref()
                .unwrap_or("(the component itself)");
            paper.put(2, Ink::Faint, name);
        }
        paper.put(4, Ink::Bold, &function.wit);
        if let Some(description) = &function.description {
            paper.put(6, Ink::Plain, &paragraphs(description));
        }
        let replay = function.replay.describe();
        let name = replay.split(':').next().unwrap_or(replay);
        paper.hang(
            6,
            "replay: ",
            Ink::Plain,
            &format!("{name}: {}", function.replay_because),
        );
        let effects = function
            .effects
            .map_or("not declared", |effects| effects.as_str());
        paper.hang(
            6,
            "effects: ",
            Ink::Plain,
            &format!("{effects}: {}", function.effects_mean),
        );
    }
    if let Some(more @ 1..) = inspection.functions.len().checked_sub(FUNCTIONS_MAX) {
        paper.put(
            4,
            Ink::Plain,
            &format!("and {more} more; `--json` and `--html` show all"),
        );
    }
    for function in &inspection.uncallable {
        paper.put(
            4,
            Ink::Faint,
            &format!("{}: not callable, {}", function.name, function.reason),
        );
    }
    if inspection.functions.is_empty() && inspection.uncallable.is_empty() {
        paper.put(2, Ink::Plain, "nothing: there is no function to call");
    }
    types(paper, inspection);
}

fn types(paper: &mut Paper, inspection: &Inspection) {
    if inspection.types.is_empty() {
        return;
    }
    paper.put(2, Ink::Faint, "types of these functions");
    for ty in &inspection.types {
        for line in ty.description.iter().flat_map(|text| text.lines()) {
            paper.block(4, Ink::Faint, &format!("/// {line}"));
        }
        paper.block(4, Ink::Plain, &ty.wit);
    }
}

fn imports(paper: &mut Paper, inspection: &Inspection) {
    heading(paper, "It imports");
    paper.put(
        2,
        Ink::Faint,
        "An upper bound of what it uses: language runtimes import much that they never call.",
    );
    for risk in Risk::ALL {
        let group: Vec<&ImportNote> = inspection
            .imports
            .iter()
            .filter(|import| import.risk == risk)
            .collect();
        if group.is_empty() {
            continue;
        }
        paper.put(2, ink(risk), risk.heading());
        for import in group {
            one_import(paper, import);
        }
    }
    if inspection.imports.is_empty() {
        paper.put(2, Ink::Good, "nothing at all");
    }
}

fn one_import(paper: &mut Paper, import: &ImportNote) {
    let label = format!("{:<LABEL_CHARS$} ", import.interface);
    match import.risk {
        Risk::None => paper.hang(4, &label, Ink::Faint, &import.lets),
        Risk::Never => {
            let text = format!("{} ({})", import.link.describe(), import.lets);
            paper.hang(4, &label, Ink::Faint, &text);
        }
        Risk::Reads | Risk::Changes => {
            paper.hang(4, &label, Ink::Plain, &import.lets);
            paper.hang(6, "with: ", Ink::Plain, &import.allowed_by.join(", "));
        }
    }
}

fn problems(paper: &mut Paper, inspection: &Inspection) {
    if inspection.problems.is_empty() {
        return;
    }
    heading(paper, "This host cannot start it");
    for problem in &inspection.problems {
        paper.hang(2, "- ", Ink::Bad, &problem.message);
        paper.hang(4, "help: ", Ink::Plain, &problem.remedy);
    }
}

/// The colour of a risk.
fn ink(risk: Risk) -> Ink {
    match risk {
        Risk::Changes => Ink::Bad,
        Risk::Reads => Ink::Warn,
        Risk::None => Ink::Good,
        Risk::Never => Ink::Faint,
    }
}

/// One word for the risk of a request.
pub(super) fn word(risk: Risk) -> &'static str {
    match risk {
        Risk::Changes => "changes",
        Risk::Reads => "reads",
        Risk::None => "harmless",
        Risk::Never => "never",
    }
}
