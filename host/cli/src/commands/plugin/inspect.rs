//! `writ plugin inspect`: everything a reviewer wants to know of any component, as text, JSON, or a page to attach to a review.

use std::path::Path;

use serde_json::{Value as Json, json};
use writ_plugin::{Inspection, Link, Risk};

use crate::{
    error::{Exit, Failure, Result, count},
    load,
    out::{self, outln},
    whole::write_file,
};

mod html;
mod text;

pub(super) fn run(component: &Path, page: Option<&Path>, json: bool) -> Result<Exit> {
    let fallback = component
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let found = load::read_plugin(component, &fallback)?;
    let inspection = Inspection::of(&found.plugin, &found.bytes, &writ_sandbox::offer)
        .map_err(|error| Failure::usage(format!("{}: {error}", component.display())))?;
    if let Some(page) = page {
        write_file(page, html::page(&inspection).as_bytes())?;
    }
    if json {
        outln!("{}", as_json(&inspection)?);
    } else if let Some(page) = page {
        outln!("written to {}", page.display());
    } else {
        out::page(&text::page(&inspection));
    }
    Ok(Exit::Done)
}

fn as_json(inspection: &Inspection) -> Result<Json> {
    let mut all = serde_json::to_value(inspection).map_err(Failure::internal)?;
    all["summary"] = json!(summary(inspection));
    Ok(all)
}

/// The whole in a few sentences: what a reviewer reads first.
fn summary(inspection: &Inspection) -> Vec<String> {
    let mut lines = vec![asks(inspection)];
    let absolute = |kind: &str| {
        inspection
            .never
            .this
            .iter()
            .any(|note| note.kind == kind && note.except.is_empty())
    };
    let never = [
        ("http", "send anything over the network"),
        ("fs:write", "change any file"),
        ("fs:read", "read any file"),
        ("tool:call", "call another plugin"),
    ];
    let never: Vec<&str> = never
        .into_iter()
        .filter(|(kind, _)| absolute(kind))
        .map(|(_, words)| words)
        .collect();
    if !never.is_empty() {
        lines.push(format!(
            "Whatever is granted, it can never {}.",
            either(&never)
        ));
    }
    let denied = inspection
        .imports
        .iter()
        .filter(|import| import.link == Link::Denied)
        .count();
    if denied > 0 {
        lines.push(format!(
            "{} of its {} {} noise of its language runtime: linked, and every use is refused.",
            denied,
            count(inspection.imports.len(), "import"),
            if denied == 1 { "is" } else { "are" }
        ));
    }
    lines.push(if inspection.problems.is_empty() {
        "This host can start it.".to_owned()
    } else {
        format!(
            "This host cannot start it: {}.",
            inspection.problems[0].message
        )
    });
    lines
}

fn asks(inspection: &Inspection) -> String {
    if inspection.requests.is_empty() {
        return "It asks for nothing, so whatever is granted, it can only compute.".to_owned();
    }
    let with = |risk| {
        inspection
            .requests
            .iter()
            .filter(|request| request.risk == risk)
            .count()
    };
    let required = inspection
        .requests
        .iter()
        .filter(|request| !request.optional)
        .count();
    format!(
        "It asks for {} ({required} required): {} could change or send something, {} could see something.",
        count(inspection.requests.len(), "thing"),
        with(Risk::Changes),
        with(Risk::Reads)
    )
}

/// `a`, `a or b`, `a, b or c`.
fn either(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}
