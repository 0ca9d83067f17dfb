//! Reading what others wrote, bounded. An app may be a stranger's, and a name in it can stand for anything: a device without an end, a
//! pipe that nobody writes, a file that grows while it is read. So a name has to lead to a plain file, which is opened without
//! waiting, and no more of it is read than there may be.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use rustix::fs::OFlags;

use crate::error::{Failure, Result};

/// Opens a file, and nothing that is none. A pipe without a writer isn't waited for, and a terminal doesn't become this process's.
pub(crate) fn open(path: &Path) -> Result<File> {
    let failed = |error: io::Error| Failure::file(path, "read", &error);
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.cast_signed())
        .open(path)
        .map_err(failed)?;
    let kind = file.metadata().map_err(failed)?.file_type();
    if kind.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    if !kind.is_file() {
        return Err(
            Failure::usage(format!("cannot read {}: it is no file", path.display()))
                .help("name a plain file, not a device, a pipe or a socket"),
        );
    }
    Ok(file)
}

/// All of a file that may have so many bytes.
pub(crate) fn bytes(path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    bounded(open(path)?, bytes_max, &path.display().to_string())
}

/// The same as text.
pub(crate) fn text(path: &Path, bytes_max: u64) -> Result<String> {
    String::from_utf8(bytes(path, bytes_max)?).map_err(|_| {
        let error = io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8");
        Failure::file(path, "read", &error)
    })
}

/// Whether a TOML file says nothing: it is empty, or has comments only. Somebody made it and meant to have it written to.
pub(crate) fn is_blank(toml: &str) -> bool {
    toml.lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#'))
}

/// All that an open file has, if that isn't more than it may be. One that is a pipe is waited for.
pub(crate) fn bounded(file: File, bytes_max: u64, name: &str) -> Result<Vec<u8>> {
    let too_long = |found: String| {
        Failure::usage(format!(
            "{name} has {found} bytes; at most {bytes_max} are read"
        ))
    };
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    if length > bytes_max {
        return Err(too_long(length.to_string()));
    }
    // In one piece, so that a secret leaves no copies where memory was given back.
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    file.take(bytes_max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::usage(format!("{name} can't be read: {error}")))?;
    if bytes.len() as u64 > bytes_max {
        return Err(too_long("more".to_owned()));
    }
    Ok(bytes)
}

/// A descriptor that this process was started with.
pub(crate) fn descriptor(number: u32) -> Result<File> {
    File::open(format!("/proc/self/fd/{number}")).map_err(|error| {
        Failure::usage(format!("cannot read file descriptor {number}: {error}"))
            .help(format!("open it for this command: `writ … {number}<FILE`"))
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder can be made")
    }

    #[test]
    fn what_fits_is_read_whole() {
        let folder = folder();
        let path = folder.path().join("four");
        std::fs::write(&path, "four").unwrap();
        assert_eq!(text(&path, 4).unwrap(), "four");
        let failure = text(&path, 3).unwrap_err();
        assert!(
            failure.message.contains("4 bytes; at most 3"),
            "{}",
            failure.message
        );
        std::fs::write(&path, b"\xff").unwrap();
        let failure = text(&path, 4).unwrap_err();
        assert!(failure.message.contains("UTF-8"), "{}", failure.message);
    }

    #[test]
    fn a_file_of_comments_says_nothing() {
        assert!(is_blank("") && is_blank(" \n\t# later\n"));
        assert!(!is_blank("# later\nversion = 1\n"));
    }

    #[test]
    fn what_is_no_file_is_neither_read_nor_waited_for() {
        let folder = folder();
        let pipe = folder.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        let began = Instant::now();
        for path in [
            &pipe,
            &socket,
            &link,
            Path::new("/dev/zero"),
            Path::new("/dev/tty"),
            folder.path(),
        ] {
            assert!(bytes(path, 100).is_err(), "{}", path.display());
        }
        assert!(began.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_file_without_a_length_is_read_up_to_its_bound() {
        // The kernel says of it that it is a file of no bytes.
        let path = Path::new("/proc/self/maps");
        let failure = bytes(path, 10).unwrap_err();
        assert!(
            failure.message.contains("more bytes; at most 10"),
            "{}",
            failure.message
        );
        assert!(!bytes(path, 1 << 30).unwrap().is_empty());
    }
}
