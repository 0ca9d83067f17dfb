//! Goes through a log from its first byte to its last, and holds every event against the one before, its blobs and the
//! checkpoints. Trusts nothing of what it reads; of the checkpoints it knows that their signatures hold.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    path::Path,
    thread,
    time::Duration,
};

use serde_json::Value as Json;
use writ_run::RunId;

use super::{AuditFault, Audited, BadEvent, Claim, Claims, Verified, blobs};
use crate::{
    BlobDigest, JournalError,
    blobs::Blobs,
    digest::{Hash, NO_HASH},
    entry::{Place, event_of},
    frame::{self, Frame, Payload},
    lock,
    merkle::{self, Tree},
    scan::{Scan, Step},
    segment::{self, HEADER_BYTES, Listing, Segment},
};

/// While a host appends, its last write may be seen half done; it is looked at again so often before it is called damage.
const LOOKS_MAX: u32 = 25;
const LOOK_PAUSE: Duration = Duration::from_millis(20);

pub(crate) type Result<T> = std::result::Result<T, Box<AuditFault>>;

/// Shown every event that holds: its position and its hash.
pub(crate) type Visit<'a> = dyn FnMut(u64, &Frame<'_>, &Hash) + 'a;

/// Checks the folder of a journal from end to end against itself and against checkpoints; the fault names the first event
/// that does not hold.
///
/// It may be held by a host: events that are appended meanwhile are left out. If a host was killed and did not start
/// again, an unfinished event at the end is a fault: only the next start can tell it from damage, and cuts it off.
pub fn audit(dir: &Path, claims: &Claims) -> std::result::Result<Audited, Box<AuditFault>> {
    audit_with(dir, claims, true, &mut |_, _, _| ())
}

/// The same, with an onlooker; `is_strict` wants everything kept that runs are pinned to, and nothing altered beside.
pub(crate) fn audit_with(
    dir: &Path,
    claims: &Claims,
    is_strict: bool,
    visit: &mut Visit<'_>,
) -> Result<Audited> {
    // Before the log is listed: what a host signs later is about events that are not looked at.
    let claims = claims.read(dir)?;
    let is_held = lock::is_held(dir)?;
    let mut walk = Walk {
        blobs: Blobs::at(dir.join("blobs")),
        claims: &claims,
        kept: 0,
        is_held,
        is_strict,
        next: 0,
        head: NO_HASH,
        tree: Tree::default(),
        runs: HashMap::new(),
        checked: HashSet::new(),
        unsigned: None,
        visit,
    };
    let (listing, broken) = segment::list_until_bad(&dir.join("log"))?;
    walk.all(&listing, broken)
        .map_err(|fault| walk.so_far(fault))?;
    let blobs = if is_strict {
        blobs::sweep(&dir.join("blobs"), &mut walk.checked)
    } else {
        Ok(walk.checked.len() as u64)
    };
    let blobs = blobs.map_err(|fault| walk.so_far(fault))?;
    let verified = Verified {
        events: walk.next,
        runs: walk.runs.len() as u64,
        segments: listing.segments.len() as u64,
        head: walk.head,
    };
    Ok(Audited {
        verified,
        root: walk.tree.root(),
        blobs,
        claims,
        is_held,
    })
}

struct Walk<'a, 'b> {
    blobs: Blobs,
    /// The smallest first.
    claims: &'a [Claim],
    /// How many of them fit.
    kept: usize,
    is_held: bool,
    is_strict: bool,
    next: u64,
    head: Hash,
    tree: Tree,
    runs: HashMap<RunId, (u64, Hash)>,
    /// Blobs whose content has their digest.
    checked: HashSet<BlobDigest>,
    /// Where the first event is that no fitting checkpoint vouches for.
    unsigned: Option<BadEvent>,
    visit: &'a mut Visit<'b>,
}

impl Walk<'_, '_> {
    fn all(&mut self, listing: &Listing, broken: Option<JournalError>) -> Result<()> {
        self.claims_of_this_size()?;
        let count = listing.segments.len();
        for (index, segment) in listing.segments.iter().enumerate() {
            let is_last = index + 1 == count && listing.unborn.is_none() && broken.is_none();
            self.segment(segment, is_last)?;
        }
        if let Some(error) = broken {
            return Err(self.broken(error));
        }
        if let Some((path, cause)) = listing.unborn.as_ref().filter(|_| !self.is_held) {
            let place = Place {
                segment: path,
                offset: 0,
                position: self.next,
            };
            return Err(Box::new(fault(&place, *cause)));
        }
        self.claims_beyond(listing)
    }

    /// What holds up to here, for a fault that was found.
    fn so_far(&self, mut fault: Box<AuditFault>) -> Box<AuditFault> {
        fault.whole = self.next;
        fault.signed = self
            .kept
            .checked_sub(1)
            .map(|last| &self.claims[last])
            .map(|claim| (claim.name.clone(), claim.checkpoint.clone()));
        fault
    }

