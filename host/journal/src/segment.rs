//! Segment files of the log: their names, their headers, and that none is missing. Knows nothing of events.
//!
//! ```text
//! 0   8  "writlog\n"
//! 8   4  format, 1
//! 12  8  first position of the segment before; all ones if there is none
//! 20  8  position of the first event in this segment, also the file's name
//! 28 32  sha256 of the last event before
//! 60  4  crc32 of the sixty bytes above
//! ```

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{JournalError, digest::Hash, error::At as _, frame::array, scan::Scan, window::Window};

/// The format that this program writes, and the newest that it reads.
pub(crate) const FORMAT: u32 = 1;
/// Where the first event of a segment stands.
pub(crate) const HEADER_BYTES: u64 = 64;

const HEADER_LENGTH: usize = 64;
const MAGIC: &[u8; 8] = b"writlog\n";
const NONE_BEFORE: u64 = u64::MAX;
const SUFFIX: &str = ".log";
const DIGITS: usize = 20;

/// What a segment says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// First position of the segment before.
    pub(crate) previous: Option<u64>,
    /// Position of the first event.
    pub(crate) first: u64,
    /// Hash of the last event before.
    pub(crate) before: Hash,
}

enum Unreadable {
    Bad(&'static str),
    Newer(u32),
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.previous.unwrap_or(NONE_BEFORE).to_le_bytes());
        bytes[20..28].copy_from_slice(&self.first.to_le_bytes());
        bytes[28..60].copy_from_slice(&self.before);
        let crc = crc32fast::hash(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let bytes = bytes
            .get(..HEADER_LENGTH)
            .ok_or(Unreadable::Bad("the header of the segment is cut short"))?;
        if &bytes[..8] != MAGIC {
            return Err(Unreadable::Bad("this is no segment of a log"));
        }
        if crc32fast::hash(&bytes[..60]) != u32::from_le_bytes(array(bytes, 60)) {
            return Err(Unreadable::Bad(
                "the checksum of the segment's header is wrong",
            ));
        }
        let format = u32::from_le_bytes(array(bytes, 8));
        if format > FORMAT {
            return Err(Unreadable::Newer(format));
        }
        let previous = u64::from_le_bytes(array(bytes, 12));
        Ok(Self {
            previous: (previous != NONE_BEFORE).then_some(previous),
            first: u64::from_le_bytes(array(bytes, 20)),
            before: array(bytes, 28),
        })
    }
}

/// One segment file.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    pub(crate) header: Header,
}

/// The path of the segment that begins at a position.
pub(crate) fn path_of(log_dir: &Path, first: u64) -> PathBuf {
    log_dir.join(format!("{first:0DIGITS$}{SUFFIX}"))
}

/// The position that a segment's file is named for.
pub(crate) fn first_of(path: &Path) -> Option<u64> {
    let stem = path.file_name()?.to_str()?.strip_suffix(SUFFIX)?;
    (stem.len() == DIGITS && stem.bytes().all(|b| b.is_ascii_digit())).then(|| stem.parse().ok())?
}

/// What a log folder holds.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// All segments, in order; none is missing.
    pub(crate) segments: Vec<Segment>,
    /// A last file that never became a segment, and why.
    pub(crate) unborn: Option<(PathBuf, &'static str)>,
    /// Files that no log has.
    pub(crate) strangers: Vec<PathBuf>,
}

/// Lists a log folder; fails if a segment is missing, misnamed or unreadable.
pub(crate) fn list(log_dir: &Path) -> Result<Listing, JournalError> {
    match list_until_bad(log_dir)? {
        (listing, None) => Ok(listing),
        (_, Some(error)) => Err(error),
    }
}

/// The same; where a segment fails, gives those before it and the error.
pub(crate) fn list_until_bad(
    log_dir: &Path,
) -> Result<(Listing, Option<JournalError>), JournalError> {
    let mut listing = Listing::default();
    let mut named = Vec::new();
    for entry in fs::read_dir(log_dir).at("list", log_dir)? {
        let path = entry.at("list", log_dir)?.path();
        match first_of(&path) {
            Some(first) => named.push((first, path)),
            None if path.extension().is_some_and(|e| e == "damaged") => {}
            None => listing.strangers.push(path),
        }
    }
    named.sort();
    listing.strangers.sort();
    let count = named.len();
    for (index, (first, path)) in named.into_iter().enumerate() {
        if let Err(error) = take(&mut listing, first, path, index + 1 == count) {
            return Ok((listing, Some(error)));
        }
    }
    Ok((listing, None))
}

