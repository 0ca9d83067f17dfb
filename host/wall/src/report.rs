//! What holds and what does not, typed, with the words for people. Decides nothing.

use std::fmt;

/// One thing that a wall keeps a process from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protection {
    /// No other file or folder is opened, made, changed, moved or removed.
    Files,
    /// No other file is emptied or cut.
    Truncation,
    /// No device is commanded.
    Devices,
    /// No other TCP port is connected to, and none is bound.
    TcpPorts,
    /// No abstract unix socket of another process is connected to.
    AbstractSockets,
    /// No other process gets a signal.
    Signals,
    /// Only the system calls on the list are there: no programs, no processes.
    SystemCalls,
    /// No machine code but what was loaded before: neither other memory becomes executable, nor is what is executable written.
    Code,
    /// No program could give this process more rights than it has.
    NoNewPrivileges,
    /// Other processes of this user can't read its memory, and it leaves no core file.
    Memory,
}

impl Protection {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Files,
        Self::Truncation,
        Self::Devices,
        Self::TcpPorts,
        Self::AbstractSockets,
        Self::Signals,
        Self::SystemCalls,
        Self::Code,
        Self::NoNewPrivileges,
        Self::Memory,
    ];
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Files => "files",
            Self::Truncation => "truncation",
            Self::Devices => "devices",
            Self::TcpPorts => "TCP ports",
            Self::AbstractSockets => "abstract sockets",
            Self::Signals => "signals",
            Self::SystemCalls => "system calls",
            Self::Code => "machine code",
            Self::NoNewPrivileges => "no new privileges",
            Self::Memory => "memory",
        })
    }
}

/// Why a protection does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// The kernel is older than this.
    Needs(&'static str),
    /// The kernel has Landlock, and it is not switched on.
    SwitchedOff,
    /// The kernel, or what this process runs in, refused.
    Refused(String),
    /// So many threads were there already, and only one of them is behind the wall.
    Threads(usize),
    /// How many threads there were could not be seen, so some may not be behind the wall.
    UnknownThreads,
    /// Root writes the process's own memory through `/proc`, whatever it is protected from; only Landlock keeps it from there.
    Root,
    /// It rests on another protection, which does not hold.
    Without(Protection),
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Needs(kernel) => write!(f, "needs Linux {kernel} with Landlock"),
            Self::SwitchedOff => f.write_str(
                "Landlock is not switched on: add `landlock` to the kernel's `lsm=` parameter",
            ),
            Self::Refused(cause) => f.write_str(cause),
            Self::Threads(count) => write!(f, "{count} threads were running already"),
            Self::UnknownThreads => f.write_str(
                "how many threads were running already can't be seen: is /proc mounted?",
            ),
            Self::Root => f.write_str(
                "root can write its own code through /proc/self/mem: run as another user, or with Landlock",
            ),
            Self::Without(other) => write!(f, "it rests on {other}"),
        }
    }
}

/// What came of raising a wall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The version of Landlock that is used; 0 for none.
    pub landlock_abi: u32,
    /// What holds.
    pub holds: Vec<Protection>,
    /// What does not, and why.
    pub lacks: Vec<(Protection, Lack)>,
}

impl Report {
    pub(crate) const fn new(landlock_abi: u32) -> Self {
        Self {
            landlock_abi,
            holds: Vec::new(),
            lacks: Vec::new(),
        }
    }

    /// Notes one protection.
    pub(crate) fn note(&mut self, protection: Protection, lack: Option<Lack>) {
        match lack {
            None => self.holds.push(protection),
            Some(lack) => self.lacks.push((protection, lack)),
        }
    }

    /// Whether this holds.
    pub(crate) fn has(&self, protection: Protection) -> bool {
        self.holds.contains(&protection)
    }

    /// Whether everything holds.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.lacks.is_empty()
    }

    /// What does not hold, in one line for people; empty if all does.
    #[must_use]
    pub fn lacking(&self) -> String {
        let lacks = self.lacks.iter();
        let words: Vec<String> = lacks
            .map(|(protection, lack)| format!("{protection} ({lack})"))
            .collect();
        words.join(", ")
    }

    /// What holds, in one line for people.
    #[must_use]
    pub fn holding(&self) -> String {
        let words: Vec<String> = self.holds.iter().map(ToString::to_string).collect();
        words.join(", ")
    }
}
