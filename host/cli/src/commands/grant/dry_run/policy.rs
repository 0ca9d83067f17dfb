//! What a grants file would allow each actor of a run. A writ is found by the digest that the run is pinned to; failing that, by
//! the plugin's name, and then that is said.

use std::collections::BTreeMap;

use writ_grant::{Authority, Capability, Digest, Grants, Request, Writ};
use writ_journal::Reader;
use writ_plugin::Plugin;

use super::attribute::Actor;

/// How a writ was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// It is for exactly this component.
    Digest,
    /// It is for another build of the same name.
    Name,
    /// There is none.
    None,
}

impl Match {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Match::Digest => "digest",
            Match::Name => "name",
            Match::None => "none",
        }
    }
}

/// What one actor would have been allowed.
pub(super) struct Allowed {
    pub(super) matched: Match,
    /// Which writ of the policy, if any.
    pub(super) writ: Option<usize>,
    /// Nothing, when the writ says nothing or the host would refuse it.
    authority: Option<Authority>,
    /// Why there is no authority.
    pub(super) because: Option<String>,
    /// Whether the requests of the component are known: if not, what is granted is judged alone.
    pub(super) requests: Option<Vec<Request>>,
}

impl Allowed {
    /// The grant of the policy that allows this, by its place in the writ.
    fn by(&self, needed: &Capability, grants: &Grants) -> Option<usize> {
        let authority = self.authority.as_ref()?;
        let held = authority.capabilities().find(|held| held.covers(needed))?;
        let writ = grants.writs.get(self.writ?)?;
        writ.grants
            .iter()
            .position(|grant| grant.capability == *held)
    }

    /// Whether the author requires what this grant gives, so that nothing narrower would do.
    pub(super) fn requires(&self, granted: &Capability) -> bool {
        let requests = self.requests.iter().flatten();
        requests
            .filter(|request| !request.optional)
            .any(|request| granted.covers(&request.capability))
    }
}

/// A policy, and what it means for the actors that were met.
pub(super) struct Policy<'r> {
    pub(super) grants: &'r Grants,
    reader: Option<&'r Reader>,
    now_ms: u64,
    known: BTreeMap<Actor, Allowed>,
}

impl<'r> Policy<'r> {
    pub(super) fn new(grants: &'r Grants, reader: &'r Reader, now_ms: u64) -> Self {
        Self {
            grants,
            reader: Some(reader),
            now_ms,
            known: BTreeMap::new(),
        }
    }

    /// A policy without a journal to read components from.
    #[cfg(test)]
    pub(super) fn alone(grants: &'r Grants) -> Self {
        Self {
            grants,
            reader: None,
            now_ms: 0,
            known: BTreeMap::new(),
        }
    }

    pub(super) fn of(&mut self, actor: &Actor) -> &Allowed {
        if !self.known.contains_key(actor) {
            let allowed = self.judge(actor);
            self.known.insert(actor.clone(), allowed);
        }
        &self.known[actor]
    }

    /// The grants of the policy that allow this to the last of those who called each other: its own first, and then those of the
    /// others that are needed with it. None when somebody on the chain may not.
    pub(super) fn permits(
        &mut self,
        chain: &[Actor],
        needed: &Capability,
    ) -> Option<Vec<(usize, usize)>> {
        for actor in chain {
            self.of(actor);
        }
        let (doer, callers) = chain.split_last()?;
        let allowed = &self.known[doer];
        let own = (allowed.writ?, allowed.by(needed, self.grants)?);
        let mut standing: Option<Authority> = None;
        for actor in chain {
            let own = self.known[actor].authority.as_ref()?;
            standing = Some(standing.map_or_else(|| own.clone(), |before| own.within(&before)));
        }
        if !standing?.capabilities().any(|held| held.covers(needed)) {
            return None;
        }
        let theirs = callers.iter().flat_map(|caller| self.lent(caller, needed));
        Some(std::iter::once(own).chain(theirs).collect())
    }