fn take(
    listing: &mut Listing,
    first: u64,
    path: PathBuf,
    is_last: bool,
) -> Result<(), JournalError> {
    let corrupt = |path: PathBuf, cause: String| JournalError::Corrupt {
        segment: path,
        offset: 0,
        position: first,
        cause,
    };
    let mut window = Window::open(&path, HEADER_LENGTH)?;
    let header = match Header::decode(window.at(0, HEADER_LENGTH)?) {
        Ok(header) => header,
        Err(Unreadable::Newer(version)) => {
            return Err(JournalError::Newer {
                path,
                version,
                newest: FORMAT,
            });
        }
        Err(Unreadable::Bad(cause)) if is_last && !holds_events(&path)? => {
            listing.unborn = Some((path, cause));
            return Ok(());
        }
        Err(Unreadable::Bad(cause)) => return Err(corrupt(path, cause.to_owned())),
    };
    if header.first != first {
        let cause = format!(
            "its header says that it begins at event {}, its name says {first}",
            header.first
        );
        return Err(corrupt(path, cause));
    }
    let before = listing.segments.last().map(|segment| segment.header.first);
    if header.previous != before {
        return Err(corrupt(path, missing(before, header.previous)));
    }
    listing.segments.push(Segment { path, header });
    Ok(())
}

fn missing(have: Option<u64>, want: Option<u64>) -> String {
    match want {
        Some(want) => format!("the segment before it is missing: {want:0DIGITS$}{SUFFIX}"),
        None => format!(
            "it says that it is the first segment, but {:0DIGITS$}{SUFFIX} is there too",
            have.unwrap_or(0)
        ),
    }
}

fn holds_events(path: &Path) -> Result<bool, JournalError> {
    Ok(Scan::open(path, 0)?.rest_from(0)?.frames > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(previous: Option<u64>, first: u64) -> Header {
        Header {
            previous,
            first,
            before: [9; 32],
        }
    }

    fn folder(segments: &[(Option<u64>, u64)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (previous, first) in segments {
            fs::write(
                path_of(dir.path(), *first),
                header(*previous, *first).encode(),
            )
            .unwrap();
        }
        dir
    }

    #[test]
    fn a_header_is_read_back_and_every_changed_byte_is_noticed() {
        let bytes = header(Some(7), 12).encode();
        assert_eq!(Header::decode(&bytes).ok(), Some(header(Some(7), 12)));
        for at in 0..HEADER_LENGTH {
            let mut changed = bytes;
            changed[at] ^= 0x10;
            assert!(Header::decode(&changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn segments_come_in_order() {
        let dir = folder(&[(Some(0), 40), (None, 0), (Some(40), 1000)]);
        let listing = list(dir.path()).unwrap();
        assert_eq!(
            listing
                .segments
                .iter()
                .map(|s| s.header.first)
                .collect::<Vec<_>>(),
            [0, 40, 1000]
        );
    }

    #[test]
    fn a_missing_segment_is_named() {
        let dir = folder(&[(None, 0), (Some(40), 1000)]);
        let error = list(dir.path()).unwrap_err().to_string();
        assert!(
            error.contains("missing: 00000000000000000040.log"),
            "{error}"
        );
        let dir = folder(&[(Some(0), 40)]);
        let error = list(dir.path()).unwrap_err().to_string();
        assert!(
            error.contains("missing: 00000000000000000000.log"),
            "{error}"
        );
    }

    #[test]
    fn a_copy_under_another_name_is_refused() {
        let dir = folder(&[(None, 0)]);
        fs::copy(path_of(dir.path(), 0), path_of(dir.path(), 5)).unwrap();
        assert!(
            list(dir.path())
                .unwrap_err()
                .to_string()
                .contains("its name says 5")
        );
    }

    #[test]
    fn a_later_format_is_not_taken_for_damage() {
        let dir = tempfile::tempdir().unwrap();
        let mut bytes = header(None, 0).encode();
        bytes[8] = 2;
        let crc = crc32fast::hash(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        fs::write(path_of(dir.path(), 0), bytes).unwrap();
        assert!(matches!(
            list(dir.path()),
            Err(JournalError::Newer {
                version: 2,
                newest: 1,
                ..
            })
        ));
    }

    #[test]
    fn a_last_file_without_header_is_set_apart_and_strangers_are_named() {
        let dir = folder(&[(None, 0)]);
        fs::write(path_of(dir.path(), 40), [0; 30]).unwrap();
        fs::write(dir.path().join("notes.txt"), "mine").unwrap();
        let listing = list(dir.path()).unwrap();
        assert_eq!(listing.segments.len(), 1);
        assert!(listing.unborn.is_some());
        assert_eq!(listing.strangers, [dir.path().join("notes.txt")]);
    }
}
