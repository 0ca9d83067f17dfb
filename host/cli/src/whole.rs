//! Writes files whole or not at all: beside their place, under a new name, and then renamed. Every file that a command leaves in
//! a folder is written here. The folder may be a stranger's, so what lies beside is never written through: a link that waits
//! under the name that is used is removed, and the file is made anew.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::error::{Failure, Result};

/// A file that has not its name yet. Dropped before it is [put in place](Draft::put), it is removed again.
pub(crate) struct Draft {
    file: File,
    beside: PathBuf,
    path: PathBuf,
}

impl Draft {
    /// For a file at `path`, in a folder that is made if it is not there.
    pub(crate) fn begin(path: &Path) -> Result<Self> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| Failure::file(parent, "make", &error))?;
        }
        let beside = beside(path);
        let file = fresh(&beside).map_err(|error| Failure::file(&beside, "write", &error))?;
        Ok(Self {
            file,
            beside,
            path: path.to_owned(),
        })
    }

    /// Makes the content durable and gives it its name. Another file of that name is replaced, and a link is, not what it leads to.
    pub(crate) fn put(self) -> Result<()> {
        self.file
            .sync_all()
            .and_then(|()| fs::rename(&self.beside, &self.path))
            .map_err(|error| Failure::file(&self.path, "write", &error))
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Once it is in place, nothing of this name is left.
        let _ = fs::remove_file(&self.beside);
    }
}

/// Writes a whole file or none.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut draft = Draft::begin(path)?;
    draft
        .write_all(bytes)
        .map_err(|error| Failure::file(path, "write", &error))?;
    draft.put()
}

/// Where a file is written before it has its name: two commands at once don't write into each other's.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

/// A new file: what was there under its name is removed, and no link is followed.
fn fresh(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // `create_new` is O_EXCL, which follows no link either.
    File::options().write(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_planted_link_is_not_written_through() {
        let app = tempfile::tempdir().unwrap();
        let victim = app.path().join("bashrc");
        fs::write(&victim, "mine").unwrap();
        let path = app.path().join("grants.toml");
        symlink(&victim, beside(&path)).unwrap();
        symlink(&victim, &path).unwrap();
        write_file(&path, b"new").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"mine");
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        assert_eq!(fs::read_dir(app.path()).unwrap().count(), 2, "no leftover");
    }

    #[test]
    fn what_is_not_finished_leaves_nothing() {
        let app = tempfile::tempdir().unwrap();
        let path = app.path().join("new/export");
        write_file(&path, b"old").unwrap();
        let mut draft = Draft::begin(&path).unwrap();
        draft.write_all(b"half").unwrap();
        assert!(beside(&path).exists());
        drop(draft);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert!(!beside(&path).exists());
    }
}
