//! Brings to the disk what an earlier host wrote and may not have synced. To sync it is not enough: after a sync that failed, the
//! system may take the pages for written, and the next sync of them answers that all is well. So they are written again.
//! Knows nothing of what is in the file.

use std::{io, os::unix::fs::FileExt as _, path::Path};

use crate::regular;

const CHUNK_BYTES: usize = 256 << 10;

/// Writes a file over itself from a place on, and syncs it. What is zero was set aside and never written, and is left so.
pub(crate) fn write_again(path: &Path, from: u64) -> io::Result<()> {
    let file = regular::open_to_change(path)?;
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut offset = from;
    loop {
        let bytes = match file.read_at(&mut buffer, offset) {
            Ok(0) => return file.sync_data(),
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let chunk = &buffer[..bytes];
        if chunk.iter().any(|byte| *byte != 0) {
            file.write_all_at(chunk, offset)?;
        }
        offset += bytes as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        time::UNIX_EPOCH,
    };

    use super::*;

    /// The content as it is afterwards, and whether something was written.
    fn written_again(content: &[u8], from: u64) -> (Vec<u8>, bool) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, content).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(UNIX_EPOCH).unwrap();
        write_again(&path, from).unwrap();
        let is_written = fs::metadata(&path).unwrap().modified().unwrap() != UNIX_EPOCH;
        (fs::read(&path).unwrap(), is_written)
    }

    #[test]
    fn the_content_stays_and_is_written() {
        let mut content = vec![7; 2 * CHUNK_BYTES + 5];
        content[100..CHUNK_BYTES + 300].fill(0);
        for from in [0, 1, CHUNK_BYTES as u64, content.len() as u64 - 1] {
            assert_eq!(written_again(&content, from), (content.clone(), true));
        }
    }

    #[test]
    fn what_is_known_or_was_never_written_is_left() {
        let mut content = vec![0; 3 * CHUNK_BYTES];
        content[..10].fill(7);
        for from in [10, 5 * CHUNK_BYTES as u64] {
            assert_eq!(written_again(&content, from), (content.clone(), false));
        }
    }
}
