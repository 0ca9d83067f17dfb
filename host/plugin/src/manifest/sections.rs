//! The sections of a manifest, each read by one function. Knows nothing of files.

use std::path::{Component, Path};

use indexmap::IndexMap;
use semver::Version;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use writ_grant::{Capability, Request};

use super::error::Fault;
use super::fields::{Fields, choice, flag, sentence, text, whole};
use super::{
    Build, FunctionPolicy, Language, LimitOverrides, MANIFEST_BYTES_MAX, Manifest, REQUESTS_MAX,
};
use crate::effects::Effects;
use crate::name::{is_plugin_name, is_reserved, to_plugin_name};
use crate::text::clip;

/// Most `[functions.…]` sections.
const FUNCTIONS_MAX: usize = 4096;
/// Longest name of a function that a section may speak of.
const FUNCTION_NAME_BYTES_MAX: usize = 256;

pub(super) fn parse(source: &str) -> Result<Manifest, Fault> {
    if source.len() > MANIFEST_BYTES_MAX {
        let message = format!(
            "the manifest has {} bytes; at most {MANIFEST_BYTES_MAX} are accepted",
            source.len()
        );
        return Err(Fault::new(0..0, message, "shorten it"));
    }
    let document = DeTable::parse(source).map_err(|error| {
        Fault::new(
            error.span().unwrap_or(0..0),
            format!(
                "not valid TOML: {}",
                writ_grant::printable(error.message().trim())
            ),
            "",
        )
    })?;
    let root = Fields::new("the manifest", 0..0, document.get_ref());
    root.only(&["plugin", "build", "request", "functions", "limits"])?;
    let (name, version, description) = plugin(&Fields::of("plugin", root.section("plugin")?)?)?;
    Ok(Manifest {
        name,
        version,
        description,
        build: build(&Fields::of("build", root.section("build")?)?)?,
        requests: root
            .get("request")
            .map(requests)
            .transpose()?
            .unwrap_or_default(),
        functions: root
            .get("functions")
            .map(functions)
            .transpose()?
            .unwrap_or_default(),
        limits: root
            .get("limits")
            .map(limits)
            .transpose()?
            .unwrap_or_default(),
        text: source.to_owned(),
    })
}

fn plugin(fields: &Fields<'_>) -> Result<(String, Version, String), Fault> {
    fields.only(&["name", "version", "description"])?;
    let name = fields.required("name", "\"invoice-tools\"")?;
    let version = fields.required("version", "\"0.1.0\"")?;
    let description = fields.required("description", "\"…\"")?;
    Ok((
        plugin_name(name)?,
        semantic_version(version)?,
        sentence(description, "description")?.to_owned(),
    ))
}

fn plugin_name(value: &Spanned<DeValue<'_>>) -> Result<String, Fault> {
    let name = text(value, "name")?;
    if is_plugin_name(name) {
        return Ok(name.to_owned());
    }
    let why = if is_reserved(name) {
        "workflows use that word for something else"
    } else {
        "a small letter first, then small letters, digits and hyphens, at most 63 in all"
    };
    let message = format!("\"{}\" can't be a plugin's name: {why}", clip(name, 64));
    Err(Fault::new(
        value.span(),
        message,
        format!("for example \"{}\"", to_plugin_name(name)),
    ))
}

fn semantic_version(value: &Spanned<DeValue<'_>>) -> Result<Version, Fault> {
    let version = text(value, "version")?;
    Version::parse(version).map_err(|error| {
        let message = format!(
            "\"{}\" is not a semantic version: {error}",
            clip(version, 64)
        );
        Fault::new(
            value.span(),
            message,
            "write three numbers, as in \"0.1.0\"",
        )
    })
}

fn build(fields: &Fields<'_>) -> Result<Build, Fault> {
    fields.only(&["language", "component"])?;
    let language = choice(
        fields.required("language", "\"rust\"")?,
        "language",
        &Language::ALL,
    )?;
    match (language, fields.get("component")) {
        (Language::Prebuilt, _) => {
            let component = fields.required("component", "\"plugin.wasm\"")?;
            Ok(Build {
                language,
                component: Some(inner_path(component, "component")?),
            })
        }
        (Language::Rust | Language::Javascript | Language::Python | Language::C, None) => {
            Ok(Build {
                language,
                component: None,
            })
        }
        (
            Language::Rust | Language::Javascript | Language::Python | Language::C,
            Some(component),
        ) => Err(Fault::new(
            component.span(),
            "`component` names a finished component, but the language says that it is built from source",
            "remove it, or write language = \"prebuilt\"",
        )),
    }
}

