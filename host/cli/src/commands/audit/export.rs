//! `writ audit export`: events and their proof, as lines of JSON.

use std::{
    io::{BufWriter, IsTerminal, Write},
    path::Path,
};

use serde_json::json;
use writ_journal::{AuditFault, Claims, Exported, Reader, Scope};

use super::{claims, folder, tell};
use crate::{
    args::AuditExport,
    commands::runs::find,
    error::{Exit, Failure, Result},
    out::{errln, outln},
    whole::Draft,
};

pub(super) fn run(arguments: &AuditExport, json: bool) -> Result<Exit> {
    if json && arguments.out.is_none() {
        return Err(Failure::usage(
            "--json would put another line behind the export on standard output",
        )
        .help("name a file with --out"));
    }
    if arguments.out.is_none() && std::io::stdout().is_terminal() {
        return Err(Failure::usage(
            "an export is not for a terminal: what guests wrote stands in it byte for byte",
        )
        .help("name a file with --out, or pass it on"));
    }
    let data = folder(&arguments.place)?;
    let claims = claims(&arguments.against)?;
    let scope = match &arguments.run {
        Some(prefix) => {
            let reader = Reader::open(&data).map_err(Failure::journal)?;
            Scope::Run(find(&reader, prefix)?.run)
        }
        None => Scope::Log,
    };
    let exported = match &arguments.out {
        Some(path) => to_file(path, &data, &claims, scope)?,
        None => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            writ_journal::export(&data, &claims, scope, &mut out)
        }
    };
    match exported {
        Ok(exported) => Ok(done(&exported, json)),
        Err(fault) => Ok(tell(&fault, json)),
    }
}

/// Leaves no file behind that is not whole.
fn to_file(
    path: &Path,
    data: &Path,
    claims: &Claims,
    scope: Scope,
) -> Result<std::result::Result<Exported, Box<AuditFault>>> {
    let mut draft = Draft::begin(path)?;
    let mut out = BufWriter::new(&mut draft);
    let exported = writ_journal::export(data, claims, scope, &mut out);
    if exported.is_ok() {
        out.flush()
            .map_err(|error| Failure::file(path, "write", &error))?;
        drop(out);
        draft.put()?;
    }
    Ok(exported)
}

fn done(exported: &Exported, json: bool) -> Exit {
    let checkpoint = &exported.claim.checkpoint;
    if json {
        outln!(
            "{}",
            json!({
                "events": exported.events,
                "unsigned": exported.unsigned,
                "size": checkpoint.size,
                "log": checkpoint.origin,
                "signers": exported.claim.signers,
            })
        );
        return Exit::Done;
    }
    errln!(
        "exported {} events, vouched for by a checkpoint of {} events of {}",
        exported.events,
        checkpoint.size,
        checkpoint.origin
    );
    if exported.unsigned > 0 {
        errln!(
            "left out {} events that no checkpoint has signed yet; `writ audit checkpoint` signs them",
            exported.unsigned
        );
    }
    Exit::Done
}
