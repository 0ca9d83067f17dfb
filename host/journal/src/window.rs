//! Reads a file at any place through a bounded buffer. Knows nothing of what is in the file.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use crate::{JournalError, error::At as _, regular};

/// Buffer for one who reads a segment from end to end.
pub(crate) const SCAN_WINDOW_BYTES: usize = 256 << 10;
/// Buffer for one who reads events here and there.
pub(crate) const RECORD_WINDOW_BYTES: usize = 16 << 10;

/// A view into a file that moves.
pub(crate) struct Window {
    file: File,
    path: PathBuf,
    window_bytes: usize,
    start: u64,
    buffer: Vec<u8>,
}

impl Window {
    pub(crate) fn open(path: &Path, window_bytes: usize) -> Result<Self, JournalError> {
        let file = regular::open(path).at("open", path)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            window_bytes,
            start: 0,
            buffer: Vec::new(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes at a place: `want` of them, more if they are at hand, fewer only where the file ends.
    pub(crate) fn at(&mut self, offset: u64, want: usize) -> Result<&[u8], JournalError> {
        let end = self.start + self.buffer.len() as u64;
        if offset < self.start || offset + want as u64 > end {
            self.fill(offset, want.max(self.window_bytes))
                .at("read", &self.path)?;
        }
        let skip = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        Ok(self.buffer.get(skip..).unwrap_or_default())
    }

    fn fill(&mut self, offset: u64, bytes: usize) -> io::Result<()> {
        self.start = offset;
        self.buffer.clear();
        let left = self.file.metadata()?.len().saturating_sub(offset);
        let bytes = usize::try_from(left).map_or(bytes, |left| left.min(bytes));
        self.buffer.resize(bytes, 0);
        let mut have = 0;
        while have < bytes {
            match self
                .file
                .read_at(&mut self.buffer[have..], offset + have as u64)
            {
                Ok(0) => break,
                Ok(more) => have += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.buffer.clear();
                    return Err(error);
                }
            }
        }
        self.buffer.truncate(have);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn reads_across_its_own_edge_and_stops_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let content: Vec<u8> = (0..100u8).collect();
        std::fs::write(&path, &content).unwrap();
        let mut window = Window::open(&path, 16).unwrap();
        for offset in [0u64, 10, 14, 3, 90, 99] {
            let want = 8.min(100 - offset as usize);
            assert_eq!(
                window.at(offset, 8).unwrap()[..want],
                content[offset as usize..][..want]
            );
        }
        assert!(window.at(100, 8).unwrap().is_empty());
        assert!(window.at(5000, 8).unwrap().is_empty());
    }
}