    /// A segment that is not what it must be, after those before it were walked through.
    fn broken(&self, error: JournalError) -> Box<AuditFault> {
        let at = if let JournalError::Corrupt {
            segment, offset, ..
        } = &error
        {
            Some((segment.clone(), *offset))
        } else if let JournalError::Newer { path, .. } | JournalError::Io { path, .. } = &error {
            Some((path.clone(), 0))
        } else {
            None
        };
        let mut fault = AuditFault::of(error);
        fault.at = at.map(|(segment, offset)| bad_place(&segment, offset, self.next));
        Box::new(fault)
    }

    fn segment(&mut self, segment: &Segment, is_last: bool) -> Result<()> {
        let header = &segment.header;
        let place = Place {
            segment: &segment.path,
            offset: 0,
            position: self.next,
        };
        if header.first != self.next {
            let cause = "the segment does not follow the one before it: events are missing";
            return Err(Box::new(fault(&place, cause).expecting(
                format_args!("event {} of the log", self.next),
                format_args!("event {}", header.first),
            )));
        }
        if header.before != self.head {
            let cause = "the segment does not follow the one before it";
            return Err(Box::new(
                fault(&place, cause).expecting(hex(&self.head), hex(&header.before)),
            ));
        }
        self.frames(&segment.path, is_last)
    }

    fn frames(&mut self, path: &Path, is_last: bool) -> Result<()> {
        let (mut offset, mut looks) = (HEADER_BYTES, 0);
        loop {
            let mut scan = Scan::open(path, offset)?;
            let cause;
            (offset, cause) = self.frames_from(&mut scan)?;
            if cause.is_none() && scan.rest_from(offset)?.bytes == 0 {
                return Ok(());
            }
            looks += 1;
            if !(self.is_held && is_last && looks < LOOKS_MAX) {
                return Err(self.damage(&mut scan, offset, cause, is_last)?);
            }
            thread::sleep(LOOK_PAUSE);
        }
    }

    /// All whole frames from where a scan stands; then where they end, and why.
    fn frames_from(&mut self, scan: &mut Scan) -> Result<(u64, Option<&'static str>)> {
        let path = scan.path().to_owned();
        loop {
            let (position, next) = (self.next, scan.offset());
            let step = scan.step().map_err(|error| {
                // A frame of a newer Writ, or one that can't be read: nothing from here on is known.
                let mut fault = AuditFault::of(error);
                fault.at = Some(bad_place(&path, next, position));
                fault
            })?;
            match step {
                Step::Frame { offset, frame } => {
                    let place = Place {
                        segment: &path,
                        offset,
                        position,
                    };
                    self.frame(&frame, &place)
                        .map_err(|fault| describe(fault, &frame, &place))?;
                }
                Step::Stop { offset, cause } => return Ok((offset, cause)),
            }
        }
    }

    fn frame(&mut self, frame: &Frame<'_>, place: &Place<'_>) -> Result<()> {
        let head = &frame.head;
        if head.before_in_log != self.head {
            let cause = "the event does not follow the one before it in the log";
            return Err(Box::new(
                fault(place, cause).expecting(hex(&self.head), hex(&head.before_in_log)),
            ));
        }
        let (number, before) = *self.runs.entry(head.run).or_insert((0, NO_HASH));
        if (head.number, head.before_in_run) != (number, before) {
            let cause = "the event does not follow the one before it in its run";
            return Err(Box::new(fault(place, cause).expecting(
                format_args!("event {number} after {}", hex(&before)),
                format_args!("event {} after {}", head.number, hex(&head.before_in_run)),
            )));
        }
        self.content(frame, place)?;
        let hash = frame.hash();
        (self.visit)(self.next, frame, &hash);
        self.unsigned.get_or_insert_with(|| bad_event(frame, place));
        self.head = hash;
        self.runs.insert(head.run, (head.number + 1, hash));
        self.tree.push(merkle::leaf(&hash));
        self.next += 1;
        self.claims_of_this_size()
    }

    /// The event itself, and whatever is kept because of it.
    fn content(&mut self, frame: &Frame<'_>, place: &Place<'_>) -> Result<()> {
        let event = event_of(frame, &self.blobs, place)?;
        if let Payload::Blob { digest, .. } = frame.payload {
            self.checked.insert(digest);
        }
        if !self.is_strict {
            return Ok(());
        }
        for digest in event.pins() {
            let digest: BlobDigest = digest
                .parse()
                .map_err(|error| place.corrupt(format!("the event is pinned to {error}")))?;
            if !self.checked.contains(&digest) {
                self.blobs.read(&digest, None)?;
                self.checked.insert(digest);
            }
        }
        Ok(())
    }

    /// Compares the tree with every checkpoint that signed as many events as it has now.
    fn claims_of_this_size(&mut self) -> Result<()> {
        while let Some(claim) = self
            .claims
            .get(self.kept)
            .filter(|claim| claim.checkpoint.size == self.next)
        {
            let root = self.tree.root();
            if root != claim.checkpoint.root {
                return Err(self.unlike(claim, &root));
            }
            self.kept += 1;
            self.unsigned = None;
        }
        Ok(())
    }

