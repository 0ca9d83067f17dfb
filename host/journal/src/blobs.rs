//! Payloads that are too large for the log: files named by the sha256 of their content. Knows nothing of events.
//!
//! A blob is written beside and renamed into place. It is durable once its file and its folders are synced, which the
//! committer does for a whole group before it writes the frames that name them. What is there already need not be synced
//! again if the last host ended in order, because then it had synced all. Where a host was killed, or failed, it may be in memory
//! alone, and a sync that comes after one that failed may write nothing: it is written anew.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;

use crate::{
    BlobDigest, JournalError,
    error::At as _,
    options::{BLOB_BYTES_MAX, OPEN_BLOBS_MAX},
    regular,
};

/// Puts of different content that can go on at the same time.
const STRIPES: usize = 16;

/// The folder of blobs.
pub(crate) struct Blobs {
    dir: PathBuf,
    temporaries: AtomicU64,
    open: Arc<AtomicUsize>,
    /// Held while content is put, so that two who put the same get the same file, and sync the one that stays.
    stripes: [Mutex<()>; STRIPES],
    /// All that was there when this began is durable.
    are_durable: bool,
    /// Blobs put since that are not known to be synced, and how often.
    pending: Mutex<HashMap<BlobDigest, u32>>,
}

/// A blob in its place that is not yet known to be durable.
#[derive(Debug)]
pub(crate) struct Unsynced {
    digest: BlobDigest,
    file: Option<OpenFile>,
}

