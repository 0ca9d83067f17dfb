//! The proof that the policy allowed exactly one action. Can be looked at and used up, never made or copied outside this crate.

use std::{fmt, sync::Arc};

use crate::{action::Action, authority::Policy, capability::Capability, writ::Grant};

/// An action together with the decision that allowed it. Only [`Authority`](crate::Authority) makes one.
#[must_use = "a permit is for doing what it permits"]
pub struct Permit<A> {
    action: A,
    policy: Arc<Policy>,
    grant: usize,
}

impl<A: Action> Permit<A> {
    pub(crate) fn new(action: A, policy: &Arc<Policy>, grant: usize) -> Self {
        Self {
            action,
            policy: Arc::clone(policy),
            grant,
        }
    }
}

impl<A> Permit<A> {
    /// What is permitted.
    pub fn action(&self) -> &A {
        &self.action
    }

    /// What is permitted, using the permit up.
    pub fn into_action(self) -> A {
        self.action
    }

    /// The grant that decided.
    #[must_use]
    pub fn decided_by(&self) -> &Capability {
        &self.grant().capability
    }

    pub(crate) fn grant(&self) -> &Grant {
        &self.policy.grants[self.grant]
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn plugin(&self) -> &str {
        self.policy.plugin()
    }
}

impl<A: fmt::Debug> fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("action", &self.action)
            .field("decided_by", self.decided_by())
            .finish()
    }
}
