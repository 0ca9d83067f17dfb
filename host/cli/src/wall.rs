//! The second wall around a process that runs guests: what it leaves open, taken from what the grants of its runs name, and what
//! the operator wants when the kernel can't hold all of it. How it is held is `writ-wall`'s.

use std::{collections::BTreeSet, path::Path};

use serde::Deserialize;
use writ_grant::{Access, Capability, Host};
use writ_sandbox::ResolvedFolders;
use writ_wall::{Lack, Network, Protection, Report, Wall};

use crate::{
    error::{Failure, Result},
    load::Compiled,
};

/// The hidden command that compiles strangers' bytes.
pub(crate) const COMPILER: &str = "compile-child";

/// Where names are looked up by datagram, or by connection when an answer is long.
const DNS_PORT: u16 = 53;

/// `[host] wall`: from the loosest to the strictest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// No second wall.
    Off,
    /// What this kernel gives.
    #[default]
    Auto,
    /// All of it, or nothing runs.
    Required,
}

impl Mode {
    /// As it is written.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Auto => "auto",
            Self::Required => "required",
        }
    }
}

/// What a process is going to need once its guests run, and nothing else.
pub(crate) struct Plan {
    mode: Mode,
    wall: Wall,
    ports: BTreeSet<u16>,
    /// Whether some host is granted by its name, which has to be looked up.
    names: bool,
    /// Of name servers; needed only if something is looked up.
    dns_ports: BTreeSet<u16>,
}

impl Plan {
    /// For a process that only computes.
    pub(crate) fn closed(mode: Mode) -> Self {
        Self {
            mode,
            wall: Wall::default(),
            ports: BTreeSet::new(),
            names: false,
            dns_ports: BTreeSet::new(),
        }
    }

    /// For a host: its data folder is open.
    pub(crate) fn host(mode: Mode, data: &Path) -> Self {
        let mut plan = Self::closed(mode);
        plan.wall.read.push(data.to_owned());
        plan.wall.write.push(data.to_owned());
        plan
    }

    /// Where several apps want different walls, the strictest is raised.
    pub(crate) fn at_least(&mut self, mode: Mode) {
        self.mode = self.mode.max(mode);
    }

    /// Leaves open what the grants of a workflow and its plugins name.
    pub(crate) fn leave_open(&mut self, compiled: &Compiled) {
        let named = compiled.nameserver_ports();
        self.dns_ports
            .extend(if named.is_empty() { &[DNS_PORT] } else { named });
        for capability in compiled.own().capabilities() {
            self.leave_open_for(capability, &ResolvedFolders::new());
        }
        for plugin in compiled.plugins() {
            for capability in plugin.authority.capabilities() {
                self.leave_open_for(capability, &plugin.folders);
            }
        }
    }

    fn leave_open_for(&mut self, capability: &Capability, folders: &ResolvedFolders) {
        match capability {
            Capability::Fs { access, path } => {
                let folder = folders.get(path.as_str()).cloned();
                match access {
                    Access::Read => self.wall.read.extend(folder),
                    Access::Write => {
                        self.wall.write.extend(folder);
                        self.wall.set_times = true;
                    }
                }
            }
            Capability::Http { host, port, .. } => {
                self.ports.insert(*port);
                self.names |= matches!(host, Host::Name(_));
            }
            // Answered from the journal, from memory, by another plugin, or by the system's clock and random numbers.
            Capability::Kv { .. }
            | Capability::Config { .. }
            | Capability::Env { .. }
            | Capability::SecretUse { .. }
            | Capability::ModelChat { .. }
            | Capability::Memory { .. }
            | Capability::ToolCall { .. }
            | Capability::HumanAsk { .. }
            | Capability::ClockReal
            | Capability::RandomReal => {}
        }
    }

    /// Without a port there is no socket, and without a name none for datagrams.
    fn network(&mut self) -> Network {
        if self.ports.is_empty() {
            return Network::None;
        }
        let mut connect_tcp = std::mem::take(&mut self.ports);
        if self.names {
            connect_tcp.append(&mut self.dns_ports);
        }
        Network::Ports {
            connect_tcp,
            udp: self.names,
        }
    }

    /// Gives everything else up, for good. This thread has to be the only one.
    pub(crate) fn raise(mut self) -> Result<()> {
        self.wall.network = self.network();
        if self.mode == Mode::Off {
            tracing::debug!("the second wall is off, as [host] in writ.toml says");
            return Ok(());
        }
        let report = writ_wall::raise(&self.wall).map_err(|error| {
            Failure::usage(error).help("a granted folder has to stay where it is while runs go on")
        })?;
        if let Some((_, lack @ Lack::Threads(_))) = threads(&report) {
            return Err(Failure::internal(format!(
                "the second wall can't be raised around all of this process: {lack}"
            ))
            .help("if something else put them there (a preloaded library), start without it, or write `wall = \"off\"` under [host]"));
        }
        settle(self.mode, &report).map_err(|lacking| {
            Failure::refused(format!("the second wall does not hold whole: {lacking}")).help(
                "run on a kernel that has it (`writ doctor` says what is missing), or write `wall = \"auto\"` under [host]",
            )
        })
    }
}

/// That is no lack of the kernel's: what it has would be dropped silently.
fn threads(report: &Report) -> Option<&(Protection, Lack)> {
    report
        .lacks
        .iter()
        .find(|(_, lack)| matches!(lack, Lack::Threads(_)))
}

/// For the child that compiles: it computes, and is told by a word on its command line how strict to be.
pub(crate) fn bind_compiler(word: Option<&str>) -> std::result::Result<(), String> {
    let mode = [Mode::Off, Mode::Auto, Mode::Required]
        .into_iter()
        .find(|mode| Some(mode.word()) == word)
        .unwrap_or(Mode::Required);
    if mode == Mode::Off {
        return Ok(());
    }
    let report = writ_wall::raise(&Wall::default()).map_err(|error| error.to_string())?;
    settle(mode, &report)
        .map_err(|lacking| format!("the second wall does not hold whole: {lacking}"))
}

/// Whether what holds is enough; else what is missing.
fn settle(mode: Mode, report: &Report) -> std::result::Result<(), String> {
    if report.is_whole() {
        tracing::debug!(landlock = report.landlock_abi, "the second wall is up");
        return Ok(());
    }
    match mode {
        Mode::Required => Err(report.lacking()),
        Mode::Auto | Mode::Off => {
            tracing::debug!(
                landlock = report.landlock_abi,
                lacking = report.lacking(),
                "the second wall is up in part"
            );
            Ok(())
        }
    }
}
