//! `writ audit checkpoint`: has all that is in the log signed, and gives the checkpoint away.

use std::path::{Path, PathBuf};

use serde_json::json;
use writ_journal::{Claim, Claims, Journal, JournalError, Options};

use super::tell;
use crate::{
    args::DataPlace,
    commands::runs::data_folder,
    error::{Exit, Failure, Result},
    out::{errln, outln},
    whole::write_file,
};

pub(super) fn run(place: &DataPlace, out: Option<&Path>, json: bool) -> Result<Exit> {
    let data = data_folder(place)?;
    let is_held = sign(&data)?;
    let audited = match writ_journal::audit(&data, &Claims::default()) {
        Ok(audited) => audited,
        Err(fault) => return Ok(tell(&fault, json)),
    };
    let Some(newest) = audited.claims.last() else {
        return Err(
            Failure::journal(format!("{}: there is no checkpoint yet", data.display())).help(
                if is_held {
                    "the running host signs its first events within seconds; try again then"
                } else {
                    "nothing was written to this log yet; `writ run` does"
                },
            ),
        );
    };
    if let Some(path) = out {
        write_file(path, newest.note.as_bytes())?;
    }
    let unsigned = audited.verified.events - newest.checkpoint.size;
    if unsigned > 0 {
        errln!("the running host has not signed its last {unsigned} events yet");
    }
    give(newest, unsigned, out, json);
    Ok(Exit::Done)
}

/// Opening and closing a journal signs what is not signed. Says whether a host has it, who signs by itself.
fn sign(data: &Path) -> Result<bool> {
    match Journal::open(data, Options::default()) {
        Ok((journal, opened)) => {
            for repair in opened.repairs {
                errln!("repaired: {repair}");
            }
            journal.close().map_err(Failure::journal)?;
            Ok(false)
        }
        Err(JournalError::InUse { .. }) => Ok(true),
        Err(error) => Err(Failure::journal(error)),
    }
}

fn give(newest: &Claim, unsigned: u64, out: Option<&Path>, json: bool) {
    let checkpoint = &newest.checkpoint;
    if json {
        outln!(
            "{}",
            json!({
                "checkpoint": newest.note,
                "log": checkpoint.origin,
                "size": checkpoint.size,
                "unsigned": unsigned,
                "file": out.map(PathBuf::from),
            })
        );
    } else if out.is_none() {
        outln!("{}", newest.note.trim_end_matches('\n'));
    } else {
        errln!(
            "a checkpoint of {} events of {}",
            checkpoint.size,
            checkpoint.origin
        );
    }
}
