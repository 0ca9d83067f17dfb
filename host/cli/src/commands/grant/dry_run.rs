//! `writ grant dry-run`: which recorded calls would another policy have denied, and what of it was never used?
//!
//! One walk over the journal, in memory that does not grow with it. What the record doesn't say is told as such and not guessed.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
};

use writ_grant::Grants;
use writ_journal::Reader;
use writ_run::RunId;

use self::{policy::Policy, record::Walk, tally::Tally};
use crate::{
    app::absolute,
    args::{DataPlace, GrantDryRun},
    commands::runs::{data_folder, find},
    error::{Exit, Failure, Result},
    out::{self, outln},
    read,
};

mod attribute;
mod need;
mod policy;
mod record;
mod show;
mod suggest;
mod tally;
#[cfg(test)]
mod tests;

pub(super) fn run(arguments: &GrantDryRun, json: bool) -> Result<Exit> {
    let data = data_folder(&DataPlace {
        data: arguments.data.clone(),
    })?;
    let grants = read(&arguments.policy)?;
    let reader = Reader::open(&data).map_err(Failure::journal)?;
    let wanted = wanted(&reader, &arguments.runs)?;
    let policy = Policy::new(&grants, &reader, writ_scheduler::now_ms());
    let mut walk = Walk::new(&reader, Tally::new(policy));
    let is_wanted = move |run: RunId| wanted.as_ref().is_none_or(|runs| runs.contains(&run));
    for record in reader.events(is_wanted).map_err(Failure::journal)? {
        walk.take(&record.map_err(Failure::journal)?);
    }
    let tally = walk.finish();
    if json {
        outln!("{}", show::as_json(&tally));
    } else if arguments.suggest {
        outln!("{}", suggest::fragment(&tally));
    } else {
        out::page(&show::text(&tally));
    }
    Ok(if tally.denied.is_empty() {
        Exit::Done
    } else {
        Exit::DIFFERS
    })
}

fn read(path: &Path) -> Result<Grants> {
    let path = absolute(path)?;
    let text = read::text(&path, writ_grant::GRANTS_BYTES_MAX as u64)?;
    Grants::parse(&text).map_err(|error| Failure::usage(format!("{}:{error}", path.display())))
}

/// The runs that were named; none for all.
fn wanted(reader: &Reader, prefixes: &[String]) -> Result<Option<BTreeSet<RunId>>> {
    if prefixes.is_empty() {
        return Ok(None);
    }
    let found = prefixes
        .iter()
        .map(|prefix| find(reader, prefix).map(|run| run.run));
    found.collect::<Result<_>>().map(Some)
}

/// By the digest of a document: which task calls which plugin.
type Documents = HashMap<String, std::rc::Rc<attribute::Document>>;
