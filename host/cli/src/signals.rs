//! Signals that ask a host to stop in order: Ctrl-C, a service manager or a container that stops it, a terminal that closes.

use std::io;

use futures_util::future::select_all;
use tokio::signal::unix::{Signal, SignalKind, signal};

const OF_THIS_PROCESS: &str = "/proc/self/status";

/// Which signals a host heeds. Found before the wall, behind which this process can't look at itself.
pub(crate) struct Heeded(Vec<SignalKind>);

impl Heeded {
    /// What `nohup` started doesn't mind that its terminal closes, and that is left so.
    pub(crate) fn find() -> Self {
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        let status = std::fs::read_to_string(OF_THIS_PROCESS).unwrap_or_default();
        if !is_ignored(&status, SignalKind::hangup()) {
            kinds.push(SignalKind::hangup());
        }
        Self(kinds)
    }

    /// From here on, none of them ends this process. Has to be called inside a runtime.
    pub(crate) fn listen(self) -> io::Result<Signals> {
        let signals = self.0.into_iter().map(signal);
        signals.collect::<io::Result<_>>().map(Signals)
    }
}

/// The signals that came since they were listened for.
pub(crate) struct Signals(Vec<Signal>);

impl Signals {
    /// Resolves once there is one.
    pub(crate) async fn any(&mut self) {
        let signals = self.0.iter_mut();
        select_all(signals.map(|signal| Box::pin(signal.recv()))).await;
    }
}

/// Whether a process of this status ignores a signal.
fn is_ignored(status: &str, kind: SignalKind) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (kind.as_raw_value() - 1)) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nohup_ignores_is_seen() {
        let status = "Name:\twrit\nSigBlk:\t0000000000000002\nSigIgn:\t0000000000001001\n";
        assert!(is_ignored(status, SignalKind::hangup()));
        assert!(!is_ignored(status, SignalKind::interrupt()));
        assert!(!is_ignored("Name:\twrit\n", SignalKind::hangup()));
    }

    #[test]
    fn a_signal_that_came_before_it_is_waited_for_is_heard() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        for kind in [
            rustix::process::Signal::TERM,
            rustix::process::Signal::HUP,
            rustix::process::Signal::INT,
        ] {
            let mut signals = runtime
                .block_on(async {
                    Heeded(vec![
                        SignalKind::interrupt(),
                        SignalKind::terminate(),
                        SignalKind::hangup(),
                    ])
                    .listen()
                })
                .unwrap();
            rustix::process::kill_process(rustix::process::getpid(), kind).unwrap();
            runtime.block_on(signals.any());
        }
    }
}
