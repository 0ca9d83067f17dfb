//! Finds the end of the log at start, cuts what a stopped machine left half written, and folds into the state what it
//! lacks. Changes no event and skips none: what it cannot explain as an unfinished write, it refuses, and so a log that
//! is not the one that the newest checkpoint signed.

use std::{collections::HashMap, fs::File, sync::Arc};

use writ_run::RunId;

use crate::{
    JournalError,
    blobs::{Blobs, sync_dir},
    checkpoint::Promise,
    digest::{Hash, NO_HASH},
    entry::{Entry, Location, Place, Tail, event_of, kv_of},
    error::At as _,
    frame::{FLAG_KV, FLAG_SUMMARY, Frame},
    index::Stored,
    merkle::{self, Tree},
    options::{Progress, STATE_BATCH_EVENTS_MAX, TAILS_RUNS_MAX},
    repair::Repair,
    rewrite::write_again,
    scan::{Scan, Step},
    segment::{HEADER_BYTES, Segment},
    state::{Applied, State},
};

/// Where the log ends.
#[derive(Debug)]
pub(crate) struct End {
    /// How many events it has.
    pub(crate) next: u64,
    pub(crate) head: Hash,
    pub(crate) tree: Tree,
    /// The last segment, and where its last frame ends.
    pub(crate) last: Option<(Segment, u64)>,
    pub(crate) repairs: Vec<Repair>,
}

/// What came of it.
pub(crate) enum Outcome {
    Done(End),
    /// The state does not belong to this log.
    Unfit(String),
}

/// A step that may find that the state does not belong to this log.
enum Halt {
    Unfit(String),
    Error(JournalError),
}

impl From<JournalError> for Halt {
    fn from(error: JournalError) -> Self {
        Self::Error(error)
    }
}

/// Brings the state up to the end of the log.
pub(crate) fn recover(
    segments: &[Segment],
    state: &State,
    blobs: &Blobs,
    is_clean: bool,
    promise: Option<&Promise>,
    progress: Option<&Progress>,
) -> Result<Outcome, JournalError> {
    let mut recovery = Recovery::new(state, blobs, is_clean, promise)?;
    match recovery.all(segments, progress) {
        Ok(last) => Ok(Outcome::Done(End {
            next: recovery.next,
            head: recovery.head,
            tree: recovery.tree,
            last,
            repairs: recovery.repairs,
        })),
        Err(Halt::Unfit(why)) => Ok(Outcome::Unfit(why)),
        Err(Halt::Error(error)) => Err(error),
    }
}

struct Recovery<'a> {
    state: &'a State,
    blobs: &'a Blobs,
    /// The last host synced all before it ended.
    is_clean: bool,
    promise: Option<&'a Promise>,
    applied: Option<Applied>,
    /// Grows with what is applied; where it was behind at the start, with what is passed.
    tree: Tree,
    next: u64,
    head: Hash,
    batch: Vec<(Arc<Entry>, Location)>,
    tails: HashMap<RunId, Tail>,
    summaries: HashMap<RunId, Arc<Stored>>,
    repairs: Vec<Repair>,
}

impl<'a> Recovery<'a> {
    fn new(
        state: &'a State,
        blobs: &'a Blobs,
        is_clean: bool,
        promise: Option<&'a Promise>,
    ) -> Result<Self, JournalError> {
        Ok(Self {
            state,
            blobs,
            is_clean,
            promise,
            applied: state.applied()?,
            tree: state.tree()?,
            next: 0,
            head: NO_HASH,
            batch: Vec::new(),
            tails: HashMap::new(),
            summaries: HashMap::new(),
            repairs: Vec::new(),
        })
    }

    fn all(
        &mut self,
        segments: &[Segment],
        progress: Option<&Progress>,
    ) -> Result<Option<(Segment, u64)>, Halt> {
        let start = self.start(segments)?;
        self.keep_promise()?;
        let total = segments.iter().skip(start).map(bytes_of).sum::<u64>();
        let (mut done, mut last) = (0, None);
        for (index, segment) in segments.iter().enumerate().skip(start) {
            let report = |offset: u64| {
                if let Some(progress) = progress {
                    progress((done + offset).min(total), total);
                }
            };
            let offset = self.segment(segment, index + 1 == segments.len(), &report)?;
            report(bytes_of(segment));
            done += bytes_of(segment);
            last = Some((segment.clone(), offset));
        }
        self.flush()?;
        if let Some(promise) = self.promise {
            promise.reached(self.next)?;
        }
        if let Some(applied) = self
            .applied
            .as_ref()
            .filter(|applied| applied.events > self.next)
        {
            return Err(Halt::Unfit(format!(
                "the log has {} events, but {} were durable once: {} are gone from its end",
                self.next,
                applied.events,
                applied.events - self.next
            )));
        }
        Ok(last)
    }

