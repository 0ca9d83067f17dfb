//! A `writ` process that is looked at from outside, through `/proc`.

use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use writ_tests::command;

/// Longest that a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(2);

/// A process that is ended when dropped.
pub(super) struct Running(pub(super) Child);

impl Running {
    /// Starts `writ` in a folder.
    pub(super) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let child = command(folder, arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("writ can be started"))
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it ended well, once it ended.
    pub(super) fn ends_well(mut self) -> bool {
        self.0.wait().expect("a child can be waited for").success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One thread, as the kernel sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) name: String,
    pub(super) no_new_privileges: bool,
    pub(super) filtered: bool,
}

/// All threads of a process; none when it is gone.
pub(super) fn threads(process: u32) -> Vec<Thread> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else {
        return Vec::new();
    };
    let status = |task: std::io::Result<fs::DirEntry>| {
        let text = fs::read_to_string(task.ok()?.path().join("status")).ok()?;
        let field = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        // One that nobody reaped is gone all the same.
        if field("State:")?.starts_with('Z') {
            return None;
        }
        Some(Thread {
            name: field("Name:")?,
            no_new_privileges: field("NoNewPrivs:")? == "1",
            filtered: field("Seccomp:")? == "2",
        })
    };
    tasks.filter_map(status).collect()
}

/// The process whose command line has all these words.
pub(super) fn find(words: &[&str]) -> Option<u32> {
    let processes = fs::read_dir("/proc").expect("/proc is mounted");
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .find(|process| {
            let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line);
            words
                .iter()
                .all(|word| line.split('\0').any(|part| part == *word))
        })
}

/// Waits until something is there.
pub(super) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let patience_ends = Instant::now() + PATIENCE;
    while Instant::now() < patience_ends {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(PAUSE);
    }
    panic!("{what} did not happen in {PATIENCE:?}");
}

/// Waits until a process runs guests: the thread that interrupts them is there, and it is started by the first.
pub(super) fn with_a_guest(process: u32) -> Vec<Thread> {
    until("a guest", || {
        let threads = threads(process);
        let runs = threads.iter().any(|thread| thread.name == "writ-epochs");
        runs.then_some(threads)
    })
}
