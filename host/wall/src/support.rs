//! What a wall would hold on this machine, found by raising one where it hurts nobody.

use crate::report::{Protection, Report};
use crate::wall::Wall;
use crate::{calls, files, process};

/// What holds here when a wall is raised that leaves some files. System calls are tried out for real, on a thread that ends right
/// after.
#[must_use]
pub fn support() -> Report {
    let mut report = files::support();
    let filter = calls::filter(&Wall::default());
    let tried = std::thread::spawn(move || filter.and_then(|filter| calls::apply_to_this(&filter)));
    let tried = tried.join().unwrap_or_else(|_| {
        Err(calls::Unfiltered::Refused(
            "the thread that tried it died".to_owned(),
        ))
    });
    calls::note(&mut report, tried);
    report.note(Protection::Memory, None);
    process::note_code(&mut report, true);
    report
}