    /// The segment to begin with: the one that holds the last event that was applied, or an earlier one whose events the
    /// tree lacks.
    fn start(&mut self, segments: &[Segment]) -> Result<usize, Halt> {
        let Some(applied) = &self.applied else {
            self.tree = Tree::default();
            return Ok(0);
        };
        if self.tree.size() > applied.events {
            return Err(Halt::Unfit("the tree is ahead of the state".to_owned()));
        }
        let holds = |segment: &Segment| segment.header.first == applied.last.segment;
        let Some(last) = segments.iter().position(holds) else {
            return Err(Halt::Unfit(
                "the log lacks the segment that the state was folded from".to_owned(),
            ));
        };
        let after = segments.partition_point(|segment| segment.header.first <= self.tree.size());
        let start = last.min(after.saturating_sub(1));
        if start > 0 {
            self.next = segments[start].header.first;
            self.head = segments[start].header.before;
        }
        Ok(start)
    }

    /// Goes through a segment, and says where its last frame ends.
    fn segment(
        &mut self,
        segment: &Segment,
        is_last: bool,
        report: &dyn Fn(u64),
    ) -> Result<u64, Halt> {
        // What the state learns must be durable first, also what a killed host wrote and did not sync.
        if !self.is_clean {
            self.settle(segment, is_last)?;
        }
        self.header(segment)?;
        let mut scan = Scan::open(&segment.path, HEADER_BYTES)?;
        let (offset, cause) = loop {
            match scan.step()? {
                Step::Frame { offset, frame } => {
                    let place = Place {
                        segment: &segment.path,
                        offset,
                        position: self.next,
                    };
                    self.frame(&frame, &place, segment.header.first)?;
                    if self.next.is_multiple_of(STATE_BATCH_EVENTS_MAX as u64) {
                        report(offset);
                    }
                }
                Step::Stop { offset, cause } => break (offset, cause),
            }
        };
        self.ending(&mut scan, offset, cause, is_last)?;
        Ok(offset)
    }

    /// Only in the last segment can there be what no sync was good for: each was synced before the next was begun.
    fn settle(&self, segment: &Segment, is_last: bool) -> Result<(), JournalError> {
        let path = &segment.path;
        if !is_last {
            // A copy of the folder may not be on the disk yet.
            return File::open(path)
                .and_then(|file| file.sync_data())
                .at("sync", path);
        }
        write_again(path, self.durable_in(segment)).at("write again", path)?;
        // Its name, too, may be in memory alone.
        path.parent().map_or(Ok(()), sync_dir)
    }

    /// Up to where a segment is known to be durable. The state has learnt of no event that was not.
    fn durable_in(&self, segment: &Segment) -> u64 {
        let applied = self.applied.as_ref();
        applied
            .filter(|applied| applied.last.segment == segment.header.first)
            .map_or(0, |applied| applied.last.offset)
    }

    fn header(&self, segment: &Segment) -> Result<(), JournalError> {
        let place = Place {
            segment: &segment.path,
            offset: 0,
            position: self.next,
        };
        if segment.header.first != self.next {
            let cause = format!(
                "the segment before it ends at event {}, this one begins later",
                self.next
            );
            return Err(place.corrupt(cause));
        }
        if self.head != segment.header.before {
            return Err(place.corrupt("the segment does not follow the one before it"));
        }
        Ok(())
    }

    fn frame(&mut self, frame: &Frame<'_>, place: &Place<'_>, segment: u64) -> Result<(), Halt> {
        let applied = self.applied.as_ref().map_or(0, |applied| applied.events);
        if self.next >= applied {
            self.fold(frame, place, segment)?;
        } else {
            self.pass(frame, place, self.next + 1 == applied)?;
        }
        self.next += 1;
        Ok(())
    }

    /// An event that the state has: it must still be the one that was written.
    fn pass(&mut self, frame: &Frame<'_>, place: &Place<'_>, is_last: bool) -> Result<(), Halt> {
        self.follows_in_log(frame, place)?;
        let hash = frame.hash();
        if is_last {
            self.last_applied(hash, place.offset)?;
        }
        self.head = hash;
        if self.next >= self.tree.size() {
            self.tree.push(merkle::leaf(&hash));
            self.keep_promise()?;
        }
        Ok(())
    }

    fn last_applied(&self, hash: Hash, offset: u64) -> Result<(), Halt> {
        let fits = |applied: &Applied| applied.head == hash && applied.last.offset == offset;
        if self.applied.as_ref().is_some_and(fits) {
            Ok(())
        } else {
            Err(Halt::Unfit(
                "the state was folded from another log".to_owned(),
            ))
        }
    }

