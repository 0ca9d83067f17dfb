//! Checks a whole log: framing, checksums, both hash chains, every event and every blob that an event names. Trusts
//! nothing but the log; changes nothing.

use std::{collections::HashMap, path::Path};

use writ_run::RunId;

use crate::{
    JournalError,
    blobs::Blobs,
    digest::{Hash, NO_HASH},
    entry::{Place, event_of},
    frame::Frame,
    scan::{Scan, Step},
    segment::{self, HEADER_BYTES, Segment},
};

/// What a log that holds is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Its events.
    pub events: u64,
    /// Runs among which they are shared.
    pub runs: u64,
    /// Files of which it consists.
    pub segments: u64,
    /// Hash of its last event, which stands for all before; zeros if there is none.
    pub head: [u8; 32],
}

/// Checks the log in a folder from end to end; the error names the first event that does not hold.
///
/// The journal should be at rest: a host that writes meanwhile, or that was killed and did not start again, may have left
/// an unfinished event at the end, which is reported too.
pub fn verify(dir: &Path) -> Result<Verified, JournalError> {
    let log_dir = dir.join("log");
    let listing = segment::list(&log_dir)?;
    let mut check = Check {
        blobs: Blobs::at(dir.join("blobs")),
        next: 0,
        head: NO_HASH,
        runs: HashMap::new(),
    };
    if let Some((path, cause)) = listing.unborn {
        return Err(Place {
            segment: &path,
            offset: 0,
            position: 0,
        }
        .corrupt(cause));
    }
    for segment in &listing.segments {
        check.segment(segment)?;
    }
    let (runs, segments) = (check.runs.len() as u64, listing.segments.len() as u64);
    Ok(Verified {
        events: check.next,
        runs,
        segments,
        head: check.head,
    })
}

struct Check {
    blobs: Blobs,
    next: u64,
    head: Hash,
    runs: HashMap<RunId, (u64, Hash)>,
}

impl Check {
    fn segment(&mut self, segment: &Segment) -> Result<(), JournalError> {
        let place = |offset, position| Place {
            segment: &segment.path,
            offset,
            position,
        };
        if segment.header.first != self.next || segment.header.before != self.head {
            return Err(
                place(0, self.next).corrupt("the segment does not follow the one before it")
            );
        }
        let mut scan = Scan::open(&segment.path, HEADER_BYTES)?;
        loop {
            match scan.step()? {
                Step::Frame { offset, frame } => self.frame(&frame, &place(offset, self.next))?,
                Step::Stop {
                    offset,
                    cause: Some(cause),
                } => return Err(place(offset, self.next).corrupt(cause)),
                Step::Stop {
                    offset,
                    cause: None,
                } => {
                    let rest = scan.rest_from(offset)?;
                    if rest.bytes > 0 {
                        return Err(place(offset, self.next)
                            .corrupt("nothing is written here, though more follows"));
                    }
                    return Ok(());
                }
            }
        }
    }

    fn frame(&mut self, frame: &Frame<'_>, place: &Place<'_>) -> Result<(), JournalError> {
        let head = &frame.head;
        if head.before_in_log != self.head {
            return Err(place.corrupt("the event does not follow the one before it in the log"));
        }
        let run = self.runs.entry(head.run).or_insert((0, NO_HASH));
        if (head.number, head.before_in_run) != *run {
            return Err(place.corrupt("the event does not follow the one before it in its run"));
        }
        event_of(frame, &self.blobs, place)?;
        self.head = frame.hash();
        *run = (head.number + 1, self.head);
        self.next += 1;
        Ok(())
    }
}
