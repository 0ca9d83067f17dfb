//! `writ grant review` as text: what each plugin asks for, beside what it may do now and what an earlier build was allowed.

use std::path::Path;

use serde_json::{Value as Json, json};
use writ_grant::{Capability, Digest, Request, Writ, printable};
use writ_plugin::Risk;

use crate::{out::outln, policy::Policy, report::time, subject::Subject};

/// One plugin or workflow as a reviewer meets it.
pub(super) struct Review<'a> {
    subject: &'a Subject,
    /// The writ of exactly this component.
    writ: Option<&'a Writ>,
    /// Why its signed writ does not count.
    refusal: Option<String>,
    /// The latest writ of another build, when this one has none.
    earlier: Option<&'a Writ>,
    /// Whether it needs a writ though it asks for nothing.
    strict: bool,
    now_ms: u64,
}

/// How a request stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Granted,
    Partly,
    NotGranted,
    AsBefore,
    New,
    NotAvailable,
}

impl Standing {
    fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Partly => "granted in part",
            Self::NotGranted => "not granted",
            Self::AsBefore => "as before",
            Self::New => "new",
            Self::NotAvailable => "not available yet",
        }
    }
}

impl<'a> Review<'a> {
    pub(super) fn of(subject: &'a Subject, policy: &'a Policy, now_ms: u64) -> Self {
        let signed = policy
            .papers(&subject.digest)
            .and_then(|papers| papers.newest());
        let unsigned = policy
            .grants()
            .find(&subject.digest)
            .filter(|_| !policy.strict());
        let writ = signed.map(|(_, signed)| &signed.writ).or(unsigned);
        let refusal = match policy.verdict(subject) {
            Ok(Some(Err(distrust))) => Some(distrust.to_string()),
            Ok(Some(Ok(_)) | None) => None,
            Err(failure) => Some(failure.message),
        };
        let earlier = match writ {
            Some(_) => None,
            None => earlier(&subject.name, &subject.digest, policy),
        };
        Self {
            subject,
            writ,
            refusal,
            earlier,
            strict: policy.strict(),
            now_ms,
        }
    }

