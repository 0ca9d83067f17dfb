//! One event as bytes: length, checksum, body. Pure; knows nothing of files or of what an event means.
//!
//! ```text
//! 0   4  length of the body; the top bit says that all before this frame was synced before it was written
//! 4   4  crc32 of the four bytes above and the body
//! 8   1  format, 1
//! 9   1  flags
//! 10 16  run
//! 26  8  number of the event in its run
//! 34  8  milliseconds since 1970
//! 42 32  sha256 of the body before, in the log
//! 74 32  sha256 of the body before, in the run
//! 106 …  the event as JSON; or sha256 and length (8) of a blob that holds the JSON
//! ```
//! All numbers are little-endian. A length of zero is where the log ends in a file that is set aside beforehand.

use writ_run::RunId;

use crate::{
    BlobDigest,
    digest::{Hash, sha256},
    options::INLINE_EVENT_BYTES_MAX,
};

/// The body's format that this program writes, and the newest that it reads.
pub(crate) const FORMAT: u8 = 1;
/// The event's JSON is in a blob.
pub(crate) const FLAG_BLOB: u8 = 1;
/// The event changes what the index says of its run.
pub(crate) const FLAG_SUMMARY: u8 = 2;
/// The event changes key-value buckets.
pub(crate) const FLAG_KV: u8 = 4;

const SETTLED: u32 = 1 << 31;
const PREFIX_BYTES: usize = 8;
const BODY_HEAD_BYTES: usize = 98;
const BLOB_REFERENCE_BYTES: usize = 40;
/// The largest frame.
pub(crate) const FRAME_BYTES_MAX: usize = PREFIX_BYTES + BODY_HEAD_BYTES + INLINE_EVENT_BYTES_MAX;

/// Where an event stands in both chains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) flags: u8,
    pub(crate) run: RunId,
    pub(crate) number: u64,
    pub(crate) at_ms: u64,
    pub(crate) before_in_log: Hash,
    pub(crate) before_in_run: Hash,
}

/// The event itself, or where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload<'a> {
    Inline(&'a [u8]),
    Blob { digest: BlobDigest, bytes: u64 },
}

/// A frame whose checksum holds.
#[derive(Debug, Clone)]
pub(crate) struct Frame<'a> {
    pub(crate) head: Head,
    pub(crate) settled: bool,
    pub(crate) payload: Payload<'a>,
    body: &'a [u8],
}

impl Frame<'_> {
    /// What the next event in both chains must name.
    pub(crate) fn hash(&self) -> Hash {
        sha256(self.body)
    }

    /// The event's JSON, if it is not in a blob.
    pub(crate) const fn json(&self) -> Option<&[u8]> {
        match self.payload {
            Payload::Inline(json) => Some(json),
            Payload::Blob { .. } => None,
        }
    }

    /// Its length in the file.
    pub(crate) fn bytes(&self) -> u64 {
        (PREFIX_BYTES + self.body.len()) as u64
    }

    /// Whether a flag is set.
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.head.flags & flag != 0
    }
}

/// What stands at a place in the log.
#[derive(Debug, Clone)]
pub(crate) enum Parsed<'a> {
    Frame(Frame<'a>),
    /// Nothing was written here.
    End,
    Bad(&'static str),
    /// A whole frame in a format that this program does not know.
    Newer(u8),
}

/// What bytes that are no whole frame seem to say, for whoever looks for what was changed. Nothing of it can be trusted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Remains<'a> {
    pub(crate) run: Option<RunId>,
    pub(crate) number: Option<u64>,
    /// The event's JSON, if it was not in a blob.
    pub(crate) json: Option<&'a [u8]>,
    /// The checksum that is written, and that of what it is written for.
    pub(crate) checksums: Option<(u32, u32)>,
}

