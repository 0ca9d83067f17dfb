//! What a process can settle about itself: that nobody reads its memory or writes its code, and how many threads it has.

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

/// Notes whether there can be other machine code from now on: the filter keeps memory from becoming executable, but the kernel
/// writes what `/proc/self/mem` is told into memory of any kind. A process whose memory is sealed opens that file as root only.
/// `opens` says whether it can open files at all.
pub(crate) fn note_code(report: &mut Report, opens: bool) {
    let sealed = report.has(Protection::Memory) && !rustix::process::geteuid().is_root();
    let lack = if !report.has(Protection::SystemCalls) {
        Some(Lack::Without(Protection::SystemCalls))
    } else if !opens || sealed || report.has(Protection::Files) {
        None
    } else if report.has(Protection::Memory) {
        Some(Lack::Root)
    } else {
        Some(Lack::Without(Protection::Memory))
    };
    report.note(Protection::Code, lack);
}

/// How many threads this process has, one that is just ending aside; `None` where that can't be seen.
pub(crate) fn threads() -> Option<usize> {
    let patience_ends = Instant::now() + PATIENCE;
    loop {
        let mut tasks = std::fs::read_dir("/proc/self/task").ok()?;
        let count = tasks.try_fold(0, |count, task| task.ok().map(|_| count + 1))?;
        if count <= 1 || Instant::now() > patience_ends {
            return Some(count);
        }
        std::thread::sleep(PAUSE);
    }
}
