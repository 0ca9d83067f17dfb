//! What a guest writes to stdout and stderr, cut into lines and bounded. Knows nothing of who hears them.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

/// A line longer than this is cut into several.
const LINE_BYTES_MAX: usize = 8 * 1024;
/// What a line costs beside its bytes: each is an event, however short it is.
const LINE_COST_BYTES: u64 = 64;

/// The two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogStream {
    Stdout,
    Stderr,
}

impl LogStream {
    pub(crate) fn name(self) -> &'static str {
        match self {
            LogStream::Stdout => "stdout",
            LogStream::Stderr => "stderr",
        }
    }
}

/// Lines waiting to be heard. Shared between the streams in a guest's hands and the call.
#[derive(Clone)]
pub(crate) struct Log(Arc<Mutex<Lines>>);

struct Lines {
    bytes_max: u64,
    bytes: u64,
    over: bool,
    partial: [Vec<u8>; 2],
    ready: VecDeque<(LogStream, String)>,
}

impl Log {
    pub(crate) fn new(bytes_max: u64) -> Self {
        let lines = Lines {
            bytes_max,
            bytes: 0,
            over: false,
            partial: Default::default(),
            ready: VecDeque::new(),
        };
        Self(Arc::new(Mutex::new(lines)))
    }

    /// Takes what was written; false when there is too much of it.
    pub(crate) fn write(&self, stream: LogStream, bytes: &[u8]) -> bool {
        let mut lines = self.0.lock();
        let cost = cost(bytes);
        if cost > lines.bytes_max - lines.bytes {
            lines.over = true;
            return false;
        }
        lines.bytes += cost;
        lines.split(stream, bytes);
        true
    }

    /// Counts bytes that a callee wrote to a log of its own.
    pub(crate) fn charge(&self, bytes: u64) {
        let mut lines = self.0.lock();
        lines.bytes = lines.bytes.saturating_add(bytes).min(lines.bytes_max);
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0.lock().bytes
    }

    /// Whether more was written than allowed.
    pub(crate) fn over(&self) -> bool {
        self.0.lock().over
    }

    /// Whole lines so far.
    pub(crate) fn take(&self) -> VecDeque<(LogStream, String)> {
        std::mem::take(&mut self.0.lock().ready)
    }

    /// Makes unended last lines whole.
    pub(crate) fn finish(&self) {
        let mut lines = self.0.lock();
        for stream in [LogStream::Stdout, LogStream::Stderr] {
            if !lines.partial[stream as usize].is_empty() {
                lines.end_line(stream);
            }
        }
    }
}

fn cost(bytes: &[u8]) -> u64 {
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    bytes.len() as u64 + lines * LINE_COST_BYTES
}

impl Lines {
    fn split(&mut self, stream: LogStream, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                self.end_line(stream);
                continue;
            }
            let partial = &mut self.partial[stream as usize];
            partial.push(byte);
            if partial.len() >= LINE_BYTES_MAX {
                self.end_line(stream);
            }
        }
    }

    fn end_line(&mut self, stream: LogStream) {
        let bytes = std::mem::take(&mut self.partial[stream as usize]);
        self.ready
            .push_back((stream, String::from_utf8_lossy(&bytes).into_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_lines_and_stops_at_the_bound() {
        let log = Log::new(10 + 2 * LINE_COST_BYTES);
        assert!(log.write(LogStream::Stdout, b"ab\ncd"));
        assert!(log.write(LogStream::Stderr, b"\xff\n"));
        assert!(!log.write(LogStream::Stdout, b"12345"));
        assert!(log.over());
        log.finish();
        let lines: Vec<_> = log
            .take()
            .into_iter()
            .map(|(stream, text)| (stream.name(), text))
            .collect();
        assert_eq!(
            lines,
            [
                ("stdout", "ab".into()),
                ("stderr", "\u{fffd}".into()),
                ("stdout", String::from("cd"))
            ]
        );
    }

    #[test]
    fn empty_lines_are_not_free() {
        let log = Log::new(1_000);
        assert!(!log.write(LogStream::Stdout, &[b'\n'; 1_000]));
        assert!(log.write(LogStream::Stdout, &[b'\n'; 10]));
        assert_eq!(
            (log.take().len(), log.bytes()),
            (10, 10 + 10 * LINE_COST_BYTES)
        );
    }

    #[test]
    fn an_endless_line_is_cut() {
        let log = Log::new(u64::MAX);
        log.write(LogStream::Stdout, &vec![b'x'; LINE_BYTES_MAX * 2 + 1]);
        assert_eq!(log.take().len(), 2);
    }
}
