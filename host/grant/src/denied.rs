//! A refused action, in words that name the missing capability and the way to get it.

use std::{fmt, net::IpAddr};

use crate::{
    address::AddressKind,
    capability::Capability,
    http::{HeaderName, Origin},
    subject::Subject,
    writ::Grant,
};

/// An action that the plugin has no authority for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Denied {
    /// The plugin that tried.
    pub plugin: Box<str>,
    /// What it lacked: the author's own request where one covers the action, else the narrowest capability that would.
    pub capability: Capability,
    /// Whether its manifest asks for that.
    pub requested: bool,
    /// Whether it was granted, but not for this: the function is declared to have no effects, or see `bound`.
    pub granted: bool,
    /// What the guest asked for, quoted and shortened.
    pub asked: Box<str>,
    /// Whether a grant could allow it at all. If not, `capability` is only the kind of thing that was asked for.
    pub nameable: bool,
    /// What the grant is bound to, when it was granted for something else than this.
    pub bound: Option<Box<Bound>>,
    /// How it came to be called, if another plugin called it.
    pub called: Option<Box<Called>>,
}

/// The chain of calls that led to an action.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Called {
    /// The plugins that called each other, the one that tried last.
    pub chain: Vec<String>,
    /// Who on the chain is not granted it. None if the one that tried is not.
    pub lacking: Option<Lacking>,
}

/// Who stands in the way of a plugin that holds a grant itself: along a chain of calls nobody may do what one before may not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lacking {
    /// The plugin on the chain.
    pub plugin: String,
    /// Whether its manifest asks for something of the kind.
    pub requested: bool,
    /// Whether it is granted something of the kind, but less or another: another folder, another fixed value, fewer addresses.
    pub otherwise: bool,
    /// Whether it is granted it, but not for this call: its function is declared to have no effects.
    pub withheld: bool,
    /// The host folder that is needed, for files.
    pub folder: Option<String>,
}

/// What a grant is bound to beyond its capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A secret goes to one place only.
    Secret {
        /// The origin.
        host: Origin,
        /// The header.
        header: HeaderName,
    },
    /// A name leads to addresses that the grant does not name.
    Addresses {
        /// What it leads to.
        found: Vec<IpAddr>,
    },
}

impl Bound {
    /// What a grant is bound to, if it is.
    pub(crate) fn of(grant: &Grant) -> Option<Self> {
        let (host, header) = (grant.host.clone()?, grant.header.clone()?);
        Some(Self::Secret { host, header })
    }

    fn remedy(&self, capability: &Capability) -> String {
        match self {
            Bound::Secret { .. } => format!(
                "write {{{{secret:NAME}}}} only there, or change `host` and `header` of the grant of {capability}"
            ),
            Bound::Addresses { found } => {
                let nameable: Vec<String> = found
                    .iter()
                    .filter(|address| AddressKind::of(**address).can_be_named())
                    .map(|address| format!("\"{}\"", crate::AddressRange::single(*address)))
                    .collect();
                if nameable.is_empty() {
                    return "no grant can name these addresses: correct the name's DNS entries"
                        .to_owned();
                }
                format!(
                    "if it shall reach them, add `addresses = [{}]`, or the range that is meant, to the grant of {capability}",
                    nameable.join(", ")
                )
            }
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Secret { host, header } => {
                write!(f, "is granted for the header {header} to {host} only")
            }
            Bound::Addresses { found } => {
                f.write_str("leads to ")?;
                for (i, address) in found.iter().enumerate() {
                    let kind = AddressKind::of(*address).as_str();
                    write!(f, "{}{address} ({kind})", if i == 0 { "" } else { ", " })?;
                }
                f.write_str(", which its grant does not name")
            }
        }
    }
}