    /// The log is whole, but it is not the one that was signed.
    fn unlike(&self, claim: &Claim, root: &Hash) -> Box<AuditFault> {
        let since = self.unsigned.as_ref().map_or(0, |event| event.position);
        let cause = format!(
            "events {since} to {} of the log are not those that it signed: at least one was changed, put in, taken out or moved, and all hashes after it made anew",
            self.next.saturating_sub(1)
        );
        let mut fault = AuditFault::of(claim.broken(cause)).expecting(
            format_args!("root {}", hex(&claim.checkpoint.root)),
            format_args!("root {}", hex(root)),
        );
        fault.at.clone_from(&self.unsigned);
        Box::new(fault)
    }

    /// Fails if a checkpoint signed more events than there are.
    fn claims_beyond(&self, listing: &Listing) -> Result<()> {
        let Some(claim) = self.claims.get(self.kept) else {
            return Ok(());
        };
        let (size, events) = (claim.checkpoint.size, self.next);
        let cause = format!(
            "the last {} events that it signed are gone from the log",
            size - events
        );
        let mut fault = AuditFault::of(claim.broken(cause)).expecting(
            format_args!("{size} events"),
            format_args!("{events} events"),
        );
        if let Some(last) = listing.segments.last() {
            fault.at = Some(bad_place(&last.path, end_of(&last.path)?, events));
        }
        Err(Box::new(fault))
    }

    /// Explains bytes that are no frame, where one must be.
    fn damage(
        &self,
        scan: &mut Scan,
        offset: u64,
        cause: Option<&str>,
        is_last: bool,
    ) -> Result<Box<AuditFault>> {
        let rest = scan.rest_from(offset)?;
        let cause = cause.unwrap_or("nothing is written here, though more follows");
        let cause = match (rest.frames, is_last) {
            (0, true) => format!(
                "{cause}; it may be damage, or an unfinished write of a host that was killed, which the next start cuts off"
            ),
            (0, false) => format!("{cause}, and later segments follow"),
            (frames, _) => format!("{cause}, and {frames} whole events follow"),
        };
        let path = scan.path().to_owned();
        let place = Place {
            segment: &path,
            offset,
            position: self.next,
        };
        let mut fault = fault(&place, cause);
        let remains = frame::remains(scan.bytes_at(offset)?);
        if let Some((written, computed)) = remains.checksums.filter(|(w, c)| w != c) {
            fault = fault.expecting(
                format_args!("checksum {written:08x}"),
                format_args!("checksum {computed:08x}"),
            );
        }
        let (kind, task) = remains.json.map_or((None, None), names);
        fault.at = fault.at.map(|at| BadEvent {
            run: remains.run,
            number: remains.number,
            kind,
            task,
            ..at
        });
        Ok(Box::new(fault))
    }
}

/// An event at a place is not what it must be.
fn fault(place: &Place<'_>, cause: impl Into<String>) -> AuditFault {
    let mut fault = AuditFault::of(place.corrupt(cause));
    fault.at = Some(bad_place(place.segment, place.offset, place.position));
    fault
}

/// An event of which only its place is known.
fn bad_place(segment: &Path, offset: u64, position: u64) -> BadEvent {
    BadEvent {
        segment: segment.to_owned(),
        offset,
        position,
        ..BadEvent::default()
    }
}

/// Adds to a fault what the event says of itself. A checkpoint that does not fit has named its own events.
fn describe(mut fault: Box<AuditFault>, frame: &Frame<'_>, place: &Place<'_>) -> Box<AuditFault> {
    if !matches!(fault.error, JournalError::Checkpoint { .. }) {
        fault.at = Some(bad_event(frame, place));
    }
    fault
}

fn bad_event(frame: &Frame<'_>, place: &Place<'_>) -> BadEvent {
    let (kind, task) = frame.json().map_or((None, None), names);
    BadEvent {
        segment: place.segment.to_owned(),
        offset: place.offset,
        position: place.position,
        run: Some(frame.head.run),
        number: Some(frame.head.number),
        kind,
        task,
    }
}

/// The kind and the task that an event's JSON names.
fn names(json: &[u8]) -> (Option<String>, Option<String>) {
    let event: Json = serde_json::from_slice(json).unwrap_or_default();
    let text = |name: &str| event.get(name).and_then(Json::as_str).map(str::to_owned);
    (text("type"), text("reference"))
}

fn end_of(path: &Path) -> Result<u64> {
    let mut scan = Scan::open(path, HEADER_BYTES)?;
    loop {
        if let Step::Stop { offset, .. } = scan.step()? {
            return Ok(offset);
        }
    }
}

/// Bytes as lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> impl fmt::Display + '_ {
    struct Hex<'a>(&'a [u8]);
    impl fmt::Display for Hex<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
        }
    }
    Hex(bytes)
}
