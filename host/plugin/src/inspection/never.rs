//! What a component can never do: the closed list of kinds of capability, minus what its requests could ever allow; and what
//! no component can do. A new kind of capability does not compile until it is answered here.

use writ_grant::{Access, Capability};

use super::{Never, NeverNote};
use crate::Plugin;

/// What holds for every component, whatever it requests and whatever is granted.
const ANY: [&str; 9] = [
    "start a process, run a shell command, or load native code",
    "open a socket, listen on a port, or look up a name: all network traffic is the host's, one checked request at a time",
    "see, open or name a file outside the folders that a grant maps, links and `..` included",
    "read another component's memory, or the host's",
    "keep anything between two calls, except in granted buckets, memory spaces and folders",
    "see the value of a secret: it writes a placeholder, and the host puts the value into a granted request",
    "see the host's arguments, user name, working folder or list of processes",
    "run longer, or use more memory, than its limits allow",
    "grant itself or another component anything, or change what is in the journal",
];

/// A kind of capability: what the closed list would be without names and paths.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    FsRead,
    FsWrite,
    Http,
    KvRead,
    KvWrite,
    Config,
    Env,
    Secret,
    Model,
    MemoryRead,
    MemoryWrite,
    Tool,
    Human,
    Clock,
    Random,
}

impl Kind {
    const ALL: [Kind; 15] = [
        Kind::FsRead,
        Kind::FsWrite,
        Kind::Http,
        Kind::Secret,
        Kind::Tool,
        Kind::Model,
        Kind::Human,
        Kind::KvRead,
        Kind::KvWrite,
        Kind::MemoryRead,
        Kind::MemoryWrite,
        Kind::Config,
        Kind::Env,
        Kind::Clock,
        Kind::Random,
    ];

    fn of(capability: &Capability) -> Kind {
        let by = |access: Access, read, write| match access {
            Access::Read => read,
            Access::Write => write,
        };
        match capability {
            Capability::Fs { access, .. } => by(*access, Kind::FsRead, Kind::FsWrite),
            Capability::Http { .. } => Kind::Http,
            Capability::Kv { access, .. } => by(*access, Kind::KvRead, Kind::KvWrite),
            Capability::Config { .. } => Kind::Config,
            Capability::Env { .. } => Kind::Env,
            Capability::SecretUse { .. } => Kind::Secret,
            Capability::ModelChat { .. } => Kind::Model,
            Capability::Memory { access, .. } => by(*access, Kind::MemoryRead, Kind::MemoryWrite),
            Capability::ToolCall { .. } => Kind::Tool,
            Capability::HumanAsk { .. } => Kind::Human,
            Capability::ClockReal => Kind::Clock,
            Capability::RandomReal => Kind::Random,
        }
    }

    /// How capabilities of this kind begin.
    fn word(self) -> &'static str {
        match self {
            Kind::FsRead => "fs:read",
            Kind::FsWrite => "fs:write",
            Kind::Http => "http",
            Kind::KvRead => "kv:read",
            Kind::KvWrite => "kv:write",
            Kind::Config => "config:read",
            Kind::Env => "env:read",
            Kind::Secret => "secret:use",
            Kind::Model => "model:chat",
            Kind::MemoryRead => "memory:read",
            Kind::MemoryWrite => "memory:write",
            Kind::Tool => "tool:call",
            Kind::Human => "human:ask",
            Kind::Clock => "clock:real",
            Kind::Random => "random:real",
        }
    }

    /// What it can't do when nothing of this kind is requested, and what it can't beyond what is.
    fn statements(self) -> (&'static str, &'static str) {
        match self {
            Kind::FsRead => (
                "read any file",
                "read a file anywhere else than in folders mapped to",
            ),
            Kind::FsWrite => (
                "create, change or remove any file",
                "create, change or remove a file anywhere else than in folders mapped to",
            ),
            Kind::Http => (
                "send anything over the network",
                "send any other request over the network than",
            ),
            Kind::KvRead => (
                "read any key-value bucket",
                "read any other bucket than with",
            ),
            Kind::KvWrite => (
                "change any key-value bucket",
                "change any other bucket than with",
            ),
            Kind::Config => (
                "read any configured value",
                "read any other configured value than with",
            ),
            Kind::Env => (
                "read any environment variable",
                "read any other environment variable than with",
            ),
            Kind::Secret => (
                "have any secret used for it",
                "have any other secret used for it than with",
            ),
            Kind::Model => (
                "talk to any language model",
                "talk to any other language model than with",
            ),
            Kind::MemoryRead => (
                "read any agent's memory",
                "read any other memory space than with",
            ),
            Kind::MemoryWrite => (
                "change any agent's memory",
                "change any other memory space than with",
            ),
            Kind::Tool => (
                "call any other plugin",
                "call any other function of another plugin than with",
            ),
            Kind::Human => ("ask a person anything", "ask any other role than with"),
            Kind::Clock => ("learn the real time", "learn the real time, except with"),
            Kind::Random => ("get real randomness", "get real randomness, except with"),
        }
    }
}

pub(super) fn of(plugin: &Plugin) -> Never {
    let note = |kind: Kind| {
        let except: Vec<String> = plugin
            .requests
            .iter()
            .map(|request| &request.capability)
            .filter(|capability| Kind::of(capability) == kind)
            .map(ToString::to_string)
            .collect();
        let (never, beyond) = kind.statements();
        let statement = if except.is_empty() {
            never.to_owned()
        } else {
            format!("{beyond} {}", except.join(", "))
        };
        NeverNote {
            kind: kind.word(),
            statement,
            except,
        }
    };
    Never {
        this: Kind::ALL.into_iter().map(note).collect(),
        any: ANY.to_vec(),
    }
}
