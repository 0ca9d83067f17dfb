//! From a capability's text to its type, with an error that says what to write instead.

use std::str::FromStr;

use super::{Access, Capability};
use crate::{
    http::{HttpError, parse_url},
    name::NameError,
    path::PathError,
    text::{nearest, quoted},
};

/// Longest text of a capability, in bytes.
pub const CAPABILITY_BYTES_MAX: usize = 4096;

/// What there is: the words that choose a kind, and how the whole is written.
pub(crate) const FORMS: [(&str, &str); 15] = [
    ("fs:read", "fs:read:/path"),
    ("fs:write", "fs:write:/path"),
    ("http", "http:GET,POST https://host/path/**"),
    ("kv:read", "kv:read:bucket"),
    ("kv:write", "kv:write:bucket"),
    ("config:read", "config:read:key"),
    ("env:read", "env:read:NAME"),
    ("secret:use", "secret:use:name"),
    ("model:chat", "model:chat:name"),
    ("memory:read", "memory:read:space"),
    ("memory:write", "memory:write:space"),
    ("tool:call", "tool:call:plugin/function"),
    ("human:ask", "human:ask:role"),
    ("clock:real", "clock:real"),
    ("random:real", "random:real"),
];

/// Why a text is no capability.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CapabilityError {
    /// The text is too long.
    #[error("a capability has at most {CAPABILITY_BYTES_MAX} bytes; this text has {bytes}")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// The kind doesn't exist.
    #[error("unknown capability {text}; {hint}")]
    Unknown {
        /// What was written, quoted.
        text: String,
        /// What was probably meant, or all there is.
        hint: String,
    },
    /// The name in it is not one.
    #[error("capability {text}: {reason}")]
    Name {
        /// What was written, quoted.
        text: String,
        /// What is wrong with the name.
        reason: NameError,
    },
    /// The guest path in it is not one.
    #[error("capability {text}: {reason}")]
    Path {
        /// What was written, quoted.
        text: String,
        /// What is wrong with the path.
        reason: PathError,
    },
    /// The methods or the URL in it can't be granted.
    #[error("capability {text}: {reason}")]
    Http {
        /// What was written, quoted.
        text: String,
        /// What is wrong.
        reason: HttpError,
    },
}

/// What is wrong with the part after the kind; the whole text is added outside.
enum Part {
    Name(NameError),
    Path(PathError),
    Http(HttpError),
    Unknown,
}

impl FromStr for Capability {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        if text.len() > CAPABILITY_BYTES_MAX {
            return Err(CapabilityError::TooLong { bytes: text.len() });
        }
        parse(text).map_err(|part| {
            let quoted = quoted(text);
            match part {
                Part::Name(reason) => CapabilityError::Name {
                    text: quoted,
                    reason,
                },
                Part::Path(reason) => CapabilityError::Path {
                    text: quoted,
                    reason,
                },
                Part::Http(reason) => CapabilityError::Http {
                    text: quoted,
                    reason,
                },
                Part::Unknown => CapabilityError::Unknown {
                    text: quoted,
                    hint: hint(text),
                },
            }
        })
    }
}

fn parse(text: &str) -> Result<Capability, Part> {
    if let Some(rest) = text.strip_prefix("http:") {
        return http(rest).map_err(Part::Http);
    }
    let mut parts = text.splitn(3, ':');
    let (kind, verb, object) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
        parts.next(),
    );
    let Some(object) = object else {
        return match (kind, verb) {
            ("clock", "real") => Ok(Capability::ClockReal),
            ("random", "real") => Ok(Capability::RandomReal),
            _ => Err(Part::Unknown),
        };
    };
    with_object(kind, verb, object)
}

fn with_object(kind: &str, verb: &str, object: &str) -> Result<Capability, Part> {
    let name = || object.parse().map_err(Part::Name);
    match (kind, verb) {
        ("fs", "read" | "write") => Ok(Capability::Fs {
            access: access(verb),
            path: object.parse().map_err(Part::Path)?,
        }),
        ("kv", "read" | "write") => Ok(Capability::Kv {
            access: access(verb),
            bucket: name()?,
        }),
        ("config", "read") => Ok(Capability::Config { key: name()? }),
        ("env", "read") => Ok(Capability::Env {
            name: object.parse().map_err(Part::Name)?,
        }),
        ("secret", "use") => Ok(Capability::SecretUse { name: name()? }),
        ("model", "chat") => Ok(Capability::ModelChat { name: name()? }),
        ("memory", "read" | "write") => Ok(Capability::Memory {
            access: access(verb),
            space: name()?,
        }),
        ("tool", "call") => {
            let (plugin, function) = object.split_once('/').ok_or(Part::Name(NameError::Empty))?;
            Ok(Capability::ToolCall {
                plugin: plugin.parse().map_err(Part::Name)?,
                function: function.parse().map_err(Part::Name)?,
            })
        }
        ("human", "ask") => Ok(Capability::HumanAsk { role: name()? }),
        _ => Err(Part::Unknown),
    }
}

fn access(verb: &str) -> Access {
    if verb == "write" {
        Access::Write
    } else {
        Access::Read
    }
}

fn http(text: &str) -> Result<Capability, HttpError> {
    let (methods, url) = text.split_once(' ').ok_or(HttpError::Form)?;
    let methods = methods.parse()?;
    let (scheme, host, port, path) = parse_url(url)?;
    Ok(Capability::Http {
        methods,
        scheme,
        host,
        port,
        path,
    })
}

fn hint(text: &str) -> String {
    let words = text
        .match_indices(':')
        .nth(1)
        .map_or(text, |(end, _)| &text[..end]);
    let near = nearest(words, FORMS.iter().map(|(kind, _)| *kind));
    match FORMS.iter().find(|(kind, _)| Some(*kind) == near) {
        Some((_, form)) => format!("did you mean `{form}`?"),
        None => format!(
            "the capabilities are: {}",
            FORMS.map(|(_, form)| form).join(", ")
        ),
    }
}

impl TryFrom<String> for Capability {
    type Error = CapabilityError;

    fn try_from(text: String) -> Result<Self, CapabilityError> {
        text.parse()
    }
}

impl From<Capability> for String {
    fn from(capability: Capability) -> Self {
        capability.to_string()
    }
}
