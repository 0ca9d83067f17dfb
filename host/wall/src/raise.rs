//! Raises a wall, in the one order that works: what can be refused is asked for first, and the system calls that raising needs
//! are given up last.

use std::io;
use std::path::PathBuf;

use crate::report::{Lack, Protection, Report};
use crate::wall::Wall;
use crate::{calls, files, process};

/// A wall that can't be raised as described. Nothing was given up.
#[derive(Debug, thiserror::Error)]
pub enum WallError {
    /// Something that shall stay reachable isn't there.
    #[error("{path} can't be left open for the host: {cause}")]
    Path {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
}

/// Gives up, for this process and for good, all that the description doesn't name. Best effort: what the kernel lacks is in
/// the report, and the rest is done all the same.
///
/// Call it while there is one thread only.
///
/// # Errors
/// When a path isn't there.
pub fn raise(wall: &Wall) -> Result<Report, WallError> {
    let threads = match process::threads() {
        Some(1) => None,
        Some(count) => Some(Lack::Threads(count)),
        None => Some(Lack::UnknownThreads),
    };
    let mut report = files::restrict(wall)?;
    process::seal_memory(&mut report);
    let filtered = calls::filter(wall).and_then(|filter| calls::apply_to_all_threads(&filter));
    calls::note(&mut report, filtered);
    let mut report = match threads {
        None => report,
        Some(lack) => without_threads(report, &lack),
    };
    process::note_code(&mut report, wall.has_files());
    Ok(report)
}

/// Landlock bound this thread and not others, which share its memory: whoever runs here could use them.
fn without_threads(report: Report, lack: &Lack) -> Report {
    let mut honest = Report::new(report.landlock_abi);
    for held in report.holds {
        let lack = match held {
            Protection::Files
            | Protection::Truncation
            | Protection::Devices
            | Protection::TcpPorts
            | Protection::AbstractSockets
            | Protection::Signals => Some(lack.clone()),
            Protection::SystemCalls
            | Protection::Code
            | Protection::NoNewPrivileges
            | Protection::Memory => None,
        };
        honest.note(held, lack);
    }
    honest.lacks.extend(report.lacks);
    honest
}
