//! Why a signed writ is not believed: every reason by name, each with what to do.

use writ_grant::{Digest, Subject, rfc3339};

use crate::role::Role;

/// A plugin or workflow whose papers are not in order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Distrust {
    /// There is no signed writ for exactly this component or document.
    #[error("{who} has no signed writ for {digest}", who = Subject::of(subject))]
    Unsigned {
        /// The plugin or workflow.
        subject: String,
        /// What is there.
        digest: Digest,
    },
    /// What is signed, or a signature, was changed.
    #[error("the {paper} of {who} was altered: the signature of {by} does not fit it", who = Subject::of(subject))]
    Altered {
        /// The plugin or workflow.
        subject: String,
        /// Writ, author's statement or revocation.
        paper: &'static str,
        /// The key that is named.
        by: String,
    },
    /// A paper that says nothing that this host understands.
    #[error("the {paper} of {who} cannot be read: {flaw}", who = Subject::of(subject))]
    Unreadable {
        /// The plugin or workflow.
        subject: String,
        /// Writ, author's statement or revocation.
        paper: &'static str,
        /// What is wrong with it.
        flaw: String,
    },
    /// Nobody who signed is in the trust root.
    #[error("the {paper} of {who} is signed by no key of the trust root; it is signed by {by}", who = Subject::of(subject))]
    UnknownKey {
        /// The plugin or workflow.
        subject: String,
        /// Writ, author's statement or revocation.
        paper: &'static str,
        /// The keys that are named.
        by: String,
    },
    /// Known keys signed, and they are not enough.
    #[error(
        "the {paper} of {who} has {have} of {need} {role} signatures that count{}",
        if but.is_empty() { String::new() } else { format!(": {}", but.join("; ")) }, who = Subject::of(subject))]
    TooFew {
        /// The plugin or workflow.
        subject: String,
        /// Writ or author's statement.
        paper: &'static str,
        /// Whose signatures are missing.
        role: Role,
        /// How many count.
        have: usize,
        /// How many are needed.
        need: usize,
        /// Why others don't count.
        but: Vec<String>,
    },
    /// The reviewer is the author.
    #[error(
        "{party} signed {who} as author, so their review of it does not count: {have} of {need} reviewers are left", who = Subject::of(subject))]
    AuthorIsReviewer {
        /// The plugin.
        subject: String,
        /// Who holds both roles.
        party: String,
        /// How many other reviewers there are.
        have: usize,
        /// How many are needed.
        need: usize,
    },
    /// The trust root wants an author's statement and there is none.
    #[error("{who} has no author's statement for {digest}, and the trust root wants one", who = Subject::of(subject))]
    NoAuthor {
        /// The plugin.
        subject: String,
        /// What is there.
        digest: Digest,
    },
    /// The writ is past its time.
    #[error("the signed writ of {who} expired {}", rfc3339(*expired_ms), who = Subject::of(subject))]
    Expired {
        /// The plugin or workflow.
        subject: String,
        /// When, in milliseconds since 1970.
        expired_ms: u64,
    },
    /// The writ comes from the future.
    #[error("the signed writ of {who} counts from {} on, which is later than this machine's clock", rfc3339(*approved_ms), who = Subject::of(subject))]
    NotYetValid {
        /// The plugin or workflow.
        subject: String,
        /// When, in milliseconds since 1970.
        approved_ms: u64,
    },
    /// A reviewer took it back.
    #[error(
        "the signed writ of {who} was revoked by {by} at {}{}",
        rfc3339(*revoked_ms),
        reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default(), who = Subject::of(subject))]
    Revoked {
        /// The plugin or workflow.
        subject: String,
        /// Who revoked it.
        by: String,
        /// When, in milliseconds since 1970.
        revoked_ms: u64,
        /// Why.
        reason: Option<String>,
    },
    /// The trust root went on to a later epoch.
    #[error(
        "the signed writ of {who} is of epoch {signed}; the trust root is at epoch {root}, which ended it", who = Subject::of(subject))]
    OldEpoch {
        /// The plugin or workflow.
        subject: String,
        /// The writ's.
        signed: u64,
        /// The root's.
        root: u64,
    },
    /// The trust root is older than the writ.
    #[error(
        "the signed writ of {who} is of epoch {signed}, but the trust root is only at epoch {root}: it is an old one", who = Subject::of(subject))]
    NewEpoch {
        /// The plugin or workflow.
        subject: String,
        /// The writ's.
        signed: u64,
        /// The root's.
        root: u64,
    },
    /// The trust root is older than one that this host has used.
    #[error(
        "the trust root is at epoch {root}, but this host has used one of epoch {seen}: an old one was put back"
    )]
    RootDowngraded {
        /// The root's.
        root: u64,
        /// The highest that was used.
        seen: u64,
    },
    /// A newer writ of the same name has been used here.
    #[error(
        "the signed writ of {who} {version} was approved {}, but this host has used the one of {seen_version}, approved {}: an old \
         one was put back",
        rfc3339(*approved_ms),
        rfc3339(*seen_ms), who = Subject::of(subject))]
    Downgraded {
        /// The plugin or workflow.
        subject: String,
        /// The writ's version.
        version: String,
        /// The writ's time.
        approved_ms: u64,
        /// The newest version that was used.
        seen_version: String,
        /// Its time.
        seen_ms: u64,
    },
    /// The papers are about something else.
    #[error("the {paper} of {who} is for {signed}, but what is there is {found}", who = Subject::of(subject))]
    WrongSubject {
        /// The plugin or workflow.
        subject: String,
        /// Writ or author's statement.
        paper: &'static str,
        /// What is signed.
        signed: String,
        /// What is there.
        found: String,
    },
    /// The reviewer had something else before the eyes than what the component says.
    #[error("the {paper} of {who} lists other {what} than its component", who = Subject::of(subject))]
    Misstated {
        /// The plugin or workflow.
        subject: String,
        /// Writ or author's statement.
        paper: &'static str,
        /// `requests` or `imports`.
        what: &'static str,
    },
    /// A writ for another place.
    #[error("the signed writ of {who} is for {signed}, but this is {found}", who = Subject::of(subject))]
    WrongPlace {
        /// The plugin or workflow.
        subject: String,
        /// Where it counts.
        signed: String,
        /// Where this is.
        found: String,
    },
}

