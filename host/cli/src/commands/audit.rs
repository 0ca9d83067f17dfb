//! `writ audit …`: is the journal what was written, and how does somebody else see that it is?

mod checkpoint;
mod export;
mod sign;
mod verify;

use serde_json::json;
use writ_journal::{AuditFault, Claims};
use writ_trust::PublicKey;

use crate::{
    app::absolute,
    args::{Audit, AuditAgainst, DataPlace},
    commands::runs::data_folder,
    error::{Exit, Failure, Result},
    out::{errln, outln},
    read,
};

/// A checkpoint with many signatures is shorter.
const CHECKPOINT_BYTES_MAX: u64 = 64 * 1024;
/// A line with one public key is shorter.
const KEY_BYTES_MAX: u64 = 4096;

pub(crate) fn run(arguments: &Audit, json: bool) -> Result<Exit> {
    match arguments {
        Audit::Verify(arguments) => verify::run(arguments, json),
        Audit::Export(arguments) => export::run(arguments, json),
        Audit::Checkpoint { place, out } => checkpoint::run(place, out.as_deref(), json),
        Audit::Sign {
            checkpoint,
            out,
            signer,
        } => sign::run(checkpoint, signer, out.as_deref(), json),
        Audit::Key(place) => key(place, json),
    }
}

/// The data folder, also one whose log is gone: that is for the audit to say.
fn folder(place: &DataPlace) -> Result<std::path::PathBuf> {
    let named = absolute(&place.data)?;
    let inside = named.join(".writ");
    let data = if inside.is_dir() { inside } else { named };
    let was_journal = ["log", "log.vkey", "checkpoints"]
        .iter()
        .any(|part| data.join(part).exists());
    if was_journal {
        Ok(data)
    } else {
        data_folder(place)
    }
}

/// What was learned elsewhere, read and parsed.
fn claims(against: &AuditAgainst) -> Result<Claims> {
    let mut claims = Claims::default();
    for path in &against.checkpoint {
        let path = absolute(path)?;
        let text = read::text(&path, CHECKPOINT_BYTES_MAX)?;
        // Nothing is proved by it, and nothing is wrong with the journal.
        if text.trim().is_empty() {
            return Err(Failure::usage(format!(
                "{} is empty: this is no checkpoint",
                path.display()
            ))
            .help("name a file that `writ audit checkpoint --out FILE` wrote"));
        }
        claims.outside.push((path.display().to_string(), text));
    }
    for key in &against.key {
        let key: PublicKey = key.parse().map_err(|error| {
            Failure::usage(format!("--key: {error}")).help("`writ audit key` prints it")
        })?;
        claims.keys.push(key);
    }
    Ok(claims)
}

fn key(place: &DataPlace, json: bool) -> Result<Exit> {
    let path = folder(place)?.join("log.vkey");
    if !path.exists() {
        return Err(Failure::journal(format!(
            "{} is missing: this log has no key yet",
            path.display()
        ))
        .help("`writ audit checkpoint` makes one and signs the log with it"));
    }
    let text = read::text(&path, KEY_BYTES_MAX)?;
    let key: PublicKey = text
        .trim_end()
        .parse()
        .map_err(|error| Failure::journal(format!("{}: {error}", path.display())))?;
    if json {
        outln!(
            "{}",
            json!({ "name": key.name().as_str(), "key": key.to_string() })
        );
    } else {
        outln!("{key}");
    }
    Ok(Exit::Done)
}

/// Says what does not hold, where, and what is proved nevertheless.
fn tell(fault: &AuditFault, json: bool) -> Exit {
    errln!("error: {}", fault.error);
    for (what, text) in findings(fault) {
        errln!("  {what:<10} {text}");
    }
    if json {
        outln!("{}", as_json(fault));
    }
    Exit::Journal
}

fn findings(fault: &AuditFault) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(bad) = &fault.at {
        lines.push((
            "first bad",
            format!(
                "event {} of the log: {}, byte {}",
                bad.position,
                bad.segment.display(),
                bad.offset
            ),
        ));
        let says = [
            bad.run.map(|run| format!("run {run}")),
            bad.number.map(|number| format!("event {number} of it")),
            bad.kind
                .as_ref()
                .map(|kind| kind.escape_debug().to_string()),
            bad.task
                .as_ref()
                .map(|task| format!("task {}", task.escape_debug())),
        ];
        let says: Vec<String> = says.into_iter().flatten().collect();
        if !says.is_empty() {
            lines.push(("it says", format!("{} (as it reads now)", says.join(", "))));
        }
    }
    lines.extend(fault.expected.clone().map(|text| ("expected", text)));
    lines.extend(fault.found.clone().map(|text| ("found", text)));
    lines.push(("proved", proved(fault)));
    lines
}

fn proved(fault: &AuditFault) -> String {
    let whole = match fault.whole {
        0 => "nothing of the log".to_owned(),
        events => format!("events 0 to {} are whole and follow each other", events - 1),
    };
    match &fault.signed {
        Some((name, checkpoint)) => format!(
            "{whole}; the first {} are those that {name} signed",
            checkpoint.size
        ),
        None => format!("{whole}; no checkpoint vouches for any of it"),
    }
}

fn as_json(fault: &AuditFault) -> serde_json::Value {
    let event = fault.at.as_ref().map(|bad| {
        json!({
            "segment": bad.segment.display().to_string(),
            "offset": bad.offset,
            "position": bad.position,
            "run": bad.run.map(|run| run.to_string()),
            "number": bad.number,
            "type": bad.kind,
            "task": bad.task,
        })
    });
    json!({
        "ok": false,
        "error": fault.error.to_string(),
        "help": null,
        "code": Exit::Journal as u8,
        "event": event,
        "expected": fault.expected,
        "found": fault.found,
        "proved": {
            "events": fault.whole,
            "signed": fault.signed.as_ref().map_or(0, |(_, checkpoint)| checkpoint.size),
            "checkpoint": fault.signed.as_ref().map(|(name, _)| name),
        },
    })
}
