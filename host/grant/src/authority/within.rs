//! What a plugin may do when another one called it: what both hold, and so along a whole chain of calls. Pure, and can only narrow:
//! no plugin reaches through another what it may not reach itself. Knows nothing of how calls are made.

use super::{Authority, Policy};
use crate::{address::AddressRange, capability::Capability, denied::Lacking, writ::Grant};

/// A grant of the callee that a chain of calls takes away, wholly or in part, and on whose account.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    pub(super) grant: Grant,
    pub(super) lacking: Lacking,
}

impl Authority {
    /// The authority of this plugin when `caller` called it: each of its grants as far as the caller holds it too. `caller` is what
    /// the caller may do where *it* stands, so the rule holds along the whole chain.
    ///
    /// - Files are compared by the host folder that is really reached, since each plugin has guest paths of its own: a folder stays
    ///   if the caller has, with the same access, that folder or one that contains it.
    /// - A URL pattern becomes the part that both patterns allow, and reaches the special addresses that both grants name.
    /// - Everything else has to be the same: a fixed value too, since what one of the two may not see is shown to neither, and the place
    ///   that a secret goes to.
    ///
    /// What falls away is denied when it is used; the denial names who on the chain lacks it.
    #[must_use]
    pub fn within(&self, caller: &Authority) -> Authority {
        let (own, callers) = (&*self.policy, &*caller.policy);
        let mut kept = Vec::new();
        let mut cut = own.cut.clone();
        for grant in &own.grants {
            let shared = shared(grant, &callers.grants);
            if !shared.contains(grant) {
                cut.push(Cut {
                    grant: grant.clone(),
                    lacking: lacking(grant, callers),
                });
            }
            add_new(&mut kept, shared);
        }
        let mut chain = callers.chain.clone();
        chain.push(own.plugin.clone());
        Self::of(Policy {
            requested: own.requested.clone(),
            withheld: own.withheld.clone(),
            missing: own.missing.clone(),
            expires_ms: [own.expires_ms, callers.expires_ms]
                .into_iter()
                .flatten()
                .min(),
            chain,
            cut,
            ..Policy::new(&own.plugin, kept)
        })
    }
}

impl Authority {
    /// What this plugin holds and the chain of calls takes from it, wholly or in part.
    pub fn taken(&self) -> impl Iterator<Item = &Capability> {
        self.policy.cut.iter().map(|cut| &cut.grant.capability)
    }
}

/// The parts of a grant that some grant of the caller holds too; none of them lies in another.
fn shared(grant: &Grant, callers: &[Grant]) -> Vec<Grant> {
    let mut parts: Vec<Grant> = Vec::new();
    for part in callers.iter().filter_map(|held| both(grant, held)) {
        if parts.iter().any(|wider| covers(wider, &part)) {
            continue;
        }
        parts.retain(|narrower| !covers(&part, narrower));
        parts.push(part);
    }
    parts
}

fn add_new(kept: &mut Vec<Grant>, shared: Vec<Grant>) {
    for grant in shared {
        if !kept.contains(&grant) {
            kept.push(grant);
        }
    }
}

/// Whether one part allows all that another part of the same grant does.
fn covers(wider: &Grant, narrower: &Grant) -> bool {
    let reached = |range| wider.addresses.contains(range);
    wider.capability.covers(&narrower.capability) && narrower.addresses.iter().all(reached)
}

/// What a grant of the callee and a grant of the caller both allow.
fn both(grant: &Grant, held: &Grant) -> Option<Grant> {
    if let (Capability::Fs { access, .. }, Capability::Fs { access: of, .. }) =
        (&grant.capability, &held.capability)
    {
        let (inner, outer) = (grant.folder.as_deref()?, held.folder.as_deref()?);
        return (access == of && contains(outer, inner)).then(|| grant.clone());
    }
    let capability = grant.capability.intersect(&held.capability)?;
    let bound = |grant: &Grant| {
        (
            grant.value.clone(),
            grant.host.clone(),
            grant.header.clone(),
        )
    };
    (bound(grant) == bound(held)).then(|| Grant {
        capability,
        addresses: addresses(grant, held),
        ..grant.clone()
    })
}

/// The special addresses that both may reach.
fn addresses(grant: &Grant, held: &Grant) -> Vec<AddressRange> {
    let mut both: Vec<AddressRange> = Vec::new();
    for range in &grant.addresses {
        let parts = held
            .addresses
            .iter()
            .filter_map(|other| range.intersect(other));
        both.extend(parts);
    }
    both.sort();
    both.dedup();
    both
}

/// Whether one host folder is, or lies in, another, both as grants write them: relative to the same file or absolute. By whole
/// segments. A `..` after the common part could lead anywhere, so it is not inside; whether a link leads out is for whoever opens the
/// folders.
fn contains(outer: &str, inner: &str) -> bool {
    if outer.starts_with('/') != inner.starts_with('/') {
        return false;
    }
    let mut inner = segments(inner);
    segments(outer).all(|segment| inner.next() == Some(segment))
        && inner.all(|segment| segment != "..")
}

fn segments(folder: &str) -> impl Iterator<Item = &str> {
    folder
        .split('/')
        .filter(|segment| !matches!(*segment, "" | "."))
}

/// Who on the chain lacks it, and why: the caller, unless one before the caller took it from that one already.
fn lacking(grant: &Grant, callers: &Policy) -> Lacking {
    let taken = |cut: &&Cut| both(grant, &cut.grant).is_some();
    if let Some(earlier) = callers.cut.iter().find(taken) {
        return earlier.lacking.clone();
    }
    let needed = &grant.capability;
    Lacking {
        plugin: callers.plugin.clone(),
        requested: callers
            .requested
            .iter()
            .any(|asked| suffices(asked, needed)),
        otherwise: callers
            .grants
            .iter()
            .any(|held| held.capability.intersect(needed).is_some()),
        withheld: callers.withheld.iter().any(|held| suffices(held, needed)),
        folder: grant.folder.clone(),
    }
}

/// Whether having the one would be enough for the other. Guest paths differ from plugin to plugin, so for files only the access counts.
fn suffices(held: &Capability, needed: &Capability) -> bool {
    match (held, needed) {
        (Capability::Fs { access, .. }, Capability::Fs { access: of, .. }) => access == of,
        (held, needed) => held.covers(needed),
    }
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn folders_are_compared_as_they_are_written_by_whole_segments() {
        for (outer, inner) in [
            ("data", "data"),
            ("data", "data/in"),
            ("data/", "./data//in/."),
            (".", "data"),
            ("", "data"),
            ("/", "/srv/data"),
            ("../shared", "../shared/in"),
            ("data/..", "data/.."),
        ] {
            assert!(contains(outer, inner), "{outer} {inner}");
        }
        for (outer, inner) in [
            ("data", "database"),
            ("data/in", "data"),
            ("data", "/data"),
            ("/data", "data"),
            ("data", "data/../other"),
            ("data", "data/in/.."),
            (".", "../data"),
            ("/srv", "/srv/../etc"),
            ("other", "data/../other"),
        ] {
            assert!(!contains(outer, inner), "{outer} {inner}");
        }
    }
}
