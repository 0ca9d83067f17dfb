//! The folder of signed checkpoints, and the log's public key beside it: names, what is there, writing and thinning out.
//! Knows nothing of what a checkpoint says or of who signed it.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::{JournalError, error::At as _, regular};

/// A checkpoint with as many signatures as anybody needs is shorter.
pub(crate) const CHECKPOINT_BYTES_MAX: u64 = 64 << 10;

const SUFFIX: &str = ".checkpoint";
const DIGITS: usize = 20;
/// Older ones are removed: what they say, the newer ones say too.
const KEPT_MAX: usize = 32;

/// `checkpoints` in the folder of a journal.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoints {
    dir: PathBuf,
}

impl Checkpoints {
    pub(crate) fn of(journal: &Path) -> Self {
        Self {
            dir: journal.join("checkpoints"),
        }
    }

    /// Creates the folder.
    pub(crate) fn prepare(&self) -> Result<(), JournalError> {
        fs::create_dir_all(&self.dir).at("create", &self.dir)
    }

    /// Sizes and files of all that are there, the smallest first.
    pub(crate) fn list(&self) -> Result<Vec<(u64, PathBuf)>, JournalError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).at("list", &self.dir),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.at("list", &self.dir)?.path();
            found.extend(size_of(&path).map(|size| (size, path)));
        }
        found.sort();
        Ok(found)
    }

    /// Puts a checkpoint in its place, whole or not at all, and removes the oldest if there are too many. Its name may be
    /// lost when the machine stops at once, which is as if it had not been signed yet.
    pub(crate) fn write(&self, size: u64, note: &str) -> Result<(), JournalError> {
        let path = self.dir.join(format!("{size:0DIGITS$}{SUFFIX}"));
        replace(&path, &self.dir.join("new"), note.as_bytes(), 0o644)?;
        let all = self.list()?;
        for (_, path) in all.iter().take(all.len().saturating_sub(KEPT_MAX)) {
            fs::remove_file(path).at("remove", path)?;
        }
        Ok(())
    }
}

fn size_of(path: &Path) -> Option<u64> {
    let digits = path.file_name()?.to_str()?.strip_suffix(SUFFIX)?;
    (digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

/// Writes a small file beside, makes it durable, and renames it into place.
pub(crate) fn replace(
    path: &Path,
    beside: &Path,
    content: &[u8],
    mode: u32,
) -> Result<(), JournalError> {
    // One that a killed host left may have other rights.
    match fs::remove_file(beside) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).at("remove", beside),
    }
    let mut options = File::options();
    let written = options
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(beside)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(beside, path)
        });
    written.at("write", path)
}

/// The text of a small file; `None` if there is none.
pub(crate) fn small_text(path: &Path) -> Result<Option<String>, JournalError> {
    let file = match regular::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).at("open", path),
    };
    let mut text = String::new();
    match file
        .take(CHECKPOINT_BYTES_MAX + 1)
        .read_to_string(&mut text)
    {
        Ok(_) if text.len() as u64 <= CHECKPOINT_BYTES_MAX => Ok(Some(text)),
        Ok(_) => Err(JournalError::Checkpoint {
            path: path.to_owned(),
            cause: format!("it is larger than {CHECKPOINT_BYTES_MAX} bytes"),
        }),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(JournalError::Checkpoint {
            path: path.to_owned(),
            cause: "it is no text".to_owned(),
        }),
        Err(error) => Err(error).at("read", path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::of(dir.path());
        assert_eq!(checkpoints.list().unwrap(), []);
        checkpoints.prepare().unwrap();
        fs::write(dir.path().join("checkpoints/new"), "half").unwrap();
        fs::write(dir.path().join("checkpoints/notes.txt"), "mine").unwrap();
        for size in 1..=KEPT_MAX as u64 + 5 {
            checkpoints.write(size, "note\n").unwrap();
        }
        let sizes: Vec<u64> = checkpoints
            .list()
            .unwrap()
            .iter()
            .map(|(size, _)| *size)
            .collect();
        assert_eq!(sizes, (6..=KEPT_MAX as u64 + 5).collect::<Vec<_>>());
        assert!(!dir.path().join("checkpoints/new").exists());
    }

    #[test]
    fn small_files_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        assert_eq!(small_text(&path).unwrap(), None);
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(small_text(&path).is_err());
        fs::write(&path, vec![b'x'; CHECKPOINT_BYTES_MAX as usize + 1]).unwrap();
        assert!(small_text(&path).is_err());
    }
}
