//! `writ grant review`: what each plugin asks for, beside what it may do now and what an earlier build was allowed.

use std::path::Path;

use serde_json::{Value as Json, json};
use writ_grant::{Capability, Grants, Request, Writ};
use writ_plugin::Plugin;

use crate::{out::outln, report::time};

/// One plugin as a reviewer meets it.
pub(super) struct Review<'a> {
    plugin: &'a Plugin,
    /// The writ of exactly this component.
    writ: Option<&'a Writ>,
    /// The latest writ of another build, when this one has none.
    earlier: Option<&'a Writ>,
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
    pub(super) fn of(plugin: &'a Plugin, grants: &'a Grants, now_ms: u64) -> Self {
        let writ = grants.find(&plugin.digest);
        let earlier = match writ {
            Some(_) => None,
            None => earlier(plugin, grants),
        };
        Self {
            plugin,
            writ,
            earlier,
            now_ms,
        }
    }

    /// Whether every request that can be granted is.
    pub(super) fn settled(&self) -> bool {
        let mut open = self
            .plugin
            .requests
            .iter()
            .map(|request| self.standing(&request.capability));
        open.all(|standing| matches!(standing, Standing::Granted | Standing::NotAvailable))
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
        match (
            self.writ.filter(|writ| in_force(writ, self.now_ms)),
            self.earlier,
        ) {
            _ if !asked.available() => Standing::NotAvailable,
            (Some(writ), _) if covered(writ) => Standing::Granted,
            (Some(writ), _) if partly(writ) => Standing::Partly,
            (None, Some(earlier)) if covered(earlier) => Standing::AsBefore,
            (None, Some(_)) => Standing::New,
            (Some(_) | None, _) => Standing::NotGranted,
        }
    }

    fn state(&self) -> String {
        match (self.writ, self.earlier) {
            (Some(writ), _) => state(writ, self.now_ms),
            (None, None) => "no writ: exactly this component was never approved".to_owned(),
            (None, Some(earlier)) => format!(
                "no writ: exactly this component was never approved; an earlier build was, {} {}",
                earlier.version, earlier.digest
            ),
        }
    }

    pub(super) fn print(&self) {
        let plugin = self.plugin;
        outln!("{} {}  {}", plugin.name, plugin.version, plugin.digest);
        if !plugin.description.is_empty() {
            outln!("  {}", plugin.description);
        }
        outln!("  {}", self.state());
        for request in &plugin.requests {
            let optional = if request.optional { " (optional)" } else { "" };
            outln!(
                "  {:<17}  {}{optional}",
                self.standing(&request.capability).as_str(),
                request.capability
            );
            outln!("                     {}", request.capability.describe());
            outln!("                     because: {}", request.reason);
        }
        if plugin.requests.is_empty() {
            outln!("  asks for nothing: it can only compute");
        }
        for grant in self.earlier.iter().flat_map(|writ| &writ.grants) {
            if !plugin
                .requests
                .iter()
                .any(|request| request.capability.covers(&grant.capability))
            {
                outln!("  {:<17}  {}", "asked no more", grant.capability);
            }
        }
        outln!();
    }

    pub(super) fn json(&self) -> Json {
        let plugin = self.plugin;
        json!({
            "plugin": plugin.name,
            "version": plugin.version.to_string(),
            "digest": plugin.digest.to_string(),
            "state": self.state(),
            "earlier": self.earlier.map(|writ| writ.digest.to_string()),
            "requests": plugin.requests.iter().map(|request| self.request(request)).collect::<Vec<_>>(),
        })
    }

    fn request(&self, request: &Request) -> Json {
        let standing = self.standing(&request.capability);
        json!({
            "capability": request.capability.to_string(),
            "means": request.capability.describe(),
            "reason": request.reason,
            "optional": request.optional,
            "granted": standing == Standing::Granted,
            "standing": standing.as_str(),
        })
    }
}

/// The latest writ of another build of the same plugin.
pub(crate) fn earlier<'a>(plugin: &Plugin, grants: &'a Grants) -> Option<&'a Writ> {
    let others = grants
        .writs
        .iter()
        .filter(|writ| writ.plugin == plugin.name && writ.digest != plugin.digest && !writ.revoked);
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
pub(super) fn advise(app: &Path) {
    outln!(
        "To approve everything that is asked for: writ grant approve {} --all-requested",
        app.display()
    );
    outln!(
        "To approve one thing:                    writ grant approve {} PLUGIN --allow CAPABILITY[=FOLDER]",
        app.display()
    );
}
