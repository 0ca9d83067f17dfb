//! The closed list of what a component can do through the host, and which of two entries is the wider one.
//!
//! Every question about a capability is a `match` without a wildcard arm: a new kind does not compile until each is answered.

mod intersect;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use self::parse::FORMS;
pub use self::parse::{CAPABILITY_BYTES_MAX, CapabilityError};
use crate::{
    http::{Host, Methods, Scheme, UrlPath},
    name::{EnvName, Name},
    path::GuestPath,
};

/// Which way data flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// The guest sees what is there.
    Read,
    /// The guest changes what is there.
    Write,
}

/// What a call that uses a capability can do to the world outside the host's own journal. Ordered from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing outside is touched.
    None,
    /// Something outside is looked at, and stays as it was.
    Reads,
    /// Something outside can be changed.
    Changes,
}

/// One thing that a component can do only through the host. Its text (by `Display`) and `FromStr` are inverse, and it has one
/// spelling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Capability {
    /// `fs:read:/orders`: files at and below a guest path. Writing does not include reading: ask for both to have both.
    Fs {
        /// Read or write.
        access: Access,
        /// The highest path.
        path: GuestPath,
    },
    /// `http:GET,POST https://host[:port]/path/**`: requests to one host.
    Http {
        /// The methods.
        methods: Methods,
        /// `http` or `https`.
        scheme: Scheme,
        /// The host.
        host: Host,
        /// The port.
        port: u16,
        /// The path or paths.
        path: UrlPath,
    },
    /// `kv:read:bucket`: a key-value bucket.
    Kv {
        /// Read or write.
        access: Access,
        /// The bucket.
        bucket: Name,
    },
    /// `config:read:key`: a configured value.
    Config {
        /// The key.
        key: Name,
    },
    /// `env:read:NAME`: an environment variable of the host.
    Env {
        /// The variable.
        name: EnvName,
    },
    /// `secret:use:name`: a secret that the host puts into requests.
    SecretUse {
        /// The secret.
        name: Name,
    },
    /// `model:chat:name`: a language model.
    ModelChat {
        /// The model.
        name: Name,
    },
    /// `memory:read:space`: an agent's memory.
    Memory {
        /// Read or write.
        access: Access,
        /// The space.
        space: Name,
    },
    /// `tool:call:plugin/function`: another plugin's function.
    ToolCall {
        /// The plugin.
        plugin: Name,
        /// The function.
        function: Name,
    },
    /// `human:ask:role`: a question to a person.
    HumanAsk {
        /// Who is asked.
        role: Name,
    },
    /// `clock:real`: the real time, in place of the run's recorded clock.
    ClockReal,
    /// `random:real`: real randomness, in place of the run's seeded one.
    RandomReal,
}

/// What a grant of a capability says besides the capability.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Folder,
    Addresses,
    Place,
    Value,
}

