//! A refused action, in words that name the missing capability and the way to get it.

use std::fmt;

use crate::{capability::Capability, subject::Subject};

/// An action that the plugin has no authority for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Denied {
    /// The plugin that tried.
    pub plugin: String,
    /// What it lacked: the author's own request where one covers the action, else the narrowest capability that would.
    pub capability: Capability,
    /// Whether its manifest asks for that.
    pub requested: bool,
    /// Whether it was granted, but not for this call: the function is declared to have no effects.
    pub granted: bool,
    /// What the guest asked for, quoted and shortened.
    pub asked: String,
    /// Whether a grant could allow it at all. If not, `capability` is only the kind of thing that was asked for.
    pub nameable: bool,
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
        } = self;
        if !nameable {
            return format!(
                "no grant can name {asked}: its author has to use a plain name, or an absolute path without '.' and '..'"
            );
        }
        match (requested, granted) {
            (false, _) => format!(
                "{}, then `writ grant review <app> {plugin}`",
                Subject::of(plugin).ask(capability)
            ),
            (true, false) => format!("`writ grant approve <app> {plugin} --allow '{capability}'`"),
            (true, true) => format!(
                "it is granted, but the function is declared with effects = \"none\": declare \"once\" or \"idempotent\" in the \
                 plugin.toml of {plugin}, build it again, then `writ grant review <app> {plugin}`"
            ),
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            plugin,
            capability,
            requested,
            granted,
            asked,
            nameable,
        } = self;
        if !nameable {
            return write!(
                f,
                "{} asked for {asked}, which nothing can allow",
                Subject::of(plugin)
            );
        }
        write!(
            f,
            "{} may not {} (asked for {asked}): ",
            Subject::of(plugin),
            capability.describe()
        )?;
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