/// Reads as much of a damaged frame as there is.
pub(crate) fn remains(bytes: &[u8]) -> Remains<'_> {
    let Some(body) = bytes.get(PREFIX_BYTES..) else {
        return Remains::default();
    };
    let word = u32_at(bytes, 0);
    let length = (word & !SETTLED) as usize;
    let whole = (BODY_HEAD_BYTES..=FRAME_BYTES_MAX - PREFIX_BYTES)
        .contains(&length)
        .then(|| body.get(..length))
        .flatten();
    let head = whole.or_else(|| body.get(..BODY_HEAD_BYTES));
    Remains {
        run: head.map(|head| RunId::from_bytes(array(head, 2))),
        number: head.map(|head| u64::from_le_bytes(array(head, 18))),
        json: whole
            .filter(|body| body[1] & FLAG_BLOB == 0)
            .map(|body| &body[BODY_HEAD_BYTES..]),
        checksums: whole.map(|body| (u32_at(bytes, 4), checksum(word, body))),
    }
}

/// Makes a frame, and the hash of its body.
pub(crate) fn encode(head: &Head, payload: Payload<'_>) -> (Vec<u8>, Hash) {
    let mut frame = Vec::with_capacity(PREFIX_BYTES + BODY_HEAD_BYTES + 128);
    frame.extend_from_slice(&[0; PREFIX_BYTES]);
    let flags = match payload {
        Payload::Inline(_) => head.flags & !FLAG_BLOB,
        Payload::Blob { .. } => head.flags | FLAG_BLOB,
    };
    frame.extend_from_slice(&[FORMAT, flags]);
    frame.extend_from_slice(head.run.as_bytes());
    frame.extend_from_slice(&head.number.to_le_bytes());
    frame.extend_from_slice(&head.at_ms.to_le_bytes());
    frame.extend_from_slice(&head.before_in_log);
    frame.extend_from_slice(&head.before_in_run);
    match payload {
        Payload::Inline(json) => frame.extend_from_slice(json),
        Payload::Blob { digest, bytes } => {
            frame.extend_from_slice(digest.as_bytes());
            frame.extend_from_slice(&bytes.to_le_bytes());
        }
    }
    let hash = sha256(&frame[PREFIX_BYTES..]);
    let length = u32::try_from(frame.len() - PREFIX_BYTES).expect("bodies are a few KiB");
    seal(&mut frame, length);
    (frame, hash)
}

/// Notes on a frame that all before it was synced before it is written.
pub(crate) fn settle(frame: &mut [u8]) {
    let length = u32_at(frame, 0) | SETTLED;
    seal(frame, length);
}

fn seal(frame: &mut [u8], length: u32) {
    frame[..4].copy_from_slice(&length.to_le_bytes());
    let crc = checksum(length, &frame[PREFIX_BYTES..]);
    frame[4..8].copy_from_slice(&crc.to_le_bytes());
}

fn checksum(length: u32, body: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&length.to_le_bytes());
    crc.update(body);
    crc.finalize()
}

/// Reads what stands at the start of `bytes`, which reach to the end of the file or hold [`FRAME_BYTES_MAX`] at least.
pub(crate) fn parse(bytes: &[u8]) -> Parsed<'_> {
    if bytes.len() < PREFIX_BYTES {
        return if bytes.iter().all(|b| *b == 0) {
            Parsed::End
        } else {
            Parsed::Bad("the event is cut short")
        };
    }
    let word = u32_at(bytes, 0);
    if word == 0 {
        return Parsed::End;
    }
    let length = (word & !SETTLED) as usize;
    if !(BODY_HEAD_BYTES..=FRAME_BYTES_MAX - PREFIX_BYTES).contains(&length) {
        return Parsed::Bad("the length of the event is impossible");
    }
    let Some(body) = bytes.get(PREFIX_BYTES..PREFIX_BYTES + length) else {
        return Parsed::Bad("the event is cut short");
    };
    if checksum(word, body) != u32_at(bytes, 4) {
        return Parsed::Bad("the checksum of the event is wrong");
    }
    if body[0] != FORMAT {
        return Parsed::Newer(body[0]);
    }
    match body_of(body, word & SETTLED != 0) {
        Some(frame) => Parsed::Frame(frame),
        None => Parsed::Bad("the event's reference to its blob is malformed"),
    }
}

