//! Which runs have begun and not ended, from the log alone. A first look: lenient where opening the journal is strict, since
//! that comes after it and decides.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use writ_run::{Event, RunId};

use crate::{
    blobs::Blobs,
    entry::{Place, event_of},
    frame::{FLAG_SUMMARY, Frame},
    reader::Walk,
    scan::{Scan, Step},
};

/// Where a run begins.
struct First {
    segment: PathBuf,
    offset: u64,
    position: u64,
}

pub(crate) fn find(log_dir: &Path, blobs: &Blobs) -> Vec<(RunId, Event)> {
    let mut begun = BTreeMap::new();
    let Ok(mut walk) = Walk::over(log_dir) else {
        return Vec::new();
    };
    while let Some(Ok(())) = walk.next(|frame, place| {
        visit(&mut begun, frame, blobs, place);
        Ok(())
    }) {}
    let first = |(run, first): (RunId, First)| Some((run, event_at(&first, blobs)?));
    begun.into_iter().filter_map(first).collect()
}

fn visit(begun: &mut BTreeMap<RunId, First>, frame: &Frame<'_>, blobs: &Blobs, place: &Place<'_>) {
    let run = frame.head.run;
    if frame.head.number == 0 {
        let first = First {
            segment: place.segment.to_owned(),
            offset: place.offset,
            position: place.position,
        };
        begun.insert(run, first);
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

fn event_at(first: &First, blobs: &Blobs) -> Option<Event> {
    let mut scan = Scan::at_once(&first.segment, first.offset).ok()?;
    let Step::Frame { frame, .. } = scan.step().ok()? else {
        return None;
    };
    let place = Place {
        segment: &first.segment,
        offset: first.offset,
        position: first.position,
    };
    event_of(&frame, blobs, &place).ok()
}
