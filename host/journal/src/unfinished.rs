//! Which runs have begun and not ended, from the log alone. A first look: lenient where opening the journal is strict, since
//! that comes after it and decides.
//!
//! So that it costs no more when the history is long, a host that ends in order leaves a note: what was unfinished, as of which
//! event. The note is believed when that event is where it says; then only what came after it is read. It can be deleted.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use writ_run::{Event, RunId};

use crate::{
    JournalError,
    blobs::Blobs,
    digest::Hash,
    entry::{Location, Place, event_of},
    frame::{FLAG_SUMMARY, Frame},
    reader::Walk,
    regular,
    scan::{Scan, Step},
    segment,
    state::State,
};

const NOTE: &str = "unfinished.json";
/// One that is longer is not read: going through the log is better bounded.
const NOTE_BYTES_MAX: u64 = 16 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct Note {
    /// Events of the log that it is about.
    events: u64,
    /// The last of them, and where it is.
    head: Hash,
    segment: u64,
    offset: u64,
    /// Runs that were unfinished, each with the place of its first event.
    runs: Vec<(RunId, First)>,
}

/// Where a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct First {
    segment: u64,
    offset: u64,
    position: u64,
}

/// The runs that seem unfinished, with the event that began each.
pub(crate) fn find(dir: &Path, blobs: &Blobs) -> Vec<(RunId, Event)> {
    let log_dir = dir.join("log");
    let (mut walk, mut begun) = match since_note(dir, &log_dir) {
        Some(since) => since,
        None => match Walk::over(&log_dir) {
            Ok(walk) => (walk, BTreeMap::new()),
            Err(_) => return Vec::new(),
        },
    };
    while let Some(Ok(())) = walk.next(|frame, place| {
        visit(&mut begun, frame, blobs, place);
        Ok(())
    }) {}
    let first = |(run, first): (RunId, First)| Some((run, event_at(&log_dir, first, blobs)?));
    begun.into_iter().filter_map(first).collect()
}

type Begun = BTreeMap<RunId, First>;

/// What the note says, and what is to be read after it; `None` if there is no note of this log.
fn since_note(dir: &Path, log_dir: &Path) -> Option<(Walk, Begun)> {
    let file = regular::open(&dir.join(NOTE)).ok()?;
    if file.metadata().ok()?.len() > NOTE_BYTES_MAX {
        return None;
    }
    let note: Note = serde_json::from_reader(BufReader::new(file)).ok()?;
    let mut scan = Scan::at_once(&segment::path_of(log_dir, note.segment), note.offset).ok()?;
    let Step::Frame { frame, .. } = scan.step().ok()? else {
        return None;
    };
    if frame.hash() != note.head {
        return None;
    }
    // It begins with that event again, which changes nothing.
    let walk = Walk::from(log_dir, note.segment, note.offset, note.events - 1).ok()?;
    Some((walk, note.runs.into_iter().collect()))
}

fn visit(begun: &mut Begun, frame: &Frame<'_>, blobs: &Blobs, place: &Place<'_>) {
    let run = frame.head.run;
    if frame.head.number == 0 {
        if let Some(segment) = segment::first_of(place.segment) {
            let first = First {
                segment,
                offset: place.offset,
                position: place.position,
            };
            begun.insert(run, first);
        }
    } else if frame.has(FLAG_SUMMARY) && ends(frame, blobs, place) {
        begun.remove(&run);
    }
}

fn ends(frame: &Frame<'_>, blobs: &Blobs, place: &Place<'_>) -> bool {
    let change = event_of(frame, blobs, place)
        .ok()
        .and_then(|event| event.summary());
    change.is_some_and(|change| change.status.is_final())
}

fn event_at(log_dir: &Path, first: First, blobs: &Blobs) -> Option<Event> {
    let path = segment::path_of(log_dir, first.segment);
    let mut scan = Scan::at_once(&path, first.offset).ok()?;
    let Step::Frame { frame, .. } = scan.step().ok()? else {
        return None;
    };
    let place = Place {
        segment: &path,
        offset: first.offset,
        position: first.position,
    };
    event_of(&frame, blobs, &place).ok()
}

/// Leaves the note. Not synced: what a stopped machine leaves of it is not believed.
pub(crate) fn leave_note(dir: &Path, state: &State) -> Result<(), JournalError> {
    let Some(applied) = state.applied()? else {
        return Ok(());
    };
    let mut runs = Vec::new();
    for run in state.unfinished()? {
        if let Some(spots) = state.extents(run).next().transpose()?
            && let Some(spot) = spots.first()
        {
            let Location { segment, offset } = spot.location;
            let first = First {
                segment,
                offset,
                position: spot.position,
            };
            runs.push((run, first));
        }
    }
    let note = Note {
        events: applied.events,
        head: applied.head,
        segment: applied.last.segment,
        offset: applied.last.offset,
        runs,
    };
    if let Err(error) = write(dir, &note) {
        tracing::warn!(%error, "journal.unfinished_not_noted");
    }
    Ok(())
}

fn write(dir: &Path, note: &Note) -> io::Result<()> {
    let beside: PathBuf = dir.join("unfinished.new");
    regular::write(&beside, &serde_json::to_vec(note)?)?;
    fs::rename(&beside, dir.join(NOTE))
}
