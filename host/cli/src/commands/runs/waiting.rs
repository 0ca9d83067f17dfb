//! Which unfinished runs only wait for a time to come. The journal's index knows beginnings and ends; this takes a fold.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    sync::Arc,
};

use writ_journal::{JournalError, Reader, RunSummary};
use writ_run::{Definition, Event, Run, RunId, Status};

/// Most runs that are folded at the same time: the newest. Older ones keep the status of the index.
const RUNS_MAX: usize = 1_000;

/// Gives runs that wait their status. A run that can't be folded keeps what the index says.
pub(super) fn settle(reader: &Reader, runs: &mut [RunSummary]) -> Result<(), JournalError> {
    let unsettled: Vec<RunId> = runs
        .iter()
        .filter(|run| run.status == Status::Running)
        .map(|run| run.run)
        .collect();
    // Ids grow with time.
    let newest = unsettled.len().saturating_sub(RUNS_MAX);
    let mut folding = Folding {
        reader,
        definitions: BTreeMap::new(),
        runs: unsettled[newest..].iter().map(|run| (*run, None)).collect(),
    };
    if folding.runs.is_empty() {
        return Ok(());
    }
    let wanted: BTreeSet<RunId> = folding.runs.keys().copied().collect();
    for record in reader.events(move |run| wanted.contains(&run))? {
        let record = record?;
        folding.fold(record.run, &record.event);
    }
    for run in runs {
        if let Some(Some((folded, _))) = folding.runs.get(&run.run)
            && folded.status() == Status::Waiting
        {
            run.status = Status::Waiting;
        }
    }
    Ok(())
}

struct Folding<'r> {
    reader: &'r Reader,
    /// By the digest of their document; none for one that can't be read any more.
    definitions: BTreeMap<String, Option<Arc<Definition>>>,
    /// Runs as far as they are folded; none before they began, or after they could not be folded.
    runs: BTreeMap<RunId, Option<(Run, Arc<Definition>)>>,
}

impl Folding<'_> {
    fn fold(&mut self, id: RunId, event: &Event) {
        if let Event::RunStarted { workflow, .. } = event
            && let Some(definition) = self.definition(&workflow.digest)
        {
            self.runs.insert(id, Some((Run::new(id), definition)));
        }
        let Some(folded) = self.runs.get_mut(&id) else {
            return;
        };
        if let Some((run, definition)) = folded
            && run.apply(definition, event).is_err()
        {
            *folded = None;
        }
    }

    fn definition(&mut self, digest: &str) -> Option<Arc<Definition>> {
        match self.definitions.entry(digest.to_owned()) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(place) => place.insert(read(self.reader, digest)).clone(),
        }
    }
}

/// A definition that is good for folding: what functions do to the world matters to those who execute only.
fn read(reader: &Reader, digest: &str) -> Option<Arc<Definition>> {
    let text = reader.get_blob(&digest.parse().ok()?).ok()?;
    let workflow = writ_workflow::parse(std::str::from_utf8(&text).ok()?, "workflow").ok()?;
    Definition::new(Arc::new(workflow), BTreeMap::new())
        .ok()
        .map(Arc::new)
}