fn body_of(body: &[u8], settled: bool) -> Option<Frame<'_>> {
    let head = Head {
        flags: body[1],
        run: RunId::from_bytes(array(body, 2)),
        number: u64::from_le_bytes(array(body, 18)),
        at_ms: u64::from_le_bytes(array(body, 26)),
        before_in_log: array(body, 34),
        before_in_run: array(body, 66),
    };
    let rest = &body[BODY_HEAD_BYTES..];
    let payload = if head.flags & FLAG_BLOB == 0 {
        Payload::Inline(rest)
    } else if rest.len() == BLOB_REFERENCE_BYTES {
        Payload::Blob {
            digest: BlobDigest::from_bytes(array(rest, 0)),
            bytes: u64::from_le_bytes(array(rest, 32)),
        }
    } else {
        return None;
    };
    Some(Frame {
        head,
        settled,
        payload,
        body,
    })
}

/// `N` bytes of a slice that is known to hold them.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("a slice of N bytes")
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head(run: [u8; 16], number: u64, flags: u8) -> Head {
        Head {
            flags,
            run: RunId::from_bytes(run),
            number,
            at_ms: number ^ 77,
            before_in_log: [3; 32],
            before_in_run: [4; 32],
        }
    }

    #[test]
    fn a_small_step_fits_in_250_bytes() {
        let json = [b'x'; 110];
        let (frame, _) = encode(&head([1; 16], 10_000, 0), Payload::Inline(&json));
        assert!(frame.len() <= 250, "{}", frame.len());
        assert_eq!(frame.len(), 216);
    }

    #[test]
    fn the_settled_bit_is_sealed_and_changes_no_hash() {
        let (mut frame, hash) = encode(&head([1; 16], 0, FLAG_KV), Payload::Inline(b"{}"));
        settle(&mut frame);
        let Parsed::Frame(read) = parse(&frame) else {
            panic!("{:?}", parse(&frame))
        };
        assert!(read.settled && read.has(FLAG_KV) && read.hash() == hash);
        frame[3] ^= 0x80;
        assert!(matches!(parse(&frame), Parsed::Bad(_)));
    }

    #[test]
    fn a_whole_frame_of_a_later_format_is_not_taken_for_damage() {
        let (mut frame, _) = encode(&head([1; 16], 0, 0), Payload::Inline(b"{}"));
        frame[8] = 9;
        let length = u32_at(&frame, 0);
        seal(&mut frame, length);
        assert!(matches!(parse(&frame), Parsed::Newer(9)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(run: [u8; 16], number: u64, json in proptest::collection::vec(any::<u8>(), 0..4096)) {
            let head = head(run, number, 0);
            let (frame, hash) = encode(&head, Payload::Inline(&json));
            let Parsed::Frame(read) = parse(&frame) else { panic!("{:?}", parse(&frame)) };
            prop_assert_eq!(&read.head, &head);
            prop_assert_eq!(read.payload, Payload::Inline(&json));
            prop_assert_eq!(read.hash(), hash);
            prop_assert_eq!(read.bytes(), frame.len() as u64);
        }

        #[test]
        fn what_is_left_of_a_damaged_frame_is_read(at in 114usize..216) {
            let (mut frame, _) = encode(&head([1; 16], 5, 0), Payload::Inline(&[b'x'; 110]));
            frame[at] ^= 1;
            let remains = remains(&frame);
            prop_assert_eq!(remains.run, Some(RunId::from_bytes([1; 16])));
            prop_assert_eq!((remains.number, remains.json.map(<[u8]>::len)), (Some(5), Some(110)));
            prop_assert!(remains.checksums.is_some_and(|(written, computed)| written != computed));
        }

        #[test]
        fn a_changed_byte_is_noticed(at in 0usize..216, change in 1u8..) {
            let (mut frame, _) = encode(&head([1; 16], 5, 0), Payload::Inline(&[b'x'; 110]));
            frame[at] ^= change;
            prop_assert!(!matches!(parse(&frame), Parsed::Frame(_)));
        }

        #[test]
        fn strange_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
            let _ = remains(&bytes);
        }
    }
}
