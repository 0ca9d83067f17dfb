//! What the host keeps for one call while the guest runs: its authority, its limits, its port, and why it must stop. Interfaces
//! add what is theirs in their own files. Must not know of JSON arguments, of the engine's settings or of other calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value as Json;
use wasmtime::UpdateDeadline;
use wasmtime::component::ResourceTable;
use writ_grant::{Action, Authority, Denied, Permit};

use crate::exchange::Web;
use crate::fault::{Fault, Usage};
use crate::folders::Mounts;
use crate::interface::clocks::Clocks;
use crate::interface::file_access::Files;
use crate::interface::http::Http;
use crate::interface::random::Random;
use crate::interface::tools::Toolbox;
use crate::limiter::{LimitHit, Limiter};
use crate::limits::Limits;
use crate::log::Log;
use crate::meter::Meter;
use crate::port::{HostCall, Port, Recalled};
use crate::tools::{Chain, Lent, Tools};

/// Values that the operator set for plugins, by name. What a plugin sees of them is what it was granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// For `config:read:KEY`.
    pub config: BTreeMap<String, String>,
    /// For `env:read:NAME`.
    pub env: BTreeMap<String, String>,
}

/// Everything of one call that host functions need.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) authority: Authority,
    pub(crate) settings: Arc<Settings>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) port: Lent,
    pub(crate) limits: Limits,
    pub(crate) limiter: Limiter,
    pub(crate) meter: Meter,
    pub(crate) log: Log,
    pub(crate) clocks: Clocks,
    pub(crate) random: Random,
    pub(crate) files: Files,
    pub(crate) toolbox: Toolbox,
    /// When the guest started, on the wall.
    pub(crate) began: Instant,
    pub(crate) http: Http,
    host_calls: u64,
    /// What the port had recorded before this call: it serves all on a chain.
    recorded_before: u64,
    /// Why the guest must stop. The first reason counts.
    stop: Option<Fault>,
}

/// What [`State::new`] needs beside the limits.
pub(crate) struct Parts {
    pub(crate) authority: Authority,
    pub(crate) settings: Arc<Settings>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) idempotent: bool,
    pub(crate) web: Option<Web>,
    pub(crate) port: Lent,
    pub(crate) mounts: Mounts,
    pub(crate) tools: Arc<dyn Tools>,
    pub(crate) chain: Chain,
    pub(crate) clock_ms: u64,
    pub(crate) seed: u64,
}

/// The error that ends a guest whose reason is in the state.
#[derive(Debug, thiserror::Error)]
#[error("the guest was stopped by the host")]
pub(crate) struct Stopped;

impl State {
    pub(crate) fn new(parts: Parts, limits: Limits) -> Self {
        let recorded_before = parts.port.recorded_bytes();
        let handles = usize::try_from(limits.handles_max).unwrap_or(usize::MAX);
        let mut table = ResourceTable::new();
        table.set_max_capacity(handles);
        let began = Instant::now();
        Self {
            table,
            limiter: Limiter::new(&limits),
            meter: Meter::default(),
            log: Log::new(limits.log_bytes_max),
            clocks: Clocks::new(parts.clock_ms, began, &parts.authority),
            random: Random::new(parts.seed),
            files: Files::new(parts.mounts),
            toolbox: Toolbox::new(parts.tools, parts.chain, parts.clock_ms, parts.seed),
            began,
            http: Http::new(
                parts.web,
                parts.idempotency_key.clone().filter(|_| parts.idempotent),
                &limits,
            ),
            authority: parts.authority,
            settings: parts.settings,
            idempotency_key: parts.idempotency_key,
            port: parts.port,
            limits,
            host_calls: 0,
            recorded_before,
            stop: None,
        }
    }

    /// The door of every host call: counts it. A count can't refuse here; the guest is stopped at the next tick, at its
    /// next host call with an effect, or at the end, whichever comes first.
    pub(crate) fn enter(&mut self) -> &mut Self {
        self.host_calls += 1;
        if self.host_calls > self.limits.host_calls_max {
            self.stop_at_limit("host_calls_max", self.limits.host_calls_max, "host calls");
        }
        self
    }

    pub(crate) fn host_calls(&self) -> u64 {
        self.host_calls
    }

    /// Counts host calls that a callee made.
    pub(crate) fn count_host_calls(&mut self, calls: u64) {
        self.host_calls = self.host_calls.saturating_add(calls);
    }

    /// Ends the guest for a reason. The result is the error to return to the engine.
    pub(crate) fn stop(&mut self, fault: Fault) -> wasmtime::Error {
        self.stop.get_or_insert(fault);
        wasmtime::Error::from(Stopped)
    }

    /// Ends the guest at a limit.
    pub(crate) fn stop_at_limit(
        &mut self,
        limit: &'static str,
        allowed: u64,
        unit: &'static str,
    ) -> wasmtime::Error {
        self.stop(Fault::Limit {
            limit,
            allowed,
            unit,
        })
    }

    /// An error if the guest was already stopped: for host calls with an effect, which must not happen any more.
    pub(crate) fn alive(&self) -> wasmtime::Result<()> {
        let unrecorded = || self.port.lost().is_some() || self.recorded_bytes_left().is_none();
        if self.stop.is_some() || unrecorded() {
            Err(wasmtime::Error::from(Stopped))
        } else {
            Ok(())
        }
    }

    /// How much more may be recorded of this call; none if it is too much already.
    pub(crate) fn recorded_bytes_left(&self) -> Option<u64> {
        let recorded = self.port.recorded_bytes();
        let own = recorded.saturating_sub(self.recorded_before);
        self.limits.recorded_bytes_max.checked_sub(own)
    }

