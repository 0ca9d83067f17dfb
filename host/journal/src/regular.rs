//! Opens files that somebody else may have put there: an audit looks at copies of journals, and a data folder may have come with
//! a stranger's app. A link could lead to any file of this user, a device has no end, and a pipe is waited for without end; none
//! of them is what a journal writes.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rustix::{fs::OFlags, io::Errno};

/// Opens a file, if it is one and not a link to one. Whoever reads it still bounds what is read.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    checked(path, File::options().read(true))
}

/// The same for one that is changed in its place, and made if there is none.
pub(crate) fn open_to_change(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    checked(path, options.read(true).write(true).create(true))
}

/// Writes a small note over what was there.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<File> {
    let mut file = open_to_change(path)?;
    file.set_len(0)?;
    file.write_all(content)?;
    Ok(file)
}

fn checked(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // A pipe is opened without waiting for its other end, and then looked at like everything else.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = options
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(named)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(
            ErrorKind::InvalidInput,
            "it is a folder, a pipe or a device, where a journal has a file",
        ))
    }
}

/// The system says only that there are too many links.
fn named(error: io::Error) -> io::Error {
    if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) {
        let cause = "it is a link, and a journal has none";
        return io::Error::new(ErrorKind::InvalidInput, cause);
    }
    error
}