    /// What it is about.
    pub(super) fn subject(&self) -> &'a Subject {
        self.subject
    }

    /// Whether every request that can be granted is, and the writ counts.
    pub(super) fn settled(&self) -> bool {
        let mut open = self
            .subject
            .requests
            .iter()
            .map(|request| self.standing(&request.capability));
        let counts = self.refusal.is_none() && (!self.strict || self.writ.is_some());
        counts
            && open.all(|standing| matches!(standing, Standing::Granted | Standing::NotAvailable))
    }

    /// The writ that counts now.
    fn counting(&self) -> Option<&'a Writ> {
        self.writ
            .filter(|writ| self.refusal.is_none() && in_force(writ, self.now_ms))
    }

    fn standing(&self, asked: &Capability) -> Standing {
        let covered = |writ: &Writ| {
            writ.grants
                .iter()
                .any(|grant| grant.capability.covers(asked))
        };
        let partly = |writ: &Writ| {
            writ.grants
                .iter()
                .any(|grant| asked.covers(&grant.capability))
        };
        match (self.counting(), self.earlier) {
            _ if !asked.available() => Standing::NotAvailable,
            (Some(writ), _) if covered(writ) => Standing::Granted,
            (Some(writ), _) if partly(writ) => Standing::Partly,
            (None, Some(earlier)) if covered(earlier) => Standing::AsBefore,
            (None, Some(_)) => Standing::New,
            (Some(_) | None, _) => Standing::NotGranted,
        }
    }

    fn state(&self) -> String {
        match (&self.refusal, self.writ, self.earlier) {
            (Some(refusal), Some(_), _) => format!("refused: {refusal}"),
            (None, Some(writ), _) => state(writ, self.now_ms),
            (_, None, None) => "no writ: exactly this component was never approved".to_owned(),
            (_, None, Some(earlier)) => format!(
                "no writ: exactly this component was never approved; an earlier build was, {} {}",
                earlier.version, earlier.digest
            ),
        }
    }

    pub(super) fn print(&self) {
        self.head();
        for request in &self.subject.requests {
            let optional = if request.optional { " (optional)" } else { "" };
            outln!(
                "  {:<17}  {}{optional}",
                self.standing(&request.capability).as_str(),
                request.capability
            );
            self.explain(request);
        }
        if self.subject.requests.is_empty() {
            outln!("  asks for nothing: it can only compute");
        }
        for grant in self.earlier.iter().flat_map(|writ| &writ.grants) {
            if !self
                .subject
                .requests
                .iter()
                .any(|request| request.capability.covers(&grant.capability))
            {
                outln!("  {:<17}  {}", "asked no more", grant.capability);
            }
        }
        outln!();
    }

    /// What it is and how it stands.
    pub(super) fn head(&self) {
        let subject = self.subject;
        outln!("{} {}  {}", subject.name, subject.version, subject.digest);
        if !subject.description.is_empty() {
            // A workflow's title is any text.
            outln!("  {}", printable(&subject.description));
        }
        outln!("  {}", self.state());
    }

    /// What one request means, why it is made, and what it could do.
    pub(super) fn explain(&self, request: &Request) {
        outln!("                     {}", request.capability.describe());
        outln!(
            "                     because: {}",
            printable(&request.reason)
        );
        outln!(
            "                     risk: {}",
            Risk::of(&request.capability).heading()
        );
    }

    pub(super) fn json(&self) -> Json {
        let subject = self.subject;
        json!({
            "plugin": subject.name,
            "version": subject.version,
            "digest": subject.digest.to_string(),
            "state": self.state(),
            "settled": self.settled(),
            "earlier": self.earlier.map(|writ| writ.digest.to_string()),
            "requests": subject.requests.iter().map(|request| self.request(request)).collect::<Vec<_>>(),
        })
    }

    fn request(&self, request: &Request) -> Json {
        let standing = self.standing(&request.capability);
        json!({
            "capability": request.capability.to_string(),
            "means": request.capability.describe(),
            "risk": Risk::of(&request.capability).heading(),
            "reason": request.reason,
            "optional": request.optional,
            "granted": standing == Standing::Granted,
            "standing": standing.as_str(),
        })
    }
}

/// The latest writ of another build of the same plugin that reviewers stood behind.
pub(crate) fn earlier<'a>(name: &str, digest: &Digest, policy: &'a Policy) -> Option<&'a Writ> {
    let others = policy
        .approved()
        .filter(|writ| writ.plugin == name && writ.digest != *digest);
    others.max_by_key(|writ| writ.approved_ms)
}

fn in_force(writ: &Writ, now_ms: u64) -> bool {
    !writ.revoked && writ.expires_ms.is_none_or(|expires| expires > now_ms)
}

/// How a writ stands, in words.
pub(super) fn state(writ: &Writ, now_ms: u64) -> String {
    match writ {
        Writ { revoked: true, .. } => "revoked".to_owned(),
        Writ {
            expires_ms: Some(expires),
            ..
        } if *expires <= now_ms => format!("expired {}", time(*expires)),
        Writ {
            expires_ms: Some(expires),
            ..
        } => format!("approved until {}", time(*expires)),
        Writ {
            expires_ms: None, ..
        } => "approved".to_owned(),
    }
}

/// How to go on.
pub(super) fn advise(app: &Path, strict: bool) {
    let key = if strict { " --key NAME" } else { "" };
    let app = app.display();
    outln!(
        "To approve everything that is asked for: writ grant approve {app} --all-requested{key}"
    );
    outln!(
        "To approve one thing:                    writ grant approve {app} PLUGIN --allow CAPABILITY[=FOLDER]{key}"
    );
    outln!("To be asked about each thing:            writ grant review {app}, on a terminal");
}
