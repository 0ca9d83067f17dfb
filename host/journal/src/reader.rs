//! Reads a journal that another process may hold: no lock, no state, only the log. What is being written at its end is
//! left out, not complained about.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    vec,
};

use writ_run::RunId;

use crate::{
    BlobDigest, JournalError, Record, RunSummary,
    blobs::Blobs,
    digest::NO_HASH,
    entry::{Place, Tail, event_of},
    frame::{FLAG_SUMMARY, Frame},
    index::{Stored, has_prefix},
    records::Chain,
    scan::{Scan, Step},
    segment::{self, HEADER_BYTES, Segment},
};

/// A journal, to be looked at.
pub struct Reader {
    log_dir: PathBuf,
    blobs: Blobs,
}

impl Reader {
    /// Looks into a journal's folder; fails if there is no journal.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        let log_dir = dir.join("log");
        segment::list(&log_dir)?;
        Ok(Self {
            log_dir,
            blobs: Blobs::at(dir.join("blobs")),
        })
    }

    /// All runs, in the order in which they were accepted. Goes through the whole log.
    pub fn runs(&self) -> Result<Vec<RunSummary>, JournalError> {
        let mut runs: BTreeMap<RunId, (Option<Stored>, Tail)> = BTreeMap::new();
        let mut walk = Walk::over(&self.log_dir)?;
        while let Some(visited) = walk.next(|frame, place| self.visit(&mut runs, frame, place)) {
            visited?;
        }
        Ok(runs
            .into_iter()
            .filter_map(|(run, (stored, tail))| Some(stored?.with(run, &tail)))
            .collect())
    }

    fn visit(
        &self,
        runs: &mut BTreeMap<RunId, (Option<Stored>, Tail)>,
        frame: &Frame<'_>,
        place: &Place<'_>,
    ) -> Result<(), JournalError> {
        let head = &frame.head;
        let tail = Tail {
            // A look checks no chain, so the number may be any.
            events: head.number.saturating_add(1),
            hash: NO_HASH,
            changed_ms: head.at_ms,
            position: place.position,
        };
        let known = runs.entry(head.run).or_insert_with(|| (None, tail.clone()));
        known.1 = tail;
        if frame.has(FLAG_SUMMARY)
            && let Some(change) = event_of(frame, &self.blobs, place)?.summary()
        {
            known.0 = Some(Stored::after(known.0.as_ref(), change, head.at_ms));
        }
        Ok(())
    }

    /// One run.
    pub fn run(&self, run: RunId) -> Result<Option<RunSummary>, JournalError> {
        Ok(self.runs()?.into_iter().find(|summary| summary.run == run))
    }

    /// The one run whose id begins so, hyphens and case aside; an error if several do.
    pub fn find(&self, prefix: &str) -> Result<Option<RunSummary>, JournalError> {
        let mut fitting = self
            .runs()?
            .into_iter()
            .filter(|summary| has_prefix(summary.run, prefix));
        match (fitting.next(), fitting.next()) {
            (Some(first), Some(second)) => Err(JournalError::Ambiguous {
                prefix: prefix.to_owned(),
                first: first.run,
                second: second.run,
            }),
            (first, _) => Ok(first),
        }
    }

    /// The events of a run, in order, each checked; none for a run that is not known.
    pub fn read(
        &self,
        run: RunId,
    ) -> Result<impl Iterator<Item = Result<Record, JournalError>> + use<'_>, JournalError> {
        Ok(RunRecords {
            reader: self,
            walk: Walk::over(&self.log_dir)?,
            chain: Chain::new(run),
            is_over: false,
        })
    }

    /// The events of the wanted runs, in the order of the log, each with its checksum checked. One walk however many runs there
    /// are; that each follows the one before is for [`verify`](crate::verify) to say.
    pub fn events<'r>(
        &'r self,
        wanted: impl Fn(RunId) -> bool + 'r,
    ) -> Result<impl Iterator<Item = Result<Record, JournalError>> + 'r, JournalError> {
        let mut walk = Walk::over(&self.log_dir)?;
        let mut is_over = false;
        Ok(std::iter::from_fn(move || {
            while !is_over {
                let visited = walk.next(|frame, place| {
                    wanted(frame.head.run)
                        .then(|| self.record(frame, place))
                        .transpose()
                });
                match visited {
                    None => is_over = true,
                    Some(Ok(None)) => {}
                    Some(Ok(Some(record))) => return Some(Ok(record)),
                    Some(Err(error)) => {
                        is_over = true;
                        return Some(Err(error));
                    }
                }
            }
            None
        }))
    }

    fn record(&self, frame: &Frame<'_>, place: &Place<'_>) -> Result<Record, JournalError> {
        Ok(Record {
            position: place.position,
            run: frame.head.run,
            number: frame.head.number,
            at_ms: frame.head.at_ms,
            event: event_of(frame, &self.blobs, place)?,
            hash: frame.hash(),
        })
    }

    /// Content by its digest, checked.
    pub fn get_blob(&self, digest: &BlobDigest) -> Result<Vec<u8>, JournalError> {
        self.blobs.read(digest, None)
    }
}