impl Access {
    /// The word in a capability's text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Write => "write",
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Capability {
    /// Whether everything that `other` allows is allowed by this: a partial order. Different kinds never cover each other.
    #[must_use]
    pub fn covers(&self, other: &Capability) -> bool {
        match self {
            Capability::Fs { access, path } => {
                matches!(other, Capability::Fs { access: a, path: p } if access == a && path.covers(p))
            }
            Capability::Http {
                methods,
                scheme,
                host,
                port,
                path,
            } => matches!(
                other,
                Capability::Http { methods: m, scheme: s, host: h, port: o, path: p }
                    if methods.covers(*m) && scheme == s && host == h && port == o && path.covers(p)
            ),
            Capability::Kv { .. }
            | Capability::Config { .. }
            | Capability::Env { .. }
            | Capability::SecretUse { .. }
            | Capability::ModelChat { .. }
            | Capability::Memory { .. }
            | Capability::ToolCall { .. }
            | Capability::HumanAsk { .. }
            | Capability::ClockReal
            | Capability::RandomReal => self == other,
        }
    }

    /// Whether this host can grant it. The others are understood, and refused as not available yet.
    #[must_use]
    pub fn available(&self) -> bool {
        match self {
            Capability::Fs { .. }
            | Capability::Kv { .. }
            | Capability::Config { .. }
            | Capability::Env { .. }
            | Capability::Http { .. }
            | Capability::SecretUse { .. }
            | Capability::ToolCall { .. }
            | Capability::ClockReal
            | Capability::RandomReal => true,
            Capability::ModelChat { .. }
            | Capability::Memory { .. }
            | Capability::HumanAsk { .. } => false,
        }
    }

    /// What it can do to the world outside.
    ///
    /// - Buckets and memory are kept with the journal and change with it, so they are not outside.
    /// - Requests whose methods only ask (GET, HEAD, OPTIONS) read: by HTTP's own definition the server stays as it was, and sending
    ///   one again is what every cache and proxy does. What they ask with does leave the host: a grant names to whom.
    /// - A secret by itself does nothing: it goes nowhere but into a request, and the request's own grant says what that can do.
    /// - A tool call adds nothing: what is called may do no more than its caller ([`Authority::within`](crate::Authority::within)), so the
    ///   caller's other capabilities say it all.
    #[must_use]
    pub fn effect(&self) -> Effect {
        match self {
            Capability::Http { methods, .. } if methods.are_safe() => Effect::Reads,
            Capability::Fs {
                access: Access::Read,
                ..
            } => Effect::Reads,
            Capability::Fs {
                access: Access::Write,
                ..
            }
            | Capability::Http { .. }
            | Capability::ModelChat { .. }
            | Capability::HumanAsk { .. } => Effect::Changes,
            Capability::Kv { .. }
            | Capability::Config { .. }
            | Capability::Env { .. }
            | Capability::SecretUse { .. }
            | Capability::Memory { .. }
            | Capability::ToolCall { .. }
            | Capability::ClockReal
            | Capability::RandomReal => Effect::None,
        }
    }

    /// Whether its calls are in the journal with their answers, so that a call can be executed again from the record. Raw file access
    /// is not.
    #[must_use]
    pub fn recorded(&self) -> bool {
        match self {
            Capability::Fs { .. } => false,
            Capability::Http { .. }
            | Capability::Kv { .. }
            | Capability::Config { .. }
            | Capability::Env { .. }
            | Capability::SecretUse { .. }
            | Capability::ModelChat { .. }
            | Capability::Memory { .. }
            | Capability::ToolCall { .. }
            | Capability::HumanAsk { .. }
            | Capability::ClockReal
            | Capability::RandomReal => true,
        }
    }

    /// Whether a grant of it says which host folder is meant.
    #[must_use]
    pub fn takes_folder(&self) -> bool {
        self.takes() == Takes::Folder
    }

    /// Whether a grant of it can name addresses that are not public: where the host is a name, which may lead anywhere. A host that
    /// is an address names itself.
    #[must_use]
    pub fn takes_addresses(&self) -> bool {
        self.takes() == Takes::Addresses
    }

    /// Whether a grant of it says to which host, and in which header.
    #[must_use]
    pub fn takes_place(&self) -> bool {
        self.takes() == Takes::Place
    }

    /// Whether a grant of it can fix the value that the guest sees.
    #[must_use]
    pub fn takes_value(&self) -> bool {
        self.takes() == Takes::Value
    }

    fn takes(&self) -> Takes {
        match self {
            Capability::Fs { .. } => Takes::Folder,
            Capability::Http {
                host: Host::Name(_),
                ..
            } => Takes::Addresses,
            Capability::SecretUse { .. } => Takes::Place,
            Capability::Config { .. } | Capability::Env { .. } => Takes::Value,
            Capability::Http {
                host: Host::V4(_) | Host::V6(_),
                ..
            }
            | Capability::Kv { .. }
            | Capability::ModelChat { .. }
            | Capability::Memory { .. }
            | Capability::ToolCall { .. }
            | Capability::HumanAsk { .. }
            | Capability::ClockReal
            | Capability::RandomReal => Takes::Nothing,
        }
    }

    /// What it means, in one plain phrase for a reviewer.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Capability::Fs { access, path } => format!("{access} files below {path}"),
            Capability::Http {
                methods,
                scheme,
                host,
                port,
                path,
            } => {
                format!(
                    "send {methods} requests to {} port {port} of host {host}, path {path}",
                    scheme.as_str()
                )
            }
            Capability::Kv {
                access: Access::Read,
                bucket,
            } => format!("read the key-value bucket {bucket}"),
            Capability::Kv {
                access: Access::Write,
                bucket,
            } => format!("change the key-value bucket {bucket}"),
            Capability::Config { key } => format!("read the configured value {key}"),
            Capability::Env { name } => format!("read the host's environment variable {name}"),
            Capability::SecretUse { name } => {
                format!("have the secret {name} put into granted requests, without seeing it")
            }
            Capability::ModelChat { name } => format!("chat with the model {name}"),
            Capability::Memory {
                access: Access::Read,
                space,
            } => format!("read the memory space {space}"),
            Capability::Memory {
                access: Access::Write,
                space,
            } => format!("change the memory space {space}"),
            Capability::ToolCall { plugin, function } => {
                format!("call the function {function} of plugin {plugin}")
            }
            Capability::HumanAsk { role } => format!("ask a person with the role {role}"),
            Capability::ClockReal => "see the real time".to_owned(),
            Capability::RandomReal => "get real randomness".to_owned(),
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Capability::Fs { access, path } => write!(f, "fs:{access}:{path}"),
            Capability::Http {
                methods,
                scheme,
                host,
                port,
                path,
            } => {
                write!(f, "http:{methods} {}://{host}", scheme.as_str())?;
                if *port != scheme.default_port() {
                    write!(f, ":{port}")?;
                }
                write!(f, "{path}")
            }
            Capability::Kv { access, bucket } => write!(f, "kv:{access}:{bucket}"),
            Capability::Config { key } => write!(f, "config:read:{key}"),
            Capability::Env { name } => write!(f, "env:read:{name}"),
            Capability::SecretUse { name } => write!(f, "secret:use:{name}"),
            Capability::ModelChat { name } => write!(f, "model:chat:{name}"),
            Capability::Memory { access, space } => write!(f, "memory:{access}:{space}"),
            Capability::ToolCall { plugin, function } => write!(f, "tool:call:{plugin}/{function}"),
            Capability::HumanAsk { role } => write!(f, "human:ask:{role}"),
            Capability::ClockReal => f.write_str("clock:real"),
            Capability::RandomReal => f.write_str("random:real"),
        }
    }
}
