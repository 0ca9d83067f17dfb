//! What a process can settle about itself: that nobody reads its memory, and how many threads it has.

use std::time::{Duration, Instant};

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use crate::report::{Lack, Protection, Report};

/// A thread that was joined is listed for a moment longer.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_micros(200);

/// Nothing that a run holds, secrets among it, is read by a neighbour or left in a core file.
pub(crate) fn seal_memory(report: &mut Report) {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let sealed = setrlimit(Resource::Core, none)
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable));
    let lack = sealed.err().map(|error| Lack::Refused(error.to_string()));
    report.note(Protection::Memory, lack);
}

/// How many threads this process has, one that is just ending aside; `None` where `/proc` is not mounted.
pub(crate) fn threads() -> Option<usize> {
    let patience_ends = Instant::now() + PATIENCE;
    loop {
        let count = std::fs::read_dir("/proc/self/task").ok()?.count();
        if count <= 1 || Instant::now() > patience_ends {
            return Some(count);
        }
        std::thread::sleep(PAUSE);
    }
}