impl Distrust {
    /// Whether nothing is wrong but that further people have to sign.
    #[must_use]
    pub fn lacks_only_signatures(&self) -> bool {
        matches!(
            self,
            Distrust::TooFew { .. } | Distrust::AuthorIsReviewer { .. } | Distrust::NoAuthor { .. }
        )
    }

    /// How many reviewers count, where that is what is wrong.
    #[must_use]
    pub fn reviewers(&self) -> Option<usize> {
        if let Distrust::TooFew {
            role: Role::Reviewer,
            have,
            ..
        }
        | Distrust::AuthorIsReviewer { have, .. } = self
        {
            return Some(*have);
        }
        None
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        let again = |subject: &str| {
            format!(
                "review it with `writ grant review APP {subject}`, then `writ grant approve APP {subject} --key NAME …`"
            )
        };
        match self {
            Distrust::Unsigned { subject, .. } | Distrust::Expired { subject, .. } | Distrust::OldEpoch { subject, .. } => {
                again(subject)
            }
            Distrust::Altered { subject, paper, .. } | Distrust::Unreadable { subject, paper, .. } => format!(
                "find out who changed it. Put back the {paper} that was signed, or {}",
                again(subject)
            ),
            Distrust::UnknownKey { .. } => {
                "ask the signer for the public key over another way, and if it is theirs `writ key trust PUBLIC --role ROLE`; else get a \
                 signature of a key that is trusted"
                    .to_owned()
            }
            Distrust::TooFew { subject, role: Role::Reviewer, .. } | Distrust::AuthorIsReviewer { subject, .. } => {
                format!("another reviewer signs with `writ grant sign APP {subject} --key NAME`")
            }
            Distrust::TooFew { subject, .. } | Distrust::NoAuthor { subject, .. } => format!(
                "its author signs with `writ plugin sign COMPONENT --key NAME`; put COMPONENT.dsse.json beside the component of {subject}"
            ),
            Distrust::NotYetValid { .. } => "set this machine's clock, or wait".to_owned(),
            Distrust::Revoked { subject, .. } => {
                format!("do not use it. If it was revoked by mistake, {}", again(subject))
            }
            Distrust::NewEpoch { .. } | Distrust::RootDowngraded { .. } => {
                "find out who changed the trust root, and put the newest one back".to_owned()
            }
            Distrust::Downgraded { subject, .. } => format!(
                "put the newer one back. If going back is meant, a reviewer says so by approving the old one again: {}",
                again(subject)
            ),
            Distrust::WrongSubject { subject, .. } | Distrust::Misstated { subject, .. } => again(subject),
            Distrust::WrongPlace { subject, .. } => format!(
                "set `place` under [trust] in writ.toml to the place that this is; for this place {}",
                again(subject)
            ),
        }
    }
}
