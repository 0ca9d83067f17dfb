//! `writ plugin sign`: an author's word for a component, kept beside it and carried along with it.

use std::{fs, path::Path};

use serde_json::json;
use writ_plugin::Plugin;
use writ_trust::{AuthorsWord, Envelope, Statement};

use crate::{
    args::Signer,
    error::{Exit, Failure, Result},
    keys, load,
    out::outln,
    policy::{beside, read_paper},
    subject::Subject,
    whole::write_file,
};

pub(super) fn run(component: &Path, signer: &Signer, json: bool) -> Result<Exit> {
    let stem = component
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let found = load::read_plugin(component, &stem)?;
    let key = keys::open(signer)?;
    let Subject {
        name,
        version,
        digest,
        requests,
        imports,
        ..
    } = Subject::plugin(&found.plugin);
    let statement = Statement::Plugin(AuthorsWord {
        name,
        digest,
        version,
        imports,
        requests,
    });
    let path = beside(component);
    // Another author's signature on the same word stays.
    let before = path
        .exists()
        .then(|| read_paper(&path, None))
        .transpose()?
        .filter(|(_, before)| *before == statement);
    let envelope = match before {
        Some((envelope, _)) => envelope.and_signed(&[&key]),
        None => Envelope::sign(statement.to_payload(), &[&key]),
    };
    let envelope = envelope.map_err(Failure::usage)?;
    write_file(&path, envelope.to_json().as_bytes())?;
    let plugin = &found.plugin;
    if json {
        outln!(
            "{}",
            json!({ "plugin": plugin.name, "version": plugin.version.to_string(), "digest": plugin.digest.to_string(),
                "file": path.display().to_string(), "by": envelope.claimed().split(", ").collect::<Vec<_>>() })
        );
    } else {
        outln!(
            "{} {} {} is vouched for by {}",
            plugin.name,
            plugin.version,
            plugin.digest,
            envelope.claimed()
        );
        outln!("written to {}", path.display());
    }
    Ok(Exit::Done)
}

/// Copies the author's word along with a component that is added; an old one of another build does not stay behind.
pub(super) fn carry(from: &Path, to: &Path, plugin: &Plugin) -> Result<()> {
    let (source, target) = (beside(from), beside(to));
    if !source.is_file() {
        return forget(to);
    }
    let (envelope, statement) = read_paper(&source, None)?;
    if *statement.digest() != plugin.digest {
        return Err(Failure::refused(format!(
            "{} is for {}, but the component is {}",
            source.display(),
            statement.digest(),
            plugin.digest
        ))
        .help("its author has to sign this build: `writ plugin sign COMPONENT --key NAME`"));
    }
    write_file(&target, envelope.to_json().as_bytes())
}

/// Takes the author's word beside a component away, if there is one.
pub(super) fn forget(component: &Path) -> Result<()> {
    let path = beside(component);
    if path.is_file() {
        fs::remove_file(&path).map_err(|error| Failure::file(&path, "remove", &error))?;
    }
    Ok(())
}