struct RunRecords<'a> {
    reader: &'a Reader,
    walk: Walk,
    chain: Chain,
    is_over: bool,
}

impl Iterator for RunRecords<'_> {
    type Item = Result<Record, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            let Self {
                reader,
                walk,
                chain,
                ..
            } = self;
            let visited = walk.next(|frame, place| {
                let is_ours = frame.head.run == chain.run;
                is_ours
                    .then(|| chain.record(frame, &reader.blobs, place))
                    .transpose()
            });
            match visited {
                None => self.is_over = true,
                Some(Ok(None)) => {}
                Some(Ok(Some(record))) => return Some(Ok(record)),
                Some(Err(error)) => {
                    self.is_over = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

/// All frames of a log as it was listed, up to one that is still being written.
pub(crate) struct Walk {
    segments: vec::IntoIter<Segment>,
    open: Option<Scan>,
    position: u64,
}

impl Walk {
    pub(crate) fn over(log_dir: &Path) -> Result<Self, JournalError> {
        Ok(Self {
            segments: segment::list(log_dir)?.segments.into_iter(),
            open: None,
            position: 0,
        })
    }

    /// From one frame on, whose place and position are known.
    pub(crate) fn from(
        log_dir: &Path,
        segment: u64,
        offset: u64,
        position: u64,
    ) -> Result<Self, JournalError> {
        let mut walk = Self::over(log_dir)?;
        let found = walk.segments.find(|found| found.header.first == segment);
        if let Some(found) = found {
            walk.open = Some(Scan::open(&found.path, offset)?);
        }
        walk.position = position;
        Ok(walk)
    }

    /// Shows the next frame to `visit`; `None` at the end.
    pub(crate) fn next<T>(
        &mut self,
        visit: impl FnOnce(&Frame<'_>, &Place<'_>) -> Result<T, JournalError>,
    ) -> Option<Result<T, JournalError>> {
        loop {
            let Some(scan) = &mut self.open else {
                let segment = self.segments.next()?;
                if let Err(error) = self.enter(&segment) {
                    return Some(Err(error));
                }
                continue;
            };
            let path = scan.path().to_owned();
            match scan.step() {
                Ok(Step::Frame { offset, frame }) => {
                    let place = Place {
                        segment: &path,
                        offset,
                        position: self.position,
                    };
                    self.position += 1;
                    return Some(visit(&frame, &place));
                }
                Ok(Step::Stop {
                    offset,
                    cause: Some(cause),
                }) if self.segments.len() > 0 => {
                    return Some(Err(Place {
                        segment: &path,
                        offset,
                        position: self.position,
                    }
                    .corrupt(cause)));
                }
                Ok(Step::Stop { .. }) => self.open = None,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn enter(&mut self, segment: &Segment) -> Result<(), JournalError> {
        if segment.header.first != self.position {
            let place = Place {
                segment: &segment.path,
                offset: 0,
                position: self.position,
            };
            return Err(place.corrupt("events are missing at the end of the segment before it"));
        }
        self.open = Some(Scan::open(&segment.path, HEADER_BYTES)?);
        Ok(())
    }
}