/// A path that stays inside the manifest's folder.
fn inner_path(value: &Spanned<DeValue<'_>>, key: &str) -> Result<String, Fault> {
    let path = text(value, key)?;
    let inside = Path::new(path)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if path.is_empty() || !inside || path.contains(['\0', '\\']) {
        let message = format!("`{key}` must be a path below the manifest's own folder");
        return Err(Fault::new(
            value.span(),
            message,
            "for example \"plugin.wasm\"",
        ));
    }
    Ok(path.to_owned())
}

fn requests(value: &Spanned<DeValue<'_>>) -> Result<Vec<Request>, Fault> {
    let Some(list) = value.get_ref().as_array() else {
        return Err(Fault::new(
            value.span(),
            "`request` is a list of sections",
            "write [[request]], in double brackets",
        ));
    };
    if list.len() > REQUESTS_MAX {
        let message = format!(
            "there are {} requests; at most {REQUESTS_MAX} are accepted",
            list.len()
        );
        return Err(Fault::new(
            value.span(),
            message,
            "ask for wider paths, or split the plugin",
        ));
    }
    let mut requests: Vec<Request> = Vec::with_capacity(list.len());
    for value in list {
        let request = request(value)?;
        if requests
            .iter()
            .any(|other| other.capability == request.capability)
        {
            let message = format!("`{}` is requested twice", request.capability);
            return Err(Fault::new(value.span(), message, "remove one of the two"));
        }
        requests.push(request);
    }
    Ok(requests)
}

fn request(value: &Spanned<DeValue<'_>>) -> Result<Request, Fault> {
    let fields = Fields::of("[request]", value)?;
    fields.only(&["capability", "reason", "optional"])?;
    let capability = fields.required("capability", "\"fs:read:/orders\"")?;
    let reason = fields.required("reason", "\"what a reviewer has to know to decide\"")?;
    Ok(Request {
        capability: capability_of(capability)?,
        reason: sentence(reason, "reason")?.to_owned(),
        optional: fields
            .get("optional")
            .map(|value| flag(value, "optional"))
            .transpose()?
            .unwrap_or(false),
    })
}

fn capability_of(value: &Spanned<DeValue<'_>>) -> Result<Capability, Fault> {
    let parsed = text(value, "capability")?.parse::<Capability>();
    parsed.map_err(|error| Fault::new(value.span(), error.to_string(), ""))
}

fn functions(value: &Spanned<DeValue<'_>>) -> Result<IndexMap<String, FunctionPolicy>, Fault> {
    let fields = Fields::of("functions", value)?;
    let entries = fields.entries();
    if entries.len() > FUNCTIONS_MAX {
        let message = format!(
            "there are {} functions; at most {FUNCTIONS_MAX} are accepted",
            entries.len()
        );
        return Err(Fault::new(
            value.span(),
            message,
            "remove those that say nothing",
        ));
    }
    let mut functions = IndexMap::with_capacity(entries.len());
    for (key, value) in entries {
        let name = key.get_ref().as_ref();
        if name.len() > FUNCTION_NAME_BYTES_MAX {
            let message = format!("a function's name has at most {FUNCTION_NAME_BYTES_MAX} bytes");
            return Err(Fault::new(
                key.span(),
                message,
                "write the name as `writ plugin inspect` shows it",
            ));
        }
        functions.insert(name.to_owned(), policy(name, value)?);
    }
    Ok(functions)
}

fn policy(name: &str, value: &Spanned<DeValue<'_>>) -> Result<FunctionPolicy, Fault> {
    let fields = Fields::of(&format!("functions.{}", clip(name, 64)), value)?;
    fields.only(&["effects"])?;
    let effects = fields
        .get("effects")
        .map(|value| choice(value, "effects", &Effects::ALL))
        .transpose()?;
    Ok(FunctionPolicy { effects })
}

fn limits(value: &Spanned<DeValue<'_>>) -> Result<LimitOverrides, Fault> {
    let fields = Fields::of("limits", value)?;
    let mut limits = LimitOverrides::default();
    let slots = limits.by_key();
    fields.only(&slots.iter().map(|(key, _)| *key).collect::<Vec<_>>())?;
    for (key, slot) in slots {
        *slot = fields.get(key).map(|value| whole(value, key)).transpose()?;
    }
    Ok(limits)
}