/// A file that is counted as long as it is open.
#[derive(Debug)]
struct OpenFile {
    file: File,
    open: Arc<AtomicUsize>,
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Blobs {
    /// For a folder that may not exist yet.
    pub(crate) fn at(dir: PathBuf) -> Self {
        Self {
            dir,
            temporaries: AtomicU64::new(0),
            open: Arc::default(),
            stripes: Default::default(),
            are_durable: false,
            pending: Mutex::default(),
        }
    }

    /// Takes it as known that whatever is there is durable.
    pub(crate) fn known_durable(mut self, are_durable: bool) -> Self {
        self.are_durable = are_durable;
        self
    }

    /// Whether all that was put is synced.
    pub(crate) fn is_settled(&self) -> bool {
        self.pending.lock().is_empty()
    }

    /// Creates the folder, and removes what a killed host left half written.
    pub(crate) fn prepare(&self) -> Result<(), JournalError> {
        let temporaries = self.dir.join("new");
        if temporaries.exists() {
            fs::remove_dir_all(&temporaries).at("remove", &temporaries)?;
        }
        fs::create_dir_all(&temporaries).at("create", &temporaries)
    }

    fn path(&self, digest: &BlobDigest) -> PathBuf {
        let name = digest.to_string();
        self.dir.join(&name[..2]).join(&name[2..])
    }

    /// Puts content in its place. Whoever holds the answer sees to it that it is synced, unless it is durable already.
    pub(crate) fn put(
        &self,
        content: &[u8],
    ) -> Result<(BlobDigest, Option<Unsynced>), JournalError> {
        let bytes = content.len() as u64;
        if bytes > BLOB_BYTES_MAX {
            return Err(JournalError::TooLarge {
                what: "a blob",
                bytes,
                bytes_max: BLOB_BYTES_MAX,
            });
        }
        let digest = BlobDigest::of(content);
        let path = self.path(&digest);
        let _alone = self.stripes[usize::from(digest.as_bytes()[0]) % STRIPES].lock();
        let is_there = self.read(&digest, Some(bytes)).is_ok();
        let is_pending = self.pending.lock().contains_key(&digest);
        if is_there && self.are_durable && !is_pending {
            return Ok((digest, None));
        }
        *self.pending.lock().entry(digest).or_default() += 1;
        let file = if is_there && is_pending {
            File::open(&path).at("open", &path)?
        } else {
            self.write(&path, content)?
        };
        let file = self.keep_open(file).at("sync", &path)?;
        Ok((digest, Some(Unsynced { digest, file })))
    }

    fn write(&self, path: &Path, content: &[u8]) -> Result<File, JournalError> {
        let number = self.temporaries.fetch_add(1, Ordering::Relaxed);
        let temporary = self.dir.join("new").join(number.to_string());
        let mut file = File::create(&temporary).at("create", &temporary)?;
        let done = file.write_all(content).and_then(|()| {
            fs::create_dir_all(path.parent().unwrap_or(path))?;
            fs::rename(&temporary, path)
        });
        if done.is_err() {
            // What is left is removed at the next start, too.
            let _ = fs::remove_file(&temporary);
        }
        done.at("write", path)?;
        Ok(file)
    }

    /// Few files stay open: past the bound a blob is synced at once.
    fn keep_open(&self, file: File) -> io::Result<Option<OpenFile>> {
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        let file = OpenFile {
            file,
            open: Arc::clone(&self.open),
        };
        if before < OPEN_BLOBS_MAX {
            return Ok(Some(file));
        }
        file.file.sync_data()?;
        Ok(None)
    }

    /// The content of a blob, checked against its name, and against its length where that is known.
    pub(crate) fn read(
        &self,
        digest: &BlobDigest,
        bytes: Option<u64>,
    ) -> Result<Vec<u8>, JournalError> {
        let path = self.path(digest);
        let altered = |path: PathBuf| JournalError::BlobAltered {
            digest: *digest,
            path,
        };
        let file = match regular::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(JournalError::BlobMissing {
                    digest: *digest,
                    path,
                });
            }
            Err(error) => return Err(error).at("open", &path),
        };
        let length = file.metadata().at("read", &path)?.len();
        if length > BLOB_BYTES_MAX || bytes.is_some_and(|bytes| bytes != length) {
            return Err(altered(path));
        }
        let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        // What grows meanwhile is altered, and not read to its end.
        file.take(length.saturating_add(1))
            .read_to_end(&mut content)
            .at("read", &path)?;
        if BlobDigest::of(&content) == *digest {
            Ok(content)
        } else {
            Err(altered(path))
        }
    }

    /// Makes blobs durable: each file, then each folder that names one.
    pub(crate) fn sync(
        &self,
        unsynced: &mut Vec<Unsynced>,
        durable: &mut Shards,
    ) -> Result<(), JournalError> {
        let mut shards = [false; 256];
        let mut is_new = false;
        for blob in unsynced.iter() {
            if let Some(open) = &blob.file {
                open.file.sync_data().at("sync a blob in", &self.dir)?;
            }
            let shard = usize::from(blob.digest.as_bytes()[0]);
            shards[shard] = true;
            is_new |= !durable.0[shard];
        }
        for shard in (0..=255u8).filter(|shard| shards[usize::from(*shard)]) {
            sync_dir(&self.dir.join(format!("{shard:02x}")))?;
        }
        if is_new {
            sync_dir(&self.dir)?;
        }
        for (known, now) in durable.0.iter_mut().zip(shards) {
            *known |= now;
        }
        let mut pending = self.pending.lock();
        for blob in unsynced.drain(..) {
            if let Some(left) = pending.get_mut(&blob.digest) {
                *left -= 1;
            }
        }
        pending.retain(|_, left| *left > 0);
        Ok(())
    }
}

/// Which of the 256 folders are known to be durable themselves.
pub(crate) struct Shards([bool; 256]);

