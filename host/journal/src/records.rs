//! The events of one run, read back in order. Each is checked against the one before.

use std::{collections::VecDeque, path::Path, sync::Arc};

use writ_run::{Event, RunId};

use crate::{
    JournalError,
    blobs::Blobs,
    digest::{Hash, NO_HASH},
    entry::{Entry, Place, event_of},
    frame::{self, Frame, Parsed},
    scan::{Scan, Step},
    segment,
    shared::Shared,
    state::{Extents, Spot},
};

/// One event of a run, as it is in the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its position in the log, from 0.
    pub position: u64,
    /// The run.
    pub run: RunId,
    /// Its number in the run, from 0.
    pub number: u64,
    /// When it was appended, in milliseconds since 1970, as the appender said.
    pub at_ms: u64,
    /// What happened.
    pub event: Event,
    /// Its hash, which the next event in the log and the next in the run name.
    pub hash: [u8; 32],
}

/// Where a run's chain has come to.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    pub(crate) run: RunId,
    next: u64,
    before: Hash,
}

impl Chain {
    pub(crate) const fn new(run: RunId) -> Self {
        Self {
            run,
            next: 0,
            before: NO_HASH,
        }
    }

    /// The record of the next frame of the run.
    pub(crate) fn record(
        &mut self,
        frame: &Frame<'_>,
        blobs: &Blobs,
        place: &Place<'_>,
    ) -> Result<Record, JournalError> {
        let head = &frame.head;
        if head.run != self.run || head.number != self.next || head.before_in_run != self.before {
            return Err(place.corrupt("the event does not follow the one before it in its run"));
        }
        let event = event_of(frame, blobs, place)?;
        self.before = frame.hash();
        self.next += 1;
        let (number, at_ms) = (head.number, head.at_ms);
        Ok(Record {
            position: place.position,
            run: self.run,
            number,
            at_ms,
            event,
            hash: self.before,
        })
    }
}

/// The events of a run as of the moment of asking, also those that are not durable yet.
pub struct Records {
    shared: Arc<Shared>,
    chain: Chain,
    /// Events before this number are in files, the others in `fresh`.
    in_files: u64,
    extents: Extents,
    spots: VecDeque<Spot>,
    fresh: VecDeque<Arc<Entry>>,
    open: Option<(u64, Scan)>,
    is_over: bool,
}

impl Records {
    pub(crate) fn of(shared: &Arc<Shared>, run: RunId) -> Result<Self, JournalError> {
        let queue = shared.queue()?;
        let fresh = VecDeque::from(queue.fresh_of(run));
        let in_files = match fresh.front() {
            Some(entry) => entry.number,
            None => queue
                .tail(&shared.state, run)?
                .map_or(0, |tail| tail.events),
        };
        drop(queue);
        Ok(Self {
            shared: Arc::clone(shared),
            chain: Chain::new(run),
            in_files,
            extents: shared.state.extents(run),
            spots: VecDeque::new(),
            fresh,
            open: None,
            is_over: false,
        })
    }

    fn read(&mut self) -> Option<Result<Record, JournalError>> {
        if self.chain.next < self.in_files {
            return Some(self.spot().and_then(|spot| self.read_file(spot)));
        }
        self.fresh.pop_front().map(|entry| self.read_queue(&entry))
    }

    fn spot(&mut self) -> Result<Spot, JournalError> {
        loop {
            if let Some(spot) = self.spots.pop_front() {
                return Ok(spot);
            }
            match self.extents.next() {
                Some(spots) => self.spots.extend(spots?),
                None => {
                    let cause = format!(
                        "it does not know where event {} of run {} is",
                        self.chain.next, self.chain.run
                    );
                    return Err(JournalError::StateRecord { cause });
                }
            }
        }
    }

    fn read_file(&mut self, spot: Spot) -> Result<Record, JournalError> {
        let Spot {
            position, location, ..
        } = spot;
        let path = segment::path_of(&self.shared.log_dir, location.segment);
        let (_, scan) = match self.open.take() {
            Some(open) if open.0 == location.segment => self.open.insert(open),
            Some(_) | None => {
                let scan = Scan::at_once(&path, location.offset)?;
                self.open.insert((location.segment, scan))
            }
        };
        scan.seek(location.offset);
        let place = Place {
            segment: &path,
            offset: location.offset,
            position,
        };
        match scan.step()? {
            Step::Frame { frame, .. } => self.chain.record(&frame, &self.shared.blobs, &place),
            Step::Stop { cause, .. } => Err(place.corrupt(cause.unwrap_or("the event is gone"))),
        }
    }

    fn read_queue(&mut self, entry: &Entry) -> Result<Record, JournalError> {
        let place = Place {
            segment: Path::new("(not yet written)"),
            offset: 0,
            position: entry.position,
        };
        match frame::parse(&entry.frame) {
            Parsed::Frame(frame) => self.chain.record(&frame, &self.shared.blobs, &place),
            Parsed::End | Parsed::Bad(_) | Parsed::Newer(_) => {
                Err(place.corrupt("the event was altered in memory"))
            }
        }
    }
}

impl Iterator for Records {
    type Item = Result<Record, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let record = self.read();
        self.is_over = !matches!(record, Some(Ok(_)));
        record
    }
}
