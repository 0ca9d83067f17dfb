//! How many files this process may have open: as many as the system lets it have, and enough for all that its guests may open at
//! once. Otherwise guests that keep files open would keep the journal from opening its own, and so stop the host.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use writ_sandbox::Limits;
use writ_scheduler::REQUESTS_AT_ONCE;

use crate::{
    app::Config,
    error::{Failure, Result},
};

/// What a host has open beside the files of its guests: the journal and the state, its folder, the runtime, standard streams.
const RESERVE: u64 = 192;
/// What it has open for a moment for each call: a connection and the look-up of its name, a look at a path or into a folder.
const RESERVE_PER_CALL: u64 = 16;
/// The same for each request that a workflow sends itself.
const RESERVE_PER_REQUEST: u64 = 4;

/// How many files a host may need to have open.
pub(crate) struct Need {
    calls_at_once: u64,
    open_files_max: u64,
}

impl Need {
    /// For so many calls at once, of which none, with all that it calls, may have more open.
    pub(crate) fn of(calls_at_once: usize, open_files_max: u64) -> Self {
        Self {
            calls_at_once: u64::try_from(calls_at_once).unwrap_or(u64::MAX),
            open_files_max,
        }
    }

    /// The most that the plugins of an app may need, whatever their authors wish: they can only ask for less.
    pub(crate) fn at_most(calls_at_once: usize, config: &Config) -> Self {
        let default = Limits::default().open_files_max;
        let own = config.plugins.values();
        let most = own
            .filter_map(|plugin| plugin.limits.open_files_max)
            .fold(default, u64::max);
        Self::of(calls_at_once, most)
    }

    fn reserve(&self) -> u64 {
        let requests = u64::try_from(REQUESTS_AT_ONCE).unwrap_or(u64::MAX);
        self.calls_at_once
            .saturating_mul(RESERVE_PER_CALL)
            .saturating_add(requests.saturating_mul(RESERVE_PER_REQUEST))
            .saturating_add(RESERVE)
    }

    fn total(&self) -> u64 {
        self.calls_at_once
            .saturating_mul(self.open_files_max)
            .saturating_add(self.reserve())
    }

    /// Makes room for them, as far as the system lets it. Refuses when that is not enough.
    pub(crate) fn meet(&self) -> Result<()> {
        let allowed = raise();
        if self.is_met_by(allowed) {
            return Ok(());
        }
        Err(Failure::usage(format!(
            "this process may have {allowed} files open, and {}",
            self.words()
        ))
        .help(format!(
            "allow it {} (`ulimit -n`, or `LimitNOFILE` of a systemd service), or lower `calls_at_once` under [host] or \
             `open_files_max` under [plugins.NAME.limits]",
            self.total()
        )))
    }

    pub(crate) fn is_met_by(&self, allowed: u64) -> bool {
        self.total() <= allowed
    }

    /// What they are for.
    pub(crate) fn words(&self) -> String {
        format!(
            "{} are needed: {} for each of {} calls at once (`open_files_max`), and {} for the host",
            self.total(),
            self.open_files_max,
            self.calls_at_once,
            self.reserve()
        )
    }
}

/// How many files this process can be let have open.
pub(crate) fn allowed() -> u64 {
    getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX)
}

/// Lets this process have as many files open as the system lets it. Returns how many.
fn raise() -> u64 {
    let before = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: before.maximum,
        ..before
    };
    let now = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => before.maximum,
        Err(_) => before.current,
    };
    now.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_and_the_host_itself_have_room() {
        let need = Need::of(4, 128);
        assert_eq!(need.total(), 4 * 128 + 4 * 16 + 64 * 4 + 192);
        assert!(need.is_met_by(need.total()) && !need.is_met_by(need.total() - 1));
        assert!(!Need::of(1024, u64::MAX).is_met_by(1 << 40));
    }

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        assert_eq!(raise(), allowed());
        let now = getrlimit(Resource::Nofile);
        assert_eq!(now.current, now.maximum);
    }
}