impl Shards {
    pub(crate) const fn none_known() -> Self {
        Self([false; 256])
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), JournalError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .at("sync the folder", dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs(dir: &tempfile::TempDir) -> Blobs {
        let blobs = Blobs::at(dir.path().join("blobs"));
        blobs.prepare().unwrap();
        blobs
    }

    #[test]
    fn content_is_found_by_its_digest_and_kept_once() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = blobs(&dir);
        let (digest, first) = blobs.put(b"content").unwrap();
        let (again, second) = blobs.put(b"content").unwrap();
        assert_eq!(digest, again);
        blobs
            .sync(
                &mut first.into_iter().chain(second).collect(),
                &mut Shards::none_known(),
            )
            .unwrap();
        assert_eq!(blobs.read(&digest, Some(7)).unwrap(), b"content");
        assert_eq!(blobs.open.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_changed_blob_is_noticed_and_mended_when_put_again() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = blobs(&dir);
        let (digest, _) = blobs.put(b"content").unwrap();
        for damage in [&b"c0ntent"[..], b"", b"content and more"] {
            fs::write(blobs.path(&digest), damage).unwrap();
            assert!(matches!(
                blobs.read(&digest, None),
                Err(JournalError::BlobAltered { .. })
            ));
        }
        blobs.put(b"content").unwrap();
        assert_eq!(blobs.read(&digest, None).unwrap(), b"content");
        fs::remove_file(blobs.path(&digest)).unwrap();
        assert!(matches!(
            blobs.read(&digest, None),
            Err(JournalError::BlobMissing { .. })
        ));
    }

    #[test]
    fn what_is_durable_is_not_synced_again() {
        let dir = tempfile::tempdir().unwrap();
        let sync = |blobs: &Blobs, unsynced: Option<Unsynced>| {
            let mut unsynced = unsynced.into_iter().collect();
            blobs
                .sync(&mut unsynced, &mut Shards::none_known())
                .unwrap();
        };
        let first = blobs(&dir);
        let (digest, unsynced) = first.put(b"content").unwrap();
        assert!(unsynced.is_some() && !first.is_settled());
        // Not yet synced, or not known from an orderly end: to be synced by everybody who puts it.
        for is_known in [false, true] {
            let again = blobs(&dir).known_durable(is_known);
            assert_eq!(again.put(b"content").unwrap().1.is_none(), is_known);
            assert!(again.put(b"new").unwrap().1.is_some());
            let (_, second) = again.put(b"new").unwrap();
            assert!(second.is_some(), "the first put of it may still wait");
            sync(&again, second);
            assert!(!again.is_settled(), "and so it does");
            fs::remove_file(again.path(&BlobDigest::of(b"new"))).unwrap();
            // What was damaged is written anew, and that is not durable.
            fs::write(again.path(&digest), b"damaged").unwrap();
            let (_, mended) = again.put(b"content").unwrap();
            assert!(mended.is_some());
            sync(&again, mended);
            assert_eq!(again.put(b"content").unwrap().1.is_none(), is_known);
        }
        sync(&first, unsynced);
        assert!(first.is_settled());
    }

    #[test]
    fn what_a_failed_sync_may_have_left_in_memory_is_written_anew() {
        use std::os::unix::fs::MetadataExt as _;
        let dir = tempfile::tempdir().unwrap();
        let (digest, _) = blobs(&dir).put(b"content").unwrap();
        for is_known in [true, false] {
            let again = blobs(&dir).known_durable(is_known);
            let file = || fs::metadata(again.path(&digest)).unwrap().ino();
            // Held open, so that its number is not given to another.
            let open = File::open(again.path(&digest)).unwrap();
            let before = file();
            let (_, unsynced) = again.put(b"content").unwrap();
            assert_eq!(file() == before, is_known);
            assert_eq!(unsynced.is_none(), is_known);
            let once = file();
            again.put(b"content").unwrap();
            assert_eq!(file(), once, "the first put of it may still wait");
            assert_eq!(again.read(&digest, Some(7)).unwrap(), b"content");
            drop(open);
        }
    }

    #[test]
    fn few_files_stay_open() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = blobs(&dir);
        let mut unsynced: Vec<_> = (0..100u8)
            .filter_map(|n| blobs.put(&[n; 10]).unwrap().1)
            .collect();
        assert_eq!(
            unsynced.iter().filter(|blob| blob.file.is_some()).count(),
            OPEN_BLOBS_MAX
        );
        blobs
            .sync(&mut unsynced, &mut Shards::none_known())
            .unwrap();
        assert_eq!(blobs.open.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn those_who_put_the_same_at_once_sync_the_file_that_stays() {
        use std::os::unix::fs::MetadataExt as _;
        let dir = tempfile::tempdir().unwrap();
        let blobs = blobs(&dir);
        let put = || blobs.put(&[5; 100_000]).unwrap();
        let both = std::thread::scope(|scope| {
            [scope.spawn(put), scope.spawn(put)].map(|put| put.join().unwrap())
        });
        let stays = fs::metadata(blobs.path(&both[0].0)).unwrap().ino();
        for (_, unsynced) in both {
            assert_eq!(
                unsynced
                    .unwrap()
                    .file
                    .as_ref()
                    .unwrap()
                    .file
                    .metadata()
                    .unwrap()
                    .ino(),
                stays
            );
        }
        assert_eq!(blobs.open.load(Ordering::Relaxed), 0);
    }
}
