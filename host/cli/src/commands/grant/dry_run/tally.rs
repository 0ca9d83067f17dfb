//! What a policy would have said to all that was done, counted: a row for each kind of denial, a line for each grant.

use std::collections::BTreeMap;

use writ_grant::Capability;
use writ_run::RunId;

use super::{attribute::Actor, need::Need, policy::Policy, suggest::Usage};

/// Most rows of denials that are kept; further ones are counted.
pub(super) const ROWS_MAX: usize = 10_000;
/// Most kinds of what could not be judged.
const UNJUDGED_MAX: usize = 100;

/// Where an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its position in the log.
    pub(super) position: u64,
    /// Its number in the run.
    pub(super) number: u64,
    /// When it was recorded.
    pub(super) at_ms: u64,
}

/// How often something was done, and where first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub(super) times: u64,
    pub(super) first: Place,
}

/// What a denial is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Denial {
    pub(super) run: RunId,
    /// JSON Pointer of the task; empty when the journal doesn't tell.
    pub(super) task: String,
    pub(super) actor: Actor,
    /// Those who called each other up to the actor, the task's own first; empty when it is the task's own.
    pub(super) callers: Vec<String>,
    pub(super) capability: String,
}

/// What was denied when it happened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WasDenied {
    pub(super) times: u64,
    /// Whether the policy would allow it.
    pub(super) allowed_now: bool,
}

pub(super) struct Tally<'r> {
    pub(super) policy: Policy<'r>,
    pub(super) runs: u64,
    /// Uses that were judged.
    pub(super) judged: u64,
    /// What would have been denied.
    pub(super) denied: BTreeMap<Denial, Use>,
    /// Uses that would have been denied besides, beyond the rows that are kept.
    pub(super) denied_more: u64,
    /// What was denied then, by plugin and capability.
    pub(super) denied_then: BTreeMap<(String, String), WasDenied>,
    /// How the grants of the policy were used, by writ and grant.
    pub(super) usage: BTreeMap<(usize, usize), Usage>,
    /// What could not be judged, and how often.
    pub(super) unjudged: BTreeMap<String, u64>,
}

impl<'r> Tally<'r> {
    pub(super) fn new(policy: Policy<'r>) -> Self {
        Self {
            policy,
            runs: 0,
            judged: 0,
            denied: BTreeMap::new(),
            denied_more: 0,
            denied_then: BTreeMap::new(),
            usage: BTreeMap::new(),
            unjudged: BTreeMap::new(),
        }
    }

    /// Somebody takes part in a run: grants that nobody uses are told of those only who could have used them.
    pub(super) fn meet(&mut self, actor: &Actor) {
        self.policy.of(actor);
    }

    /// One use, by the last of those who called each other; nobody when the record doesn't tell.
    pub(super) fn judge(
        &mut self,
        run: RunId,
        task: &str,
        chain: &[Actor],
        need: &Need,
        used: Use,
    ) {
        let (needed, is_exact) = match need {
            Need::Exactly(capability) => (capability, true),
            Need::Something(granted) => (granted, false),
            Need::Unknown(what) => {
                self.unjudged(&format!("{what}: the record names no grant"), used.times);
                return;
            }
        };
        if chain.is_empty() {
            let what = format!("{needed}: the record doesn't tell which plugin used it");
            self.unjudged(&what, used.times);
            return;
        }
        match self.policy.permits(chain, needed) {
            Some(places) => {
                self.judged += used.times;
                self.note(&places, needed, used.times);
            }
            // Of a use of which only the grant is known: a policy that has nothing of the kind denies it for sure, a narrower one
            // might not.
            None if !is_exact && self.touches(chain, needed) => {
                let what = format!("{needed}: the record doesn't tell what exactly was used");
                self.unjudged(&what, used.times);
            }
            None => {
                self.judged += used.times;
                self.deny(run, task, chain, needed, used);
            }
        }
    }

    /// Notes what a use rests on: the doer's own grant as far as it went, and all of what its callers had to have.
    fn note(&mut self, places: &[(usize, usize)], needed: &Capability, times: u64) {
        for (i, place) in places.iter().enumerate() {
            let whole = &self.policy.grants.writs[place.0].grants[place.1].capability;
            let used = if i == 0 { needed } else { whole };
            self.usage.entry(*place).or_default().add(used, times);
        }
    }

    /// Whether a grant of the doer's allows a part of this.
    fn touches(&mut self, chain: &[Actor], granted: &Capability) -> bool {
        let Some(doer) = chain.last() else {
            return false;
        };
        let writ = self.policy.of(doer).writ;
        let grants = writ.and_then(|writ| self.policy.grants.writs.get(writ));
        let pattern = writ_grant::Pattern::Whole(granted.clone());
        grants
            .iter()
            .flat_map(|writ| &writ.grants)
            .any(|grant| pattern.relation(&grant.capability).is_some())
    }

    fn deny(&mut self, run: RunId, task: &str, chain: &[Actor], needed: &Capability, used: Use) {
        let Some((doer, callers)) = chain.split_last() else {
            return;
        };
        let denial = Denial {
            run,
            task: task.to_owned(),
            actor: doer.clone(),
            callers: callers.iter().map(|caller| caller.name.clone()).collect(),
            capability: needed.to_string(),
        };
        if self.denied.len() >= ROWS_MAX && !self.denied.contains_key(&denial) {
            self.denied_more += used.times;
            return;
        }
        self.denied
            .entry(denial)
            .and_modify(|known| known.times += used.times)
            .or_insert(used);
    }

    pub(super) fn was_denied(&mut self, plugin: &str, capability: &str, actor: Option<Actor>) {
        let key = (plugin.to_owned(), capability.to_owned());
        if self.denied_then.len() >= ROWS_MAX && !self.denied_then.contains_key(&key) {
            self.unjudged("more different denials than are kept", 1);
            return;
        }
        let allowed_now = match (actor, capability.parse()) {
            (Some(actor), Ok(capability)) => self.policy.permits(&[actor], &capability).is_some(),
            (None, _) | (_, Err(_)) => false,
        };
        let row = self.denied_then.entry(key).or_default();
        row.times += 1;
        row.allowed_now |= allowed_now;
    }

    pub(super) fn unjudged(&mut self, what: &str, times: u64) {
        let is_full = self.unjudged.len() >= UNJUDGED_MAX && !self.unjudged.contains_key(what);
        let what = if is_full { "others" } else { what };
        *self.unjudged.entry(what.to_owned()).or_default() += times;
    }

    /// All uses that would have been denied.
    pub(super) fn denied_times(&self) -> u64 {
        self.denied.values().map(|used| used.times).sum::<u64>() + self.denied_more
    }
}
