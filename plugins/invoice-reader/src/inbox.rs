//! The inbox as a folder: which files it has and their bytes. Knows nothing of what is in them.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::Path,
};

use crate::bindings::exports::writ::invoice_reader::reader::{ExtractError, ReadError};

/// Where the granted folder is.
pub(crate) const FOLDER: &str = "/inbox";
/// Largest document that is read.
const DOCUMENT_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Most documents that one listing may have.
const FILES_MAX: u32 = 10_000;

pub(crate) fn list(folder: &Path) -> Result<Vec<String>, ReadError> {
    let unavailable = |error: std::io::Error| ReadError::Unavailable(error.to_string());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unavailable)? {
        let entry = entry.map_err(unavailable)?;
        // A name that is not Unicode could not be asked for later.
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if !is_document(&name) || !entry.file_type().map_err(unavailable)?.is_file() {
            continue;
        }
        if names.len() >= FILES_MAX as usize {
            return Err(ReadError::TooMany(FILES_MAX));
        }
        names.push(name);
    }
    names.sort();
    Ok(names)
}

pub(crate) fn read(folder: &Path, name: &str) -> Result<Vec<u8>, ExtractError> {
    if !is_document(name) || name.contains(['/', '\\', '\0']) {
        return Err(ExtractError::Unsupported(format!(
            "{name:?} is not the name of an XML file in the inbox"
        )));
    }
    let failed = |error: std::io::Error| {
        if error.kind() == ErrorKind::NotFound {
            return ExtractError::NotFound(name.to_owned());
        }
        ExtractError::Unavailable(error.to_string())
    };
    let mut bytes = Vec::new();
    let file = File::open(folder.join(name)).map_err(failed)?;
    // One byte more than is allowed tells a file that is too large, whatever its size was said to be.
    file.take(DOCUMENT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > DOCUMENT_BYTES_MAX {
        return Err(ExtractError::Unsupported(format!(
            "larger than {DOCUMENT_BYTES_MAX} bytes"
        )));
    }
    Ok(bytes)
}

fn is_document(name: &str) -> bool {
    !name.starts_with('.')
        && name
            .rsplit_once('.')
            .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("xml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> &'static Path {
        Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../examples/invoice-triage/inbox"
        ))
    }

    #[test]
    fn names_are_sorted_and_of_xml_files_only() {
        let names = list(example()).unwrap();
        assert!(names.len() >= 8, "{names:?}");
        assert!(names.is_sorted());
        assert!(names.iter().all(|name| name.ends_with(".xml")));
    }

    #[test]
    fn what_is_no_plain_name_is_not_opened() {
        for name in [
            "../writ.toml",
            "../inbox/x.xml",
            "/etc/hosts.xml",
            ".hidden.xml",
            "notes.txt",
            "a\\b.xml",
            "",
            "xml",
        ] {
            assert!(
                matches!(read(example(), name), Err(ExtractError::Unsupported(_))),
                "{name}"
            );
        }
    }

    #[test]
    fn a_missing_file_is_told_from_a_bad_one() {
        assert!(
            matches!(read(example(), "nothing.xml"), Err(ExtractError::NotFound(name)) if name == "nothing.xml")
        );
    }

    #[test]
    fn a_missing_folder_may_come_back() {
        assert!(matches!(
            list(&example().join("none")),
            Err(ReadError::Unavailable(_))
        ));
    }
}
