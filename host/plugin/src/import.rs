//! What a component imports, sorted by what a reviewer would have to allow. A declared import is an upper bound: language
//! runtimes import much that they never call. Knows nothing of what was granted.

use serde::Serialize;

/// An interface that a component imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The interface, as in `wasi:filesystem/types@0.2.6`.
    pub interface: String,
    /// What using it would need.
    pub kind: ImportKind,
    /// The functions it declares to import.
    pub functions: Vec<String>,
}

/// What using an imported interface would need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImportKind {
    /// Nothing: streams, arguments, recorded clocks, seeded randomness, logging. Harmless on its own.
    Noise,
    /// `fs:read:…` or `fs:write:…`
    Files,
    /// `http:…`
    Http,
    /// `kv:read:…` or `kv:write:…`
    KeyValue,
    /// `config:read:…`
    Config,
    /// `secret:use:…`
    Secrets,
    /// `model:chat:…`
    Models,
    /// `memory:read:…` or `memory:write:…`
    Memory,
    /// `tool:call:…`
    Tools,
    /// `human:ask:…`
    Humans,
    /// Raw sockets: no capability gives them.
    Sockets,
    /// An interface that this host doesn't know.
    Unknown,
}

/// Interfaces by the start of their name, up to a `/`, an `@` or the end.
const KNOWN: [(&str, ImportKind); 17] = [
    ("wasi:io", ImportKind::Noise),
    ("wasi:cli", ImportKind::Noise),
    ("wasi:clocks", ImportKind::Noise),
    ("wasi:random", ImportKind::Noise),
    ("wasi:logging", ImportKind::Noise),
    ("wasi:filesystem", ImportKind::Files),
    ("wasi:http", ImportKind::Http),
    ("wasi:keyvalue", ImportKind::KeyValue),
    ("wasi:config", ImportKind::Config),
    ("wasi:sockets", ImportKind::Sockets),
    ("writ:agent/context", ImportKind::Noise),
    ("writ:agent/model", ImportKind::Models),
    ("writ:agent/tools", ImportKind::Tools),
    ("writ:agent/memory", ImportKind::Memory),
    ("writ:agent/human", ImportKind::Humans),
    ("writ:agent/types", ImportKind::Noise),
    ("writ:agent/secrets", ImportKind::Secrets),
];

impl ImportKind {
    /// The kind of an interface, from its full name.
    #[must_use]
    pub fn of(interface: &str) -> ImportKind {
        let matches = |start: &str| {
            interface
                .strip_prefix(start)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '@']))
        };
        KNOWN
            .iter()
            .find(|(start, _)| matches(start))
            .map_or(ImportKind::Unknown, |(_, kind)| *kind)
    }

    /// The capabilities that would allow using it, as a reviewer writes them; empty where none is needed or none helps.
    #[must_use]
    pub fn capabilities(self) -> &'static [&'static str] {
        match self {
            ImportKind::Noise | ImportKind::Sockets | ImportKind::Unknown => &[],
            ImportKind::Files => &["fs:read:/…", "fs:write:/…"],
            ImportKind::Http => &["http:GET https://…"],
            ImportKind::KeyValue => &["kv:read:…", "kv:write:…"],
            ImportKind::Config => &["config:read:…"],
            ImportKind::Secrets => &["secret:use:…"],
            ImportKind::Models => &["model:chat:…"],
            ImportKind::Memory => &["memory:read:…", "memory:write:…"],
            ImportKind::Tools => &["tool:call:…"],
            ImportKind::Humans => &["human:ask:…"],
        }
    }

    /// A few plain words for a reviewer.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            ImportKind::Noise => {
                "harmless without a grant: streams, arguments, recorded time, seeded randomness"
            }
            ImportKind::Files => "files in granted folders",
            ImportKind::Http => "HTTP requests to granted addresses",
            ImportKind::KeyValue => "granted key-value buckets",
            ImportKind::Config => "granted configuration keys",
            ImportKind::Secrets => "granted secrets, by placeholder",
            ImportKind::Models => "granted language models",
            ImportKind::Memory => "granted memory spaces",
            ImportKind::Tools => "granted functions of other plugins",
            ImportKind::Humans => "questions to people in granted roles",
            ImportKind::Sockets => "raw network sockets, which nothing grants: every use is denied",
            ImportKind::Unknown => "an interface that this host does not offer",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_by_whole_names() {
        assert_eq!(
            ImportKind::of("wasi:filesystem/types@0.2.6"),
            ImportKind::Files
        );
        assert_eq!(
            ImportKind::of("wasi:cli/environment@0.2.12"),
            ImportKind::Noise
        );
        assert_eq!(ImportKind::of("wasi:clients/x@0.2.0"), ImportKind::Unknown);
        assert_eq!(ImportKind::of("writ:agent/model@0.1.0"), ImportKind::Models);
        assert_eq!(
            ImportKind::of("writ:agent/modeller@0.1.0"),
            ImportKind::Unknown
        );
        assert_eq!(ImportKind::of("evil:io/poll"), ImportKind::Unknown);
    }
}
