//! `writ plugin inspect`: what a component exports, imports, asks for, and can never do.

use std::path::Path;

use serde_json::{Value as Json, json};
use writ_plugin::{ImportKind, Plugin, replay_class};

use crate::{
    error::{Exit, Result},
    load,
    out::outln,
};

pub(super) fn run(component: &Path, json: bool) -> Result<Exit> {
    let fallback = component
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let found = load::read_plugin(component, &fallback)?;
    if json {
        outln!("{}", as_json(&found.plugin));
    } else {
        print(&found.plugin);
    }
    Ok(Exit::Done)
}

fn as_json(plugin: &Plugin) -> Json {
    let functions = plugin.functions.values().map(|function| {
        json!({
            "name": function.name,
            "interface": function.interface,
            "wit": writ_plugin::wit_text(function),
            "description": function.docs,
            "input": writ_plugin::input_schema(function),
            "output": writ_plugin::output_schema(function),
            "effects": function.effects,
        })
    });
    json!({
        "plugin": plugin.name,
        "version": plugin.version.to_string(),
        "description": plugin.description,
        "digest": plugin.digest.to_string(),
        "bytes": plugin.size_bytes,
        "functions": functions.collect::<Vec<_>>(),
        "imports": plugin.imports.iter().map(|import| import.interface.clone()).collect::<Vec<_>>(),
        "requests": plugin.requests.iter().map(|request| json!({
            "capability": request.capability.to_string(),
            "means": request.capability.describe(),
            "reason": request.reason,
            "optional": request.optional,
        })).collect::<Vec<_>>(),
        "replay": replay(plugin),
    })
}

fn replay(plugin: &Plugin) -> &'static str {
    replay_class(plugin.requests.iter().map(|request| &request.capability)).describe()
}

fn print(plugin: &Plugin) {
    outln!("{} {}", plugin.name, plugin.version);
    if !plugin.description.is_empty() {
        outln!("  {}", plugin.description);
    }
    outln!("  {}  ({} KB)", plugin.digest, plugin.size_bytes / 1024);
    outln!("\nfunctions");
    for function in plugin.functions.values() {
        outln!("  {}", writ_plugin::wit_text(function));
        for line in function.docs.iter().flat_map(|docs| docs.lines()) {
            outln!("      {line}");
        }
    }
    for uncallable in &plugin.uncallable {
        outln!("  {}: not callable, {}", uncallable.name, uncallable.reason);
    }
    outln!("\nrequests");
    for request in &plugin.requests {
        let optional = if request.optional { " (optional)" } else { "" };
        outln!(
            "  {}{optional}: {}",
            request.capability,
            request.capability.describe()
        );
        outln!("      because: {}", request.reason);
    }
    if plugin.requests.is_empty() {
        outln!("  none: whatever is granted, it can only compute");
    } else {
        outln!("  nothing else is ever possible, whatever is granted");
    }
    outln!("\nimports (an upper bound: language runtimes import what they never call)");
    let (noise, telling): (Vec<_>, Vec<_>) = plugin
        .imports
        .iter()
        .partition(|import| import.kind == ImportKind::Noise);
    for import in telling {
        outln!("  {}: {}", import.interface, import.kind.describe());
    }
    for import in noise {
        outln!("  {} (noise)", import.interface);
    }
    outln!("\nreplay: {}", replay(plugin));
}
