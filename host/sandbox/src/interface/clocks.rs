//! `wasi:clocks`. Without `clock:real` a guest sees the run's recorded time, which moves a microsecond at every look, and
//! sleeping takes no time: the clock jumps. With it, real time, every reading recorded.

use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value as Json, json};
use wasmtime::component::Resource;
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::subscribe;
use writ_grant::{Authority, Permit, RealClock};

use crate::interface::timer::{RealTimer, Timers, VirtualTimer};
use crate::port::HostCall;
use crate::state::State;

/// How far virtual time moves at every look, in nanoseconds. A guest that waits in a loop for time to pass gets on.
const LOOK_NS: u64 = 1_000;
const MONOTONIC: &str = "wasi:clocks/monotonic-clock";
const WALL: &str = "wasi:clocks/wall-clock";

/// The clocks of one call.
pub(crate) struct Clocks {
    real: bool,
    start_ms: u64,
    timers: Timers,
    /// The last real monotonic time told, so that time goes on from the record and never back.
    told_ns: u64,
    began: Instant,
}

impl Clocks {
    pub(crate) fn new(start_ms: u64, began: Instant, authority: &Authority) -> Self {
        let real = authority.allows(RealClock).is_some();
        Self {
            real,
            start_ms,
            timers: Timers::default(),
            told_ns: 0,
            began,
        }
    }

    /// Says when the guest starts, by which real time is told.
    pub(crate) fn start(&mut self, began: Instant) {
        self.began = began;
    }

    fn look(&self) -> u64 {
        self.timers.advance(LOOK_NS)
    }

    fn real_ns(&self, _: &Permit<RealClock>) -> u64 {
        let since = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.told_ns.saturating_add(since)
    }
}

impl State {
    /// A real reading; the permit is asked again for each, so that no reading is without one.
    fn real_time(
        &mut self,
        interface: &str,
        live: impl FnOnce(&mut Self, &Permit<RealClock>) -> u64,
    ) -> wasmtime::Result<u64> {
        let permit = match self.permit(RealClock) {
            Ok(permit) => permit,
            Err(denied) => return Err(self.stop(denied.into())),
        };
        let call = HostCall::new(interface, "now", Json::Null);
        let answer = self.recorded(permit, call.clone(), |state, permit| {
            json!(live(state, permit))
        })?;
        match answer.as_u64() {
            Some(ns) => Ok(ns),
            None => Err(self.diverged(
                HostCall {
                    arguments: answer,
                    ..call.clone()
                },
                call,
            )),
        }
    }

    fn monotonic_ns(&mut self) -> wasmtime::Result<u64> {
        if !self.clocks.real {
            return Ok(self.clocks.look());
        }
        let ns = self.real_time(MONOTONIC, |state, permit| state.clocks.real_ns(permit))?;
        self.clocks.told_ns = self.clocks.told_ns.max(ns);
        self.clocks.began = Instant::now();
        Ok(ns)
    }

    fn timer(&mut self, wait_ns: u64) -> wasmtime::Result<Resource<DynPollable>> {
        if self.clocks.real {
            let timer = self
                .table
                .push(RealTimer::after(Duration::from_nanos(wait_ns)))?;
            return subscribe(&mut self.table, timer);
        }
        let timer = VirtualTimer::after(&self.clocks.timers, wait_ns);
        let timer = self.table.push(timer)?;
        subscribe(&mut self.table, timer)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what `clock:real` grants is this reading; it is recorded"
)]
fn real_wall_ns(_: &Permit<RealClock>) -> u64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn datetime(ns: u64) -> wall_clock::Datetime {
    let time = Duration::from_nanos(ns);
    wall_clock::Datetime {
        seconds: time.as_secs(),
        nanoseconds: time.subsec_nanos(),
    }
}

impl wall_clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        if self.clocks.real {
            return self
                .real_time(WALL, |_, permit| real_wall_ns(permit))
                .map(datetime);
        }
        let elapsed = self.clocks.look();
        Ok(datetime(
            self.clocks
                .start_ms
                .saturating_mul(1_000_000)
                .saturating_add(elapsed),
        ))
    }

    fn resolution(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        Ok(datetime(LOOK_NS))
    }
}

impl monotonic_clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.monotonic_ns()
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(LOOK_NS)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let now = self.monotonic_ns()?;
        self.timer(when.saturating_sub(now))
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.timer(duration)
    }
}