impl Denied {
    /// What to do if it should have been allowed: the exact edit or command.
    #[must_use]
    pub fn remedy(&self) -> String {
        let Self {
            plugin,
            capability,
            requested,
            granted,
            asked,
            nameable,
            bound,
            called,
        } = self;
        if let Some(lacking) = lacking(called) {
            return lacking.remedy(plugin, capability);
        }
        if let Some(bound) = bound {
            return bound.remedy(capability);
        }
        if !nameable {
            let way = if capability.takes_addresses() {
                "a method that can be granted, and a URL that can be read in one way only: no user name, no '.' and '..', no needless '%'"
            } else {
                "a plain name, or an absolute path without '.' and '..'"
            };
            return format!("no grant can name {asked}: its author has to use {way}");
        }
        match (requested, granted) {
            (false, _) => format!(
                "{}, then `writ grant review APP {plugin}`",
                Subject::of(plugin).ask(capability)
            ),
            (true, false) if capability.takes_place() => {
                format!(
                    "`writ grant approve APP {plugin} --allow '{capability}=https://HOST HEADER'`"
                )
            }
            (true, false) => format!("`writ grant approve APP {plugin} --allow '{capability}'`"),
            (true, true) => format!(
                "it is granted, but the function is declared with effects = \"none\": declare \"once\" or \"idempotent\" in the \
                 plugin.toml of {plugin}, build it again, then `writ grant review APP {plugin}`"
            ),
        }
    }

    /// `plugin b`, or `plugin b, called by a,`.
    fn subject(&self) -> String {
        let chain = self.called.iter().flat_map(|called| &called.chain);
        let callers: Vec<String> = chain
            .rev()
            .skip(1)
            .map(|caller| format!(", called by {caller}"))
            .collect();
        let comma = if callers.is_empty() { "" } else { "," };
        format!("{}{}{comma}", Subject::of(&self.plugin), callers.concat())
    }
}

fn lacking(called: &Option<Box<Called>>) -> Option<&Lacking> {
    called.as_ref()?.lacking.as_ref()
}

impl Lacking {
    /// What to do about the one who lacks it, so that `callee` may do what it is granted.
    fn remedy(&self, callee: &str, capability: &Capability) -> String {
        let Self {
            plugin,
            requested,
            otherwise,
            withheld,
            folder,
        } = self;
        let review = format!("build it again, then `writ grant review APP {plugin}`");
        let way = match (folder, requested) {
            _ if *withheld => format!(
                "the function of {plugin} is declared with effects = \"none\": declare \"once\" or \"idempotent\" in its plugin.toml, {review}"
            ),
            (Some(folder), true) => format!(
                "give {plugin} a grant with the same access whose folder is or holds {folder:?}, in grants.toml"
            ),
            (Some(folder), false) => format!(
                "add a [[request]] with the same access to the plugin.toml of {plugin}, {review}, and map it to a folder that is or holds {folder:?}"
            ),
            (None, _) if *otherwise => {
                format!("give {plugin} the same {capability} in grants.toml, with the same values")
            }
            (None, true) => format!("`writ grant approve APP {plugin} --allow '{capability}'`"),
            (None, false) => format!(
                "add a [[request]] with capability = \"{capability}\" and a reason to the plugin.toml of {plugin}, {review}"
            ),
        };
        format!("{callee} is granted it, but {plugin}, on whose behalf it is called, is not: {way}")
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            plugin: _,
            capability,
            requested,
            granted,
            asked,
            nameable,
            bound,
            called,
        } = self;
        let subject = self.subject();
        if !nameable {
            return write!(f, "{subject} asked for {asked}, which nothing can allow");
        }
        write!(
            f,
            "{subject} may not {} (asked for {asked}): ",
            capability.describe()
        )?;
        if let Some(lacking) = lacking(called) {
            return write!(
                f,
                "{capability} is granted to it but not to {}, and what a plugin calls may do no more than the plugin",
                lacking.plugin
            );
        }
        if let Some(bound) = bound {
            return write!(f, "{capability} {bound}");
        }
        match (requested, granted) {
            (false, _) => write!(f, "{capability} is not requested by its author"),
            (true, false) => write!(f, "{capability} is requested but not granted"),
            (true, true) => write!(
                f,
                "{capability} is granted but not to functions without effects"
            ),
        }
    }
}

impl std::error::Error for Denied {}
