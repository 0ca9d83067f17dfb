//! Why a writ gives no authority at all: it must be mended before the plugin runs.

use crate::{capability::Capability, digest::Digest, subject::Subject, time::rfc3339};

/// A writ that can't be used for a plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is past its time.
    #[error("the writ of {} expired {}", Subject::of(plugin), rfc3339(*expired_ms))]
    Expired {
        /// The plugin.
        plugin: String,
        /// When it ended, in milliseconds since 1970.
        expired_ms: u64,
    },
    /// It was taken back.
    #[error("the writ of {} was revoked", Subject::of(plugin))]
    Revoked {
        /// The plugin.
        plugin: String,
    },
    /// It is for another component.
    #[error("the writ is for {granted}, but {} is {found}", Subject::of(plugin))]
    OtherDigest {
        /// The plugin.
        plugin: String,
        /// The component that the writ is for.
        granted: Digest,
        /// The component that is there.
        found: Digest,
    },
    /// It is for a plugin of another name.
    #[error(
        "the writ for {digest} names {}, but it is used as {plugin}",
        Subject::of(granted)
    )]
    OtherPlugin {
        /// The plugin.
        plugin: String,
        /// The name in the writ.
        granted: String,
        /// The component.
        digest: Digest,
    },
    /// A grant without the author's key.
    #[error(
        "the writ grants {capability} to {}, whose author did not request it",
        Subject::of(plugin)
    )]
    NotRequested {
        /// The plugin.
        plugin: String,
        /// The grant.
        capability: Capability,
    },
    /// A grant of what this host can't give yet.
    #[error(
        "the writ grants {capability} to {}, which is not available yet",
        Subject::of(plugin)
    )]
    NotAvailable {
        /// The plugin.
        plugin: String,
        /// The grant.
        capability: Capability,
    },
    /// Two grants of the same capability.
    #[error("the writ grants {capability} to {} twice", Subject::of(plugin))]
    Repeated {
        /// The plugin.
        plugin: String,
        /// The grant.
        capability: Capability,
    },
    /// Two folders in one place.
    #[error(
        "the writ of {} maps {first} and {second}, whose paths overlap, to folders of their own",
        Subject::of(plugin)
    )]
    Overlap {
        /// The plugin.
        plugin: String,
        /// One grant.
        first: Capability,
        /// The other.
        second: Box<Capability>,
    },
    /// A file grant without a folder.
    #[error(
        "the writ grants {capability} to {} without saying which host folder",
        Subject::of(plugin)
    )]
    NoFolder {
        /// The plugin.
        plugin: String,
        /// The grant.
        capability: Capability,
    },
    /// A secret without the one place where it goes.
    #[error(
        "the writ grants {capability} to {} without saying to which host and in which header",
        Subject::of(plugin)
    )]
    NoPlace {
        /// The plugin.
        plugin: String,
        /// The grant.
        capability: Capability,
    },
    /// A field where it means nothing.
    #[error(
        "the writ gives {capability} of {} a `{field}`, which means nothing there",
        Subject::of(plugin)
    )]
    Misplaced {
        /// The plugin.
        plugin: String,
        /// The grant.
        capability: Capability,
        /// The field.
        field: &'static str,
    },
    /// A field that can't be kept.
    #[error("the `{field}` of {capability} of {} {flaw}", Subject::of(plugin))]
    Unfit {
        /// The plugin.
        plugin: String,
        /// The grant.
        capability: Capability,
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        flaw: Box<str>,
    },
    /// More grants than a writ may have.
    #[error(
        "the writ of {} has {count} grants; at most {} are allowed",
        Subject::of(plugin),
        crate::GRANTS_PER_WRIT_MAX
    )]
    TooMany {
        /// The plugin.
        plugin: String,
        /// How many.
        count: usize,
    },
}

impl Refusal {
    /// The command or the edit that mends it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Refusal::Expired { plugin, .. } | Refusal::Revoked { plugin } | Refusal::OtherDigest { plugin, .. } => {
                format!("review it with `writ grant review APP {plugin}`, then `writ grant approve APP {plugin} --all-requested`")
            }
            Refusal::OtherPlugin { plugin, .. } => {
                format!("approve it under the name it is used as: `writ grant approve APP {plugin} --all-requested`")
            }
            Refusal::NotRequested { plugin, capability } => format!(
                "take the grant out of grants.toml, or {} and review it",
                Subject::of(plugin).ask(capability)
            ),
            Refusal::NotAvailable { plugin, .. } => {
                format!("take the grant out of grants.toml; `writ grant review APP {plugin}` shows what can be granted")
            }
            Refusal::Repeated { .. } => "keep one of the two in grants.toml".to_owned(),
            Refusal::Overlap { .. } => {
                "give the plugin paths apart from each other; only read and write of the same path may share one folder".to_owned()
            }
            Refusal::NoFolder { plugin, capability } => {
                format!("`writ grant approve APP {plugin} --allow '{capability}=FOLDER'`")
            }
            Refusal::NoPlace { .. } => {
                "add `host = \"https://…\"` and `header = \"authorization\"` to this grant in grants.toml".to_owned()
            }
            Refusal::Unfit { field, .. } => {
                format!("give this grant another `{field}` in grants.toml")
            }
            Refusal::Misplaced { field, .. } => format!("take `{field}` out of this grant in grants.toml"),
            Refusal::TooMany { .. } => "grant wider paths, or split the plugin".to_owned(),
        }
    }
}