    /// Asks the policy; a refusal is noted, and left to the caller to say in the interface's own words.
    pub(crate) fn permit<A: Action>(&mut self, action: A) -> Result<Permit<A>, Denied> {
        self.authority
            .permit(action)
            .inspect_err(|denied| self.port.denied(denied))
    }

    /// A host call whose answer comes from the record while re-executing and goes into it otherwise. What gives the live answer is
    /// shown the permit: let it want one of its own kind.
    pub(crate) fn recorded<A: Action>(
        &mut self,
        permit: Permit<A>,
        call: HostCall,
        live: impl FnOnce(&mut Self, &Permit<A>) -> Json,
    ) -> wasmtime::Result<Json> {
        self.alive()?;
        if let Some(answer) = self.recall(&call)? {
            return Ok(answer);
        }
        let answer = live(self, &permit);
        self.port.record(call, answer.clone(), permit.decided_by());
        Ok(answer)
    }

    /// The recorded answer to this call, if the record still has one.
    pub(crate) fn recall(&mut self, call: &HostCall) -> wasmtime::Result<Option<Json>> {
        match self.port.recall(call) {
            None => Ok(None),
            Some(Recalled::Answer(answer)) => Ok(Some(answer)),
            Some(Recalled::InDoubt) => Err(self.stop(Fault::InDoubt {
                call: Box::new(call.clone()),
            })),
            Some(Recalled::Diverged { expected }) => Err(self.diverged(expected, call.clone())),
        }
    }

    /// Ends the guest because the record doesn't fit.
    pub(crate) fn diverged(&mut self, expected: HostCall, found: HostCall) -> wasmtime::Error {
        self.stop(Fault::Diverged {
            expected: Box::new(expected),
            found: Box::new(found),
        })
    }

    /// What happens every few milliseconds while the guest computes.
    pub(crate) fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        self.tell_log();
        self.alive()?;
        if self.meter.cpu_us() > self.limits.cpu_ms_max.saturating_mul(1_000) {
            return Err(self.stop_at_limit(
                "cpu_ms_max",
                self.limits.cpu_ms_max,
                "ms of processor time",
            ));
        }
        Ok(UpdateDeadline::Yield(1))
    }

    /// Tells the lines that are whole.
    pub(crate) fn tell_log(&mut self) {
        for (stream, text) in self.log.take() {
            self.port.log(stream.name(), &text);
        }
    }

    /// Tells the port what is still untold. A callee that it was lent to until now is gone without an answer.
    pub(crate) fn finish(&mut self) {
        if self.port.back() {
            self.port.tool_returned(None);
        }
        self.log.finish();
        self.tell_log();
        for note in self.files.notes(&self.authority) {
            self.port.opened(note);
        }
    }

    /// The port, when all is told.
    pub(crate) fn close(&mut self) -> Box<dyn Port> {
        self.finish();
        self.port.take()
    }

    /// Says that the guest starts now.
    pub(crate) fn start(&mut self) -> Instant {
        self.began = Instant::now();
        self.clocks.start(self.began);
        self.began
    }

    /// Forgets what one call used, for an instance that serves another.
    pub(crate) fn begin_again(&mut self) {
        self.host_calls = 0;
        self.log = Log::new(self.limits.log_bytes_max);
    }

    /// Why the guest was stopped, wherever that is known.
    pub(crate) fn take_stop(&mut self) -> Option<Fault> {
        if let Some(fault) = self.stop.take() {
            return Some(fault);
        }
        if let Some(lost) = self.port.lost() {
            return Some(lost.into());
        }
        if self.recorded_bytes_left().is_none() {
            return Some(Fault::Limit {
                limit: "recorded_bytes_max",
                allowed: self.limits.recorded_bytes_max,
                unit: "bytes recorded",
            });
        }
        if let Some(hit) = self.limiter.hit() {
            return Some(Fault::Limit {
                limit: hit.limit,
                allowed: hit.allowed,
                unit: hit.unit,
            });
        }
        if self.log.over() {
            let allowed = self.limits.log_bytes_max;
            return Some(Fault::Limit {
                limit: "log_bytes_max",
                allowed,
                unit: "bytes of log",
            });
        }
        let allowed = self.limits.file_write_bytes_max;
        self.files.over().then_some(Fault::Limit {
            limit: "file_write_bytes_max",
            allowed,
            unit: "bytes written",
        })
    }

    pub(crate) fn usage(&self, wall_us: u64) -> Usage {
        Usage {
            cpu_us: self.meter.cpu_us(),
            wall_us,
            memory_bytes_peak: self.limiter.memory_bytes_peak(),
            host_calls: self.host_calls,
            log_bytes: self.log.bytes(),
            file_write_bytes: self.files.bytes_written(),
            files: self.files.files(),
            directory_entries: self.files.entries(),
            random_bytes: self.random.bytes(),
            tool_calls: self.toolbox.calls(),
            tool_bytes: self.toolbox.bytes(),
            http_requests: self.http.requests(),
            http_request_bytes: self.http.request_bytes(),
            http_response_bytes: self.http.response_bytes(),
        }
    }
}

/// A call can end without coming to its end: a task that times out, or that nobody waits for any more, drops it. What the guest did
/// until then has happened all the same.
impl Drop for State {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The limit that an engine's error carries, if it does.
pub(crate) fn limit_in(error: &wasmtime::Error) -> Option<Fault> {
    let hit = error.downcast_ref::<LimitHit>()?.0;
    Some(Fault::Limit {
        limit: hit.limit,
        allowed: hit.allowed,
        unit: hit.unit,
    })
}
