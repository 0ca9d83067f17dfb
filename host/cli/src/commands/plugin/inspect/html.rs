//! An inspection as one page to attach to a review: no script, no resource from anywhere, and nothing of the component that is
//! not escaped. Decides nothing: what there is to say comes from the data.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use writ_plugin::{FunctionNote, ImportNote, Inspection, RequestNote, Risk};

use super::{
    summary,
    text::{doubts, word},
};
use crate::paper::{bytes, clean, paragraphs};

const STYLE: &str = include_str!("page.css");

pub(super) fn page(inspection: &Inspection) -> String {
    let title = format!(
        "{} {}: what it may do",
        inspection.plugin, inspection.version
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (says(&title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (head(inspection))
                    (requests(inspection))
                    (never(inspection))
                    (functions(inspection))
                    (imports(inspection))
                }
                footer {
                    "Made by writ " (env!("CARGO_PKG_VERSION"))
                    " from the component's bytes alone; nothing of it was executed. It speaks of exactly the component with this digest: "
                    code { (inspection.digest) }
                }
            }
        }
    };
    page.into_string()
}

/// Nothing is loaded and nothing runs; the one style is known by its hash.
fn policy() -> String {
    let hash = BASE64.encode(Sha256::digest(STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

/// Text of the component: escaped, without what hides or reorders, and kept apart from the text around it.
fn says(text: &str) -> Markup {
    html! { (clean(text)) }
}

/// The same where it stands in a sentence.
fn quoted(text: &str) -> Markup {
    html! { bdi { (clean(text)) } }
}

fn head(inspection: &Inspection) -> Markup {
    let size = &inspection.size;
    html! {
        header {
            p.kind { "Inspection of a WebAssembly component" }
            h1 { (quoted(&inspection.plugin)) " " span.version { (inspection.version) } }
            @if !inspection.description.is_empty() { p.lead { (quoted(&inspection.description)) } }
            ul.summary { @for line in summary(inspection) { li { (says(&line)) } } }
            @for problem in &inspection.problems {
                p.problem role="note" {
                    strong { "This host cannot start it. " } (says(&problem.message)) ". " (says(&problem.remedy)) "."
                }
            }
            dl {
                dt { "Digest" } dd { code.digest { (inspection.digest) } }
                dt { "Manifest" } dd { (inspection.manifest.statement) }
                dt { "Size" }
                dd {
                    (bytes(size.whole)) ": code " (bytes(size.code)) ", data " (bytes(size.data)) ", custom sections "
                    (bytes(size.custom)) ", declarations " (bytes(size.other)) "; core modules: " (size.modules)
                    @if !size.custom_sections.is_empty() {
                        br;
                        span.faint {
                            "largest custom sections: "
                            @for (i, section) in size.custom_sections.iter().take(6).enumerate() {
                                @if i > 0 { ", " }
                                code { (quoted(&section.name)) } " " (bytes(section.bytes))
                            }
                        }
                    }
                }
                @if !inspection.producers.is_empty() {
                    dt { "Made with" }
                    dd {
                        @for (i, producer) in inspection.producers.iter().enumerate() {
                            @if i > 0 { ", " }
                            (quoted(&producer.name)) " " (quoted(&producer.version))
                            span.faint { " (" (says(&producer.field)) ")" }
                        }
                        span.faint { ", by its own account" }
                    }
                }
                @if !inspection.limits.is_empty() {
                    dt { "Own limits" }
                    dd {
                        @for (i, limit) in inspection.limits.iter().enumerate() {
                            @if i > 0 { ", " }
                            code { (limit.key) " = " (limit.value) }
                        }
                        span.faint { ", where the host's own are not tighter" }
                    }
                }
            }
        }
    }
}

fn badge(risk: Risk) -> Markup {
    html! { span class=(format!("badge {}", word(risk))) { (word(risk)) } }
}

fn requests(inspection: &Inspection) -> Markup {
    html! {
        section aria-labelledby="asks" {
            h2 id="asks" { "What it asks for" }
            @if inspection.requests.is_empty() {
                p.good { "Nothing: whatever is granted, it can only compute." }
            } @else {
                p.faint { "Nothing else is ever possible. A reviewer may grant each of these, a narrower form of it, or none." }
                table {
                    caption.unseen { "Requested capabilities" }
                    thead { tr { th scope="col" { "Capability" } th scope="col" { "Risk" } th scope="col" { "Lets it" } th scope="col" { "Its author's reason" } } }
                    tbody { @for request in &inspection.requests { (request_row(request)) } }
                }
            }
        }
    }
}

fn request_row(request: &RequestNote) -> Markup {
    html! {
        tr {
            th scope="row" {
                code { (says(&request.capability)) }
                br;
                span.faint { @if request.optional { "optional" } @else { "required" } }
            }
            td { (badge(request.risk)) }
            td {
                (says(&request.means))
                @for doubt in doubts(request) { br; span.warn { "Note: " (doubt) "." } }
            }
            td { q { (quoted(&request.reason)) } }
        }
    }
}

fn never(inspection: &Inspection) -> Markup {
    html! {
        section aria-labelledby="never" {
            h2 id="never" { "What it can never do, whatever is granted" }
            ul.never {
                @for note in &inspection.never.this {
                    li class=(if note.except.is_empty() { "absolute" } else { "partly" }) {
                        (says(&note.statement)) " " code.faint { (note.kind) }
                    }
                }
            }
            h3 { "Like every component" }
            ul.never.any { @for statement in &inspection.never.any { li.absolute { (statement) } } }
        }
    }
}

fn functions(inspection: &Inspection) -> Markup {
    html! {
        section aria-labelledby="exports" {
            h2 id="exports" { "What it exports" }
            @if inspection.functions.is_empty() { p { "Nothing that can be called." } }
            @for function in &inspection.functions { (one_function(function)) }
            @if !inspection.uncallable.is_empty() {
                h3 { "Not callable" }
                ul { @for function in &inspection.uncallable { li { code { (says(&function.name)) } ": " (says(&function.reason)) } } }
            }
            @if !inspection.types.is_empty() {
                h3 { "Types of these functions" }
                pre {
                    @for ty in &inspection.types {
                        @if let Some(description) = &ty.description {
                            @for line in description.lines() { span.faint { "/// " (says(line)) } "\n" }
                        }
                        (says(&ty.wit)) "\n"
                    }
                }
            }
        }
    }
}

fn one_function(function: &FunctionNote) -> Markup {
    let replay = function.replay.describe();
    let (class, promise) = replay.split_once(": ").unwrap_or((replay, ""));
    html! {
        article {
            h3.wit { code { (says(&function.wit)) } }
            @if let Some(interface) = &function.interface { p.faint.from { "of " code { (says(interface)) } } }
            @if let Some(description) = &function.description {
                @for paragraph in paragraphs(description).lines() { p { (quoted(paragraph)) } }
            }
            dl {
                dt { "Replay" }
                dd { strong { (class) } ": " (promise) span.faint { " – because " (says(&function.replay_because)) } }
                dt { "Effects" }
                dd {
                    @if let Some(effects) = function.effects { strong { (effects.as_str()) } ": " }
                    (function.effects_mean)
                }
            }
        }
    }
}

fn imports(inspection: &Inspection) -> Markup {
    html! {
        section aria-labelledby="imports" {
            h2 id="imports" { "What it imports" }
            p.faint { "An upper bound of what it uses: language runtimes import much that they never call." }
            @if inspection.imports.is_empty() { p.good { "Nothing at all." } }
            @for risk in Risk::ALL {
                @let group: Vec<&ImportNote> = inspection.imports.iter().filter(|import| import.risk == risk).collect();
                @if !group.is_empty() {
                    table {
                        caption { (badge(risk)) " " (risk.heading()) }
                        thead { tr { th scope="col" { "Interface" } th scope="col" { "Lets it" } th scope="col" { "On this host" } } }
                        tbody { @for import in group { (import_row(import)) } }
                    }
                }
            }
        }
    }
}

fn import_row(import: &ImportNote) -> Markup {
    html! {
        tr {
            th scope="row" { code { (says(&import.interface)) } }
            td { (says(&import.lets)) }
            td {
                (import.link.describe())
                @for capability in &import.allowed_by { br; code { (says(capability)) } }
            }
        }
    }
}
