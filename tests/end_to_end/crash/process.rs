//! A `writ` process that is killed at a chosen moment, and chance that is the same at every execution of a test.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Stdio},
    sync::mpsc::{Receiver, channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use writ_tests::command;

/// Longest that a test waits for something that must happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// When a process dies.
#[derive(Debug, Clone, Copy)]
pub(super) enum Moment {
    /// So long after its start.
    Elapsed(Duration),
    /// So long after it said this on standard error.
    Said(&'static str, Duration),
}

/// What was left of a process.
#[derive(Debug)]
pub(super) struct Left {
    /// Whether the kill met it alive.
    pub(super) struck: bool,
    /// Lines of standard error.
    pub(super) err: Vec<String>,
    /// Standard output.
    pub(super) out: String,
}

/// A process that is going to be killed.
pub(super) struct Victim {
    child: Child,
    lines: Receiver<String>,
    out: Option<JoinHandle<String>>,
    err: Vec<String>,
}

impl Victim {
    /// Starts `writ` in a folder.
    pub(super) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = command(folder, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("writ can be started");
        let err = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut out = child.stdout.take().expect("it is piped");
        let (send, lines) = channel();
        thread::spawn(move || {
            for line in err.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let out = thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = out.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self {
            child,
            lines,
            out: Some(out),
            err: Vec::new(),
        }
    }

    /// Waits until it says so on standard error; false when it ended before.
    pub(super) fn says(&mut self, text: &str) -> bool {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            let found = line.contains(text);
            self.err.push(line);
            if found {
                return true;
            }
        }
        false
    }

    /// Kills it at a moment.
    pub(super) fn die(mut self, moment: Moment) -> Left {
        match moment {
            Moment::Elapsed(time) => thread::sleep(time),
            Moment::Said(text, time) => {
                if self.says(text) {
                    thread::sleep(time);
                }
            }
        }
        self.kill()
    }

    /// Kills it so long after something holds; at the latest when it ended by itself.
    pub(super) fn die_when(mut self, mut holds: impl FnMut() -> bool, later: Duration) -> Left {
        const PAUSE: Duration = Duration::from_micros(200);
        while !holds()
            && self
                .child
                .try_wait()
                .expect("a child can be asked")
                .is_none()
        {
            thread::sleep(PAUSE);
        }
        thread::sleep(later);
        self.kill()
    }

    /// Kills it now.
    pub(super) fn kill(mut self) -> Left {
        let struck = self
            .child
            .try_wait()
            .expect("a child can be asked")
            .is_none();
        // SIGKILL: nothing in the process can notice it.
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
        self.left(struck)
    }

    fn left(&mut self, struck: bool) -> Left {
        let out = self
            .out
            .take()
            .map(|out| out.join().expect("the reader does not panic"))
            .unwrap_or_default();
        let mut err = std::mem::take(&mut self.err);
        err.extend(self.lines.iter());
        Left { struck, err, out }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds.
pub(super) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    const PAUSE: Duration = Duration::from_millis(2);
    for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
        if holds() {
            return;
        }
        thread::sleep(PAUSE);
    }
    panic!("{what} did not happen in {PATIENCE:?}");
}

/// Chance from a seed (SplitMix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    /// A number below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// A time below so many milliseconds, to the microsecond.
    pub(super) fn time_below_ms(&mut self, end_ms: u64) -> Duration {
        Duration::from_micros(self.below(end_ms * 1000))
    }
}
