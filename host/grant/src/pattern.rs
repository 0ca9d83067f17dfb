//! What a reviewer types to ask who may do something: a whole capability, or the beginning that names a kind of them. Only for
//! questions; nothing is ever granted by a pattern.

use std::str::FromStr;

use crate::{
    Capability, CapabilityError, Methods,
    capability::{Access, FORMS},
};

/// Capabilities that are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// This one: `fs:read:/orders`.
    Whole(Capability),
    /// All that begin so: `fs`, or `fs:write`.
    Kind {
        /// The first word.
        kind: &'static str,
        /// The second.
        verb: Option<&'static str>,
    },
    /// All requests with one of these methods: `http:POST`.
    Methods(Methods),
}

/// How a capability stands to a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// It allows all that was asked for.
    Covers,
    /// It allows a part of it, and nothing else.
    Within,
    /// It allows a part of it, and other things besides.
    Overlaps,
}

impl Relation {
    /// A few plain words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Relation::Covers => "all of it",
            Relation::Within => "a part of it",
            Relation::Overlaps => "a part of it, and more",
        }
    }
}

impl Pattern {
    /// How a capability stands to this; none if the two have nothing in common.
    #[must_use]
    pub fn relation(&self, held: &Capability) -> Option<Relation> {
        match self {
            Pattern::Whole(asked) if held.covers(asked) => Some(Relation::Covers),
            Pattern::Whole(asked) if asked.covers(held) => Some(Relation::Within),
            Pattern::Whole(asked) => crosses(asked, held).then_some(Relation::Overlaps),
            Pattern::Kind { kind, verb } => {
                let (held_kind, held_verb) = words(held);
                let fits = *kind == held_kind && verb.is_none_or(|verb| verb == held_verb);
                fits.then_some(Relation::Within)
            }
            Pattern::Methods(asked) => {
                let Capability::Http { methods, .. } = held else {
                    return None;
                };
                if asked.covers(*methods) {
                    return Some(Relation::Within);
                }
                share(*asked, *methods).then_some(Relation::Overlaps)
            }
        }
    }
}

/// Whether two capabilities of which none covers the other have something in common: only requests can.
fn crosses(a: &Capability, b: &Capability) -> bool {
    let (
        Capability::Http {
            methods,
            scheme,
            host,
            port,
            path,
        },
        Capability::Http {
            methods: other_methods,
            scheme: other_scheme,
            host: other_host,
            port: other_port,
            path: other_path,
        },
    ) = (a, b)
    else {
        return false;
    };
    (scheme, host, port) == (other_scheme, other_host, other_port)
        && share(*methods, *other_methods)
        && (path.covers(other_path) || other_path.covers(path))
}

fn share(a: Methods, b: Methods) -> bool {
    a.iter().any(|method| b.iter().any(|other| method == other))
}

/// The two words that a capability begins with.
fn words(capability: &Capability) -> (&'static str, &'static str) {
    let by = |access: &Access| access.as_str();
    match capability {
        Capability::Fs { access, .. } => ("fs", by(access)),
        Capability::Http { .. } => ("http", ""),
        Capability::Kv { access, .. } => ("kv", by(access)),
        Capability::Config { .. } => ("config", "read"),
        Capability::Env { .. } => ("env", "read"),
        Capability::SecretUse { .. } => ("secret", "use"),
        Capability::ModelChat { .. } => ("model", "chat"),
        Capability::Memory { access, .. } => ("memory", by(access)),
        Capability::ToolCall { .. } => ("tool", "call"),
        Capability::HumanAsk { .. } => ("human", "ask"),
        Capability::ClockReal => ("clock", "real"),
        Capability::RandomReal => ("random", "real"),
    }
}

impl FromStr for Pattern {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        let wrong = match text.parse::<Capability>() {
            Ok(capability) => return Ok(Pattern::Whole(capability)),
            Err(error) => error,
        };
        let forms = FORMS
            .iter()
            .map(|(words, _)| words.split_once(':').unwrap_or((words, "")));
        for (kind, verb) in forms {
            if text == kind {
                return Ok(Pattern::Kind { kind, verb: None });
            }
            if !verb.is_empty()
                && text
                    .strip_prefix(kind)
                    .and_then(|rest| rest.strip_prefix(':'))
                    == Some(verb)
            {
                return Ok(Pattern::Kind {
                    kind,
                    verb: Some(verb),
                });
            }
        }
        match text.strip_prefix("http:").map(str::parse) {
            Some(Ok(methods)) => Ok(Pattern::Methods(methods)),
            Some(Err(_)) | None => Err(wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(pattern: &str, held: &str) -> Option<Relation> {
        let pattern: Pattern = pattern.parse().unwrap();
        pattern.relation(&held.parse().unwrap())
    }

    #[test]
    fn whole_capabilities_and_beginnings() {
        use Relation::{Covers, Overlaps, Within};
        for (pattern, held, expected) in [
            ("fs:read:/in/a", "fs:read:/in", Some(Covers)),
            ("fs:read:/in", "fs:read:/in/a", Some(Within)),
            ("fs:read:/in", "fs:write:/in", None),
            ("fs", "fs:write:/in", Some(Within)),
            ("fs:write", "fs:write:/in", Some(Within)),
            ("fs:write", "fs:read:/in", None),
            ("http", "http:GET https://erp.example/**", Some(Within)),
            ("http:POST", "http:GET https://erp.example/**", None),
            (
                "http:POST",
                "http:GET,POST https://erp.example/**",
                Some(Overlaps),
            ),
            (
                "http:GET,POST",
                "http:POST https://erp.example/**",
                Some(Within),
            ),
            (
                "http:POST https://erp.example/a",
                "http:GET,POST https://erp.example/**",
                Some(Covers),
            ),
            (
                "http:GET,PUT https://erp.example/a/**",
                "http:GET,POST https://erp.example/**",
                Some(Overlaps),
            ),
            (
                "http:GET,PUT https://erp.example/a",
                "http:GET,POST https://erp.example/b",
                None,
            ),
            (
                "http:GET,PUT https://erp.example/**",
                "http:GET,POST https://crm.example/**",
                None,
            ),
            ("clock", "clock:real", Some(Within)),
            ("clock:real", "clock:real", Some(Covers)),
            ("random", "clock:real", None),
            ("tool:call", "tool:call:orders/find", Some(Within)),
            ("kv:write:seen", "kv:write:seen-2", None),
        ] {
            assert_eq!(relation(pattern, held), expected, "{pattern} of {held}");
        }
    }

    #[test]
    fn what_is_none() {
        for bad in [
            "",
            "f",
            "fs:",
            "fs:raed",
            "http:",
            "http:FETCH",
            "tool:call:",
            "*",
        ] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad:?}");
        }
    }
}