    /// The grants of a caller that something which it had done may rest on. Folders have other paths for each plugin, so all of
    /// one access count.
    fn lent(&self, caller: &Actor, needed: &Capability) -> Vec<(usize, usize)> {
        let Some(writ) = self.known[caller].writ else {
            return Vec::new();
        };
        let grants = self.grants.writs[writ].grants.iter().enumerate();
        let serves = |held: &Capability| match (held, needed) {
            (Capability::Fs { access, .. }, Capability::Fs { access: wanted, .. }) => {
                access == wanted
            }
            _ => held.covers(needed),
        };
        grants
            .filter(|(_, grant)| serves(&grant.capability))
            .map(|(place, _)| (writ, place))
            .collect()
    }

    /// Everybody who was met.
    pub(super) fn known(&self) -> impl Iterator<Item = (&Actor, &Allowed)> {
        self.known.iter()
    }

    fn judge(&self, actor: &Actor) -> Allowed {
        let requests = self.requests(actor);
        let nothing = |because: String| Allowed {
            matched: Match::None,
            writ: None,
            authority: None,
            because: Some(because),
            requests: requests.clone(),
        };
        let Ok(digest) = actor.digest.parse::<Digest>() else {
            return nothing("the run is pinned to something that is no digest".to_owned());
        };
        let Some((place, matched)) = self.find(actor, &digest) else {
            return nothing(format!("the policy holds no writ for {}", actor.name));
        };
        let writ = self.fitted(place, matched, digest, requests.as_deref());
        // Without its requests, what is granted is taken as requested.
        let asked = requests.clone().unwrap_or_else(|| as_requests(&writ));
        match Authority::effective(&actor.name, &digest, &asked, Some(&writ), self.now_ms) {
            Ok(authority) => Allowed {
                matched,
                writ: Some(place),
                authority: Some(authority),
                because: None,
                requests,
            },
            Err(refusal) => Allowed {
                matched,
                writ: Some(place),
                authority: None,
                because: Some(refusal.to_string()),
                requests,
            },
        }
    }

    fn find(&self, actor: &Actor, digest: &Digest) -> Option<(usize, Match)> {
        let writs = || self.grants.writs.iter().enumerate();
        if let Some((place, _)) = writs().find(|(_, writ)| writ.digest == *digest) {
            return Some((place, Match::Digest));
        }
        let of_name = writs().filter(|(_, writ)| writ.plugin == actor.name && !writ.revoked);
        of_name
            .max_by_key(|(_, writ)| writ.approved_ms)
            .map(|(place, _)| (place, Match::Name))
    }

    /// The writ as it would be for this build. One of another build may grant what this one never asked for.
    fn fitted(
        &self,
        place: usize,
        matched: Match,
        digest: Digest,
        requests: Option<&[Request]>,
    ) -> Writ {
        let mut writ = self.grants.writs[place].clone();
        if matched == Match::Name {
            writ.digest = digest;
            if let Some(requests) = requests {
                writ.grants.retain(|grant| {
                    requests
                        .iter()
                        .any(|request| request.capability.covers(&grant.capability))
                });
            }
        }
        writ
    }

    /// What an actor asks for, from the component or the document that is kept beside the journal.
    fn requests(&self, actor: &Actor) -> Option<Vec<Request>> {
        let digest = actor.digest.trim_start_matches("sha256:").parse().ok()?;
        let bytes = self.reader?.get_blob(&digest).ok()?;
        if actor.is_workflow {
            let text = std::str::from_utf8(&bytes).ok()?;
            return Some(writ_workflow::parse(text, "workflow").ok()?.requests);
        }
        Some(Plugin::read(&bytes, &actor.name).ok()?.requests)
    }
}

fn as_requests(writ: &Writ) -> Vec<Request> {
    let request = |grant: &writ_grant::Grant| Request {
        capability: grant.capability.clone(),
        reason: "granted".to_owned(),
        optional: true,
    };
    writ.grants.iter().map(request).collect()
}
