//! Where seeds come from: files of this crate, and the examples and texts that the repository has anyway.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file of a folder of the repository with one of these endings, in the order of their names.
pub(crate) fn folder(path: &str, endings: &[&str]) -> Vec<Vec<u8>> {
    let folder = root().join(path);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| {
            entry
                .expect("a folder of the repository can be read")
                .path()
        })
        .filter(|path| {
            path.is_file()
                && endings
                    .iter()
                    .any(|ending| path.to_string_lossy().ends_with(ending))
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no seeds in {}", folder.display());
    files.iter().map(|path| bytes(path)).collect()
}

/// Files of the repository by their paths.
pub(crate) fn files(paths: &[&str]) -> Vec<Vec<u8>> {
    paths.iter().map(|path| bytes(&root().join(path))).collect()
}

/// Seeds that are written in the source.
pub(crate) fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
