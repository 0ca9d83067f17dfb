//! What one plugin may do: the intersection of both keys, arranged so that asking is quick. No I/O, no clock: the time comes in.

mod routes;
mod table;
#[cfg(test)]
mod tests;
mod validate;
mod within;

use std::sync::Arc;

pub(crate) use self::table::Table;
use self::within::Cut;
use crate::{
    action::{Action, Mount, Needed},
    capability::{Access, Capability, Effect},
    denied::{Bound, Called, Denied},
    digest::Digest,
    http::{Method, Origin, Target},
    name::Name,
    permit::Permit,
    refusal::Refusal,
    text::quoted,
    writ::{Grant, Request, Writ},
};

/// What a plugin may do. Cheap to clone; can be narrowed, never widened.
#[derive(Clone, Debug)]
pub struct Authority {
    policy: Arc<Policy>,
}

/// What stands behind an authority and the permits it gave.
#[derive(Debug)]
pub(crate) struct Policy {
    plugin: String,
    requested: Vec<Capability>,
    pub(crate) grants: Vec<Grant>,
    withheld: Vec<Capability>,
    missing: Vec<Capability>,
    /// When the writ ends, in milliseconds since 1970; of a chain, the first that does.
    expires_ms: Option<u64>,
    /// The plugins that call each other, this one last.
    chain: Vec<String>,
    /// What this plugin holds and the chain takes away.
    cut: Vec<Cut>,
    table: Table,
}

impl Policy {
    pub(crate) fn plugin(&self) -> &str {
        &self.plugin
    }

    /// The http grants that cover a request.
    pub(crate) fn covering(&self, method: Method, target: &Target) -> impl Iterator<Item = &Grant> {
        let covering = self.table.http.covering(method, target);
        covering.map(|grant| &self.grants[grant])
    }

    /// The chain that led here, and who on it took a grant away that this plugin holds; none when nobody but the host called it.
    pub(crate) fn called(&self, would_do: impl Fn(&Grant) -> bool) -> Option<Box<Called>> {
        let cut = self.cut.iter().find(|cut| would_do(&cut.grant));
        (self.chain.len() > 1).then(|| {
            Box::new(Called {
                chain: self.chain.clone(),
                lacking: cut.map(|cut| cut.lacking.clone()),
            })
        })
    }

    /// Grants, and nothing said about what is not granted.
    fn new(plugin: &str, grants: Vec<Grant>) -> Self {
        Self {
            plugin: plugin.to_owned(),
            requested: Vec::new(),
            withheld: Vec::new(),
            missing: Vec::new(),
            expires_ms: None,
            chain: vec![plugin.to_owned()],
            cut: Vec::new(),
            table: Table::new(&grants),
            grants,
        }
    }
}

impl Authority {
    /// No authority at all: the plugin can only compute.
    #[must_use]
    pub fn none(plugin: &str) -> Authority {
        Self::of(Policy::new(plugin, Vec::new()))
    }

    /// The authority of exactly this component at this time: what its author requested and, in `writ`, a reviewer granted.
    ///
    /// Without a writ nothing is granted. A required request that no grant covers is not refused here but listed by
    /// [`Authority::missing`].
    ///
    /// # Errors
    /// When the writ is not for this component, has ended, or says something that could not be kept.
    pub fn effective(
        plugin: &str,
        digest: &Digest,
        requests: &[Request],
        writ: Option<&Writ>,
        now_ms: u64,
    ) -> Result<Authority, Refusal> {
        let grants = match writ {
            Some(writ) => validate::grants(plugin, digest, requests, writ, now_ms)?.to_vec(),
            None => Vec::new(),
        };
        let granted = |request: &&Request| {
            grants
                .iter()
                .any(|grant| grant.capability.covers(&request.capability))
        };
        let missing = requests
            .iter()
            .filter(|request| !request.optional && !granted(request));
        let missing = missing.map(|request| request.capability.clone()).collect();
        let requested = requests
            .iter()
            .map(|request| request.capability.clone())
            .collect();
        Ok(Self::of(Policy {
            requested,
            missing,
            expires_ms: writ.and_then(|writ| writ.expires_ms),
            ..Policy::new(plugin, grants)
        }))
    }

    fn of(policy: Policy) -> Self {
        Self {
            policy: Arc::new(policy),
        }
    }

