//! Goes through a segment frame by frame, and says what stands where the frames end. Checks checksums, not chains.

use std::path::Path;

use crate::{
    JournalError,
    frame::{self, FRAME_BYTES_MAX, Frame, Parsed},
    window::{RECORD_WINDOW_BYTES, SCAN_WINDOW_BYTES, Window},
};

/// A segment, read from a place on.
pub(crate) struct Scan {
    window: Window,
    offset: u64,
}

/// What a scan found next.
pub(crate) enum Step<'a> {
    Frame {
        offset: u64,
        frame: Frame<'a>,
    },
    /// No frame is at this place; `cause` is `None` where nothing was written.
    Stop {
        offset: u64,
        cause: Option<&'static str>,
    },
}

/// What is in a file from a place on that is no frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rest {
    /// Bytes up to the last one that is not zero.
    pub(crate) bytes: u64,
    /// Whole frames further on.
    pub(crate) frames: u64,
    /// One of them was written after all before it was synced.
    pub(crate) settled: bool,
}

impl Scan {
    pub(crate) fn open(path: &Path, offset: u64) -> Result<Self, JournalError> {
        Ok(Self {
            window: Window::open(path, SCAN_WINDOW_BYTES)?,
            offset,
        })
    }

    /// For one frame at a known place, and those close behind.
    pub(crate) fn at_once(path: &Path, offset: u64) -> Result<Self, JournalError> {
        Ok(Self {
            window: Window::open(path, RECORD_WINDOW_BYTES)?,
            offset,
        })
    }

    /// Goes on at another place.
    pub(crate) fn seek(&mut self, offset: u64) {
        self.offset = offset;
    }

    /// Where the next frame is looked for.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn path(&self) -> &Path {
        self.window.path()
    }

    /// The next frame.
    pub(crate) fn step(&mut self) -> Result<Step<'_>, JournalError> {
        let offset = self.offset;
        let path = self.window.path().to_owned();
        match frame::parse(self.window.at(offset, FRAME_BYTES_MAX)?) {
            Parsed::Frame(frame) => {
                self.offset += frame.bytes();
                Ok(Step::Frame { offset, frame })
            }
            Parsed::End => Ok(Step::Stop {
                offset,
                cause: None,
            }),
            Parsed::Bad(cause) => Ok(Step::Stop {
                offset,
                cause: Some(cause),
            }),
            Parsed::Newer(version) => Err(JournalError::Newer {
                path,
                version: u32::from(version),
                newest: u32::from(frame::FORMAT),
            }),
        }
    }

    /// The bytes at a place where no frame is, as many as a frame may have.
    pub(crate) fn bytes_at(&mut self, offset: u64) -> Result<&[u8], JournalError> {
        self.window.at(offset, FRAME_BYTES_MAX)
    }

    /// What is in the file from `start` on, where no frame is.
    pub(crate) fn rest_from(&mut self, start: u64) -> Result<Rest, JournalError> {
        let end = self.last_byte_from(start)?;
        let mut rest = Rest {
            bytes: end - start,
            frames: 0,
            settled: false,
        };
        let mut offset = start + 1;
        while offset < end {
            match frame::parse(self.window.at(offset, FRAME_BYTES_MAX)?) {
                Parsed::Frame(frame) => {
                    rest.frames += 1;
                    rest.settled |= frame.settled;
                    offset += frame.bytes();
                }
                Parsed::End | Parsed::Bad(_) | Parsed::Newer(_) => offset += 1,
            }
        }
        Ok(rest)
    }

    /// One past the last byte that is not zero.
    fn last_byte_from(&mut self, start: u64) -> Result<u64, JournalError> {
        let (mut offset, mut end) = (start, start);
        loop {
            let bytes = self.window.at(offset, SCAN_WINDOW_BYTES)?;
            if bytes.is_empty() {
                return Ok(end);
            }
            if let Some(last) = bytes.iter().rposition(|byte| *byte != 0) {
                end = offset + last as u64 + 1;
            }
            offset += bytes.len() as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use writ_run::RunId;

    use super::*;
    use crate::frame::{Head, Payload, encode, settle};

    fn frame_of(number: u64) -> Vec<u8> {
        let head = Head {
            flags: 0,
            run: RunId::from_bytes([1; 16]),
            number,
            at_ms: 0,
            before_in_log: [0; 32],
            before_in_run: [0; 32],
        };
        encode(&head, Payload::Inline(b"{}")).0
    }

    fn rest_of(content: &[u8]) -> Rest {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        std::fs::write(&path, content).unwrap();
        Scan::open(&path, 0).unwrap().rest_from(0).unwrap()
    }

    #[test]
    fn zeros_are_nothing() {
        assert_eq!(
            rest_of(&[0; 1_000_000]),
            Rest {
                bytes: 0,
                frames: 0,
                settled: false
            }
        );
        assert_eq!(
            rest_of(&[]),
            Rest {
                bytes: 0,
                frames: 0,
                settled: false
            }
        );
    }

    #[test]
    fn frames_after_damage_are_found() {
        let mut content = vec![7; 1000];
        content.extend(frame_of(0));
        content.extend([0; 300_000]);
        let mut settled = frame_of(1);
        settle(&mut settled);
        let unsettled = rest_of(&content);
        assert_eq!((unsettled.frames, unsettled.settled), (1, false));
        content.extend(&settled);
        content.extend([0; 10]);
        let rest = rest_of(&content);
        assert_eq!((rest.frames, rest.settled), (2, true));
        assert_eq!(rest.bytes, (content.len() - 10) as u64);
    }
}
