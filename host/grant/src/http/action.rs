//! Sending one request, as a thing to be permitted.

use std::net::IpAddr;

use super::{Method, Target};
use crate::{
    action::{Action, Needed, sealed},
    address::{self, AddressKind},
    authority::Table,
    capability::Capability,
    denied::{Bound, Denied},
    permit::Permit,
    text::quoted,
    writ::Grant,
};

/// Sending one request to one URL. A redirect is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub target: Target,
}

impl Action for HttpRequest {}
impl sealed::Decided for HttpRequest {
    fn decide(&self, table: &Table) -> Option<usize> {
        table.http.find(self.method, &self.target)
    }

    fn needed(&self) -> Needed {
        Needed {
            capability: self.capability(),
            asked: self.asked(),
            nameable: true,
        }
    }
}

impl HttpRequest {
    /// The narrowest capability that allows it.
    fn capability(&self) -> Capability {
        let origin = self.target.origin();
        Capability::Http {
            methods: self.method.into(),
            scheme: origin.scheme(),
            host: origin.host().clone(),
            port: origin.port(),
            path: self.target.url_path().clone(),
        }
    }

    /// Without the query, which may hold what nobody else has to read.
    fn asked(&self) -> String {
        let (method, target) = (self.method, &self.target);
        format!("{method} {}{}", target.origin(), target.path())
    }
}

impl Permit<HttpRequest> {
    /// Whether the connection may go to this address: to public ones always; to others only if a grant that covers the request names
    /// them, by its `addresses` or by having the address itself for a host. Grants add up, here as everywhere: if only the nearest
    /// one counted, to lose that one would be to reach more.
    #[must_use]
    pub fn reaches(&self, address: IpAddr) -> bool {
        let address = address::canonical(address);
        let kind = AddressKind::of(address);
        if kind == AddressKind::Public {
            return true;
        }
        let HttpRequest { method, target } = self.action();
        let literal = target.origin().host().address().map(address::canonical) == Some(address);
        let names = |grant: &Grant| grant.addresses.iter().any(|range| range.names(address));
        let mut covering = self.policy().covering(*method, target);
        kind.can_be_named() && (literal || covering.any(names))
    }

    /// The denial when a name has addresses, and none of them may be reached.
    #[must_use]
    pub fn unreachable(&self, addresses: &[IpAddr]) -> Denied {
        Denied {
            plugin: self.plugin().into(),
            capability: self.decided_by().clone(),
            requested: true,
            granted: true,
            asked: quoted(&self.action().asked()).into(),
            nameable: true,
            bound: Some(Box::new(Bound::Addresses {
                found: addresses.iter().copied().map(address::canonical).collect(),
            })),
            called: self.policy().called(|grant| {
                let named =
                    |address: &IpAddr| grant.addresses.iter().any(|range| range.names(*address));
                grant.capability.covers(self.decided_by()) && addresses.iter().any(named)
            }),
        }
    }
}