    /// The plugin's name.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.policy.plugin
    }

    /// What the author requires and no grant covers.
    #[must_use]
    pub fn missing(&self) -> &[Capability] {
        &self.policy.missing
    }

    /// Whether it still lasts. It was looked at when it was made; whoever keeps it asks again before each use, as a writ may end
    /// meanwhile.
    ///
    /// # Errors
    /// When its writ has ended.
    pub fn lasts(&self, now_ms: u64) -> Result<(), Refusal> {
        match self.policy.expires_ms {
            Some(expired_ms) if expired_ms <= now_ms => Err(Refusal::Expired {
                plugin: self.policy.plugin.clone(),
                expired_ms,
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// What is allowed.
    pub fn capabilities(&self) -> impl Iterator<Item = &Capability> {
        self.policy.grants.iter().map(|grant| &grant.capability)
    }

    /// The secrets that may be used, each with the one origin that it may go to.
    pub fn secrets(&self) -> impl Iterator<Item = (&Name, &Origin)> {
        self.policy.grants.iter().filter_map(|grant| {
            let (Capability::SecretUse { name }, Some(origin)) = (&grant.capability, &grant.host)
            else {
                return None;
            };
            Some((name, origin))
        })
    }

    /// What was granted and is not allowed here: to functions that are declared to have no effects. It is denied when it is used.
    pub fn withheld(&self) -> impl Iterator<Item = &Capability> {
        self.policy.withheld.iter()
    }

    /// The strongest effect of all that is allowed.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.capabilities()
            .map(Capability::effect)
            .max()
            .unwrap_or(Effect::None)
    }

    /// The same without what can change the world outside: for functions that are declared to have no effects.
    #[must_use]
    pub fn without_changes(&self) -> Authority {
        let policy = &*self.policy;
        let (removed, kept): (Vec<Grant>, Vec<Grant>) = policy
            .grants
            .iter()
            .cloned()
            .partition(|grant| grant.capability.effect() == Effect::Changes);
        let withheld = removed
            .into_iter()
            .map(|grant| grant.capability)
            .chain(policy.withheld.iter().cloned())
            .collect();
        Self::of(Policy {
            requested: policy.requested.clone(),
            withheld,
            missing: policy.missing.clone(),
            expires_ms: policy.expires_ms,
            chain: policy.chain.clone(),
            cut: policy.cut.clone(),
            ..Policy::new(&policy.plugin, kept)
        })
    }

    /// Every granted folder, once per guest path. Where both reading and writing are granted the access is `Write`; whether a
    /// writable folder may be read is a question for [`FileRead`](crate::FileRead).
    pub fn mounts(&self) -> impl Iterator<Item = Permit<Mount>> {
        let writable = |path| self.policy.table.fs_write.exact(path).is_some();
        self.policy
            .grants
            .iter()
            .enumerate()
            .filter_map(move |(i, grant)| {
                let (Capability::Fs { access, path }, Some(folder)) =
                    (&grant.capability, &grant.folder)
                else {
                    return None;
                };
                if *access == Access::Read && writable(path) {
                    return None;
                }
                let mount = Mount {
                    path: path.clone(),
                    access: *access,
                    folder: folder.clone(),
                };
                Some(Permit::new(mount, &self.policy, i))
            })
    }

    /// The one check: whether this action is allowed. Allocates nothing when it is.
    ///
    /// # Errors
    /// When no grant covers the action.
    pub fn permit<A: Action>(&self, action: A) -> Result<Permit<A>, Denied> {
        match action.decide(&self.policy.table) {
            Some(grant) => Ok(Permit::new(action, &self.policy, grant)),
            None => Err(self.denied(action.needed())),
        }
    }

    /// The same check, for whoever has another answer without a permit: nothing is refused then, and there is nothing to say of it.
    pub fn allows<A: Action>(&self, action: A) -> Option<Permit<A>> {
        let grant = action.decide(&self.policy.table)?;
        Some(Permit::new(action, &self.policy, grant))
    }

    #[cold]
    fn denied(&self, needed: Needed) -> Denied {
        let Needed {
            capability,
            asked,
            nameable,
        } = needed;
        let policy = &*self.policy;
        let covering =
            |list: &[Capability]| list.iter().find(|held| held.covers(&capability)).cloned();
        let of_names = |found: Option<Capability>| found.filter(|_| nameable);
        let withheld = of_names(covering(&policy.withheld));
        let requested = of_names(covering(&policy.requested));
        let bound = policy
            .grants
            .iter()
            .find(|grant| nameable && grant.capability == capability)
            .and_then(Bound::of)
            .map(Box::new);
        let called = policy.called(|grant| nameable && grant.capability.covers(&capability));
        Denied {
            plugin: policy.plugin.as_str().into(),
            requested: requested.is_some(),
            granted: withheld.is_some() || bound.is_some(),
            asked: quoted(&asked).into(),
            nameable,
            bound,
            called,
            capability: withheld.or(requested).unwrap_or(capability),
        }
    }

    /// The fixed value in the grant of exactly this capability.
    #[must_use]
    pub fn grant_value(&self, capability: &Capability) -> Option<&str> {
        let grant = self
            .policy
            .grants
            .iter()
            .find(|grant| grant.capability == *capability)?;
        grant.value.as_deref()
    }
}
