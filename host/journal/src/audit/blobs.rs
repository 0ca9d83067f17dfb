//! Compares every file in the folder of blobs with its name, also those that no event names.

use std::{collections::HashSet, fs, path::Path};

use super::walk::Result;
use crate::{BlobDigest, JournalError, blobs::Blobs, error::At as _};

/// Goes through the folder, and gives how many blobs are there. Those in `checked` were compared before.
pub(super) fn sweep(dir: &Path, checked: &mut HashSet<BlobDigest>) -> Result<u64> {
    let blobs = Blobs::at(dir.to_owned());
    if !dir.exists() {
        return Ok(0);
    }
    for shard in files(dir)? {
        let shard_name = shard.file_name().and_then(|name| name.to_str());
        // Where blobs are written before they get their names.
        let Some(shard_name) = shard_name.filter(|name| *name != "new" && shard.is_dir()) else {
            continue;
        };
        for file in files(&shard)? {
            let rest = file.file_name().and_then(|name| name.to_str());
            let digest: Option<BlobDigest> =
                rest.and_then(|rest| format!("{shard_name}{rest}").parse().ok());
            if let Some(digest) = digest
                && checked.insert(digest)
            {
                blobs.read(&digest, None)?;
            }
        }
    }
    Ok(checked.len() as u64)
}

fn files(dir: &Path) -> std::result::Result<Vec<std::path::PathBuf>, JournalError> {
    fs::read_dir(dir)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect()
        })
        .at("list", dir)
}