    fn follows_in_log(&self, frame: &Frame<'_>, place: &Place<'_>) -> Result<(), JournalError> {
        if self.head != frame.head.before_in_log {
            return Err(place.corrupt("the event does not follow the one before it in the log"));
        }
        Ok(())
    }

    /// Compares the tree with what was signed, where it has that size.
    fn keep_promise(&self) -> Result<(), JournalError> {
        self.promise
            .map_or(Ok(()), |promise| promise.check(&self.tree))
    }

    fn fold(
        &mut self,
        frame: &Frame<'_>,
        place: &Place<'_>,
        segment: u64,
    ) -> Result<(), JournalError> {
        self.follows_in_log(frame, place)?;
        let run = frame.head.run;
        let before = match self.tails.get(&run) {
            Some(tail) => Some(tail.clone()),
            None => self.state.tail(run)?,
        };
        if !follows(frame, before.as_ref()) {
            return Err(place.corrupt("the event does not follow the one before it in its run"));
        }
        let entry = self.entry(frame, place)?;
        self.head = entry.hash;
        self.tails.insert(
            run,
            Tail {
                events: entry.number + 1,
                hash: entry.hash,
                changed_ms: entry.at_ms,
                position: entry.position,
            },
        );
        self.batch.push((
            Arc::new(entry),
            Location {
                segment,
                offset: place.offset,
            },
        ));
        let promised = self
            .promise
            .is_some_and(|promise| promise.size() == self.next + 1);
        if promised || self.batch.len() >= STATE_BATCH_EVENTS_MAX {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn entry(&mut self, frame: &Frame<'_>, place: &Place<'_>) -> Result<Entry, JournalError> {
        let (mut kv, mut summary) = (Vec::new(), None);
        if frame.has(FLAG_KV) || frame.has(FLAG_SUMMARY) {
            let event = event_of(frame, self.blobs, place)?;
            kv = kv_of(event.kv()).map_err(|cause| place.corrupt(cause))?;
            if let Some(change) = event.summary() {
                let before = self.summary(frame.head.run)?;
                let after = Arc::new(Stored::after(before.as_deref(), change, frame.head.at_ms));
                self.summaries.insert(frame.head.run, Arc::clone(&after));
                summary = Some(after);
            }
        }
        Ok(Entry {
            position: self.next,
            run: frame.head.run,
            number: frame.head.number,
            at_ms: frame.head.at_ms,
            hash: frame.hash(),
            frame: Vec::new(),
            kv,
            summary,
        })
    }

    fn summary(&self, run: RunId) -> Result<Option<Arc<Stored>>, JournalError> {
        match self.summaries.get(&run) {
            Some(summary) => Ok(Some(Arc::clone(summary))),
            None => Ok(self.state.summary(run)?.map(Arc::new)),
        }
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        self.state.apply(&self.batch, &mut self.tree)?;
        self.keep_promise()?;
        self.batch.clear();
        if self.tails.len() > TAILS_RUNS_MAX {
            self.tails.clear();
            self.summaries.clear();
        }
        Ok(())
    }

    /// Explains what stands where the frames of a segment end, or refuses it.
    fn ending(
        &mut self,
        scan: &mut Scan,
        offset: u64,
        cause: Option<&str>,
        is_last: bool,
    ) -> Result<(), JournalError> {
        let rest = scan.rest_from(offset)?;
        if rest.bytes == 0 {
            return Ok(());
        }
        let was_durable = self
            .applied
            .as_ref()
            .is_some_and(|applied| applied.events > self.next)
            || self
                .promise
                .is_some_and(|promise| promise.size() > self.next);
        let place = Place {
            segment: scan.path(),
            offset,
            position: self.next,
        };
        let cause = cause.unwrap_or("nothing is written here, though more follows");
        if !is_last {
            return Err(place.corrupt(format!("{cause}, and later segments follow")));
        }
        if rest.settled || (was_durable && rest.frames > 0) {
            return Err(place.corrupt(format!(
                "{cause}, and {} whole events follow that were durable",
                rest.frames
            )));
        }
        self.repairs.push(Repair::new(format!(
            "{}: its last {} bytes are an unfinished write ({cause}) and are cut off",
            place.segment.display(),
            rest.bytes
        )));
        Ok(())
    }
}

fn follows(frame: &Frame<'_>, before: Option<&Tail>) -> bool {
    match before {
        Some(tail) => frame.head.number == tail.events && frame.head.before_in_run == tail.hash,
        None => frame.head.number == 0 && frame.head.before_in_run == NO_HASH,
    }
}

fn bytes_of(segment: &Segment) -> u64 {
    segment.path.metadata().map_or(0, |metadata| metadata.len())
}
